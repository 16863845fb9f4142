"""Classes that a game is told: which label goes with which sample."""

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.game import Conditional, Game


def told_labels(n: int, label: Tensor | int | None, classes: int, device: torch.device) -> tuple[Tensor, ...]:
    """Labels (n,) int64 for a game told of `classes`, in a tuple; an empty one for a game told nothing.

    Args:
        label: one for all, one each, or None for every class in turn.

    Raises:
        BadRequest: a label asked of a game that is told none, or one that does not exist.
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
    """Labels to ask for: every class in turn; None of a game that is told none."""
    if isinstance(game, Conditional) and game.classes:
        return torch.arange(n) % game.classes
    return None
