"""How much of a cipher is read without a single pair, and a control whose critics are not listened to.

    python benchmarks/style.py [--seeds 0] [--time 5m] [--only aligned] [-s NAME=VALUE]

`cross-aligned` by its recipe `laptop` on `cipher`: a small language, and the same with 60 % of its words exchanged.
Three games: aligned (ρ = 1), the control with ρ = 0, and aligned with the cycle.  Each sentence of the test split is
translated to the other style: the share of its words that are those of the true translation, BLEU to the truth and to
the source, and the share that a classifier takes for the style asked for.  A copy of the source stands beside.

Goals: word accuracy at least twice that of copies, and at least 10 points above ρ = 0.

Writes benchmarks/results/style.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with

from rivalry.data import open_data
from rivalry.game import Game
from rivalry.kinds.tokens import sentences
from rivalry.metrics.text.transfer import against_truth, style_and_source
from rivalry.runs.drawing import draw

DATA = "cipher"
GAMES = {"aligned": {}, "no alignment": {"alignment": "0"}, "aligned, with the cycle": {"cycle_weight": "1"}}
COLUMNS = ("word accuracy", "of copies", "bleu-truth", "bleu-source", "style accuracy", "rounds", "seconds")


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance, settings = certificate(), dict(pair.split("=") for pair in options.settings)
    for seed in options.seeds:
        for name in options.only or GAMES:
            more = {"time": options.time, "seed": seed, **settings, **GAMES[name]}
            game, took = played("cross-aligned", DATA, recipe="laptop", **more)
            row = {"game": name, "seed": seed, **measured(game), **took, **provenance}
            print(row, flush=True)
            says = [
                "every sentence of the test split (2,000) a row; " + f"{options.time} of the recipe laptop"
            ]
            record("style", recorded_with(row, "style", "game"), "game", COLUMNS, says)


def measured(game: Game) -> Row:
    """All sentences of the test split, each translated to the other style; the first ten stand in the row."""
    data, held_out = open_data(DATA, "test"), open_data(DATA)
    rows, to = torch.arange(len(data)), 1 - data.label
    made = draw(game, len(data), source=data.x, label=to)
    scores = against_truth(data, made, rows, data.others["truth"])
    scores += style_and_source(held_out, data, made, rows, to)
    found = {score.name: score for score in scores}
    first = [sentences(x[:10], data.spec.x) for x in (data.x, made, data.others["truth"])]
    return {
        "word accuracy": found["word-accuracy"].value,
        "of copies": found["word-accuracy"].details["copy"],
        "bleu-truth": found["bleu-truth"].value,
        "bleu-source": found["bleu-source"].value,
        "style accuracy": found["style-accuracy[pairs]"].value,
        "examples": [dict(zip(("source", "made", "truth"), three)) for three in zip(*first)],
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--time", default="5m")
    parser.add_argument("--only", nargs="*", choices=GAMES)
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
