"""The meaning of InfoGAN's code on MNIST, and a control without the information term, where it means nothing.

    python benchmarks/infogan.py [--seeds 0 1 2] [--rounds 1200] [--only information] [-s NAME=VALUE]

`infogan` by its recipe `mnist`, and the control: the same with λ = 0.  Of 200 samples of each category:

- purity: the share whose digit, as the judge sees it, is the one that their category stands for, under the best
  assignment of one digit to each category; "majority" assigns to each category the digit that it shows most;
- slant, width: of the two numbers the one that moves it more.  The other parts of the code are held and the number
  walks from -1 to 1 in 9 steps; Spearman's rank correlation of the number and the quantity measured along the walk, the
  mean over 200 walks, without its sign, and from where to where the mean walk goes, in degrees and in pixels;
- classes: how many digits are seen at all; confident: the share of samples of which the judge is sure.

Writes benchmarks/results/infogan.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from torch import Tensor
from torch.nn import functional as F

from rivalry.data import open_data
from rivalry.games.image.infogan import InfoGAN
from rivalry.metrics.extractors.extractor import CONFIDENT, extract, judge
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

GAMES = {"information": {}, "no information": {"information": "0"}}
EACH, WALKS, STEPS = 200, 200, 9
COLUMNS = (
    "purity",
    "majority",
    "slant",
    "slant from",
    "slant to",
    "width",
    "width from",
    "width to",
    "classes",
    "confident",
    "rounds",
    "seconds",
)


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, settings = certificate(), dict(pair.split("=") for pair in options.settings)
    for seed in options.seeds:
        for name in options.only or GAMES:
            more = {"rounds": options.rounds, "seed": seed, **settings, **GAMES[name]}
            game, took = played("infogan", "mnist", recipe="mnist", **more)
            row = {"game": name, "seed": seed, **measured(game, seed), **took, **provenance}
            print(row, flush=True)
            if options.sheet:
                spec = open_data("mnist").spec
                sheet(page(game, seed), spec, 10).save(f"{options.sheet}-{name.replace(' ', '-')}-{seed}.png")
            if not options.trial:
                says = [
                    f"{EACH} samples of each category and {WALKS} walks a row",
                    f"{options.rounds:,} rounds of the recipe mnist",
                ]
                record("infogan", recorded_with(row, "infogan", "game"), "game", COLUMNS, says)


def measured(game: InfoGAN, seed: int) -> Row:
    """The meaning of categories and numbers of a trained game."""
    x = torch.cat(
        [draw(game, EACH, seed=1000 * seed + k, code={"c0": k}) for k in range(game.categories)]
    )  # (categories * EACH, ...)
    _, logits = extract(judge(open_data("mnist").spec), x)
    assert logits is not None
    sure, digit = logits.softmax(1).max(1)
    seen = F.one_hot(digit, 10).view(-1, EACH, 10).sum(1)  # (categories, digits)
    best = linear_sum_assignment(seen.numpy(), maximize=True)
    return {
        "purity": float(seen[best].sum() / len(x)),
        "majority": float(seen.amax(1).sum() / len(x)),
        "digits": best[1].tolist(),
        "classes": int((seen.sum(0) > 0).sum()),
        "confident": float((sure >= CONFIDENT).float().mean()),
        **moved(game, seed),
    }


def moved(game: InfoGAN, seed: int) -> Row:
    """How slant and width follow the number that moves each of them more."""
    values = torch.linspace(-1, 1, STEPS)
    numbers = [name for name, categories in game.named.items() if not categories]
    walks = {name: walk(game, name, values, WALKS, seed) for name in numbers}
    row: Row = {}
    for what, measure in (("slant", slant), ("width", width)):
        along = {name: measure(x.flatten(0, 1)).view(STEPS, WALKS) for name, x in walks.items()}
        ranks = {name: [spearmanr(values, way).statistic for way in m.T] for name, m in along.items()}
        means = {name: float(torch.tensor(r).nan_to_num().mean()) for name, r in ranks.items()}
        most = max(means, key=lambda name: abs(means[name]))
        middle = along[most].mean(1)  # (STEPS,)
        row |= {
            what: abs(means[most]),
            f"{what} of": most,
            f"{what} from": float(middle.min()),
            f"{what} to": float(middle.max()),
            f"{what} of the mean": abs(float(spearmanr(values, middle).statistic)),
        }
    return row


def walk(game: InfoGAN, name: str, values: Tensor, n: int, seed: int) -> Tensor:
    """`n` samples at each value of a part of the code, all else held: (values, n, ...)."""
    return torch.stack([draw(game, n, seed=seed, code={name: float(value)}) for value in values])


def slant(x: Tensor) -> Tensor:
    """The angle from the upright of the line about which the ink lies, in degrees: (n, 1, h, w) -> (n,)."""
    ink, down, across = centered(x)
    return torch.rad2deg(torch.atan2(-(ink * down * across).sum((1, 2)), (ink * down * down).sum((1, 2))))


def width(x: Tensor) -> Tensor:
    """The width of strokes in pixels: the area of the ink by half the length of its outline: (n, 1, h, w) -> (n,)."""
    ink = F.pad((x[:, 0] + 1) / 2, (1, 1, 1, 1))
    down, across = ink.diff(dim=1)[:, :, 1:], ink.diff(dim=2)[:, 1:]
    outline = (
        (down.square() + across.square()).sqrt().sum((1, 2))
    )  # total variation: 1 for each pixel of outline
    return 2 * ink.sum((1, 2)) / outline


def centered(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The ink of each image, summing to 1, and how far each pixel lies below and right of the middle of it."""
    ink = (x[:, 0] + 1) / 2
    ink = ink / ink.sum((1, 2), keepdim=True)
    rows, columns = (torch.arange(side, dtype=ink.dtype) for side in ink.shape[1:])
    down = rows[:, None] - (ink.sum(2) @ rows)[:, None, None]
    across = columns - (ink.sum(1) @ columns)[:, None, None]
    return ink, down, across


def page(game: InfoGAN, seed: int) -> Tensor:
    """Three walks of five samples, a row each: along the categories, then along each number."""
    ways = [walk(game, "c0", torch.arange(game.categories), 5, seed)]
    ways += [walk(game, name, torch.linspace(-2, 2, 10), 5, seed) for name in ("c1", "c2")]
    return torch.cat([way.transpose(0, 1).flatten(0, 1) for way in ways])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1200)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--only", nargs="*", choices=GAMES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--sheet", help="where to write a sheet of walks of each run: the beginning of a name"
    )
    parser.add_argument("--trial", action="store_true", help="print the rows and record nothing")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
