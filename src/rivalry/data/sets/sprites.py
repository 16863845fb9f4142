"""`sprites`: small figures who walk, cast a spell or slash, from a copy of their layers on disk.

A figure is a body, trousers, a shirt or armor, and hair, which are drawn over each other; what it does and where it
looks is the class.  All of this is known, so that a game that keeps content and motion apart can be measured on it
(after Li & Mandt 2018, "Disentangled Sequential Autoencoder", arXiv 1803.02991, section 4.1).

The layers are those of the Universal LPC Spritesheet (github.com/jrconway3/Universal-LPC-spritesheet, by its many
authors, CC BY-SA 3.0 or GPL 3.0): sheets of 13 x 21 cells of 64 x 64 pixels.  They are 1.3 MB and are not part of the
package.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.readers.decode import DAMAGED, reason_of
from rivalry.data.readers.decode import decode as decode_image
from rivalry.data.readers.members import Member, members_of
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Count

Layer = Tensor  # uint8 (classes, frames, 4, side, side)

CELL, ACROSS, DOWN = 64, 13, 21  # pixels of a cell; cells of a sheet
FRAMES = 8
RATE = 8  # frames per second
ROWS = {"walks": (8, range(1, 9)), "casts": (0, range(7)), "slashes": (12, range(6))}  # first row, cells
LOOKS = {"left": 1, "to the front": 2, "right": 3}  # how many rows further down
CLASSES = tuple(f"{does} {looks}" for does in ROWS for looks in LOOKS)
PARTS = ("body", "legs", "torso", "hair")  # from the lowest layer to the highest
FILE = re.compile(rf"(?:.*/)?({'|'.join(PARTS)})/((?!.*shadows).+)\.png")
GROUND = 128  # the grey behind a figure
SPLITS = {"train": 4_000, "test": 1_000}
PIECE = 100  # clips that are drawn at once
WHERE = "github.com/jrconway3/Universal-LPC-spritesheet has the sheets (CC BY-SA 3.0 or GPL 3.0)"


def open_sprites(name: str, split: str = "train", *, path: str = "", side: Count = 32) -> Dataset:
    """4,000 training and 1,000 test clips of 8 frames.  No figure of the test split is in the training split.

    Settings:
        path: the folder or zip with the sheets: body/, legs/, torso/ and hair/
        side: pixels of a frame, height and width: 64, 32, 16 or 8

    Returns:
        uint8 (n, 8, 3, side, side); the label says what the figure does and where it looks, and an action that has
        fewer frames ends with its last one.  The columns "body", "legs", "torso" and "hair", int64 (n,), number the
        names in `facts["attributes"]`.

    Raises:
        BadRequest: no path, no sheets there, no such split or side.
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    if side not in (8, 16, 32, CELL):
        raise BadRequest(f"{name!r} has frames of 64, 32, 16 or 8 pixels a side; got {side}")
    where = Path(path).expanduser()
    if not path or not where.exists():
        missing = f"{path} is not there" if path else f"{name!r} reads a copy on disk: {name}:path=FOLDER"
        raise BadRequest(f"{missing}.  {WHERE}")
    sheets, skipped = _sheets(members_of(where), side)
    if empty := [part for part in PARTS if not sheets[part]]:
        raise BadRequest(f"{path} holds no sheets of 832 x 1,344 pixels in {empty[0]}/.  {WHERE}")
    figures, label = drawn([len(sheets[part]) for part in PARTS], split)
    x = _painted([torch.stack([*sheets[part].values()]) for part in PARTS], figures, label, side)
    facts = {
        "source": path,
        "splits": tuple(SPLITS),
        "license": "CC BY-SA 3.0",
        "skipped": skipped,
        "attributes": {part: tuple(sheets[part]) for part in PARTS},
    }
    spec = Spec(name, "clip", tuple(x.shape[1:]), CLASSES, about={"rate": RATE})
    return Dataset(spec, x, label, facts, dict(zip(PARTS, figures.unbind(1))))


def drawn(choices: Sequence[int], split: str) -> tuple[Tensor, Tensor]:
    """Figures at random, and what each does: (n, parts) and (n,).

    A fifth of all figures is held out for the split "test".  Where there are fewer than clips, they come again.
    """
    draw = torch.Generator().manual_seed(0)
    order = torch.randperm(int(np.prod(choices)), generator=draw)
    cut = max(1, len(order) // 5)
    mine = order[:cut] if split == "test" else order[cut:]
    if not len(mine):
        mine = order
    draw.manual_seed(1 + (split == "test"))
    n = SPLITS[split]
    which = mine[torch.randint(len(mine), (n,), generator=draw)].numpy()
    figures = torch.from_numpy(np.stack(np.unravel_index(which, tuple(choices)), 1))
    return figures, torch.randint(len(CLASSES), (n,), generator=draw)


def _sheets(
    members: Sequence[Member], side: int
) -> tuple[dict[str, dict[str, Layer]], list[tuple[str, str]]]:
    """Part -> name -> what is drawn in each frame of each class, and (name, reason) of each file that is no sheet."""
    sheets: dict[str, dict[str, Layer]] = {part: {} for part in PARTS}
    skipped = list[tuple[str, str]]()
    for one in members:
        if match := FILE.fullmatch(one.name):
            try:
                sheets[match[1]][called(match[2])] = _layer(one, side)
            except DAMAGED as error:
                skipped.append((one.name, reason_of(error)))
    return sheets, skipped


def called(path: str) -> str:
    """What is drawn, in words: "shirts/longsleeve/male/brown_longsleeve" is "brown longsleeve"."""
    *above, last = (part for part in path.split("/") if part not in ("male", "shirts", "pants", "longsleeve"))
    return " ".join([*above, last.removesuffix("_male")]).replace("_", " ")


def _layer(member: Member, side: int) -> Layer:
    """The cells of a sheet, made smaller: colors times alpha, and alpha."""
    with member.open() as file:
        sheet = decode_image(file, 4, (CELL * DOWN, CELL * ACROSS)).values
    cells = sheet.reshape(4, DOWN, CELL, ACROSS, CELL)
    wanted = [
        cells[:, first + below, :, frames[min(k, len(frames) - 1)]]
        for first, frames in ROWS.values()
        for below in LOOKS.values()
        for k in range(FRAMES)
    ]
    x = torch.from_numpy(np.stack(wanted)).float()
    x[:, :3] *= x[:, 3:] / 255
    return F.avg_pool2d(x, CELL // side).round().byte().unflatten(0, (len(CLASSES), FRAMES))


def _painted(layers: Sequence[Layer], figures: Tensor, label: Tensor, side: int) -> Tensor:
    """Each figure's layers over each other: uint8 (n, 8, 3, side, side)."""
    pieces = []
    for figure, does in zip(figures.split(PIECE), label.split(PIECE)):
        x = torch.full((len(does), FRAMES, 3, side, side), float(GROUND))
        for part, which in zip(layers, figure.unbind(1)):
            over = part[which, does].float()
            x = x * (1 - over[:, :, 3:] / 255) + over[:, :, :3]
        pieces.append(x.round().clamp(0, 255).byte())
    return torch.cat(pieces)
