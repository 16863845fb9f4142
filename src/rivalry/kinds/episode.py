"""Episodes: (t, d) numbers, a row for each step.  The last column is 1 during the episode and 0 after its end.

`Column.about` holds `observation` and `action`: how many numbers of a row describe the observation and the action.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.kinds.curves import curves
from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column

SHOWN = 4  # numbers of a step that a tile shows


class EpisodeKind(Kind):
    name, plural, raw, dims = "episode", "episodes", "steps", 2

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        counts = [about.get(name, 0) for name in ("observation", "action")]
        return super().fits(shape, about) and all(isinstance(n, int) and 0 <= n <= shape[1] for n in counts)

    def valid(self, x: Tensor, column: Column) -> Tensor:
        """Episodes that last one step or more, and do not begin again after their end."""
        lasting = x[:, :, -1] > 0.5
        again = (lasting[:, 1:] & ~lasting[:, :-1]).any(1)
        return super().valid(x, column) & lasting[:, 0] & ~again

    def words(self, column: Column) -> str:
        steps, numbers = column.shape
        observed, done = column.about.get("observation", numbers - 1), column.about.get("action", 0)
        return f"up to {steps} steps, {observed} numbers seen and {done} done in each"

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """Curves of the first numbers of each step, over time: (n, t, d) -> (n, 1, 64, 96)."""
        shown = x[:, :, :SHOWN].transpose(1, 2).float()  # (n, rows, t)
        scale = shown.abs().amax((0, 2), keepdim=True).clamp(min=1e-9)
        return curves(shown / scale, 64 // shown.shape[1], 96)

    def vectors(self, x: Tensor) -> Tensor:
        """The numbers of all steps; those after the end of the episode are set to zero."""
        lasting = (x[:, :, -1:] > 0.5).float()
        return torch.cat([x[:, :, :-1].float() * lasting, lasting], 2).flatten(1)

    def example(self, n: int, classes: int) -> Example:
        """Walks of six steps on a line, each step to the left or to the right."""
        step = torch.randint(2, (n, 6, 1), generator=torch.Generator().manual_seed(0)).float() * 2 - 1
        place = step.cumsum(1) - step
        x = torch.cat([place, step, torch.ones(n, 6, 1)], 2)
        return Example("walks", x, torch.arange(n) % classes, {"observation": 1, "action": 1})


EPISODE = EpisodeKind()
