"""Tuning after inversion: the generator itself moves a little, until it makes a given picture from its code.

    min_θ  mean (G_θ(w*) - x)² + λ mean (G_θ(w') - G(w'))²,      w' = w* + a (w - w*),  a ~ U(¼, 1),  w drawn

The code w* stays; the second term holds what the generator makes of other codes (Roich et al. 2021, "Pivotal Tuning for
Latent-based Editing of Real Images", arXiv 2106.05744, sections 3.2 and 3.3).  A tuned generator is a copy, for edits
of these pictures; the run keeps its own.

Deviations:
    The step size falls to 0; the paper's stays.
    Squared errors alone, where the paper adds LPIPS: our pictures are small.
    The held codes lie anywhere between w* and a drawn one, where the paper's lie at one distance from w*; so λ is 1 and
        not 0.1.
    Several pictures share one tuned generator; a step looks at 8 of them at most.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import DRAWN, Space, decode, decoded, drawn, given_labels
from rivalry.editing.direction import Direction, moved
from rivalry.editing.invert import Inverted, Where
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.maths.optimizers import adam
from rivalry.show.tables import heads, table

RATE, HOLD = 3e-4, 1.0  # Adam's step size at first, which falls to 0, and λ
AT_ONCE = 8  # pictures, and as many held codes, of a step
OTHERS = 100  # samples whose change is measured


class Tuned(NamedTuple):
    """A tuned generator.

    Attributes:
        game: a copy of the game, whose weights have moved.
        found: the same codes, and what the copy makes of them.
        strayed: the mean squared change of a hundred other samples, of values in [-1, 1].
    """

    game: Game
    found: Inverted
    strayed: float


def tuned(
    game: Game,
    x: Tensor,
    found: Inverted,
    where: Where = "z",
    *,
    steps: int,
    hold: float = HOLD,
    rate: float = RATE,
    seed: int = 0,
    tell: Callable[[int, int], None] | None = None,
) -> Tuned:
    """A copy of the game that makes these images of the codes that were found for them.

    Args:
        game: as `opening.load` gives it; it is not changed.
        x: (n, c, h, w) in [-1, 1].
        found: the codes of these images, by `invert`.
        hold: λ; with 0 nothing holds the samples of other codes.
        rate: Adam's step size at first.
        tell: called with steps done and steps in all.
    """
    space: Space = "z" if where == "z" else "w"
    copy, x = deepcopy(game).eval(), x.to(game.device).float()
    others = drawn(game, DRAWN, space, seed=seed)
    draw = torch.Generator().manual_seed(seed)
    weights = _weights(copy, found, space)
    optimizer = adam(rate)(weights)
    for step in range(steps):
        optimizer.settings["lr"] = rate * (1 - step / steps)
        rows = torch.randperm(len(x), generator=draw)[:AT_ONCE]
        codes, label = found.codes[rows], None if found.label is None else found.label[rows]
        far = (
            (0.25 + 0.75 * torch.rand(len(rows), generator=draw)).to(codes).view(-1, *[1] * (codes.dim() - 1))
        )
        held = codes + far * (others[torch.randint(len(others), (len(rows),), generator=draw)] - codes)
        with torch.no_grad():
            before = decode(game, held, space, label)
        with torch.enable_grad():
            error = (decode(copy, codes, space, label) - x[rows]).square().mean()
            loss = error + hold * (decode(copy, held, space, label) - before).square().mean()
            optimizer.descend(loss)
        if tell:
            tell(step + 1, steps)
    for weight in weights:
        weight.requires_grad_(False).grad = None
    again = decoded(copy, found.codes, space, found.label)
    errors = (again - x.cpu()).square().flatten(1).mean(1)
    return Tuned(copy, found._replace(x=again, errors=errors), strayed(game, copy, space, seed=seed + 1))


def strayed(game: Game, copy: Game, space: Space, *, seed: int = 1) -> float:
    """The mean squared difference of a hundred samples of both."""
    codes = drawn(game, OTHERS, space, seed=seed)
    label = given_labels(game, OTHERS).get("label")
    return float((decoded(game, codes, space, label) - decoded(copy, codes, space, label)).square().mean())


def _weights(copy: Game, found: Inverted, space: Space) -> list[Tensor]:
    """The weights on which a sample of a code depends, ready to be moved."""
    some = [p.requires_grad_(p.is_floating_point()) for p in copy.parameters() if p.is_floating_point()]
    label = None if found.label is None else found.label[:1]
    with torch.enable_grad():
        made = decode(copy, found.codes[:1], space, label).sum()
        reached = torch.autograd.grad(made, some, allow_unused=True)
    for p, gradient in zip(some, reached):
        p.requires_grad_(gradient is not None)
    return [p for p, gradient in zip(some, reached) if gradient is not None]


def in_words(found: Inverted, after: Tuned) -> str:
    """What tuning did, in a line."""
    errors = [float(one.errors.mean()) for one in (found, after.found)]
    return (
        f"tuned: the mean squared error went from {errors[0]:.2g} to {errors[1]:.2g}; "
        f"samples of other codes moved by {after.strayed:.2g}"
    )


def require_along(direction: Direction, game: Game, where: Where) -> None:
    """Refuse a direction that is not one of these codes.

    Raises:
        BadRequest: its shape is another.
    """
    code = drawn(game, 1, "z" if where == "z" else "w")[0]
    if direction.vector.shape != code.shape:
        there, wanted = (" x ".join(map(str, shape)) for shape in (direction.vector.shape, code.shape))
        raise BadRequest(f"the direction is of {there} numbers; codes in {where} have {wanted}")


def along(
    game: Game, spec: Spec, found: Inverted, direction: Direction, strengths: Sequence[float], where: Where
) -> Image.Image:
    """A picture with a row for each given image, moved along a direction by a column's strength."""
    walks = moved(found.codes, direction, strengths)
    label = None if found.label is None else found.label.repeat_interleave(len(strengths), 0)
    x = decoded(game, walks.flatten(0, 1), "z" if where == "z" else "w", label)
    return table(
        x.unflatten(0, (len(found.codes), -1)), spec, heads(range(len(found.codes))), heads(strengths)
    )
