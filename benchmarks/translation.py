"""Translation against its controls: pix2pix on outlines of emoji, CycleGAN between two styles, StarGAN on shapes.

    python benchmarks/translation.py pix2pix|cyclegan|discogan|dualgan|stargan [--time 20m] [--seeds 0] [--size 32]

- pix2pix on `emoji` (outline -> color), with less of the critic, with L1 alone, with the critic alone: on the test
  pairs the L1 distance from the truth, and the energy of the gradient, which of the truth is 1.  The outlines, which
  are given, make nearly all of it, so beside it stands that of color alone (what differs from grey), which is not.
- cyclegan on `emoji-styles`, without the cycle, and without the identity as well: on test emoji in both styles, the
  L1 distance of a translation from its true partner; the control copies the input.  discogan and dualgan likewise.
- stargan on `shapes`, with an identity term and without: the share of translations that have the color asked for, that
  kept shape and size, and that kept the ground dark or light, which no label tells.

Writes benchmarks/results/translation-<game>.json and .md.
"""

import argparse
from typing import Any

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.sets.shapes import read_attributes
from rivalry.game import Game
from rivalry.show.sheets import sheet

GAMES: dict[str, dict[str, dict[str, Any]]] = {
    "pix2pix": {
        "pix2pix": {},
        "a third of the critic": {"adversarial": 0.3},
        "L1 alone": {"adversarial": 0},
        "critic alone": {"l1": 0},
    },
    "cyclegan": {
        "cyclegan": {},
        "no cycle": {"cycle_weight": 0},
        "no cycle, no identity": {"cycle_weight": 0, "identity_weight": 0},
    },
    "discogan": {"discogan": {}, "no cycle": {"cycle_weight": 0}},
    "dualgan": {"dualgan": {}, "no cycle": {"cycle_weight": 0}},
    "stargan": {"stargan": {}, "with an identity term": {"identity": 10}},
}
STYLES = ("cyclegan", "discogan", "dualgan")
DATA = {"pix2pix": "emoji", **dict.fromkeys(STYLES, "emoji-styles"), "stargan": "shapes"}
COLUMNS = {
    "pix2pix": ("L1", "gradient energy of color", "gradient energy", "rounds"),
    **dict.fromkeys(STYLES, ("L1", "L1 to noto", "L1 to twemoji", "rounds")),
    "stargan": ("color asked for", "shape kept", "size kept", "both kept", "ground kept", "rounds"),
}


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, name = certificate(), f"translation-{options.game}"
    games = GAMES[options.game]
    size = (options.size, options.size) if options.size else None
    test = open_data(DATA[options.game], "test", size)
    says = [f"{options.time} each; " + ", ".join(options.settings)]
    if options.game in STYLES:
        x, partner = test.rows(slice(None)), test.column("partner", slice(None))
        says.append(f"the input itself lies at an L1 of {distance(x, x[partner]):.4f} from its partner")
    for seed in options.seeds:
        for game_name in options.only or games:
            settings = {**dict(pair.split("=") for pair in options.settings), **games[game_name]}
            game, took = played(
                options.game, DATA[options.game], size=size, time=options.time, seed=seed, **settings
            )
            torch.manual_seed(seed)
            row, picture = MEASURES[options.game](game, test)
            if options.sheet:
                sheet(picture, test.spec, 12).save(
                    f"{options.sheet}-{game_name.replace(' ', '-')}-{seed}.png"
                )
            row = {"game": game_name, "seed": seed, "rounds": took["rounds"], **row, **provenance}
            print(row, flush=True)
            record(name, recorded_with(row, name, "game"), "game", COLUMNS[options.game], says)


@torch.no_grad()
def pix2pix(game: Game, test: Any) -> tuple[Row, Tensor]:
    source, truth = test.column("source", slice(None)), test.rows(slice(None))
    made = torch.cat([game.translate(part) for part in source.split(64)])
    row = {"L1": distance(made, truth), "gradient energy": energy(made) / energy(truth)}
    row["gradient energy of color"] = energy(color(made)) / energy(color(truth))
    return row, torch.stack([source, made, truth], 1).flatten(0, 1)[:96]


@torch.no_grad()
def styles(game: Game, test: Any) -> tuple[Row, Tensor]:
    x, to, partner = test.rows(slice(None)), 1 - test.label, test.column("partner", slice(None))
    made = torch.cat([game.translate(a, b) for a, b in zip(x.split(64), to.split(64))])
    each = (made - x[partner]).abs().flatten(1).mean(1)
    row = {"L1": float(each.mean()), "L1 to noto": float(each[to == 0].mean())}
    row["L1 to twemoji"] = float(each[to == 1].mean())
    return row, torch.stack([x, made, x[partner]], 1)[torch.randperm(len(x))[:32]].flatten(0, 1)


@torch.no_grad()
def stargan(game: Game, test: Any) -> tuple[Row, Tensor]:
    x = test.rows(slice(None))
    to = (test.label + 1 + torch.arange(len(x)) % 3) % 4  # always another color
    made = torch.cat([game.translate(a, b) for a, b in zip(x.split(64), to.split(64))])
    read = read_attributes(made)
    kept = {name: read[name] == test.others[name] for name in ("shape", "size")}
    row = {"color asked for": float((read["color"] == to).float().mean())}
    row |= {f"{name} kept": float(same.float().mean()) for name, same in kept.items()}
    bright = lambda pictures: pictures[..., 0, :].mean((1, 2)) > 0  # no shape reaches the first row
    row["ground kept"] = float((bright(made) == bright(x)).float().mean())
    row["both kept"] = float((kept["shape"] & kept["size"]).float().mean())
    return row, torch.stack([x, made], 1).flatten(0, 1)[:96]


def distance(x: Tensor, y: Tensor) -> float:
    return float((x - y).abs().mean())


def energy(x: Tensor) -> float:
    """The mean square of the differences between neighboring pixels."""
    return float(x.diff(dim=2).square().mean() + x.diff(dim=3).square().mean())


def color(x: Tensor) -> Tensor:
    """How far from grey."""
    return x - x.mean(1, keepdim=True)


MEASURES = {"pix2pix": pix2pix, **dict.fromkeys(STYLES, styles), "stargan": stargan}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("game", choices=GAMES)
    parser.add_argument("--time", default="20m")
    parser.add_argument("--size", type=int, help="pixels of a side; those of the data by default")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument(
        "--only",
        nargs="*",
        help="rows to measure, by name; what was recorded of others and of other seeds stays",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sheet", help="where to write a sheet of each run: the beginning of a name")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
