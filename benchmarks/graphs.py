"""Graphs: held-out edges told by CELL and by NetGAN, and how alike the graphs are that they make.

    python benchmarks/graphs.py [--seeds 0 1 2] [--only NAME ...] [--netgan-rounds 1500]

On `cora-ml` CELL by its recipe `laptop`; on `blocks` CELL, NetGAN, and the control, NetGAN after one round, which has
learned nothing.  Columns: the area under the ROC curve and the average precision of held-out edges against pairs that
are not joined; of ten graphs made the share of edges that the data have, the transitivity and the Gini coefficient of
degrees beside those of the data.

Writes benchmarks/results/graphs.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with

from rivalry.data import open_data
from rivalry.game import Game
from rivalry.metrics.suite import evaluate
from rivalry.runs.drawing import draw

COLUMNS = (
    "data",
    "roc",
    "ap",
    "edge overlap",
    "clustering",
    "clustering of the data",
    "gini",
    "gini of the data",
    "rounds",
    "seconds",
)
METRICS = "link-prediction,edge-overlap,graph-statistics"


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    games = {
        "cell on cora-ml": ("cell", "cora-ml", {"recipe": "laptop"}, 2),
        "cell": ("cell", "blocks", {"rounds": 40, "rank": 6}, 10),
        "netgan": (
            "netgan",
            "blocks",
            {"recipe": "laptop", "time": None, "rounds": options.netgan_rounds},
            10,
        ),
        "netgan after one round": ("netgan", "blocks", {"recipe": "laptop", "time": None, "rounds": 1}, 10),
    }
    provenance = certificate()
    for seed in options.seeds:
        for name in options.only or games:
            game, data, given, n = games[name]
            given = {key: value for key, value in given.items() if value is not None}
            made, took = played(game, data, seed=seed, **given)
            row = {"game": name, "data": data, "seed": seed, **measured(made, data, n), **took, **provenance}
            print(row, flush=True)
            record("graphs", recorded_with(row, "graphs", "game"), "game", COLUMNS, [f"{n} graphs a row"])


def measured(game: Game, data: str, n: int) -> Row:
    real = open_data(data)
    found = {s.name: s for s in evaluate(real, draw(game, n, seed=0), metrics=METRICS, game=game)}
    row: Row = {
        "roc": found["link-roc"].value,
        "ap": found["link-ap"].value,
        "edge overlap": found["edge-overlap"].value,
    }
    for what in ("clustering", "gini"):
        score = found[f"graph {what}"]
        row |= {what: score.value, f"{what} of the data": score.details["of the data"]}
    return row


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--netgan-rounds", type=int, default=1500)
    return parser.parse_args()


if __name__ == "__main__":
    main()
