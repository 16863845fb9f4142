"""A progressive GAN, phase by phase: the cost of each resolution, and its samples.

    python benchmarks/growing.py [--recipes mnist tiles] [--seeds 0]

`progan` by its recipes, stopped at the end of each phase and resumed from its checkpoint: the size that is played,
the rounds and seconds of the phase, and the Fréchet distance of 2,000 samples to the data at their full size.  The
control is the first phase, whose images were never finer than 4 x 4.  Beside the table a sheet: a row of the same
codes for each phase.  Writes benchmarks/results/growing.json, .md and growing-<recipe>.png.
"""

import argparse
import tempfile
from collections.abc import Iterator
from itertools import product

import torch
from certificate import certificate
from record import RESULTS, Row, record

import rivalry
from rivalry.data import open_data
from rivalry.games.image.progan import RECIPES, progan
from rivalry.metrics import suite
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

SAMPLES, ACROSS = 2000, 12
COLUMNS = ("rounds", "seconds", "fid", "features")


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, rows = certificate(), []
    for recipe in options.recipes:
        for seed in options.seeds:
            for row in phases(recipe, seed):
                rows.append(
                    {**row, "recipe and phase": f"{recipe}, {row['phase']}", "seed": seed, **provenance}
                )
                print(row, flush=True)
                record("growing", rows, "recipe and phase", COLUMNS, [f"{SAMPLES:,} samples a distance"])


def phases(recipe: str, seed: int) -> Iterator[Row]:
    """A row for each phase of a run, and at the end the sheet of them all."""
    settings = dict(RECIPES["progan"][recipe])
    data = open_data(settings.pop("data"))
    planned = progan(data.spec, **{name: value for name, value in settings.items() if name != "samples"})
    stages = [(0, False), *product(range(1, planned.levels + 1), (True, False))]
    end, seconds, shown = 0, 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        for level, fading in stages:
            rounds = planned.schedule.rounds(level)
            end += rounds
            if end == rounds:
                run = rivalry.train(
                    "progan",
                    recipe=recipe,
                    rounds=end,
                    seed=seed,
                    run=f"{folder}/run",
                    quiet=True,
                    measure=False,
                )
            else:
                rivalry.resume(run, rounds=end, quiet=True, measure=False)
            game = rivalry.load(run, which="newest")
            done = next(line for line in reversed(list(run.lines())) if line.get("event") == "done")
            shown.append(draw(game, ACROSS, seed=seed))
            fid = suite.evaluate(data, draw(game, SAMPLES, seed=seed), None, "fid")[0]
            side = min(planned.G.small) * 2**level
            yield {
                "phase": f"{side} x {side}{', fading in' if fading else ''}", "rounds": rounds, "fid": fid.value,
                "features": fid.name, "seconds": done["seconds"] - seconds,
            }  # fmt: skip
            seconds = done["seconds"]
    sheet(torch.cat(shown), data.spec, ACROSS).save(RESULTS / f"growing-{recipe}.png")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipes", nargs="*", default=["mnist", "tiles"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
