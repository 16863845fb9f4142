"""Bits per dimension of held-out data: the games of the room `likelihood`, and Flow-GAN's three objectives.

    python benchmarks/likelihood.py --games made maf realnvp pixelcnn      each for 60 s of one core
    python benchmarks/likelihood.py --games flow-gan --rounds 800          by likelihood, by a critic, by both
    python benchmarks/likelihood.py --data mnist --games made glow --seconds 1200

`digits` are 1,797 images of 8 x 8 pixels with 17 levels; a quarter of them, by a permutation of seed 0, is held out.
Controls: all levels equally likely, independent pixels, a mixture of these by class, and for Flow-GAN a Gaussian
around every training image.  Seconds are those of the processor, so that a busy machine changes no row.  Writes
benchmarks/results/likelihood.json and .md, a row for each game and data set.
"""

import argparse
import json
import time
from collections.abc import Iterator
from math import log, pi
from typing import Any

import numpy as np
import torch
from certificate import certificate
from record import Row, record, recorded_with
from torch import Tensor

from rivalry.catalog import find, maker, recipes
from rivalry.data import open_data
from rivalry.data.source import Dataset, TableSource
from rivalry.maths.levels import Levels, bits_per_dimension
from rivalry.metrics.game.nll import nll
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.settings import check

COLUMNS = (
    "data",
    "bits/dim",
    "standard error",
    "on training data",
    "published",
    "rounds",
    "processor seconds",
    "parameters",
)
OBJECTIVES = ("likelihood", "adversarial", "both")
LEVELS = {"digits": 17, "mnist": 256}
PUBLISHED = {("realnvp", "mnist"): 1.06, ("glow", "mnist"): 1.05}  # of large models, trained for days on GPUs
BUSY = 20  # rounds between looks at the clock
SEEN, HELD_OUT = 200, 2000  # of the training data and at most of those held out: how many are measured


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    train, held_out = split(options.data)
    provenance = certificate()
    for row in controls(train, held_out) if options.data == "digits" else ():
        keep({**row, "data": options.data, **provenance})  # quick, so measured each time
    for game in options.games:
        ways = [{"objective": o} for o in OBJECTIVES] if game == "flow-gan" else [{}]
        for settings in ways:
            row = fitted(game, settings, train, held_out, options)
            keep({**row, **provenance})
            print(json.dumps(row), flush=True)


def split(data: str) -> tuple[Dataset, Dataset]:
    """Training and held-out data; of `digits` three quarters and one, by scikit-learn's permutation of seed 0."""
    train, test = open_data(data), open_data(data, "test")
    if data != "digits":
        return train, test
    assert train.label is not None and test.label is not None
    whole = Dataset(train.spec, torch.cat([train.x, test.x]), torch.cat([train.label, test.label]))
    order = torch.from_numpy(np.random.RandomState(0).permutation(len(whole)))
    quarter = -(-len(whole) // 4)
    return whole.only(order[quarter:]), whole.only(order[:quarter])


def fitted(
    game: str, settings: dict[str, Any], train: Dataset, held_out: Dataset, options: argparse.Namespace
) -> Row:
    """One game, played for so many seconds of the processor and scored on held-out data."""
    entry, data = find(game), options.data
    recipe = {k: v for k, v in recipes(entry)[data].items() if k not in ("data", "time")}
    torch.manual_seed(options.seed)
    values = check(maker(entry), {**recipe, **settings}, game)
    played = maker(entry)(train.spec, **values)
    engine = Engine(
        played, TableSource(train, played.reads, batch=played.batch, seed=options.seed), seed=options.seed
    )
    seconds = play(engine, options.seconds, options.rounds)
    score, seen = nll(played, held_out, n=HELD_OUT), nll(played, train, n=SEEN)
    return {
        "game": " ".join([game, *settings.values()]) + ("" if data == "digits" else f" on {data}"),
        "seed": options.seed,
        "data": data,
        "bits/dim": score.value,
        "standard error": score.spread,
        "on training data": seen.value,
        "nats": score.details["nats"],
        "published": PUBLISHED.get((game, data)),
        "rounds": engine.t,
        "processor seconds": seconds,
        "parameters": sum(p.numel() for player in played.players.values() for p in player.parameters),
        "dequantization": score.provenance["dequantization"],
        "settings": values,
    }


def play(engine: Engine, seconds: float, rounds: int | None = None) -> float:
    """Play until the process has spent so many seconds of a processor, or so many rounds; the seconds it spent."""
    for player in engine.game.players.values():
        assert player.optimizer  # made before the clock runs: torch takes seconds for the first one
    start = time.process_time()
    spent = lambda: time.process_time() - start
    while engine.t < rounds if rounds else spent() < seconds:
        engine.play(Goal(rounds=min(engine.t + BUSY, rounds or engine.t + BUSY)))
    return spent()


# ---------------------------------------------------------------------- controls


def controls(train: Dataset, held_out: Dataset) -> Iterator[Row]:
    """Baselines without a network, in bits per dimension of the held-out images."""
    levels = Levels(LEVELS["digits"])
    x, y = (levels.index(data.rows(slice(None))).flatten(1) for data in (train, held_out))
    labels = train.label
    assert labels is not None
    classes = [
        independent(x[labels == k], y, count=0.1) + log(float((labels == k).float().mean()))
        for k in range(10)
    ]
    images = held_out.rows(slice(None))
    nats = {
        "(all levels equally likely)": torch.full((len(y),), -y.shape[1] * log(levels.n)),
        "(independent pixels)": independent(x, y),
        "(independent pixels, mixed by class)": torch.stack(classes).logsumexp(0),
        "(a Gaussian around every training image)": around(train, held_out, levels),
    }
    for name, found in nats.items():
        bits = bits_per_dimension(found.double(), images)
        yield {
            "game": name,
            "seed": 0,
            "bits/dim": float(bits.mean()),
            "standard error": float(bits.std() / len(bits) ** 0.5),
            "nats": float(found.mean()),
        }


def independent(x: Tensor, y: Tensor, count: float = 1.0, levels: int = 17) -> Tensor:
    """log P of y (m, d) by the shares of each level of each pixel among x (n, d): (m,) nats.

    Args:
        count: added to each level's; where there are a tenth of the images, a tenth.
    """
    counts = torch.nn.functional.one_hot(x, levels).sum(0) + count  # (d, levels)
    logs = (counts / counts.sum(1, keepdim=True)).log()
    return logs[torch.arange(y.shape[1]), y].sum(1)


def around(train: Dataset, held_out: Dataset, levels: Levels) -> Tensor:
    """log P of a mixture of round Gaussians, one at each training image, dequantized: (m,) nats.

    Their width is the best of twenty for a fifth of the training images.
    """
    torch.manual_seed(0)
    x, y = (levels.spread(data.rows(slice(None))).flatten(1).double() for data in (train, held_out))
    fifth, d = len(x) // 5, x.shape[1]
    widths = torch.logspace(-1.5, 0, 20, dtype=torch.float64)
    at = [kernel(x[fifth:], x[:fifth], float(width)).mean() for width in widths]
    best = float(widths[int(torch.stack(at).argmax())])
    return kernel(x, y, best) + d * levels.log_cell


def kernel(x: Tensor, y: Tensor, width: float) -> Tensor:
    squares = torch.cdist(y, x).square() / (2 * width**2)
    return (-squares).logsumexp(1) - log(len(x)) - y.shape[1] * log(2 * pi * width**2) / 2


# ---------------------------------------------------------------------- writing


def keep(row: Row) -> None:
    rows = recorded_with(row, "likelihood", "game")
    record("likelihood", rows, "game", COLUMNS, says(rows))


def says(rows: list[Row]) -> list[str]:
    """The result of Flow-GAN, in words; nothing before all three objectives are there."""
    bits = {row["game"]: row["bits/dim"] for row in rows}
    lines = [
        "digits: 17 levels; a quarter held out, seed 0; images without dequantization noise where levels are modeled"
    ]
    three = [bits.get(f"flow-gan {objective}") for objective in OBJECTIVES]
    gaussians = bits.get("(a Gaussian around every training image)")
    if None not in three and gaussians is not None:
        by_likelihood, by_critic, by_both = three
        lines.append(
            f"Flow-GAN: the critic alone costs {(by_critic - by_likelihood) * log(2):.2f} nats a dimension of "
            f"likelihood, and is {(by_critic - gaussians) * log(2):.2f} nats worse than a Gaussian around every "
            f"training image; both together are {by_both / by_likelihood - 1:+.1%} off likelihood alone"
        )
    return lines


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--games", nargs="*", default=["made", "maf", "realnvp", "pixelcnn", "flow-gan"])
    parser.add_argument("--data", choices=sorted(LEVELS), default="digits")
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for each game")
    parser.add_argument("--rounds", type=int, help="in place of seconds")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
