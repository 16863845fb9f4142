"""The arguments that a game needs to sample: classes, data to translate, data of another column to be told."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.game import Conditioned, Game, Translator
from rivalry.labels import every_class


def given_for(
    game: Game, data: Dataset, n: int, label: Tensor | None = None, each: int = 1
) -> dict[str, Tensor]:
    """The arguments `given` of `game.sample(n, **given)`: every class in turn, and for a translator its sources.

    Args:
        data: sources, and what a game is told, are taken from it, evenly spread over its rows.
        label: (n,) the classes to use instead of every class in turn.
        each: how many samples, one after the other, are told the same.

    Returns:
        `label` (n,) for a game with classes, `source` (n, ...) for a translator, a column (n, ...) for a game that is
        told one, on the game's device.
    """
    label = every_class(game, n) if label is None else label.cpu()
    given = {} if label is None else {"label": label}
    if isinstance(game, Translator):
        rows = source_rows(data, n, label)
        given["source"] = data.column(game.reads[0], rows)
    if isinstance(game, Conditioned):
        given[game.conditioned_on] = data.column(game.conditioned_on, condition_rows(data, n, each))
    return {name: value.to(game.device) for name, value in given.items()}


def condition_rows(data: Dataset, n: int, each: int = 1) -> Tensor:
    """The rows (n,) of which a game is told a column, evenly spread, each for `each` samples in sequence."""
    return torch.linspace(0, len(data) - 1, -(-n // each)).long().repeat_interleave(each)[:n]


def rows_for(game: Game, data: Dataset, n: int, label: Tensor | None = None) -> Tensor | None:
    """The rows (n,) from which `given_for` takes what a game is told or translates; None for other games."""
    if isinstance(game, Translator):
        return source_rows(data, n, label)
    return condition_rows(data, n) if isinstance(game, Conditioned) else None


def with_condition(game: Game, given: dict[str, Any], n: int) -> dict[str, Any]:
    """The same arguments, a single datum that the game is told being repeated for all `n` samples.

    Raises:
        BadRequest: the game must be told something, and was told nothing.
    """
    if not isinstance(game, Conditioned):
        return given
    if game.conditioned_on not in given:
        raise BadRequest(f"this game makes each sample for a {game.conditioned_on} and was given none")
    value = given[game.conditioned_on].to(game.device)
    if len(value) not in (1, n):
        raise BadRequest(
            f"one {game.conditioned_on} for all samples or one each: expected 1 or {n}, got {len(value)}"
        )
    return {**given, game.conditioned_on: value.expand(n, *value.shape[1:])}


def words_under(game: Game, spec: Spec, given: dict[str, Tensor], each: int) -> list[str]:
    """The text for every `each` samples of a game that is told something with words; else an empty list."""
    if not isinstance(game, Conditioned):
        return []
    column = spec.extra[game.conditioned_on]
    return column.meaning.said(given[game.conditioned_on][::each].cpu(), column)


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
