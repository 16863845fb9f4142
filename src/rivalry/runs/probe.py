"""How long a round of a game takes on this machine, by playing a few on noise."""

import time
from collections.abc import Callable
from typing import Any

import torch

from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.game import Game
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.play.precision import choose_precision

SMALL = 3e8  # multiply-adds: about a hundredth of a second of one core
LIMIT = 1.0  # seconds that a probe may take, but for its first two rounds


def is_small(game: Game, spec: Spec) -> bool:
    """Whether a move is so little work that threads and bfloat16 cost more than they save.

    A weight is used once for each datum; in a convolution, up to once for each position of the grid.
    """
    weights = sum(p.numel() for p in game.parameters())
    return weights * game.batch * spec.meaning.places(spec.shape) < SMALL


def seconds_of_a_round(
    make: Callable[..., Game],
    spec: Spec,
    values: dict[str, Any],
    device: torch.device,
    limit: float = LIMIT,
) -> float:
    """Seconds of one round, the mean of those that fit into the limit after a first one.

    It leaves random numbers and the number of threads as they were.

    Args:
        make: the game's function.
        spec: of pictures.
        values: all settings of the game.

    Raises:
        BadRequest: the game cannot play on such data.
    """
    threads = torch.get_num_threads()
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        game = make(spec, **values)
        small = is_small(game, spec)
        try:
            if small and device.type == "cpu":
                torch.set_num_threads(1)
            source = TableSource(
                noise(spec, 2 * game.batch), game.reads, batch=game.batch, seed=0, device=device
            )
            engine = Engine(
                game, source, device=device, precision=choose_precision("auto", device, small=small)
            )
            return _timed(engine, limit)
        finally:
            torch.set_num_threads(threads)


def _timed(engine: Engine, limit: float) -> float:
    engine.play(Goal(rounds=1))  # the first round prepares kernels
    began, rounds = time.perf_counter(), 0
    while rounds == 0 or time.perf_counter() - began < limit:
        engine.play(Goal(rounds=engine.t + 1))
        if engine.device.type == "cuda":
            torch.cuda.synchronize(engine.device)
        rounds += 1
    return (time.perf_counter() - began) / rounds


def noise(spec: Spec, n: int) -> Dataset:
    """Pictures of noise with every column that the description names."""
    pictures = lambda shape: torch.randint(0, 256, (n, *shape), dtype=torch.uint8)
    label = torch.arange(n) % len(spec.classes) if spec.classes else None
    others = {name: pictures(column.shape) for name, column in spec.extra.items()}
    return Dataset(spec, pictures(spec.shape), label, {}, others)
