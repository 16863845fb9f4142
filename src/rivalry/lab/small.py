"""Games small enough that an experiment can play hundreds of them: perceptrons on points or on tiny images."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.game import Game, Player
from rivalry.games.two_players import GAN
from rivalry.lab.predict import energy_distance
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.perceptron import PerceptronCritic, PerceptronGenerator
from rivalry.nn.spectral import spectral as normalized
from rivalry.play.dynamics import Gradient
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw

SAMPLES = 1000  # of which a quality is computed


def small_gan(
    spec: Spec,
    *,
    latent: int = 4,
    width: int = 32,
    depth: int = 2,
    lr: float = 1e-3,
    batch: int = 128,
    spectral: bool = False,
    **parts: Any,
) -> GAN:
    """A GAN of two perceptrons, moved by Adam with moments that decay by 0 and 0.99.

    Args:
        latent: length of the code, normal.
        width, depth: of both networks.
        spectral: normalize the critic's weights.
        parts: further arguments of `two_players.GAN`: divergence, penalties, augment, average.
    """
    D = PerceptronCritic(spec.shape, width=width, depth=depth)
    own = {"generator": adam(lr, 0.0, 0.99), "critic": adam(lr, 0.0, 0.99), **parts}
    return GAN(
        PerceptronGenerator(latent, spec.shape, width=width, depth=depth, bounded=spec.meaning.bounded),
        normalized(D) if spectral else D,
        prior=normal(latent),
        batch=batch,
        **own,
    )


def engine_on(game: Game, data: Dataset, seed: int, dynamics: Gradient | None = None) -> Engine:
    """An engine that plays the game on a table of data."""
    source = TableSource(data, game.reads, batch=game.batch, seed=seed)
    return Engine(game, source, seed=seed, dynamics=dynamics)


def play_until(engine: Engine, rounds: int) -> None:
    """Play on until so many rounds were played in all."""
    if rounds > engine.t:
        engine.play(Goal(rounds=rounds))


def samples_of(engine: Engine, n: int = SAMPLES, seed: int = 0) -> Tensor:
    """Samples of the game as it is now; training is not affected."""
    with engine.evaluating() as game:
        return draw(game, n, seed=seed)


def distance(x: Tensor, held_out: Tensor) -> float:
    """√ of the energy distance of samples from held-out data: (n, ...) each; 0 where the two are the same."""
    return math.sqrt(max(0.0, energy_distance(x.flatten(1), held_out.flatten(1))))


def held_out_of(data: Dataset, seed: int = 0, n: int = SAMPLES) -> Tensor:
    """`n` random data of a table: (n, ...)."""
    rows = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed + 77))[:n]
    return data.rows(rows)


def lowered(network: nn.Module, loss: Callable[[nn.Module], Tensor], rounds: int, lr: float) -> nn.Module:
    """The network after so many steps of Adam that lower the loss, outside of any game."""
    player = Player(network, optimizer=adam(lr, 0.0, 0.99))
    for _ in range(rounds):
        for p, gradient in zip(player.parameters, torch.autograd.grad(loss(network), player.parameters)):
            p.grad = gradient
        player.optimizer.step()
    return network
