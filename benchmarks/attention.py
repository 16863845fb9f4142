"""Whether attention sees across the image: two marks, far apart, whose colors must agree.

    python benchmarks/attention.py [--rounds 4000] [--seeds 0] [--threads 2]

`sagan` on `marks`, without classes, with attention and with the same networks without it: the share of 2,000 samples
with two marks of one color.  The marks are 32 pixels apart at the least, further than any unit of the critic sees
without attention.  By chance one in six agree (halves of different data, joined).
Writes benchmarks/results/attention.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import record

from rivalry.data import open_data
from rivalry.data.sets.shapes import WIDE, consistent
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

SAMPLES = 2000
GAMES = {"attention": "marks", "no attention": "no-attention"}  # recipes
COLUMNS = ("consistent", "ms/round", "parameters")


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance = certificate()
    real = open_data("marks", "test").rows(slice(None))
    joined = torch.cat([real[..., : WIDE // 2], real.roll(1, 0)[..., WIDE // 2 :]], 3)
    says = [
        f"of the data: {share(real):.1%}; of the halves of different data, joined: {share(joined):.1%}",
        f"{options.rounds:,} rounds of the recipes marks and no-attention",
    ]
    rows = []
    for seed in options.seeds:
        for name, recipe in GAMES.items():
            row = {"game": name, "seed": seed, **one(recipe, seed, options), **provenance}
            rows.append(row)
            print(row, flush=True)
            record("attention", rows, "game", COLUMNS, says)


def share(x: torch.Tensor) -> float:
    """How many of these pictures have two marks of one color."""
    return float(consistent(x).float().mean())


def one(recipe: str, seed: int, options: argparse.Namespace) -> dict:
    game, took = played("sagan", "marks", recipe=recipe, rounds=options.rounds, seed=seed)
    x = draw(game, SAMPLES, seed=seed)
    if options.sheet:
        sheet(x[:64], open_data("marks").spec, 8).save(f"{options.sheet}-{recipe}-{seed}.png")
    return {
        "consistent": share(x),
        "ms/round": 1000 * took["seconds"] / took["rounds"],
        "parameters": sum(p.numel() for p in game.G.parameters()),
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=4000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sheet", help="where to write a sheet of each run: the beginning of a name")
    return parser.parse_args()


if __name__ == "__main__":
    main()
