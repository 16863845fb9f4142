"""What differential privacy costs: dp-ctgan at ε = 1, 2, 8 and without noise, beside ctgan and two without adversary.

    python benchmarks/privacy.py [--data synthetic-table] [--seeds 0 1 2] [--epsilons 1 2 8 inf] [--rounds 1500]

The noise σ is the least for which the rounds give away ε at δ = 1e-5.  Columns: ε as the game counts it, the area under
ROC of a forest of samples on held-out rows and that of the data, the likeness of columns and of pairs, how well each
column is predicted from all others, and the area of telling members.  Independent columns are the control: what is not
above them has learned no dependence.

Writes benchmarks/results/privacy.json and .md.
"""

import argparse
import math

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with

from rivalry.catalog import find, maker
from rivalry.data import open_data
from rivalry.maths.privacy import noise_for
from rivalry.metrics.suite import evaluate
from rivalry.runs.drawing import draw
from rivalry.settings import settings_of

DELTA = 1e-5
COUNTED = 0.95  # of ε goes to the critic; the rest to the frequencies
COLUMNS = (
    "epsilon",
    "noise",
    "auc",
    "auc of data",
    "columns",
    "pairs",
    "all columns",
    "membership",
    "seconds",
)
METRICS = "tstr,columns,pairs,all-columns,closest"


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    real, held_out = open_data(options.data), open_data(options.data, "test")
    games = {
        f"dp-ctgan, ε {e:g}": {"game": "dp-ctgan", "noise": noise(e, len(real), options.rounds)}
        for e in options.epsilons
    }
    games |= {"ctgan": {"game": "ctgan", "rounds": options.rounds, "recipe": "laptop"}}
    games |= {name: {"game": name, "rounds": 1} for name in ("copula", "independent")}
    provenance = certificate()
    for seed in options.seeds:
        for name, given in games.items():
            made, took = played(data=options.data, seed=seed, **{"rounds": options.rounds, **given})
            fake = draw(made, len(real), seed=seed)
            found = {
                s.name: s.value for s in evaluate(real, fake, metrics=METRICS, held_out=lambda: held_out)
            }
            row: Row = {
                "game": name,
                "seed": seed,
                "epsilon": getattr(made, "epsilon", math.inf),
                "noise": given.get("noise", 0.0),
                "auc": found["tstr[forest]"],
                "auc of data": found["trtr[forest]"],
                "columns": found["columns"],
                "pairs": found["pairs"],
                "all columns": found["all-columns"],
                "membership": found["membership"],
                **took,
                **provenance,
            }
            print(row, flush=True)
            record(
                "privacy",
                recorded_with(row, "privacy", "game"),
                "game",
                COLUMNS,
                [f"{options.data}, δ {DELTA:g}"],
            )


def noise(most: float, rows: int, rounds: int) -> float:
    """σ for ε of the whole training, the first count of frequencies among it."""
    if math.isinf(most):
        return 0.0
    known = settings_of(maker(find("dp-ctgan")))
    batch, steps = known["batch"].default, known["critic_steps"].default
    return noise_for(COUNTED * most, min(1.0, batch / rows), rounds * steps, DELTA)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="synthetic-table")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epsilons", type=float, nargs="+", default=[1.0, 2.0, 8.0, math.inf])
    parser.add_argument("--rounds", type=int, default=1500)
    return parser.parse_args()


if __name__ == "__main__":
    main()
