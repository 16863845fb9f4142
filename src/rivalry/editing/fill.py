"""Filling a hole in a picture, by a game that learned to, or by any generator.

A game that fills (`Filler`) is given the picture and the hole.  For a generator, the code is looked for whose sample
agrees with the picture outside of the hole:

    z* = argmin_z  Σ m (G(z) - x)² / Σ m + λ max(0, rms(z) - r)²        m = 1 outside of the hole

The hole is then filled from G(z*), and all other pixels stay as they are, to the bit (Yeh et al. 2017, "Semantic image
inpainting with deep generative models", arXiv 1607.07539).

Deviations, of the second way: the error is a mean square, not a weighted L1; the norm of the code is limited (`invert`)
in place of the critic's loss, so any generator fills; nothing is blended at the border, since blending would change
pixels outside.
"""

from typing import NamedTuple, cast

import torch
from torch import Tensor

from rivalry.editing.invert import STARTS, STEPS, invert, require_invertible
from rivalry.errors import BadRequest
from rivalry.game import Filler, Game
from rivalry.kinds.image import to_uint8
from rivalry.metrics.suite import Progress


class Filled(NamedTuple):
    """A filled picture.

    Attributes:
        x: uint8 (1, c, h, w).
        error: the mean squared error of the sample outside of the hole, of values in [-1, 1]; None of a game that
            fills, since there is no sample.
        border: the mean step of values across the border of the hole.
    """

    x: Tensor
    error: float | None
    border: float


def fill(
    game: Game,
    x: Tensor,
    hole: Tensor,
    label: int | None = None,
    *,
    steps: int = STEPS,
    starts: int = STARTS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Filled:
    """Fill a hole with what a game makes of the rest.

    Args:
        game: as `opening.load` gives it.  Of one that fills, the arguments from `label` on count for nothing.
        x: uint8 (1, c, h, w).
        hole: bool (h, w), true where pixels are missing.
        label: of a game that is told classes; None tries every class and keeps the best.

    Raises:
        BadRequest: a hole of another size, an empty one, or one that covers all.
    """
    require_hole(hole, (x.shape[2], x.shape[3]))
    given = x.float() / 127.5 - 1
    if isinstance(game, Filler):
        return learned(game, x, given, hole)
    known = (~hole).float()
    found = invert(
        game,
        given,
        "z",
        label,
        steps=steps,
        starts=starts,
        seed=seed,
        guess=False,
        known=known,
        progress=progress,
    )
    made = torch.where(hole, to_uint8(found.x), x)
    return Filled(made, float(found.errors[0]), border(made, hole))


@torch.no_grad()
def learned(game: Game, x: Tensor, given: Tensor, hole: Tensor) -> Filled:
    """A hole filled by a game that learned to."""
    there = hole[None, None].to(game.device)
    filled = to_uint8(cast(Filler, game).fill(given.to(game.device), there).cpu())
    made = torch.where(hole, filled, x)
    return Filled(made, None, border(made, hole))


def require_filling(game: Game) -> None:
    """Refuse a game that fills no holes.

    Raises:
        BadRequest: it neither learned to, nor has codes that can be looked for.
    """
    if not isinstance(game, Filler):
        require_invertible(game)


def require_hole(hole: Tensor, size: tuple[int, int]) -> None:
    """Refuse a hole that cannot be filled.

    Raises:
        BadRequest: another size than the picture, nothing, or everything.
    """
    if tuple(hole.shape) != size:
        raise BadRequest(f"the mask is {hole.shape[0]} x {hole.shape[1]}, the picture {size[0]} x {size[1]}")
    if not hole.any():
        raise BadRequest("the mask marks nothing: white is what is filled")
    if hole.all():
        raise BadRequest("the mask covers all of the picture; leave something to go by")


def boxed(box: tuple[int, int, int, int], size: tuple[int, int]) -> Tensor:
    """The hole (h, w) of a box: x and y of its upper left corner, width and height, in pixels.

    Raises:
        BadRequest: the box does not lie in the picture.
    """
    x, y, w, h = box
    if min(x, y) < 0 or min(w, h) < 1 or x + w > size[1] or y + h > size[0]:
        raise BadRequest(
            f"the box {x},{y},{w},{h} does not lie in a picture {size[1]} wide and {size[0]} high"
        )
    hole = torch.zeros(size, dtype=torch.bool)
    hole[y : y + h, x : x + w] = True
    return hole


def border(x: Tensor, hole: Tensor) -> float:
    """The mean step across the border of a hole: x uint8 (1, c, h, w), of values in [-1, 1].  0 without a border."""
    steps = []
    for axis in (0, 1):
        crossed = hole.int().diff(dim=axis) != 0
        steps.append((x.float() / 127.5).diff(dim=axis + 2).abs()[..., crossed].flatten())
    across = torch.cat(steps)
    return float(across.mean()) if len(across) else 0.0
