"""Whether pictures show what their sentences say, also of combinations that were never seen, and a control.

    python benchmarks/text_to_image.py [--seeds 0] [--time 6m] [--only matching] [--names] [-s NAME=VALUE]

`text-to-image` by its recipe `laptop` on `captioned-shapes`, of whose 48 combinations of color, kind and place four are
withheld; and the control: the same, whose critic never sees a real picture beside a wrong sentence.  Of 2,000 samples
for the sentences of the test split, and of 2,000 for those of the withheld combinations, the share that shows all four
attributes of its sentence, and each attribute by itself, read by a rule from the pixels.

Goals: at least 90 % of the seen and 60 % of the withheld combinations right in all attributes; the control lower.

With `--names` the same on `emoji-names` at 32 x 32: the share of samples whose own name is found among twenty, by the
nearest real emoji, for names of the training split and for held-out ones; by chance it is one in twenty, and samples
that were made for other names stand beside.

Writes benchmarks/results/text-to-image.json and .md, or text-to-image-names.json and .md, and a sheet.
"""

import argparse

import torch
from certificate import certificate
from PIL import Image
from played import played
from record import RESULTS, Row, record, recorded_with

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.game import Game
from rivalry.given import condition_rows, given_for, words_under
from rivalry.metrics.image.attributes import attributes
from rivalry.metrics.image.retrieval import retrieval
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

DATA = "captioned-shapes"
GAMES = {"matching": {}, "no wrong sentences": {"wrong": "0"}}
SPLITS = {"seen": "test", "withheld": "withheld"}
NAMES = ("all", "color", "shape", "size", "place")
EMOJI, SIDE = "emoji-names", 32
FOUND = ("trained on", "trained on, by others", "held out", "held out, by others", "rounds", "seconds")
COLUMNS = (*(f"{split} {name}" for split in SPLITS for name in NAMES), "rounds", "seconds")
N = 2000


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance, settings = certificate(), dict(pair.split("=") for pair in options.settings)
    data, size, into, columns = DATA, None, "text-to-image", COLUMNS
    if options.names:
        data, size, into, columns = EMOJI, (SIDE, SIDE), "text-to-image-names", FOUND
    for seed in options.seeds:
        for name in options.only or GAMES:
            more = {"time": options.time, "seed": seed, **settings, **GAMES[name]}
            game, took = played("text-to-image", data, recipe="laptop", size=size, **more)
            found = retrieved(game, seed) if options.names else measured(game, seed)
            row = {"game": name, "seed": seed, **found, **took, **provenance}
            print(row, flush=True)
            splits = {split: open_data(data, split, size) for split in ("train", "test")} if size else None
            page(game, splits).save(RESULTS / f"{into}-{name.replace(' ', '-')}.png")
            many = "up to 1,000" if options.names else f"{N:,}"
            says = [
                f"{many} samples of each split a row; {options.time} of the recipe laptop",
                "seconds of a machine that other work shared: the rounds say how much was learned",
            ]
            record(into, recorded_with(row, into, "game"), "game", columns, says)


def retrieved(game: Game, seed: int) -> Row:
    """How often the own name of a sample is found among twenty."""
    found: Row = {}
    for name, split in (("trained on", "train"), ("held out", "test")):
        data = open_data(EMOJI, split, (SIDE, SIDE))
        n = min(1000, len(data))  # one sample of a name at most
        x = draw(game, n, seed=seed, **given_for(game, data, n))
        (score,) = retrieval(data, x, condition_rows(data, n), data.others["caption"])
        found |= {name: score.value, f"{name}, 95 %": score.details["interval"]}
        found |= {f"{name}, by others": score.details["shuffled"]}
    return found


def measured(game: Game, seed: int) -> Row:
    """The share right of the seen and of the withheld combinations, in all attributes and in each."""
    found: Row = {}
    for name, split in SPLITS.items():
        data = open_data(DATA, split)
        x = draw(game, N, seed=seed, **given_for(game, data, N))
        scores = attributes(data, x, condition_rows(data, N), data.facts["read"])
        found |= {f"{name} {score.name.removeprefix('attributes-')}": score.value for score in scores}
    return found


def page(game: Game, splits: dict[str, Dataset] | None = None) -> Image.Image:
    """Eight samples for each of four seen and four withheld sentences; of other data, four of each split."""
    parts, said = [], []
    for data in (splits or {split: open_data(DATA, split) for split in SPLITS.values()}).values():
        given = given_for(game, data, 32, each=8)
        parts.append(draw(game, 32, seed=0, **given))
        said += words_under(game, data.spec, given, 8)
    return sheet(torch.cat(parts), data.spec, under=said)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--time", default="6m")
    parser.add_argument("--only", nargs="*", choices=GAMES)
    parser.add_argument("--names", action="store_true", help="on emoji and their names")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
