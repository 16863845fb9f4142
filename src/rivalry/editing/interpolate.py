"""Paths between codes: straight lines, or arcs on the sphere near which the codes of a wide prior lie.

    slerp(a, b; t) = sin((1 - t) θ) / sin θ · a + sin(t θ) / sin θ · b,    θ the angle between a and b

White 2016, "Sampling Generative Networks" (arXiv 1609.04468): the middle of the straight line between two normal codes
of d numbers has a norm of √(d/2).  The typical norm is √d; other norms hardly occur in training.

Deviation: if a and b differ in norm, both the norm and the angle change at a constant rate.  The formula on raw codes
does neither.
"""

from collections.abc import Callable, Sequence

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import Space, decoded, given_labels, of_seeds, require_one_class
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.show.tables import heads, table

Between = Callable[
    [Tensor, Tensor, Tensor], Tensor
]  # ends (...), (...) and places (k,) in [0, 1] -> (k, ...)


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The straight line from a (...) to b (...) at the places t (k,) in [0, 1]: (k, ...), its ends exact."""
    t = _broadcast(t, a)
    return (1 - t) * a + t * b


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The arc from a (...) to b (...) at the places t (k,) in [0, 1]: (k, ...), its ends exact.

    The arc is not defined well if the codes are nearly parallel or nearly opposite, or if one has norm 0.  A straight
    line is used then.
    """
    x, y, places = a.double(), b.double(), t.double()
    of_x, of_y = x.norm(), y.norm()
    u, v = x / of_x, y / of_y
    angle = 2 * torch.atan2((u - v).norm(), (u + v).norm())  # exact for small angles, unlike acos
    if not angle.sin() > 1e-6:  # nan where a norm is 0
        return lerp(a, b, t)
    norm = (1 - places) * of_x + places * of_y
    of_a = ((1 - places) * angle).sin() / angle.sin() * (norm / of_x)
    of_b = (places * angle).sin() / angle.sin() * (norm / of_y)
    return (_broadcast(of_a, x) * x + _broadcast(of_b, y) * y).to(a.dtype)


def legs(points: Tensor, steps: int, between: Between = slerp, *, closed: bool = False) -> Tensor:
    """The way from each point to the next: (k, ...) -> (k - 1, steps, ...), both ends on each leg.

    Args:
        steps: codes on a leg, its ends among them.
        between: `lerp` or `slerp`.
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
    return torch.stack([between(a, b, t) for a, b in ends])


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


def _broadcast(t: Tensor, code: Tensor) -> Tensor:
    """(k,) -> (k, 1, ...) in the code's type, to stand before each number of a code."""
    return t.to(code.dtype).view(-1, *[1] * code.dim())
