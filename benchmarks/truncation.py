"""The gain and the cost of truncation: class-conditional generators of digits at several thresholds.

    python benchmarks/truncation.py [--time 12m] [--seeds 0] [--truncations 0.3 0.5 0.7 1.0 2.0]
    python benchmarks/truncation.py --game projection-gan --recipe demo --time 2m [--run RUN]

`biggan` on MNIST, by its recipe, or another game, or with --run one that lies on disk, as far as it has come.  2,000
samples at each threshold, every class in turn, by standing statistics: the share in which the judge sees the digit
that was asked for, precision and recall on the judge's features, and the same share by the statistics of training
(the control: what batch norm gathered from codes that were not truncated).  0 stands for no truncation.
Writes benchmarks/results/truncation.json and .md, or truncation-<game>.
"""

import argparse

import torch
from certificate import certificate
from played import loaded, played
from record import Row, record

from rivalry.data import open_data
from rivalry.game import Game
from rivalry.metrics import suite

SAMPLES = 2000
COLUMNS = ("accuracy", "precision", "recall", "accuracy by running statistics", "rounds")


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, rows = certificate(), []
    name = "truncation" if options.game == "biggan" else f"truncation-{options.game}"
    for seed in options.seeds:
        game, took = loaded(options.run) if options.run else trained(options, seed)
        for truncation in options.truncations:
            row = {
                "truncation": truncation,
                "seed": seed,
                **at(game, truncation, seed),
                "rounds": took["rounds"],
                **provenance,
            }
            rows.append(row)
            print(row, flush=True)
            says = [
                f"{SAMPLES:,} samples a row; {options.game}, {options.time} of the recipe {options.recipe}"
                + "".join(f", {pair}" for pair in options.settings)
            ]
            record(name, rows, "truncation", COLUMNS, says)


def trained(options: argparse.Namespace, seed: int) -> tuple[Game, Row]:
    settings = dict(pair.split("=") for pair in options.settings)
    return played(options.game, "mnist", recipe=options.recipe, time=options.time, seed=seed, **settings)


def at(game: Game, threshold: float, seed: int) -> Row:
    """Scores of samples at one threshold; 0 is none."""
    truncation = threshold or None
    real, asked = open_data("mnist"), torch.arange(SAMPLES) % 10
    torch.manual_seed(seed)
    with torch.no_grad():
        stood = torch.cat([game.sample(500, label=part, truncation=truncation) for part in asked.split(500)])
        plain = torch.cat([game.decode(game.draw(500, truncation), part) for part in asked.split(500)])
    scores = suite.evaluate(real, stood, asked, "accuracy,precision")
    values = {score.name.split("[")[0]: score.value for score in scores}
    control = suite.evaluate(real, plain, asked, "accuracy")[0].value
    return {**values, "accuracy by running statistics": control}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--game", default="biggan")
    parser.add_argument("--recipe", default="mnist")
    parser.add_argument("--run", help="measure this run, and train nothing")
    parser.add_argument("--time", default="12m")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--truncations", type=float, nargs="*", default=[0.3, 0.5, 0.7, 1.0, 2.0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
