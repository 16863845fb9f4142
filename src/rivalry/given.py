"""What a game is given when it is asked for samples: classes, and data to carry over."""

from dataclasses import replace

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Game, Translator
from rivalry.labels import every_class


def given_for(game: Game, data: Dataset, n: int, label: Tensor | None = None) -> dict[str, Tensor]:
    """What `game.sample(n, **given)` needs: every class in turn, and for a translator what to translate.

    Args:
        data: where sources are taken from, evenly spread over its rows.
        label: (n,) the classes to ask for, in place of every class in turn.

    Returns:
        `label` (n,) of a game that is told classes, `source` (n, ...) of one that translates, on its device.
    """
    label = every_class(game, n) if label is None else label.cpu()
    given = {} if label is None else {"label": label}
    if isinstance(game, Translator):
        rows = source_rows(data, n, label)
        given["source"] = data.column(game.reads[0], rows)
    return {name: value.to(game.device) for name, value in given.items()}


def require_shape(what: str, given: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse a batch (n, ...) whose rows have another shape than the game's.

    Args:
        what: the rows, in the plural: "data", "codes".
    """
    if tuple(given.shape[1:]) != tuple(shape):
        expected, came = (" x ".join(map(str, each)) or "nothing" for each in (shape, given.shape[1:]))
        raise BadRequest(f"this game's {what} are {expected}; got {came}")


def target_data(game: Game, data: Dataset) -> Dataset:
    """The data that the game's samples ought to be like: of pairs that are carried back, the sources."""
    return data if game.makes == "x" else replace(data, x=data.others[game.makes])


def source_rows(data: Dataset, n: int, to: Tensor | None) -> Tensor:
    """`n` rows to translate: evenly spread, and where domains are asked for, each of another domain than its own."""
    if to is None or data.label is None:
        return torch.linspace(0, len(data) - 1, n).long()
    rows = torch.zeros(n, dtype=torch.long)
    for domain in to.unique().tolist():
        mine = torch.nonzero(to == domain).flatten()
        others = torch.nonzero(data.label.cpu() != domain).flatten()
        rows[mine] = others[torch.linspace(0, len(others) - 1, len(mine)).long()]
    return rows
