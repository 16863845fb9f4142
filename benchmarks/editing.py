"""Codes behind images, and arithmetic on them.

    python benchmarks/editing.py invert [--game projection-gan] [--data mnist] [--time 5m]
    python benchmarks/editing.py arithmetic [--game stylegan] [--data shapes] [--time 30m] [--run RUN]

- invert: the mean squared error, in [-1, 1], of the image decoded from the code that was found: for 64 of the
  generator's own samples, and for 64 held-out real images.  The control is the nearest of 1,000 samples.
- arithmetic on `shapes`: of codes whose samples show what is named, each the mean over `--examples` codes,
  (color a, shape a) - (color b, shape a) + (color b, shape b) should show (color a, shape b).  The share of 500 such
  sums that do; the controls leave the second and third out (color a, shape a remains), or draw any code (chance).

With --run a run that lies on disk is measured, as far as it has come, and nothing is trained.

Writes benchmarks/results/editing-<what>.json and .md.
"""

import argparse
from typing import cast

import torch
from certificate import certificate
from played import played
from record import Row, record
from torch import Tensor

import rivalry
from rivalry.data import open_data
from rivalry.data.shapes import read_attributes
from rivalry.editing.arithmetic import analogy, mean, renormalized
from rivalry.editing.codes import decoded, into, typical
from rivalry.editing.invert import invert
from rivalry.game import Game, Latent, Styled
from rivalry.run import Run
from rivalry.trained import draw

IMAGES, SUMS, CODES = 64, 500, 8000
COLUMNS = {
    "invert": ("own samples", "largest", "nearest sample", "real", "nearest sample to real"),
    "arithmetic": ("right combination", "color right", "shape right", "first alone", "chance", "rounds"),
}


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    told, rows = certificate(), []
    for seed in options.seeds:
        game, took = loaded(options.run) if options.run else trained(options, seed)
        row = {"invert": inversion, "arithmetic": arithmetic}[options.what](game, options, seed)
        rows.append({"game": options.game, "seed": seed, **row, **took, **told})
        print(rows[-1], flush=True)
        says = [f"trained on {options.data}; " + ", ".join(options.settings)]
        record(f"editing-{options.what}", rows, "game", COLUMNS[options.what], says)


def trained(options: argparse.Namespace, seed: int) -> tuple[Game, Row]:
    settings = dict(pair.split("=") for pair in options.settings)
    return played(options.game, options.data, time=options.time, seed=seed, **settings)


def loaded(run: str) -> tuple[Game, Row]:
    """The newest weights of a run, and how far it has come."""
    return rivalry.load(run, which="newest"), {"rounds": Run.open(run).checkpoint("newest").round}


def inversion(game: Game, options: argparse.Namespace, seed: int) -> Row:
    own = draw(game, IMAGES, seed=seed + 1)
    real = open_data(options.data, "test").rows(slice(0, IMAGES))
    found, of_real = invert(game, own, seed=seed), invert(game, real, seed=seed)
    many = draw(game, 1000, seed=seed + 2)
    return {
        "own samples": float(found.errors.mean()),
        "largest": float(found.errors.max()),
        "nearest sample": nearest(own, many),
        "real": float(of_real.errors.mean()),
        "nearest sample to real": nearest(real, many),
    }


def nearest(x: Tensor, others: Tensor) -> float:
    """The mean over x of the least mean squared difference from any of the others."""
    return float((torch.cdist(x.flatten(1), others.flatten(1)).square() / x[0].numel()).amin(1).mean())


@torch.no_grad()
def arithmetic(game: Game, options: argparse.Namespace, seed: int) -> Row:
    torch.manual_seed(seed)
    space = "w" if isinstance(game, Styled) else "z"
    codes = into(game, cast(Latent, game).draw(CODES), space)
    shown = read_attributes(decoded(game, codes, space))
    kinds = {(c, s): torch.nonzero((shown["color"] == c) & (shown["shape"] == s)).flatten()
             for c in range(4) for s in range(4)}  # fmt: skip
    pick = lambda kind: codes[kinds[kind][torch.randint(len(kinds[kind]), (options.examples,))]]
    sums, firsts, wanted = [], [], []
    for _ in range(SUMS):
        (a, b), (s, t) = torch.randperm(4)[:2].tolist(), torch.randperm(4)[:2].tolist()
        sets = [pick((a, s)), pick((b, s)), pick((b, t))]
        sums.append(analogy(*sets))
        firsts.append(mean(sets[0]))
        wanted.append((a, t))
    made, first = torch.stack(sums), torch.stack(firsts)
    if space == "z":
        made, first = (renormalized(some, typical(game).norm) for some in (made, first))
    color, shape = torch.tensor(wanted).T
    right = right_share(read_attributes(decoded(game, made, space)), color, shape)
    alone = right_share(read_attributes(decoded(game, first, space)), color, shape)
    any_code = {name: values[torch.randint(CODES, (SUMS,))] for name, values in shown.items()}
    return {
        "right combination": right[0], "color right": right[1], "shape right": right[2],
        "first alone": alone[0], "chance": right_share(any_code, color, shape)[0],
    }  # fmt: skip


def right_share(read: dict[str, Tensor], color: Tensor, shape: Tensor) -> tuple[float, float, float]:
    right = read["color"] == color, read["shape"] == shape
    return tuple(float(some.float().mean()) for some in (right[0] & right[1], *right))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=COLUMNS)
    parser.add_argument("--game", default="projection-gan")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--time", default="5m")
    parser.add_argument("--run", help="measure this run")
    parser.add_argument("--examples", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
