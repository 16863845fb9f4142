"""Moving pictures: does each game of clips do what its paper is about, and does its control fail?

    python benchmarks/video.py [--seeds 0] [--only NAME ...] [--share 1.0]

On `moving-shapes` (8 frames of 16 x 16): VideoGAN by its recipe `laptop`, and the control with one stream; MoCoGAN by
its recipe, whose contents are kept while motions are drawn anew.  On `moving-shapes:turns=true`: next-frame by its
recipe; the squared error alone; and all losses without the code z.  Each plays the rounds that `ROWS` names.

Columns of clips: the generator's mask against what moves in its clips (mask IoU); change over time outside of what
moves by that inside (outside/inside); the total variation of directions from the data's; content constant: the share
of frames that keep color and shape of the clip while the motion is drawn anew.

Columns of next frames, of the first frame after the wall in 1,000 held-out clips, within 3 pixels of the two places
where the thing may be: PSNR; sharpness difference from the true frame, and from the nearer of the two possible ones,
each of mean errors; the shares of frames in which the thing went left, right, or in neither direction.

Writes benchmarks/results/video.json and .md, and a picture of each game of next frames.
"""

import argparse
import tempfile

import torch
from certificate import certificate
from record import RESULTS, Row, record, recorded_with
from torch import Tensor
from torch.nn import functional as F

import rivalry
from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.game import Continuing, Game, Layered
from rivalry.kinds.image import to_image
from rivalry.maths.chance import by_row
from rivalry.metrics.video.directions import directions
from rivalry.metrics.video.frames import decibels
from rivalry.metrics.video.masks import mask_iou
from rivalry.metrics.video.still import still_background
from rivalry.runs.drawing import draw

N = 1000
PLAIN, TURNS = "moving-shapes", "moving-shapes:turns=true"
ROWS = {
    "videogan": ("videogan", PLAIN, 3000, {"condition": False}),
    "mocogan": ("mocogan", PLAIN, 3000, {"condition": False}),
    "next-frame": ("next-frame", TURNS, 3000, {}),
    "next-frame, L2 only": (
        "next-frame",
        TURNS,
        3000,
        {"adversarial": 0.0, "gdl": 0.0, "latent": 0, "draws": 1, "batch": 32},
    ),
    "videogan, one stream": ("videogan", PLAIN, 3000, {"condition": False, "streams": "one"}),
    "next-frame, without z": ("next-frame", TURNS, 3000, {"latent": 0, "draws": 1, "batch": 32}),
}
OF_CLIPS = ("mask IoU", "outside/inside", "directions", "content constant", "color constant")
OF_FRAMES = ("PSNR", "sharpness", "sharpness, nearer", "left", "right", "neither")
COLUMNS = (*OF_CLIPS, *OF_FRAMES, "rounds", "seconds")
SAYS = [
    f"{N:,} clips or held-out moments a row; a dash where a column is of the other kind of game",
    "seconds are of a processor that other work shared",
]


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance = certificate()
    for seed in options.seeds:
        for name in options.only or ROWS:
            game, data, rounds, settings = ROWS[name]
            made, took = trained(game, data, round(rounds * options.share), seed, settings)
            found = of_frames(made, name, seed) if isinstance(made, Continuing) else of_clips(made)
            row = {"game": name, "data": data, "seed": seed, **found, **took, **provenance}
            print(row, flush=True)
            record("video", recorded_with(row, "video", "game"), "game", COLUMNS, SAYS)


def trained(name: str, data: str, rounds: int, seed: int, settings: Row) -> tuple[Game, Row]:
    with tempfile.TemporaryDirectory() as folder:
        run = rivalry.train(
            name,
            data,
            run=f"{folder}/run",
            recipe="laptop",
            rounds=rounds,
            seed=seed,
            quiet=True,
            measure=False,
            **settings,
        )
        done = next(line for line in reversed(list(run.lines())) if line.get("event") == "done")
        game = rivalry.load(run, which="newest")
    return game, {"rounds": done["round"], "seconds": done["seconds"]}


def of_clips(game: Game) -> Row:
    real = open_data(PLAIN, "test")
    motion = real.facts["motion"]
    x = draw(game, N, seed=0)
    found: Row = {
        "outside/inside": still_background(real, x, motion).value,
        "directions": directions(real, x, motion).value,
    }
    if isinstance(game, Layered):
        found["mask IoU"] = mask_iou(real, game, motion).value
    if hasattr(game, "moved_anew"):
        found |= content(game, motion)
    return found


def content(game: Game, motion: object) -> Row:
    """The share of frames that show what the clip of the same content shows, after its motion was drawn anew."""
    torch.manual_seed(1)
    z = game.draw(N)
    with torch.no_grad():
        first, second = (motion(game.decode(code)) for code in (z, game.moved_anew(z)))
    color, shape = (
        b == a.mode(1, keepdim=True).values
        for a, b in ((first.color, second.color), (first.shape, second.shape))
    )
    return {
        "content constant": float((color & shape).float().mean()),
        "color constant": float(color.float().mean()),
    }


def of_frames(game: Game, name: str, seed: int) -> Row:
    """The first frame after the wall, of every held-out clip, from a code of its own."""
    data = open_data(TURNS, "test").only(torch.arange(N))
    past, true, other = moments(data, game.past)
    with torch.no_grad(), by_row(0, range(N), game.device):
        made = game.continued(past, 1)[:, 0]
    picture(game, past, true, other, name, seed)
    near = F.max_pool2d((true != other).any(1, keepdim=True).float(), 7, 1, 3)  # where it may be
    sharp = edges_off(made, true, near), edges_off(made, other, near)
    turned = data.facts["motion"](torch.stack([past[:, -1], made], 1)).direction.bincount(minlength=3) / N
    squared = ((made - true) / 2).square().mean(1, keepdim=True)
    return {
        "PSNR": float(decibels((squared * near).sum() / near.sum())),
        "sharpness": float(decibels(sharp[0].mean())),
        "sharpness, nearer": float(decibels(torch.minimum(*sharp).mean())),
        **dict(zip(("left", "right", "neither"), turned.tolist())),
    }


def moments(data: Dataset, past: int) -> tuple[Tensor, Tensor, Tensor]:
    """The frames before the turn (n, past, c, h, w), the one after it, and the one after the other turn."""
    x, other = data.column("x", slice(None)), data.column("other", slice(None))
    row, turn = torch.arange(len(data)), data.others["turn"]
    before = torch.stack([x[row, turn - past + k] for k in range(past)], 1)
    return before, x[row, turn], other[row, turn]


def edges_off(y: Tensor, x: Tensor, near: Tensor) -> Tensor:
    """The mean of ||∂₁y| + |∂₂y| - |∂₁x| - |∂₂x|| of values in [0, 1] over the places near the thing: (n,)."""
    edges = [(z.diff(dim=2)[..., 1:].abs() + z.diff(dim=3)[:, :, 1:].abs()) / 2 for z in (y, x)]
    here = near[:, :, 1:, 1:]
    return ((edges[0] - edges[1]).abs().mean(1, keepdim=True) * here).sum((1, 2, 3)) / here.sum((1, 2, 3))


def picture(game: Game, past: Tensor, true: Tensor, other: Tensor, name: str, seed: int) -> None:
    """Eight clips: four frames before the wall, both possible frames after it, and four that the game makes."""
    rows = []
    for i in range(8):
        with torch.no_grad(), by_row(seed, range(4), game.device):
            made = game.continued(past[i : i + 1].expand(4, -1, -1, -1, -1), 1)[:, 0]
        gap = torch.ones(3, true.shape[2], 3)
        rows.append(torch.cat([*past[i], gap, true[i], other[i], gap, *made], 2))
    image = to_image(torch.cat(rows, 1))
    file = RESULTS / f"video-{name.replace(', ', '-').replace(' ', '-').lower()}.png"
    image.resize((3 * image.width, 3 * image.height), 0).save(file)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", choices=ROWS)
    parser.add_argument("--share", type=float, default=1.0, help="of the rounds, for a trial")
    return parser.parse_args()


if __name__ == "__main__":
    main()
