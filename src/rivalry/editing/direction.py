"""A direction of codes from examples: what tells one group from another, as a step that can be added to any code.

    v = mean of the codes of A - mean of the codes of B,    n = v / ‖v‖

(Radford et al. 2015, arXiv 1511.06434, section 6.1: the turn vector.)  A step is measured in standard deviations of the
generator's codes along n.  The groups should differ in one thing: what else differs between them is a part of v.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import DRAWN, Space, decoded, drawn, of_seeds
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.show.tables import heads, table

LEAST = 2  # codes of each group


class Direction(NamedTuple):
    """A direction.

    Attributes:
        vector: unit, of the shape of a code: (d,), or of styles (layers, d).
        spread: the standard deviation of the generator's codes along it.
        apart: how far the means of the two groups are from each other, in these deviations.
    """

    vector: Tensor
    spread: float
    apart: float


def read(path: Path) -> Direction:
    """The direction that `rivalry edit direction` wrote beside its sheet.

    Raises:
        BadRequest: no such file, or one that holds no direction.
    """
    if not path.is_file():
        raise BadRequest(
            f"no file {str(path)!r}; `rivalry edit direction` writes a direction beside its sheet"
        )
    try:
        with np.load(path, allow_pickle=False) as held:
            vector, spread = torch.from_numpy(held["vector"]).float(), float(held["spread"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise BadRequest(f"{path} holds no direction, as `rivalry edit direction` writes it") from error
    if not (vector.numel() and vector.isfinite().all() and 0 < spread < float("inf")):
        raise BadRequest(f"{path} holds a direction that is empty or not finite")
    return Direction(vector, spread, 0.0)


def between(game: Game, plus: Tensor, minus: Tensor, space: Space = "z") -> Direction:
    """The direction from the codes `minus` (m, ...) to the codes `plus` (n, ...).

    Raises:
        BadRequest: fewer than two codes in a group, or groups whose means are the same.
    """
    if min(len(plus), len(minus)) < LEAST:
        raise BadRequest(
            f"a direction needs {LEAST} examples or more of each group; got {len(plus)} and {len(minus)}"
        )
    apart = plus.float().mean(0) - minus.float().mean(0)
    length = float(apart.norm())
    if not length > 0:
        raise BadRequest(
            "both groups have the same mean code, so there is no direction from one to the other"
        )
    vector = apart / length
    spread = float((drawn(game, DRAWN, space).flatten(1).float() @ vector.flatten()).std())
    return Direction(vector, spread, length / max(spread, 1e-9))


def moved(codes: Tensor, direction: Direction, strengths: Sequence[float]) -> Tensor:
    """Each code (n, ...) in each strength: (n, s, ...)."""
    steps = torch.tensor(list(strengths), device=codes.device) * direction.spread
    return codes[:, None] + steps.view(1, -1, *[1] * (codes.dim() - 1)) * direction.vector.to(codes)


def monotony(
    game: Game,
    direction: Direction,
    measure: Callable[[Tensor], Tensor],
    codes: Tensor,
    strengths: Sequence[float],
    space: Space = "z",
    label: int | None = None,
) -> float:
    """The mean rank correlation (Spearman) of strength and of what is measured in the samples, over codes.

    Args:
        measure: samples (n, ...) -> (n,).
        codes: (n, ...) to begin from.
    """
    walks = moved(codes, direction, strengths)
    x = decoded(game, walks.flatten(0, 1), space, label)
    values = measure(x).double().view(len(codes), -1)
    return float(
        torch.stack([spearman(row, torch.tensor(list(strengths)).double()) for row in values]).mean()
    )


def spearman(x: Tensor, y: Tensor) -> Tensor:
    """The rank correlation of two vectors (n,): equal values share the mean of their ranks; of a constant 0."""
    a, b = (_ranks(one) for one in (x, y))
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / (a.norm() * b.norm()).clamp(min=1e-12)


def _ranks(x: Tensor) -> Tensor:
    below = (x[None] < x[:, None]).sum(1).double()
    return below + ((x[None] == x[:, None]).sum(1).double() - 1) / 2


def sheet(
    game: Game,
    spec: Spec,
    direction: Direction,
    seeds: Sequence[int],
    strengths: Sequence[float],
    space: Space = "z",
    label: int | None = None,
) -> Image.Image:
    """A picture with a row for each seed and a column for each strength."""
    walks = moved(of_seeds(game, seeds, space, label), direction, strengths)
    x = decoded(game, walks.flatten(0, 1), space, label)
    return table(x.unflatten(0, (len(seeds), -1)), spec, heads(seeds), heads(strengths))
