"""Arithmetic on codes that are averaged over examples, such as king - man + woman.

Radford et al. 2015 (arXiv 1511.06434), section 6.3.2: results with the code of a single sample were unstable; the mean
of three codes works better.

A mean of k independent codes of d numbers has a norm near √(d/k), not √d.  a - b + c of such means has a norm near
√(3d/k).  Codes of these norms do not occur in training.  `renormalized` gives them the norm that is typical of the
prior.  Styles do not need this: a mean of styles is like other styles.
"""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import Space, decoded, lengths, require_one_class, typical
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.show.tables import blank, heads, table


def mean(codes: Tensor) -> Tensor:
    """The mean of codes of several examples: (n, ...) -> (...)."""
    if not len(codes):
        raise BadRequest("a mean is taken over one example or more; got none")
    return codes.mean(0)


def analogy(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """a - b + c, each the mean over its examples: (n, ...), (m, ...), (k, ...) -> (...)."""
    return mean(a) - mean(b) + mean(c)


def turn(more: Tensor, less: Tensor) -> Tensor:
    """The turn vector: the mean code of one set minus that of the other: (n, ...), (m, ...) -> (...).

    Added to other codes it turns what they show from the second set towards the first.
    """
    return mean(more) - mean(less)


def turned(codes: Tensor, vector: Tensor, strengths: Tensor) -> Tensor:
    """Every code plus the vector times every strength: (n, ...), (...), (k,) -> (n, k, ...)."""
    return codes[:, None] + strengths.to(codes).view(-1, *[1] * vector.dim()) * vector


def renormalized(codes: Tensor, norm: float | Tensor) -> Tensor:
    """The codes scaled to this norm, one for all or one for each: (n, ...) -> (n, ...).  A code of 0 stays 0."""
    away = lengths(codes)
    scale = norm / away.where(away > 0, away.new_ones(()))
    return codes * scale.view(-1, *[1] * (codes.dim() - 1))


def sheet(
    game: Game, spec: Spec, a: Tensor, b: Tensor, c: Tensor, *, space: Space = "z", label: int | None = None
) -> Image.Image:
    """A picture of a - b + c: the mean of each in the first column, its examples beside it.

    Args:
        a, b, c: (n, ...) codes or styles of examples; means of codes are shown at the prior's typical norm.
        label: the class of all, of a game that is told classes.
    """
    require_one_class(game, label)
    sets = (a, b, c)
    means = torch.stack([*map(mean, sets), analogy(*sets)])
    if space == "z":
        means = renormalized(means, typical(game).norm)
    most = max(map(len, sets))
    x = blank(spec).repeat(4, 1 + most, *[1] * len(spec.shape))
    x[:, 0] = decoded(game, means, space, label)
    for row, some in zip(x, sets):
        row[1 : 1 + len(some)] = decoded(game, some, space, label)
    return table(x, spec, ["a", "minus", "plus", "a - minus + plus"], ["mean", *heads(range(1, 1 + most))])


def turning(
    game: Game,
    spec: Spec,
    vector: Tensor,
    codes: Tensor,
    strengths: Sequence[float],
    *,
    space: Space = "z",
    label: int | None = None,
) -> Image.Image:
    """A picture of codes turned by a vector: a row for each code, a column for each strength.

    Args:
        codes: (n, ...) codes, which keep their norm, or styles.
        label: the class of all, of a game that is told classes.
    """
    require_one_class(game, label)
    moved = turned(codes, vector, torch.tensor(strengths)).flatten(0, 1)
    if space == "z":
        moved = renormalized(moved, lengths(codes).repeat_interleave(len(strengths)))
    x = decoded(game, moved, space, label).unflatten(0, (len(codes), len(strengths)))
    return table(x, spec, [""] * len(codes), heads(strengths))
