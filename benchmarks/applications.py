"""What the applications do, each beside its control.

    python benchmarks/applications.py PART [--rounds 600] [--seeds 0] [--only ROW ...] [--runs FOLDER] [--threads 2]

PART is one of

    enlarge     `esrgan` on the sprites of `tiles`, 8 x 8 to 32 x 32, beside L1 alone in the same network, and bicubic
    inpaint     `inpaint` on the same sprites, beside L1 and L2 alone in the same network
    levels      `level-gan` on `mario-levels`: what an agent finishes and the patterns of tiles, beside the data and
                their columns shuffled; what the search reaches
    textures    `dcgan` on smooth textures that repeat, 16 x 16, padded with the opposite edge, beside zeros: the energy
                of the steps across the seam, divided by that of the steps inside

A tenth of the sprites is held out, and measured.  Sharpness is the energy of steps between neighboring pixels, divided
by that of the data; of `inpaint` that within the hole.  LPIPS is on AlexNet, of pictures enlarged to 64 pixels.  With
--runs the runs are kept there, and one that is there already is measured and not trained again. Writes
benchmarks/results/applications-PART.json and .md.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from certificate import certificate
from record import Row, record, recorded_with
from torch import Tensor

import rivalry
from rivalry.data import open_data
from rivalry.data.source import Dataset, Spec
from rivalry.editing.search import search, wanted
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.maths.chance import seeded
from rivalry.maths.holes import free_form
from rivalry.maths.shrink import bicubic, resized
from rivalry.metrics.extractors.resize import at_least
from rivalry.metrics.image.lpips import LEAST, find_lpips, load_lpips
from rivalry.metrics.levels.finished import plays
from rivalry.metrics.levels.tile_patterns import divergence, shuffled
from rivalry.nn.seamless import seam
from rivalry.runs.drawing import draw

HELD_OUT = 10  # every tenth sprite
TIMES = 4
SAMPLES = 500  # levels
WANTS = (
    "enemies=3,gaps=1", "enemies=5,gaps=2", "enemies=0,gaps=0", "pipes=1,enemies=2", "pipes=2,gaps=0",
    "blocks=6,enemies=1", "coins=3,gaps=1", "blocks=0,gaps=1,enemies=1", "enemies=4", "gaps=3",
)  # fmt: skip
GAMES = {
    "enlarge": {"esrgan": ("esrgan", "laptop"), "l1 alone": ("esrgan", "l1-only")},
    "inpaint": {
        "inpaint": ("inpaint", "laptop"),
        "l1 alone": ("inpaint", "l1-only"),
        "l2 alone": ("inpaint", "l2-only"),
    },
    "levels": {"level-gan": ("level-gan", "laptop")},
    "textures": {"circular": ("dcgan", "laptop"), "zeros": ("dcgan", "laptop")},
}
SETTINGS: dict[str, Row] = {"circular": {"padding": "circular"}, "zeros": {"padding": "zeros"}}
COLUMNS = {
    "enlarge": ("lpips", "l1", "psnr", "sharpness", "parameters", "rounds", "seconds"),
    "inpaint": ("l1 inside", "sharpness inside", "lpips", "parameters", "rounds", "seconds"),
    "levels": ("finished", "pattern divergence", "unlike the data", "search reached", "rounds", "seconds"),
    "textures": ("seam", "steps inside", "rounds", "seconds"),
}


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance = certificate()
    for name, seed, row in rows(options):
        whole = {"what": name, "seed": seed, **row, **provenance}
        print(whole, flush=True)
        stem = f"applications-{options.part}"
        record(stem, recorded_with(whole, stem, "what"), "what", COLUMNS[options.part])


def rows(options: argparse.Namespace) -> Iterator[tuple[str, int, Row]]:
    measure: Callable[[Game | None, str], Row] = {
        "enlarge": enlarging,
        "inpaint": inpainting,
        "levels": levels,
        "textures": texturing,
    }[options.part]
    for name in CONTROLS[options.part]:
        if name in (options.only or [name]):
            yield name, 0, measure(None, name)
    for seed in options.seeds:
        for name, (game, recipe) in GAMES[options.part].items():
            if name in (options.only or [name]):
                made, took = trained(options, name, game, recipe, seed)
                parameters = sum(p.numel() for p in made.G.parameters())
                yield name, seed, {**measure(made, name), "parameters": parameters, **took}


CONTROLS = {
    "enlarge": ("bicubic",),
    "inpaint": ("the data",),
    "levels": ("the data", "shuffled columns"),
    "textures": ("the data", "crops of the data"),
}


def trained(options: argparse.Namespace, name: str, game: str, recipe: str, seed: int) -> tuple[Game, Row]:
    """The game of a run that is there, or of one that is trained now."""
    data = {"levels": mario, "textures": textures}.get(options.part, lambda: sprites()[0])()
    with tempfile.TemporaryDirectory() as thrown_away:
        place = Path(options.runs or thrown_away) / f"{options.part}-{name.replace(' ', '-')}-{seed}"
        if place.exists():
            run = rivalry.Run.open(place)
        else:
            run = rivalry.train(
                game,
                data,
                recipe=recipe,
                rounds=options.rounds,
                seed=seed,
                run=place,
                quiet=True,
                measure=False,
                **SETTINGS.get(name, {}),
            )
        done = next(line for line in reversed(list(run.lines())) if line.get("event") == "done")
        return rivalry.load(run, which="newest"), {"rounds": done["round"], "seconds": done["seconds"]}


def mario() -> Dataset:
    return open_data("mario-levels")


def textures(n: int = 2000) -> Dataset:
    """Noise on a torus, made smooth with the opposite edge beside each edge: grey, 16 x 16; a seam is not seen."""
    x = torch.randn(n, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        wide = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="circular")
        x = torch.nn.functional.avg_pool2d(wide, 3, 1)
    x = (x / x.std()).mul(45).add(128).clamp(0, 255).round().byte()
    return Dataset(Spec("textures", "image", (1, 16, 16)), x)


def sprites() -> tuple[Dataset, Dataset]:
    """The sprites to train on, and those that are held out."""
    data = open_data("tiles")
    out = torch.arange(len(data)) % HELD_OUT == 0
    return data.only(torch.nonzero(~out).flatten()), data.only(torch.nonzero(out).flatten())


def texturing(game: Game | None, name: str) -> Row:
    x = textures().rows(slice(0, SAMPLES)) if game is None else draw(game, SAMPLES, seed=1)
    if name == "crops of the data":
        x = x[..., :11, :11]  # whose edges do not belong together
    return {"seam": seam(x), "steps inside": float(steps(x)[..., :-1, :-1].mean())}


def enlarging(game: Any, name: str) -> Row:
    x = sprites()[1].rows(slice(None))
    low = bicubic(TIMES)(x)
    with torch.no_grad():
        made = resized(low, tuple(x.shape[2:])) if game is None else game.enlarge(low)
    off = made - x
    return {
        "lpips": lpips(made, x),
        "l1": float(off.abs().mean()),
        "psnr": float((10 * (4 / off.square().flatten(1).mean(1).clamp(min=1e-6)).log10()).mean()),
        "sharpness": float(steps(made).mean() / steps(x).mean()),
    }


def inpainting(game: Any, name: str) -> Row:
    x = sprites()[1].rows(slice(None))
    with seeded(0, x.device), torch.no_grad():
        hole = free_form(len(x), tuple(x.shape[2:]), x.device)
        made = x if game is None else game.fill(x, hole)
    assert torch.equal(made * (1 - hole), x * (1 - hole))  # outside to the bit
    inside = lambda y: (steps(y) * hole).sum()
    return {
        "l1 inside": float(((made - x).abs() * hole).sum() / (hole.sum() * x.shape[1])),
        "sharpness inside": float(inside(made) / inside(x)),
        "lpips": lpips(made, x),
    }


def steps(x: Tensor) -> Tensor:
    """The energy of the steps to the right and down from each pixel, summed over channels: (n, 1, h, w)."""
    right = torch.nn.functional.pad(x.diff(dim=3), (0, 1)).square()
    down = torch.nn.functional.pad(x.diff(dim=2), (0, 0, 0, 1)).square()
    return (right + down).sum(1, keepdim=True)


def lpips(x: Tensor, y: Tensor) -> float | None:
    """The mean over pairs; None where its weights are not at hand."""
    try:
        distance = load_lpips(find_lpips())
    except BadRequest:
        return None
    with torch.no_grad():
        pairs = zip(x.split(50), y.split(50))
        return float(torch.cat([distance(at_least(a, LEAST), at_least(b, LEAST)) for a, b in pairs]).mean())


def levels(game: Any, name: str) -> Row:
    data = open_data("mario-levels")
    every = torch.arange(0, len(data), max(1, len(data) // SAMPLES))[:SAMPLES]
    known = data.x[every]
    if game is None:
        x = known if name == "the data" else shuffled(known)
    else:
        x = draw(game, SAMPLES, seed=1)
    row: Row = {
        "finished": sum(plays(one, data.spec.x) for one in x) / len(x),
        "pattern divergence": divergence(data.x, x),
        "unlike the data": float((nearest(x, data.x) > 0).float().mean()),
    }
    if game is not None:
        found = [search(game, data.spec, wanted(want), budget=2000, seed=i) for i, want in enumerate(WANTS)]
        for want, one in zip(WANTS, found):
            print(f"  {want}: {one.measured}, finished {one.finished}, {one.tried} tried", flush=True)
        row["search reached"] = sum(one.reached for one in found) / len(found)
    return row


def nearest(x: Tensor, data: Tensor) -> Tensor:
    """The share of tiles in which each level differs from the window of the data that is nearest: (n,)."""
    return torch.stack([(data != one).flatten(1).float().mean(1).min() for one in x])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=list(COLUMNS))
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument(
        "--only", nargs="*", help="rows to measure, by name; what was recorded of others stays"
    )
    parser.add_argument("--runs", help="the folder where runs are kept")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
