"""Playing on from the end of training, and how fast two plays that began side by side part."""

import copy
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset, TableSource
from rivalry.games.two_players import GAN
from rivalry.lab.convergence.spectrum import FixedGame
from rivalry.play.dynamics import Consensus, Extragradient, Gradient, Optimistic
from rivalry.play.engine import Engine, NonFinite

APART = 1e-7  # the distance of the two plays at first
LINEAR = 1e-2  # beyond this distance they no longer tell of the Jacobian
ROUNDS_OF = {"extragradient": 2}  # rounds of the engine that make one step


def parting(
    play: str,
    trained: GAN,
    real: Tensor,
    z: Tensor,
    data: Dataset,
    direction: np.ndarray,
    *,
    step: float,
    weight: float,
    rounds: int,
) -> float:
    """The factor by which two plays part in a round, while they are less than 1e-2 apart.

    The second play begins at a distance of 1e-7 in `direction`, the weights of the generator before those of the
    critic: where it is the fastest growing change, the factor is comparable with the largest modulus of the
    eigenvalues of T, as long as the weights have not moved far.
    """
    engines = [_engine(play, copy.deepcopy(trained), real, z, data, step, weight) for _ in range(2)]
    _shift(engines[1], APART * torch.from_numpy(direction))
    apart = [APART]
    with suppress(NonFinite):  # a play that runs away ends there
        for _ in range(rounds):
            for engine in engines:
                _step(engine, ROUNDS_OF.get(play, 1))
            apart.append(float((_weights(engines[1]) - _weights(engines[0])).norm()))
            if not 0 < apart[-1] < LINEAR:
                break
    late = np.log([value for value in apart if 0 < value < np.inf])
    return float(np.exp(np.polyfit(np.arange(len(late)), late, 1)[0])) if len(late) > 1 else float("inf")


def _step(engine: Engine, rounds: int) -> None:
    for _ in range(rounds):
        for _moves in engine.turns():
            pass
        engine.t += 1


def _engine(
    play: str, trained: GAN, real: Tensor, z: Tensor, data: Dataset, step: float, weight: float
) -> Engine:
    game = FixedGame(trained, real, z, step=step, alternating=play == "alternating")
    dynamics = {"consensus": Consensus(weight), "extragradient": Extragradient(), "optimistic": Optimistic()}
    return Engine(game, TableSource(data), dynamics=dynamics.get(play, Gradient()))


def _parameters(engine: Engine) -> list[Tensor]:
    """In the order of `Jacobian`: the generator's before the critic's."""
    return [p for name in ("generator", "critic") for p in engine.game.players[name].parameters]


def _weights(engine: Engine) -> Tensor:
    return torch.cat([p.detach().flatten() for p in _parameters(engine)])


@torch.no_grad()
def _shift(engine: Engine, by: Tensor) -> None:
    parameters = _parameters(engine)
    for parameter, change in zip(parameters, by.split([p.numel() for p in parameters])):
        parameter.add_(change.view_as(parameter))
