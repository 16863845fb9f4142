"""The arguments that a game needs to sample: classes, and data to translate."""

from dataclasses import replace

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Game, Translator
from rivalry.labels import every_class


def given_for(game: Game, data: Dataset, n: int, label: Tensor | None = None) -> dict[str, Tensor]:
    """The arguments `given` of `game.sample(n, **given)`: every class in turn, and for a translator its sources.

    Args:
        data: the sources are taken from it, evenly spread over its rows.
        label: (n,) the classes to use instead of every class in turn.

    Returns:
        `label` (n,) for a game with classes, `source` (n, ...) for a translator, on the game's device.
    """
    label = every_class(game, n) if label is None else label.cpu()
    given = {} if label is None else {"label": label}
    if isinstance(game, Translator):
        rows = source_rows(data, n, label)
        given["source"] = data.column(game.reads[0], rows)
    return {name: value.to(game.device) for name, value in given.items()}


def require_shape(what: str, given: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse a batch (n, ...) whose rows have another shape than the game's data.

    Args:
        what: a plural name of the rows, for the message: "data", "codes".
    """
    if tuple(given.shape[1:]) != tuple(shape):
        expected, came = (" x ".join(map(str, each)) or "nothing" for each in (shape, given.shape[1:]))
        raise BadRequest(f"this game's {what} are {expected}; got {came}")


def target_data(game: Game, data: Dataset) -> Dataset:
    """The data that the game's samples are compared with.  For a game that translates back, these are the sources."""
    return data if game.makes == "x" else replace(data, x=data.others[game.makes])


def source_rows(data: Dataset, n: int, to: Tensor | None) -> Tensor:
    """`n` rows to translate, evenly spread.  If `to` is given, each row comes from another domain than its target."""
    if to is None or data.label is None:
        return torch.linspace(0, len(data) - 1, n).long()
    rows = torch.zeros(n, dtype=torch.long)
    for domain in to.unique().tolist():
        mine = torch.nonzero(to == domain).flatten()
        others = torch.nonzero(data.label.cpu() != domain).flatten()
        rows[mine] = others[torch.linspace(0, len(others) - 1, len(mine)).long()]
    return rows


def require_steps(steps: int | None, default: int) -> int:
    """The steps of a sampler: those that it is asked for, else its own.

    Raises:
        BadRequest: less than one.
    """
    if steps is not None and steps < 1:
        raise BadRequest(f"a sampler takes one step or more; got {steps}")
    return default if steps is None else steps
