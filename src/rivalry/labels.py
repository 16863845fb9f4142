"""The labels that a game gets with its samples."""

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.game import Conditional, Game


def labels_for(n: int, label: Tensor | int | None, classes: int, device: torch.device) -> tuple[Tensor, ...]:
    """The labels (n,) int64 for a game with `classes`, in a tuple.  The tuple is empty for a game without classes.

    Args:
        label: one label for all, one for each sample, or None for every class in turn.

    Raises:
        BadRequest: the game has no classes, or the label does not exist.
    """
    if not classes:
        if label is not None:
            raise BadRequest("this game is not told classes, so it cannot be asked for one")
        return ()
    if label is None:
        return (torch.arange(n, device=device) % classes,)
    labels = torch.as_tensor(label, device=device, dtype=torch.int64)
    if labels.dim() and labels.shape != (n,):
        raise BadRequest(f"one label for all or one each: expected ({n},), got {tuple(labels.shape)}")
    labels = labels.expand(n)
    if torch.compiler.is_compiling():  # nothing can be asked of values that are not there yet
        return (labels,)
    if n and not bool(((labels >= 0) & (labels < classes)).all()):
        raise BadRequest(f"labels go from 0 to {classes - 1}; asked for {label}")
    return (labels,)


def every_class(game: Game, n: int) -> Tensor | None:
    """`n` labels, every class in turn; None for a game without classes."""
    if isinstance(game, Conditional) and game.classes:
        return torch.arange(n) % game.classes
    return None
