"""Data and time until a fixed quality, batch by batch, with the rate tuned at each."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.games.image.dcgan import dcgan
from rivalry.games.image.ot_gan import ot_gan
from rivalry.lab.answer import Row
from rivalry.lab.small import distance, engine_on, held_out_of, play_until, samples_of, small_gan
from rivalry.maths.divergences import wasserstein
from rivalry.maths.penalties import gradient_penalty, r1

Make = Callable[..., Game]
GAMES: dict[str, Make] = {
    "gan with R1": lambda spec, **s: small_gan(spec, penalties=[r1(0.1)], **s),
    "wgan-gp": lambda spec, **s: small_gan(
        spec, divergence=wasserstein, penalties=[gradient_penalty(1.0)], critic_steps=2, **s
    ),
    "ot-gan": lambda spec, **s: ot_gan(
        spec, latent=4, features=16, width=32, generator_steps=2, beta1=0.0, average=0.0, **s
    ),
    "dcgan": lambda spec, **s: dcgan(spec, latent=16, width=16, **s),
}
RATES = (1e-3, 3e-3, 1e-2)
FIRST, APART = 300, 1.3  # data drawn before the first look; how many times as many before the next


def games_for(data: Dataset) -> list[str]:
    """The games of the comparison that play on these data: `dcgan` is for images."""
    return [name for name in GAMES if name != "dcgan" or data.spec.meaning.axes == 2]


def batches_of(asked: str | None, default: tuple[int, ...], data: Dataset) -> tuple[int, ...]:
    """The batches that were asked for, as "16,64,256".

    Raises:
        BadRequest: no numbers, fewer than 4 data in a batch, or more than there are.
    """
    try:
        wanted = tuple(int(each) for each in asked.split(",")) if asked else default
    except ValueError:
        raise BadRequest(f"--batches are numbers with commas, as in 16,64,256; got {asked!r}") from None
    if min(wanted) < 4 or max(wanted) > len(data):
        raise BadRequest(
            f"a batch is 4 to {len(data):,}, the data of {data.spec.name}; got {', '.join(map(str, wanted))}"
        )
    return tuple(sorted(set(wanted)))


def until(
    name: str,
    data: Dataset,
    batch: int,
    lr: float,
    level: float,
    most: int,
    seed: int,
    **settings: Any,
) -> Row:
    """Play until samples are within `level` of the data, or `most` data were drawn.

    The first look is after FIRST data, each other after about APART times as many as the one before.
    """
    torch.manual_seed(seed)
    engine = engine_on(GAMES[name](data.spec, batch=batch, lr=lr, **settings), data, seed)
    held_out, spent, best = held_out_of(data, seed), 0.0, math.inf
    row: Row = {
        "game": name,
        "batch": batch,
        "rate": lr,
        "seed": seed,
        "samples": math.inf,
        "seconds": math.inf,
    }
    looks = math.ceil(math.log(most / FIRST) / math.log(APART))
    for k in range(looks + 1):
        goal, began = FIRST * (most / FIRST) ** (k / looks), time.process_time()
        while engine.data.drawn < goal:
            play_until(engine, engine.t + 1)
        spent += time.process_time() - began
        best = min(best, distance(samples_of(engine, 500), held_out))
        if best <= level:
            row |= {"samples": float(engine.data.drawn), "seconds": spent, "rounds": float(engine.t)}
            break
    return {**row, "nearest": best}
