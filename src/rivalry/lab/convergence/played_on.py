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
ROUNDS_OF = {"extragradient": 2}  # rounds of the engine that make one step


def parting(
    play: str,
    trained: GAN,
    real: Tensor,
    z: Tensor,
    data: Dataset,
    *,
    step: float,
    weight: float,
    rounds: int,
) -> tuple[float, float]:
    """The factor by which two plays part in a round, over the second half; and how far the weights moved meanwhile.

    The second play begins at a random place at a distance of 1e-7.  A change grows along the fastest direction in the
    end, so that the factor is comparable with the largest modulus of the eigenvalues of T.
    """
    engines = [_engine(play, copy.deepcopy(trained), real, z, data, step, weight) for _ in range(2)]
    start = _weights(engines[0])
    _shift(engines[1], APART)
    apart: list[float] = []
    with suppress(NonFinite):  # a play that runs away ends there
        for _ in range(rounds):
            for engine in engines:
                _step(engine, ROUNDS_OF.get(play, 1))
            apart.append(float((_weights(engines[1]) - _weights(engines[0])).norm()))
    late = np.log([value for value in apart[len(apart) // 2 :] if 0 < value < np.inf])
    factor = float(np.exp(np.polyfit(np.arange(len(late)), late, 1)[0])) if len(late) > 1 else float("inf")
    return factor, float((_weights(engines[0]) - start).norm() / start.norm())


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


def _weights(engine: Engine) -> Tensor:
    return torch.cat([p.detach().flatten() for p in engine.game.parameters()])


@torch.no_grad()
def _shift(engine: Engine, by: float) -> None:
    noise = [
        torch.randn(p.shape, dtype=p.dtype, generator=torch.Generator().manual_seed(i))
        for i, p in enumerate(engine.game.parameters())
    ]
    size = torch.cat([n.flatten() for n in noise]).norm()
    for parameter, change in zip(engine.game.parameters(), noise):
        parameter.add_(change * (by / size))
