"""Codes behind images, and arithmetic on them.

    python benchmarks/editing.py invert [--game projection-gan] [--data mnist] [--time 5m]
    python benchmarks/editing.py arithmetic [--game r3gan] [--data avatars] [--time 5m] [--run RUN]
    python benchmarks/editing.py brush [--game projection-gan] [--data mnist] [--time 5m] [--run RUN]

- invert: the mean squared error, in [-1, 1], of the image decoded from the code that was found: for 64 of the
  generator's own samples, and for 64 held-out real images.  The control is the nearest of 1,000 samples.
- arithmetic on `avatars` or `shapes`: of codes whose samples show what is named, each the mean over `--examples`
  codes, (hair a, wears s) - (hair b, wears s) + (hair b, wears t) should show (hair a, wears t); shapes have color and
  shape in their place.  The share of 500 such sums that do; the controls leave the second and third out (hair a,
  wears s remains), or draw any code (chance).
- brush: of `--strokes` samples, the square of a third of their side in which another sample near in code differs most
  is painted as it is there.  Wanted is a share of the color error left inside of at most 0.3, and a share of a random
  code's change outside of at most 0.3; "first" is the nearest of the eight shown.  The control shows eight random
  codes, the one of the least color error first.  "recovered" is the mean squared error of samples that were painted
  whole over a sample of another seed and the same class, by twice and by eight times the brush's steps; a third as
  many of them.  Steps a second are those of the processor's time.

With --run a run that lies on disk is measured, as far as it has come, and nothing is trained.

Writes benchmarks/results/editing-<what>.json and .md.
"""

import argparse
import time
from collections.abc import Callable
from typing import cast

import torch
from certificate import certificate
from played import loaded, played
from record import Row, record
from torch import Tensor
from torch.nn import functional as F

from rivalry.data import open_data
from rivalry.data.sets.avatars import read_avatars
from rivalry.data.sets.shapes import read_attributes
from rivalry.editing import brush
from rivalry.editing.arithmetic import analogy, mean, renormalized
from rivalry.editing.codes import Space, decoded, into, of_seeds, seeded, typical
from rivalry.editing.invert import invert
from rivalry.game import Conditional, Game, Latent, Styled
from rivalry.runs.drawing import draw

IMAGES, SUMS, CODES = 64, 500, 8000
SHARE = 0.3
APART = 0.7  # deviations of each number of a code, between the two samples of a stroke
READ = {"avatars": (read_avatars, ("hair", "wears")), "shapes": (read_attributes, ("color", "shape"))}
COLUMNS = {
    "invert": ("own samples", "largest", "nearest sample", "real", "nearest sample to real"),
    "arithmetic": (
        "right combination",
        "first right",
        "second right",
        "first alone",
        "chance",
        "rarest kind",
        "rounds",
    ),
    "brush": (
        "first within both",
        "one of eight within both",
        "random: first",
        "random: one of eight",
        "inside",
        "outside",
        "recovered, 50 steps",
        "recovered, 200 steps",
        "steps a second",
    ),
}  # "rarest kind" is the share of samples that show the combination seen least


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, rows = certificate(), []
    for seed in options.seeds:
        game, took = loaded(options.run) if options.run else trained(options, seed)
        row = {"invert": inversion, "arithmetic": arithmetic, "brush": brushing}[options.what](
            game, options, seed
        )
        rows.append({"game": options.game, "seed": seed, **row, **took, **provenance})
        print(rows[-1], flush=True)
        says = [f"trained on {options.data}; " + ", ".join(options.settings)]
        record(f"editing-{options.what}", rows, "game", COLUMNS[options.what], says)


def trained(options: argparse.Namespace, seed: int) -> tuple[Game, Row]:
    settings = dict(pair.split("=") for pair in options.settings)
    return played(options.game, options.data, time=options.time, seed=seed, **settings)


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
    read, names = READ[options.data]
    space = "w" if isinstance(game, Styled) else "z"
    show = lambda codes: torch.stack([read(decoded(game, codes, space))[name] for name in names], 1)
    codes = into(game, cast(Latent, game).draw(CODES), space)
    shown = show(codes)
    of_kind = {
        (a, s): torch.nonzero((shown == torch.tensor([a, s])).all(1)).flatten()
        for a in range(4)
        for s in range(4)
    }
    pick = lambda kind: codes[of_kind[kind][torch.randint(len(of_kind[kind]), (options.examples,))]]
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
    right = show(made) == torch.tensor(wanted)
    single, chance = show(first), shown[torch.randint(CODES, (SUMS,))]
    return {
        "right combination": share(right.all(1)),
        "first right": share(right[:, 0]),
        "second right": share(right[:, 1]),
        "first alone": share((single == torch.tensor(wanted)).all(1)),
        "chance": share((chance == torch.tensor(wanted)).all(1)),
        "rarest kind": min(map(len, of_kind.values())) / CODES,
    }


def brushing(game: Game, options: argparse.Namespace, seed: int) -> Row:
    space: Space = "w" if isinstance(game, Styled) else "z"
    classes = game.classes if isinstance(game, Conditional) else 0
    label = lambda k: k % classes if classes else None
    found, random, took = [], [], 0.0
    for k in range(options.strokes):
        code = of_seeds(game, [seed + 1000 * k], space, label(k))
        before = decoded(game, code, space, label(k))
        strokes = stroke(before[0], decoded(game, beside(game, code, space, k), space, label(k))[0])
        began = time.process_time()
        found.append(brush.brush(game, code, strokes, space, label(k), seed=k))
        took += time.process_time() - began
        others = decoded(game, of_seeds(game, range(10**6, 10**6 + 64), space, label(k)), space, label(k))
        inside, outside = brush.shares(before, others[:8], others, strokes)
        random.append((inside[inside.argsort()], outside[inside.argsort()]))
    within = lambda inside, outside: (inside <= SHARE) & (outside <= SHARE)
    ours = torch.stack([within(one.inside, one.outside) for one in found])
    theirs = torch.stack([within(*one) for one in random])
    return {
        "first within both": share(ours[:, 0]),
        "one of eight within both": share(ours.any(1)),
        "random: first": share(theirs[:, 0]),
        "random: one of eight": share(theirs.any(1)),
        "inside": float(torch.stack([one.inside[0] for one in found]).median()),
        "outside": float(torch.stack([one.outside[0] for one in found]).median()),
        **{
            f"recovered, {steps} steps": whole(game, space, label, -(-options.strokes // 3), seed, steps)
            for steps in (50, 200)
        },
        "steps a second": brush.STEPS * options.strokes / took,
    }


def beside(game: Game, code: Tensor, space: Space, seed: int) -> Tensor:
    """A code near this one."""
    with seeded(game, seed):
        return code + APART * typical(game, space).std * torch.randn(code.shape).to(code)


def stroke(before: Tensor, target: Tensor) -> brush.Strokes:
    """The square in which the target (c, h, w) differs most, painted as it is there."""
    side = before.shape[-1] // 3
    apart = F.avg_pool2d((target - before).square().mean(0)[None, None], side, stride=1)[0, 0]
    top, left = divmod(int(apart.argmax()), apart.shape[1])
    mask = torch.zeros(before.shape[1:], dtype=torch.bool)
    mask[top : top + side, left : left + side] = True
    return brush.Strokes(target, mask)


def whole(
    game: Game, space: Space, label: Callable[[int], int | None], many: int, seed: int, steps: int
) -> float:
    """The mean squared error of samples of which every pixel was painted."""
    errors = []
    for k in range(many):
        code, target = (of_seeds(game, [seed + k + at], space, label(k)) for at in (0, 500))
        x = decoded(game, target, space, label(k))[0]
        everywhere = torch.ones(x.shape[1:], dtype=torch.bool)
        strokes = brush.Strokes(x, everywhere)
        found = brush.brush(game, code, strokes, space, label(k), steps=steps, close=0.0, seed=k)
        errors.append(float((found.x[0] - x).square().mean()))
    return sum(errors) / len(errors)


def share(of: Tensor) -> float:
    return float(of.float().mean())


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
    parser.add_argument("--strokes", type=int, default=48)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
