"""Traversal: samples for several values of one named part of their codes; the other parts are fixed.

(Chen et al. 2016, arXiv 1606.03657, figure 2: each category, then numbers from -2 to 2.)
"""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.editing.codes import decoded, of_seeds
from rivalry.errors import BadRequest
from rivalry.game import Coded, Game, require_part
from rivalry.show.tables import heads, table

FURTHEST, STEPS = 2.0, 9  # the largest value of a number, and the number of steps


def require_coded(game: Game) -> Coded:
    """The game, whose codes have named parts.

    Raises:
        BadRequest: they have none.
    """
    if not isinstance(game, Coded):
        raise BadRequest("no part of this game's codes has a name (infogan's have: c0, c1, ...)")
    return game


def parts(game: Game, texts: Mapping[str, str]) -> dict[str, float]:
    """Named parts of a code as a person typed them: {"c0": "3"} -> {"c0": 3.0}.

    Raises:
        BadRequest: the game's codes have no named parts, or none of this name, or not this value.
    """
    named, found = require_coded(game).named, {}
    for name, text in texts.items():
        try:
            value = float(text)
        except ValueError:
            require_part(named, name, 0.0)
            raise BadRequest(f"{name} is a number; got {text!r}") from None
        require_part(named, name, value)
        found[name] = value
    return found


def values_of(game: Game, name: str) -> list[float]:
    """The default values of a part: each of its categories, or numbers from -2 to 2."""
    named = require_coded(game).named
    require_part(named, name, 0.0)
    if named[name]:
        return [float(category) for category in range(named[name])]
    return torch.linspace(-FURTHEST, FURTHEST, STEPS).tolist()


def traverse(game: Game, name: str, values: Sequence[float], seeds: Sequence[int]) -> Tensor:
    """The samples of each seed's code with each value of one of its parts: (seeds, values, ...).

    Raises:
        BadRequest: no part of this name, or no such value of it.
    """
    z = of_seeds(game, seeds)
    walks = [cast(Coded, game).with_parts(z, {name: value}) for value in values]
    return decoded(game, torch.stack(walks, 1).flatten(0, 1)).unflatten(0, (len(seeds), len(values)))


def sheet(game: Game, spec: Spec, name: str, values: Sequence[float], seeds: Sequence[int]) -> Image.Image:
    """A picture with a row for each seed and a column for each value."""
    columns = [f"{value:.3g}" for value in values]
    return table(traverse(game, name, values, seeds), spec, heads(seeds), columns)
