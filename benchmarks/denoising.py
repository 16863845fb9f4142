"""Quality against steps of `ddpm` and `flow-matching`; and the modes that `ebm` finds, with its replay and without.

    python benchmarks/denoising.py steps --games flow-matching ddpm --seconds 540     MNIST, told the digit
    python benchmarks/denoising.py modes --seconds 150                                the ring

Seconds are those of the processor, one core.  `steps`: the judge of MNIST is sure of so many samples, and sees the
digit that was asked for in so many; drawn in 1, 2, 4, 8, 16 and 50 steps by the same weights.  `modes`: 2,500 samples
by walks from noise, and beside them the density that the scores say, added up over a fine grid: it shows whether the
walks or the scores are at fault.  The control keeps no ends of walks (`replay=0`).
Writes benchmarks/results/denoising-<what>.json and .md.
"""

import argparse
import json
import time
from typing import Any

import torch
from certificate import certificate
from likelihood import play
from record import Row, record, recorded_with
from torch import Tensor

from rivalry.catalog import find, maker, recipes
from rivalry.data import open_data
from rivalry.data.source import Dataset, TableSource
from rivalry.game import Game
from rivalry.metrics import suite
from rivalry.metrics.points.modes import modes
from rivalry.play.engine import Engine
from rivalry.runs.drawing import draw
from rivalry.settings import check

STEPS = (1, 2, 4, 8, 16, 50)
OF_STEPS = (
    "steps",
    "judge is sure",
    "digit asked for",
    "Fréchet distance",
    "seconds of drawing",
    "processor seconds",
    "rounds",
    "parameters",
)
OF_MODES = (
    "modes",
    "within 3 deviations",
    "reverse KL",
    "modes of the density",
    "of the density within 3",
    "rounds",
    "processor seconds",
)


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    (of_steps if options.what == "steps" else of_modes)(options, certificate())


def of_steps(options: argparse.Namespace, provenance: dict[str, Any]) -> None:
    data = open_data("mnist")
    for name in options.games:
        game, facts = trained(name, data, {}, options)
        label = torch.arange(options.n) % 10
        for steps in STEPS:
            start = time.process_time()
            x = draw(game, options.n, seed=1, label=label, steps=steps)
            row = {
                "sampler": f"{name}, {steps:2}",
                "seed": options.seed,
                "steps": steps,
                "seconds of drawing": time.process_time() - start,
            }
            keep(
                "denoising-steps",
                "sampler",
                OF_STEPS,
                {**row, **scores(data, x, label), **facts, **provenance},
            )


def scores(data: Dataset, x: Tensor, label: Tensor) -> Row:
    found = {s.name.split("[")[0]: s for s in suite.evaluate(data, x, label, ["judge", "accuracy", "fid"])}
    return {
        "judge is sure": found["confident"].value,
        "digit asked for": found["accuracy"].value,
        "Fréchet distance": found["fid"].value,
        "errors": {name: score.spread for name, score in found.items()},
        "n": len(x),
    }


def of_modes(options: argparse.Namespace, provenance: dict[str, Any]) -> None:
    data = open_data("ring")
    for settings in ({}, {"replay": 0}):
        game, facts = trained("ebm", data, settings, options)
        x = draw(game, 2500, seed=1)
        found = {s.name: s for s in modes(x, data.facts["modes"].centers, data.facts["modes"].std)}
        row = {
            "game": "ebm" + (", every walk anew" if settings else ""),
            "seed": options.seed,
            "modes": found["modes"].value,
            "within 3 deviations": found["high-quality"].value,
            "reverse KL": found["reverse-kl"].value,
            **by_density(game, data),
        }
        keep("denoising-modes", "game", OF_MODES, {**row, **facts, **provenance})


def by_density(game: Game, data: Dataset, finest: float = 1 / 400) -> Row:
    """Of the density exp(f/T)/Z itself, by a grid: modes with at least a third of their share, and what lies near."""
    known, side = data.facts["modes"], torch.arange(-1.5, 1.5, finest)
    grid = torch.cartesian_prod(side, side)
    with torch.no_grad():
        f = torch.cat([game.score(part) for part in grid.split(100_000)]).double()  # type: ignore[operator]
    mass = (f / game.langevin.temperature).softmax(0)  # type: ignore[union-attr]
    away, nearest = torch.cdist(grid, known.centers).min(1)
    good = away <= 3 * known.std
    each = torch.zeros(len(known.centers), dtype=torch.float64).index_add_(0, nearest[good], mass[good])
    return {
        "modes of the density": int((each > 1 / 3 / len(each)).sum()),
        "of the density within 3": float(mass[good].sum()),
    }


def trained(
    name: str, data: Dataset, settings: dict[str, Any], options: argparse.Namespace
) -> tuple[Game, Row]:
    """The game by its recipe, after so many seconds of the processor."""
    found = {k: v for k, v in recipes(find(name))["laptop"].items() if k not in ("data", "time")}
    values = check(maker(find(name)), {**found, **settings, **dict(options.set)}, name)
    torch.manual_seed(options.seed)
    game = maker(find(name))(data.spec, **values)
    source = TableSource(data, game.reads, batch=game.batch, seed=options.seed)
    engine = Engine(game, source, seed=options.seed)
    seconds = play(engine, options.seconds)
    parameters = sum(p.numel() for player in game.players.values() for p in player.parameters)
    facts = {"rounds": engine.t, "processor seconds": seconds, "parameters": parameters, "settings": values}
    return game.eval(), facts


def keep(name: str, key: str, columns: tuple[str, ...], row: Row) -> None:
    print(json.dumps({k: row.get(k) for k in (key, *columns)}), flush=True)
    record(
        name,
        recorded_with(row, name, key),
        key,
        columns,
        ["seconds are those of the processor"],
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("steps", "modes"))
    parser.add_argument("--games", nargs="*", default=["flow-matching", "ddpm"])
    parser.add_argument("--seconds", type=float, default=540.0, help="of the processor, for each game")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-n", type=int, default=500, help="samples for each number of steps")
    pair = lambda text: tuple(text.split("=", 1))
    parser.add_argument(
        "--set", nargs="*", type=pair, default=[], help="settings in place of the recipe's: lr=0.001"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
