"""Stale gradients on the Dirac-GAN: what the eigenvalues say of a delay, and what the engine plays.

    p_{t+1} = p_t + h v'(p_{t-τ})        so every eigenvalue λ of v' gives the roots of  z^{τ+1} - z^τ - h λ = 0

near the equilibrium; play is stable where every root is inside the unit circle (λ: Mescheder et al. 2018, arXiv
1801.04406, and `lab.dirac`).
"""

import math
from collections.abc import Sequence

import numpy as np

from rivalry.data.source import TableSource
from rivalry.game import Move
from rivalry.lab.dirac import STEP, DiracGAN, Method, eigenvalues, real_point
from rivalry.maths.divergences import minimax
from rivalry.maths.penalties import r1
from rivalry.play.dynamics import Stale
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal

START = (1e-6, 1e-6)  # so near that the game is linear even where it grows for hundreds of rounds
PLAYED = 240


def method(gamma: float) -> Method:
    """The original game, with R1 of this weight, or without where it is 0."""
    return Method(minimax, [r1(gamma)] if gamma else ())


def predicted(gamma: float, delay: int, step: float = STEP) -> float:
    """The largest |z|: the factor by which the distance from the equilibrium grows in a round, in the end."""
    values = eigenvalues(DiracGAN(method(gamma))).numpy()
    return max(abs(root) for value in values for root in roots(complex(value), delay, step))


def roots(value: complex, delay: int, step: float) -> np.ndarray:
    """The roots of z^{τ+1} - z^τ - h λ."""
    return np.roots([1.0, -1.0, *[0.0] * (delay - 1), -step * value] if delay else [1.0, -1.0 - step * value])


def simulated(gamma: float, delay: int, rounds: int = PLAYED) -> float:
    """The same factor as the engine plays it: from the slope of the logarithm of the distance, over the second half."""
    game = DiracGAN(method(gamma), start=START)
    radii: list[float] = []

    def note(engine: Engine, moves: Sequence[Move]) -> None:
        radii.append(game.radius)

    engine = Engine(game, TableSource(real_point()), dynamics=Stale(delay), callbacks=[note])
    engine.play(Goal(rounds=rounds))
    late = np.log(radii[rounds // 2 :])
    return math.exp(float(np.polyfit(np.arange(len(late)), late, 1)[0]))
