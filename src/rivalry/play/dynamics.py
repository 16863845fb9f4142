"""Dynamics: how moves become optimizer steps.  They are an argument of the engine; a game does not see them.

A dynamics object is called with the moves that are made at once.  For each move it returns a direction: a gradient
for each parameter, or None where the loss does not depend on the parameter.  The player's optimizer steps against it.
The state of a dynamics object is saved in the checkpoints.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from rivalry.errors import BadRequest, unknown
from rivalry.game import Move, Player

Direction = list[Tensor | None]


class Gradient:
    """Each player descends its own loss: v_i = ∇_i L_i."""

    def __call__(self, moves: Sequence[Move]) -> list[Direction]:
        return [look(move, keep=move is not moves[-1]) for move in moves]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class Optimistic(Gradient):
    """Optimistic mirror descent: 2 v_t - v_{t-1}   (Daskalakis et al. 2018, arXiv 1711.00141)."""

    def __init__(self) -> None:
        self.before: dict[str, Direction] = {}

    def __call__(self, moves: Sequence[Move]) -> list[Direction]:
        now = super().__call__(moves)
        steps = [_combine(2.0, v, -1.0, self.before.get(move.name, v)) for move, v in zip(moves, now)]
        self.before.update((move.name, v) for move, v in zip(moves, now))
        return steps

    def state_dict(self) -> dict[str, Any]:
        return {"before": self.before}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.before = state["before"]


class Consensus(Gradient):
    """v + weight * ∇ ½‖v‖² over all players of a simultaneous move   (Mescheder et al. 2017, arXiv 1705.10461).

    The norm is over the players that move at once.  For a move by itself it is the norm of its own gradient.
    """

    def __init__(self, weight: float = 1.0):
        self.weight = weight

    def __call__(self, moves: Sequence[Move]) -> list[Direction]:
        fields = [look(move, keep=True, create_graph=True) for move in moves]
        squares = [0.5 * v.square().sum() for field in fields for v in field if v is not None]
        disagreement = sum(squares, torch.zeros(()))
        steps = []
        for move, field in zip(moves, fields):
            v = [g if g is None else g.detach() for g in field]
            steps.append(_combine(1.0, v, self.weight, self._pull(disagreement, move)))
        return steps

    @staticmethod
    def _pull(disagreement: Tensor, move: Move) -> Direction:
        parameters = _player(move).parameters
        if not disagreement.requires_grad:  # the field is constant
            return [None] * len(parameters)
        return list(torch.autograd.grad(disagreement, parameters, allow_unused=True, retain_graph=True))


class Extragradient(Gradient):
    """A trial step, then a step from the old parameters with the new gradient: θ' = θ - η v(θ);  θ ← θ - η v(θ').

    (Korpelevich 1976; for GANs Gidel et al. 2019, arXiv 1802.10551.)  A player's moves are trial and step by turns,
    so the two see different batches.  The analysis in the paper covers this form.
    """

    def __init__(self) -> None:
        self.stood: dict[str, list[Tensor]] = {}

    def __call__(self, moves: Sequence[Move]) -> list[Direction]:
        steps = super().__call__(moves)
        for move in moves:
            parameters = _player(move).parameters
            if move.name in self.stood:
                with torch.no_grad():
                    for parameter, stood in zip(parameters, self.stood.pop(move.name)):
                        parameter.copy_(stood)
            else:
                self.stood[move.name] = [p.detach().clone() for p in parameters]
        return steps

    def state_dict(self) -> dict[str, Any]:
        return {"stood": self.stood}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.stood = state["stood"]


class Stale(Gradient):
    """Each step uses the gradient of `delay` moves before (of the same player), as in asynchronous training."""

    def __init__(self, delay: int = 1):
        self.delay = delay
        self.waiting: dict[str, list[Direction]] = {}

    def __call__(self, moves: Sequence[Move]) -> list[Direction]:
        steps = []
        for move, v in zip(moves, super().__call__(moves)):
            queue = self.waiting.setdefault(move.name, [])
            queue.append(v)
            late = len(queue) > self.delay
            steps.append(queue.pop(0) if late else [g if g is None else torch.zeros_like(g) for g in v])
        return steps

    def state_dict(self) -> dict[str, Any]:
        return {"waiting": self.waiting}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.waiting = state["waiting"]


DYNAMICS: dict[str, Callable[..., Gradient]] = {
    "gradient": Gradient,
    "optimistic": Optimistic,
    "extragradient": Extragradient,
    "consensus": Consensus,
    "stale": Stale,
}
NUMBERS = {"consensus": float, "stale": int}  # the type of the number after the name


def find_dynamics(asked: str) -> Gradient:
    """The dynamics of this name; "consensus:0.1" has a weight, "stale:2" a delay in moves.

    Raises:
        BadRequest: no such dynamics, or a number that does not fit.
    """
    name, colon, number = asked.partition(":")
    if name not in DYNAMICS:
        raise unknown("dynamics", name, DYNAMICS, f"there are {', '.join(DYNAMICS)}")
    if not colon:
        return DYNAMICS[name]()
    try:
        value = NUMBERS[name](number)
    except (KeyError, ValueError):
        raise BadRequest(
            f"dynamics are written NAME, consensus:WEIGHT or stale:MOVES; got {asked!r}"
        ) from None
    if not 0 <= value < 1e6:
        raise BadRequest(f"the number of {name} is 0 or more; got {number}")
    return DYNAMICS[name](value)


def look(move: Move, *, keep: bool = False, create_graph: bool = False) -> Direction:
    """The gradient of the move's loss with respect to its own player's parameters."""
    gradients = torch.autograd.grad(
        cast(Tensor, move.loss),
        _player(move).parameters,
        allow_unused=True,
        retain_graph=keep or create_graph,
        create_graph=create_graph,
    )
    return list(gradients)


def _player(move: Move) -> Player:
    assert move.player is not None
    return move.player


def _combine(a: float, u: Direction, b: float, v: Direction) -> Direction:
    """a u + b v, where None counts as zero."""
    out: Direction = []
    for p, q in zip(u, v):
        scaled = [x * k for x, k in ((p, a), (q, b)) if x is not None]
        out.append(sum(scaled[1:], scaled[0]) if scaled else None)
    return out
