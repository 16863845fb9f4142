"""Tables: what CTGAN, TVAE and copulas keep of a table, beside controls that have to fail.

    python benchmarks/tables.py [--data breast-cancer] [--seeds 0 1 2] [--only NAME ...] [--steps 1500]

Controls: columns that are independent, columns that are independent within each class, and a bootstrap of the training
rows, which copies.  Columns: the area under ROC of a forest of samples on held-out rows, the likeness of columns and of
pairs, how well each column is predicted from all others (R² of numbers, accuracy of categories; beside it the forest of
data), the share of samples nearer to training rows, the area of telling members, the largest error of a share of a
category, and the seconds.

`PASS` are the thresholds for breast-cancer within 1,500 steps, and for `--data census:path=FILE` within 2,000; a game
or a control that misses one is named.

The package `ctgan` is trained on the same rows for the same steps with the same seed where it is installed
(`tables_package.py`).

Writes benchmarks/results/tables.json and .md, or tables-NAME.json of other data.
"""

import argparse
from importlib.util import find_spec

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with
from tables_package import by_package
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.kinds.table import places
from rivalry.metrics.suite import evaluate
from rivalry.runs.drawing import draw

COLUMNS = (
    "auc",
    "columns",
    "pairs",
    "all columns",
    "all columns of data",
    "closer",
    "membership",
    "share error",
    "rounds",
    "seconds",
    "misses",
)
PASS = {
    "breast-cancer": {"auc": 0.95, "columns": 0.80, "pairs": 0.90, "all columns": 0.50},
    "census": {"auc": 0.84, "columns": 0.84, "all columns": 0.50},
}
METRICS = "tstr,columns,pairs,all-columns,closest"


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    games = {
        "ctgan": ("ctgan", {"recipe": "laptop", "rounds": options.steps}),
        "tvae": ("tvae", {"recipe": "laptop", "rounds": min(options.steps, 1000)}),
        "copula": ("copula", {"rounds": 1}),
        "copula per class": ("copula", {"rounds": 1, "per_class": True}),
        "independent per class": ("independent", {"rounds": 1, "per_class": True}),
        "independent": ("independent", {"rounds": 1}),
    }
    packaged = {"ctgan of the package": "CTGAN", "tvae of the package": "TVAE"} if find_spec("ctgan") else {}
    name_of_data = options.data.split(":")[0]
    file = "tables" if name_of_data == "breast-cancer" else f"tables-{name_of_data}"
    provenance = certificate()
    real, held_out = open_data(options.data), open_data(options.data, "test")
    for seed in options.seeds:
        for name in options.only or [*games, "bootstrap", *packaged]:
            if name in packaged:
                fake, took = by_package(packaged[name], real, games[name.split()[0]][1]["rounds"], seed)
            elif name == "bootstrap":
                rows = torch.randint(len(real), (len(real),), generator=torch.Generator().manual_seed(seed))
                fake, took = real.rows(rows), {"seconds": 0.0}
            else:
                game, given = games[name]
                made, took = played(game, options.data, seed=seed, **given)
                fake = draw(made, len(real), seed=seed)
            row = {"game": name, "seed": seed, **measured(real, held_out, fake), **took, **provenance}
            print(row, flush=True)
            says = [
                f"{name_of_data}: {len(real):,} training rows, {len(held_out):,} held out, as many samples"
            ]
            record(file, recorded_with(row, file, "game"), "game", COLUMNS, says)


def measured(real: Dataset, held_out: Dataset, fake: Tensor) -> Row:
    found = {s.name: s.value for s in evaluate(real, fake, metrics=METRICS, held_out=lambda: held_out)}
    row: Row = {
        "auc": found["tstr[forest]"],
        "columns": found["columns"],
        "pairs": found["pairs"],
        "all columns": found["all-columns"],
        "all columns of data": found["all-columns[real]"],
        "closer": found["closer-to-training"],
        "membership": found["membership"],
        "share error": share_error(real, fake),
    }
    least = PASS.get(real.spec.name, {})
    return {**row, "misses": ", ".join(what for what in least if row[what] < least[what])}


def share_error(real: Dataset, fake: Tensor) -> float:
    """The largest difference between the shares of a category in the data and in samples."""
    off = [0.0]
    for i, place in enumerate(places(real.spec.x)):
        if place.sorts:
            counts = (one[:, i].round().long().bincount(minlength=place.sorts) for one in (real.x, fake))
            p, q = (count / count.sum() for count in counts)
            off.append(float((p - q).abs().max()))
    return max(off)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="breast-cancer")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--steps", type=int, default=1500)
    return parser.parse_args()


if __name__ == "__main__":
    main()
