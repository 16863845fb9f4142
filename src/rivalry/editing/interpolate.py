"""Paths through codes: from one seed to the next, as sheets and as movies.

`slerp` follows an arc on the sphere near which normal codes of many numbers lie, `lerp` a straight line; their
formulas and their source are in `rivalry.maths.paths`.
"""

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import Space, decoded, given_labels, of_seeds, require_one_class
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.maths.paths import slerp
from rivalry.show.tables import heads, table

# From ends (1, ...) and (1, ...) and places (k,) in [0, 1] to codes (k, ...).
Between = Callable[[Tensor, Tensor, Tensor], Tensor]


def legs(points: Tensor, steps: int, between: Between = slerp, *, closed: bool = False) -> Tensor:
    """The way from each point to the next: (k, ...) -> (k - 1, steps, ...), both ends on each leg.

    Args:
        steps: codes on a leg, its ends among them.
        between: `lerp` or `slerp` of `rivalry.maths.paths`.
        closed: a last leg leads back to the first point: (k, steps, ...).

    Raises:
        BadRequest: fewer than two points or two steps.
    """
    if len(points) < 2:
        raise BadRequest(f"a path leads from a code to another; got {len(points)} of them")
    if steps < 2:
        raise BadRequest(f"a way from one code to the next has two steps or more, its ends; got {steps}")
    t = torch.linspace(0, 1, steps, device=points.device)
    ends = zip(points, points.roll(-1, 0)) if closed else zip(points, points[1:])
    return torch.stack([between(a[None], b[None], t) for a, b in ends])


def loop(points: Tensor, steps: int, between: Between = slerp) -> Tensor:
    """A closed path through all points, for a picture that moves: (k, ...) -> (k · steps, ...), no code twice."""
    return legs(points, steps + 1, between, closed=True)[:, :-1].flatten(0, 1)


def sheet(
    game: Game,
    spec: Spec,
    seeds: Sequence[int],
    *,
    steps: int = 9,
    between: Between = slerp,
    closed: bool = False,
    space: Space = "z",
    label: int | None = None,
) -> Image.Image:
    """A picture with a row for each leg of the path through the codes of these seeds.

    Args:
        label: of all; None for every class in turn, a row each.
    """
    paths = legs(of_seeds(game, seeds, space, label), steps, between, closed=closed)
    rows = len(paths)
    labels = given_labels(game, rows, label).get("label")
    each = None if labels is None else labels.repeat_interleave(steps)
    x = decoded(game, paths.flatten(0, 1), space, each).unflatten(0, (rows, steps))
    ways = [f"{a} to {b}" for a, b in zip(seeds, [*seeds[1:], seeds[0]])]
    return table(x, spec, ways[:rows], heads(torch.linspace(0, 1, steps).tolist()))


def frames(
    game: Game,
    seeds: Sequence[int],
    *,
    steps: int = 24,
    between: Between = slerp,
    space: Space = "z",
    label: int | None = None,
) -> Tensor:
    """Samples along the closed path through the codes of these seeds, one after the other: (k · steps, ...).

    Raises:
        BadRequest: the game has classes and none is named, so that the animation would jump between classes.
    """
    require_one_class(game, label)
    return decoded(game, loop(of_seeds(game, seeds, space, label), steps, between), space, label)
