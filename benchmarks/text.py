"""Sentences of the synthetic language: every game of the next token by the language's own likelihood, held-out
likelihood and diversity, on the curve that the baseline draws when its sampler is made colder.

    python benchmarks/text.py --games lstm seqgan --seeds 0 1 2
    python benchmarks/text.py --games relgan scratchgan wgan-text

Controls: sentences of the language itself, its most frequent tokens alone, and `lstm` at temperatures below 1.  A game
that gains by the oracle what a colder `lstm` gains at the same diversity has learned nothing that the baseline lacks.
Scores are those of 4,000 samples.  Seconds are those of the processor.  Writes benchmarks/results/text.json and .md.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from certificate import certificate
from record import Row, record, recorded_with
from torch import Tensor

from rivalry.catalog import find, maker, recipes
from rivalry.data import open_data
from rivalry.data.source import Dataset, TableSource
from rivalry.game import Density, Game
from rivalry.metrics.game.nll import nll
from rivalry.metrics.text.distinct import distinct, unique
from rivalry.metrics.text.nll_oracle import nll_oracle
from rivalry.metrics.text.self_bleu import self_bleu
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw
from rivalry.settings import check

SAMPLES = 4000
TEMPERATURES = (0.9, 0.8, 0.7)
COLUMNS = (
    "nats by the oracle",
    "entropy",
    "held-out nats",
    "distinct-2",
    "self-BLEU-2",
    "self-BLEU-3",
    "unique",
    "copied",
    "rounds",
    "processor seconds",
)


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    train, held_out = open_data(options.data), open_data(options.data, "test")
    provenance = {"data": train.spec.name, **certificate()}
    for row in controls(train):
        keep({**row, **provenance})
    for seed in options.seeds:
        for game in options.games:
            for row in played(game, train, held_out, seed, options):
                keep({**row, **provenance})
                print(json.dumps(row), flush=True)


def controls(train: Dataset) -> Iterator[Row]:
    """New sentences of the language, and tokens that are drawn one by one as often as the data hold them."""
    oracle, (n, length) = train.facts["oracle"], (SAMPLES, train.spec.shape[0])
    first = int(train.x.min())
    yield {
        "game": "(the language itself)",
        "seed": 0,
        **scored(train, oracle.sample(n, length, seed=3) + first),
    }
    often = torch.bincount(train.x.flatten()).double()
    alone = torch.multinomial(often, n * length, True, generator=torch.Generator().manual_seed(0))
    yield {"game": "(tokens one by one)", "seed": 0, **scored(train, alone.view(n, length))}


def played(
    name: str, train: Dataset, held_out: Dataset, seed: int, options: argparse.Namespace
) -> Iterator[Row]:
    """One game, scored at its end; after its warm-up too, if it has one, and the baseline at several temperatures."""
    entry = find(name)
    recipe = {k: v for k, v in recipes(entry)["oracle"].items() if k != "data"}
    rounds = recipe.pop("rounds")
    torch.manual_seed(seed)
    values = check(maker(entry), {**recipe, **dict(part.split("=") for part in options.set)}, name)
    game = maker(entry)(train.spec, **values)
    engine = Engine(game, TableSource(train, game.reads, batch=game.batch, seed=seed), seed=seed)
    start = time.process_time()
    if values.get("warmup"):
        engine.play(Goal(rounds=values["warmup"]))
        yield row(f"{name}, likelihood alone", seed, engine, train, held_out, values, start)
    engine.play(Goal(rounds=options.rounds or rounds))
    yield row(name, seed, engine, train, held_out, values, start)
    for temperature in TEMPERATURES if name == "lstm" else ():
        named = f"{name} at temperature {temperature}"
        yield row(named, seed, engine, train, held_out, values, start, temperature=temperature)


def row(
    name: str,
    seed: int,
    engine: Engine,
    train: Dataset,
    held_out: Dataset,
    values: dict[str, Any],
    start: float,
    **given: float,
) -> Row:
    with engine.evaluating() as game:
        fake = draw(game, SAMPLES, seed=seed, **given)
        return {
            "game": name,
            "seed": seed,
            **scored(train, fake),
            **(likelihood(game, held_out) if not given else {}),
            "rounds": engine.t,
            "processor seconds": time.process_time() - start,
            "settings": values,
        }


def scored(train: Dataset, fake: Tensor) -> Row:
    of_oracle = nll_oracle(train, fake, train.facts["oracle"])
    varied = {score.name: score.value for score in (*distinct(train, fake), *unique(train, fake))}
    bleu = {score.name: score.value for score in self_bleu(train, fake)}
    return {
        "nats by the oracle": of_oracle.value,
        "entropy": of_oracle.details["entropy"],
        "standard error by the oracle": of_oracle.spread,
        "distinct-2": varied["distinct-2"],
        "self-BLEU-2": bleu["self-bleu-2"],
        "self-BLEU-3": bleu["self-bleu-3"],
        "unique": varied["unique"],
        "copied": varied["copied"],
    }


def likelihood(game: Game, held_out: Dataset) -> Row:
    """Nats a token of held-out sentences; nothing for a game that knows no likelihood."""
    if not isinstance(game, Density):
        return {}
    score = nll(game, held_out, n=2000)
    error = (score.spread or 0.0) * math.log(2)
    return {"held-out nats": score.value * math.log(2), "standard error of held-out": error}


def keep(new: Row) -> None:
    rows = recorded_with(new, "text", "game")
    says = [
        f"{SAMPLES:,} samples, 1,000 for self-BLEU; nats for each token; `distinct-2` and self-BLEU depend on n",
        "`likelihood alone` is the same run at the end of its warm-up",
        *beside_the_curve(rows),
    ]
    record("text", rows, "game", COLUMNS, says)


def beside_the_curve(rows: list[Row]) -> Iterator[str]:
    """For each game, what the baseline scores by the oracle at a temperature where it is as diverse."""
    mean = lambda name, column: statistics.mean(r[column] for r in rows if r["game"] == name)
    names = list(dict.fromkeys(r["game"] for r in rows if not r["game"].startswith("(")))
    curve = sorted(
        (mean(name, "distinct-2"), mean(name, "nats by the oracle"))
        for name in names
        if name.split(" at ")[0] == "lstm"
    )
    for name in [name for name in names if name.split(" at ")[0] != "lstm"]:
        at, nats = mean(name, "distinct-2"), mean(name, "nats by the oracle")
        for (low, under), (high, over) in pairwise(curve):
            if low <= at <= high:
                same = under + (over - under) * (at - low) / (high - low)
                yield f"{name}: {nats:.3f} nats at distinct-2 {at:.3f}; `lstm`, made as diverse: {same:.3f}"
                break
        else:
            coldest = min(TEMPERATURES)
            yield f"{name}: distinct-2 {at:.3f} is none that `lstm` has at temperatures from {coldest} to 1"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--games", nargs="*", default=["lstm", "seqgan"])
    parser.add_argument("--data", default="oracle")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--rounds", type=int, help="in place of the recipe's")
    parser.add_argument("--set", nargs="*", default=[], help="settings of the games: critic_steps=30")
    return parser.parse_args()


if __name__ == "__main__":
    main()
