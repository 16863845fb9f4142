"""Whether pictures show what a sound says: a digit said by a voice that was never heard, a tone's loudness and pitch.

    python benchmarks/sound_to_image.py spoken --data FOLDER [--speaker theo] [--seeds 0] [--time 10m] [--only NAME]
    python benchmarks/sound_to_image.py tones [--seeds 0] [--time 4m]

spoken: `sound-to-image` by its recipe `spoken` on `spoken-to-drawn`, of which all recordings of one speaker are held
out, and the control, trained on the same pairs shuffled.  Of a picture for each of the 500 recordings held out, the
share in which a classifier sees the digit that was said.  The classifier is trained on MNIST at 16 x 16, and its share
of real digits stands beside.

tones: the recipe `laptop` on `tones-to-discs`.  Of 1,200 pictures for the tones of the test split, Spearman's
correlation of the tone's loudness with the disc's area, and the median distance of hues, in turns.  The control is the
correlation with the loudness of other rows.

Goals: 70 % right of a held-out speaker (chance 10 %), at most 15 % from shuffled pairs; a correlation of at least 0.9.

Writes benchmarks/results/sound-to-image-spoken.json or -tones.json, .md, and a sheet.
"""

import argparse

import torch
from certificate import certificate
from PIL import Image
from played import played
from record import RESULTS, Row, record, recorded_with
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data import open_data
from rivalry.data.sets.bundled import open_bundled
from rivalry.data.sets.discs import area, hue_of
from rivalry.data.sets.spoken_to_drawn import sixteen
from rivalry.data.source import Dataset
from rivalry.game import Game
from rivalry.given import given_for
from rivalry.maths.chance import seeded
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

SPOKEN = ("right", "right of MNIST", "rounds", "seconds")
TONES = (
    "loudness and area",
    "for tones of other rows",
    "hue off",
    "loudness and area of the data",
    "rounds",
    "seconds",
)


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    spoken = options.task == "spoken"
    names = {"pairs": "", "shuffled pairs": "shuffled=yes"} if spoken else {"pairs": ""}
    data = f"spoken-to-drawn:path={options.data},speaker={options.speaker}" if spoken else "tones-to-discs"
    judge = judged_by() if spoken else None
    for seed in options.seeds:
        for name in options.only or names:
            told = ",".join([data, *[names[name]] * bool(names[name])])
            recipe = "spoken" if spoken else "laptop"
            game, took = played("sound-to-image", told, recipe=recipe, seed=seed, time=options.time)
            test = open_data(data, "test")
            label = f"{name}, {options.speaker} held out" if spoken else name
            row = {"game": label, "seed": seed, **measured(game, test, judge), **took, **certificate()}
            print(row, flush=True)
            file = f"sound-to-image-{options.task}"
            page(game, test).save(RESULTS / f"{file}-{name.replace(' ', '-')}.png")
            says = [
                f"{len(test):,} sounds a row, none of which was trained on; the recipe {recipe}, as long as the "
                "command says",
                "seconds of a machine that other work shared: the rounds say how much was learned",
            ]
            record(file, recorded_with(row, file, "game"), "game", SPOKEN if spoken else TONES, says)


def measured(game: Game, data: Dataset, judge: nn.Module | None) -> Row:
    """A picture for each sound of the test split."""
    x = draw(game, len(data), seed=0, **given_for(game, data, len(data)))
    if judge is not None:
        right = lambda x, y: float((judge(x).argmax(1) == y).float().mean())
        mnist = open_bundled("mnist", "test")
        with torch.no_grad():
            return {"right": right(x, data.label), "right of MNIST": right(seen(mnist.x), mnist.label)}
    loudness, hue = data.others["loudness"], data.others["hue"]
    off = ((hue_of(x) - hue + 0.5) % 1 - 0.5).abs().median()
    of_data = spearman(loudness, area(data.rows(slice(None))))
    return {
        "loudness and area": spearman(loudness, area(x)),
        "for tones of other rows": spearman(loudness.roll(1), area(x)),
        "hue off": float(off),
        "loudness and area of the data": of_data,
    }


def spearman(a: Tensor, b: Tensor) -> float:
    """The correlation of ranks of two (n,)."""
    ranks = torch.stack([one.argsort().argsort().double() for one in (a, b)])
    return float(torch.corrcoef(ranks)[0, 1])


def seen(x: Tensor) -> Tensor:
    """MNIST's bytes (n, 1, 28, 28) as the game sees digits: (n, 1, 16, 16) in [-1, 1]."""
    return sixteen(x).float() / 127.5 - 1


def judged_by(rounds: int = 1500) -> nn.Module:
    """A classifier of digits at 16 x 16, which the game never sees."""
    mnist = open_bundled("mnist", "train")
    with seeded(0, torch.device("cpu")):
        judge = nn.Sequential(
            *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(512, 10)),
        )
        adam = torch.optim.Adam(judge.parameters(), 2e-3)
        for _ in range(rounds):
            rows = torch.randint(len(mnist), (64,))
            loss = F.cross_entropy(judge(seen(mnist.x[rows])), mnist.label[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
    return judge.eval()


def page(game: Game, data: Dataset) -> Image.Image:
    """Eight pictures for a sound of each digit, or for ten tones."""
    first = torch.arange(10) * len(data) // 10
    if data.label is not None:
        first = torch.stack([(data.label == k).nonzero()[0, 0] for k in range(10)])
    sound = data.column("sound", first.repeat_interleave(8))
    return sheet(draw(game, 80, seed=0, sound=sound), data.spec, 8)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=("spoken", "tones"))
    parser.add_argument("--data", default="", help="the recordings of spoken digits")
    parser.add_argument("--speaker", default="theo")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--only", nargs="*", choices=("pairs", "shuffled pairs"))
    parser.add_argument("--time", default="10m")
    return parser.parse_args()


if __name__ == "__main__":
    main()
