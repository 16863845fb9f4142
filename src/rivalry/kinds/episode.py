"""Episodes: (t, d) numbers, a row for each step.  The last column is 1 during the episode and 0 after its end.

`Column.about` says what the numbers of a row are, in this order:

    observation     how many numbers describe what was seen
    action          how many describe what was done: one, the action's number, where actions are `choices`
    reward          1 if the next number is the reward of the step
    choices         the number of possible actions, or 0 where an action is real numbers, from `low` to `high`
    env             the environment that they were played in, see `rivalry.worlds`
    grid            width and height, where the first two numbers that are seen are a place on a grid, from 0 to 1
    columns         of a series from a file: what each number that is seen is, as `kinds.table` says of a place
"""

import csv
import io
from typing import Any, BinaryIO

import torch
from torch import Tensor

from rivalry.kinds.curves import curves
from rivalry.kinds.kind import Example, Kind
from rivalry.kinds.spec import Column
from rivalry.kinds.table import TABLE, Place, places

SHOWN = 4  # numbers of a step that a tile shows
TILE = 64  # pixels of a map, at least
FEW = 8  # episodes on a sheet: an agent has to play each of them


class EpisodeKind(Kind):
    name, plural, raw, dims = "episode", "episodes", "steps", 2

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        counts = [about.get(name, 0) for name in ("observation", "action", "reward")]
        whole = all(isinstance(n, int) and 0 <= n <= shape[-1] for n in counts)
        fits = super().fits(shape, about) and whole and sum(counts) <= shape[1]
        return fits and _is_grid(about.get("grid")) and _are_columns(about.get("columns"), counts[0])

    def valid(self, x: Tensor, column: Column) -> Tensor:
        """Episodes that last one step or more, and do not begin again after their end."""
        lasting = x[:, :, -1] > 0.5
        again = (lasting[:, 1:] & ~lasting[:, :-1]).any(1)
        return super().valid(x, column) & lasting[:, 0] & ~again

    def words(self, column: Column) -> str:
        steps, numbers = column.shape
        observed, done = column.about.get("observation", numbers - 1), column.about.get("action", 0)
        return f"up to {steps} steps, {observed} numbers seen and {done} done in each"

    def described(self, column: Column) -> list[str]:
        return [f"{place.name}: {place.words()}" for place in columns_of(column)]

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """A map of the places that were visited, on a grid; else curves of the first numbers over time.

        (n, t, d) -> (n, 1, h, w)
        """
        if grid := column.about.get("grid"):
            return coverage(x, *grid)
        shown = x[:, :, :SHOWN].transpose(1, 2).float()  # (n, rows, t)
        scale = shown.abs().amax((0, 2), keepdim=True).clamp(min=1e-9)
        return curves(shown / scale, 64 // shown.shape[1], 96)

    def shown(self, n: int) -> int:
        return min(n, FEW)

    def vectors(self, x: Tensor) -> Tensor:
        """The numbers of all steps; those after the end of the episode are set to zero."""
        lasting = (x[:, :, -1:] > 0.5).float()
        return torch.cat([x[:, :, :-1].float() * lasting, lasting], 2).flatten(1)

    def example(self, n: int, classes: int) -> Example:
        """Walks of six steps on a line, most steps to the right, which is rewarded; see `rivalry.worlds.walk`."""
        right = torch.rand(n, 6, 1, generator=torch.Generator().manual_seed(0)) < 0.8
        step = 2 * right.float() - 1
        place = step.cumsum(1) - step
        about = {"observation": 1, "action": 1, "reward": 1, "choices": 2, "env": "walk"}
        x = torch.cat([place, right.float(), step, torch.ones(n, 6, 1)], 2)
        return Example("walks", x, torch.arange(n) % classes, about)


def coverage(x: Tensor, width: int, height: int) -> Tensor:
    """How often each cell of a grid was visited, the darker the more: (n, t, d) -> (n, 1, h, w), white for never."""
    cells = torch.tensor([width - 1, height - 1])
    at = (x[:, :, :2].float().clamp(0, 1) * cells).round().long()  # (n, t, 2)
    visits = torch.zeros(len(x), height * width)
    visits.scatter_add_(1, at[:, :, 1] * width + at[:, :, 0], (x[:, :, -1] > 0.5).float())
    shade = torch.where(
        visits > 0, 0.4 - 1.3 * (visits / visits.amax(1, keepdim=True).clamp(min=1)).sqrt(), 1.0
    )
    tile = shade.view(len(x), 1, height, width)
    zoom = -(-TILE // max(width, height))
    return tile.repeat_interleave(zoom, 2).repeat_interleave(zoom, 3)


def columns_of(column: Column) -> tuple[Place, ...]:
    """What the numbers that are seen are; empty where no file named them."""
    told = column.about.get("columns", [])
    return places(Column("table", (len(told),), {"columns": told}))


def _are_columns(told: Any, observation: int) -> bool:
    """Whether these are the names and units of numbers, one for each that is seen, or nothing."""
    if told is None:
        return True
    if (
        not isinstance(told, list)
        or len(told) != observation
        or not TABLE.fits((len(told),), {"columns": told})
    ):
        return False
    return not any(place.sorts for place in places(Column("table", (len(told),), {"columns": told})))


def _write_csv(x: Tensor, column: Column, file: BinaryIO) -> None:
    """A line for each step that an episode lasts: its number, the step, and the numbers, in their units if known."""
    known, x = columns_of(column), x.detach().cpu()
    named = known or tuple(Place(f"number {i + 1}") for i in range(column.shape[1] - 1))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["series", "step", *(place.name for place in named)])
    for k, steps in enumerate(x):
        lasting = steps[: int((steps[:, -1] > 0.5).sum())]
        cells = [place.cells(lasting[:, i]) for i, place in enumerate(named)]
        writer.writerows([k, t, *row] for t, row in enumerate(zip(*cells)))
    file.write(text.getvalue().encode())


def _is_grid(grid: Any) -> bool:
    if grid is None:
        return True
    pair = isinstance(grid, list | tuple) and len(grid) == 2
    return pair and all(isinstance(n, int) and 1 <= n <= 1024 for n in grid)


EpisodeKind.writes = {".csv": _write_csv}
EPISODE = EpisodeKind()
