"""The collapse alarm: silent in healthy runs, and rings in planted collapses.

    python benchmarks/alarm.py [--seeds 0 1]

Ten games at toy size on `ring` and `digits`, 12 looks a run.  Four kinds of run:

- healthy: as it is.  The end says whether it was: its samples lie at least half as far apart as data do.
- from the middle: from half of the rounds on, all codes are one code, so that the generator makes one sample.
- from the beginning: all codes are one code throughout.
- no learning: no player moves.  The generator has learned nothing, and the alarm must be silent.

Writes benchmarks/results/alarm.json and .md.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import torch
from certificate import certificate
from record import record, recorded_with

from rivalry import catalog
from rivalry.data import open_data
from rivalry.data.source import Dataset, TableSource
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.alarm import Alikeness, collapse_alarm
from rivalry.runs.overhead import Overhead, Work
from rivalry.runs.run import Run
from rivalry.runs.saving import Saver
from rivalry.settings import check

LOOKS, ROUNDS, SAMPLES, HEALTHY = 12, {"ring": 1500, "digits": 600}, 64, 0.5
SMALL = {"ring": {"width": 64, "latent": 4, "batch": 64}, "digits": {"width": 16, "latent": 32, "batch": 32}}
GAMES = {
    "lsgan": ("ring", {"lr": 1e-3}),
    "wgan-gp": ("ring", {"lr": 1e-3}),
    "dragan": ("ring", {"lr": 1e-3}),
    "r3gan": ("ring", {"lr": 1e-3}),
    "pacgan": ("ring", {"lr": 1e-3}),
    "dcgan": ("digits", {"lr": 1e-3}),
    "cgan": ("digits", {"lr": 1e-3}),
    "sngan": ("digits", {"lr": 1e-3, "critic_steps": 1}),
    "acgan": ("digits", {"lr": 1e-3}),
    "projection-gan": ("digits", {}),
}
KINDS = ("healthy", "from the middle", "from the beginning", "no learning")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    parser.add_argument("--games", nargs="*", default=list(GAMES))
    options = parser.parse_args()
    provenance = certificate()
    for name in options.games:
        for kind in KINDS:
            for seed in options.seeds if kind == "healthy" else options.seeds[:1]:
                about = {"case": f"{name}, {kind}", "run": kind, "game": name, "seed": seed}
                row = {**about, **one(name, kind, seed), **provenance}
                print({k: v for k, v in row.items() if k not in provenance}, flush=True)
                rows = recorded_with(row, "alarm", "case")
                record("alarm", rows, "case", ["rang", "apart at the end"], says(rows))


def says(rows: list[dict[str, Any]]) -> list[str]:
    """What the table cannot say: how many alarms were false, and how many collapses were missed."""
    fine = [row for row in rows if row["run"] == "healthy" and row["apart at the end"] >= HEALTHY]
    ill = [row for row in rows if row["run"] == "healthy" and row["apart at the end"] < HEALTHY]
    told = [f"healthy to the end: {len(fine)} runs, of which {sum(r['rang'] for r in fine)} rang"]
    told += [f"not healthy, though nothing was planted: {[(r['game'], r['seed'], r['rang']) for r in ill]}"]
    for kind in KINDS[1:]:
        mine = [row for row in rows if row["run"] == kind]
        told.append(f"{kind}: {sum(row['rang'] for row in mine)} of {len(mine)} rang")
    return told


def one(name: str, kind: str, seed: int) -> dict[str, Any]:
    data, given = GAMES[name]
    dataset, make = open_data(data), catalog.maker(catalog.find(name))
    torch.manual_seed(seed)
    game = make(dataset.spec, **check(make, {**SMALL[data], **given}, name))
    source = TableSource(dataset, game.reads, batch=game.batch, seed=seed)
    engine, rounds = Engine(game, source, seed=seed), ROUNDS[data]
    if kind == "no learning":
        for player in game.players.values():
            player.optimizer.step = lambda *_: None  # type: ignore[method-assign]
    if kind == "from the beginning":
        plant(game)
    rang: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder) / "run", {"spec": dataset.spec.to_json()})
        goal = Goal(rounds=rounds)
        alarm = collapse_alarm(run, dataset, lambda message: rang.append(engine.t), engine, SAMPLES)
        overhead = Overhead(goal, Saver(run))
        engine.callbacks = [overhead.at_shares(LOOKS, Work(alarm, SAMPLES))]
        if kind == "from the middle":
            engine.callbacks.append(lambda now, moves: plant(game) if now.t == rounds // 2 else None)
        engine.play(goal)
    return {"rang": len(rang), "at": rang, "apart at the end": apart(engine, dataset)}


def plant(game: Any) -> None:
    """From now on all codes are one code."""
    draw = game.draw
    code = draw(1)
    game.draw = lambda n, *_, **__: code.expand(n, *code.shape[1:]).clone()


def apart(engine: Engine, dataset: Dataset) -> float:
    with engine.evaluating(seed=1) as game:
        return Alikeness(dataset, SAMPLES).ratio(game.sample(SAMPLES))


if __name__ == "__main__":
    main()
