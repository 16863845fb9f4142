"""Pictures without labels, as many as a person has in a folder: which game draws them best in the same time.

    python benchmarks/folder.py [--time 10m] [--data avatars tiles] [--games fastgan projected] [--seeds 0]

Each game is played by its recipe `laptop` on one core.  `projected-random` is the control of `projected`: it looks
through untrained convolutions.  The Fréchet distance is on the features of a judge that was trained on the labels of
the same data, which no game saw: features of photographs would flatter the game that looks through them.

Writes benchmarks/results/folder.json and .md, and a sheet of each first seed beside them.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import RESULTS, record, recorded_with

from rivalry.data import open_data
from rivalry.metrics import suite
from rivalry.metrics.extractors.extractor import judge
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

GAMES = {
    "dcgan": ("dcgan", {"augment": "diffaugment"}),
    "r3gan": ("r3gan", {}),
    "stylegan2": ("stylegan2", {}),
    "fastgan": ("fastgan", {}),
    "projected": ("projected", {}),
    "projected-random": ("projected", {"fixed": "random"}),
}
SETS = ("avatars", "tiles", "emoji-names")
SAMPLES, SHOWN = 2000, 64


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance = certificate()
    for name in options.data:
        data = open_data(name)
        judged = judge(data.spec, data)
        for seed in options.seeds:
            for asked in options.games:
                game, settings = GAMES[asked]
                made, took = played(game, name, recipe="laptop", time=options.time, seed=seed, **settings)
                x = draw(made, SAMPLES, seed=seed)
                scores = {
                    s.name.split("[")[0]: s.value for s in suite.evaluate(data, x, None, "fid,prdc", judged)
                }
                row = {"game": f"{asked}, {name}", "seed": seed, **took, **scores, **provenance}
                print(row, flush=True)
                if seed == options.seeds[0]:
                    sheet(x[:SHOWN], data.spec).save(RESULTS / f"folder-{name}-{asked}.png")
                columns = ("fid", "precision", "recall", "rounds", "seconds")
                record("folder", recorded_with(row, "folder", "game"), "game", columns, ["one thread"])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--time", default="10m")
    parser.add_argument("--data", nargs="*", default=list(SETS))
    parser.add_argument("--games", nargs="*", default=list(GAMES), choices=list(GAMES))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    return parser.parse_args()


if __name__ == "__main__":
    main()
