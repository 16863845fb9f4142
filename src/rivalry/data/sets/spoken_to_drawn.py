"""`spoken-to-drawn`: a digit that somebody says, and the same digit written by somebody else, on 16 x 16 pixels.

Sounds are of the Free Spoken Digit Dataset (see `spoken_digits`), pictures of MNIST.  One speaker is held out: the
split "test" holds all recordings of this speaker, beside digits of the split "test" of MNIST.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.sets.bundled import open_bundled
from rivalry.data.sets.spoken_digits import open_spoken_digits
from rivalry.data.source import Column, Dataset, Spec
from rivalry.settings import Count

SIDE = 16


def open_spoken_to_drawn(
    name: str,
    split: str = "train",
    *,
    path: str = "",
    speaker: str = "theo",
    length: Count = 4096,
    each: Count = 2,
    shuffled: bool = False,
) -> Dataset:
    """Pairs of a recording and a picture of the same digit.

    Settings:
        path: the folder or zip with the recordings of spoken digits
        speaker: whose recordings are held out
        length: samples to which all are cut, or padded with silence at their end
        each: pictures of a recording in the training split
        shuffled: give each training picture the recording of another row, drawn at random: the control

    Returns:
        uint8 (n, 1, 16, 16), the label is the digit, and the column "sound", float32 (n, 1, length) at 8 kHz.

    Raises:
        BadRequest: as `open_spoken_digits` does.
    """
    spoken = open_spoken_digits(name, split, path=path, length=length, speaker=speaker)
    mnist = open_bundled("mnist", split)
    assert spoken.label is not None and mnist.label is not None
    draw = torch.Generator().manual_seed(0)
    rows = torch.arange(len(spoken)).repeat(each if split == "train" else 1)
    said = spoken.label[rows]
    x = sixteen(mnist.x[drawn_for(said, mnist.label, draw)])
    if shuffled and split == "train":
        rows = rows[torch.randperm(len(rows), generator=draw)]
    spec = Spec(
        name,
        "image",
        (1, SIDE, SIDE),
        mnist.spec.classes,
        extra={"sound": Column("wave", spoken.spec.shape, spoken.spec.about)},
    )
    return Dataset(spec, x, said, {**spoken.facts, "speaker": speaker}, {"sound": spoken.x[rows]})


def drawn_for(said: Tensor, label: Tensor, draw: torch.Generator) -> Tensor:
    """A row of MNIST for each digit that is said, at random among those of this digit: (n,), (m,) -> (n,)."""
    order = torch.randperm(len(label), generator=draw)
    rows = torch.empty_like(said)
    for digit in said.unique():
        mine, there = torch.nonzero(said == digit).flatten(), order[label[order] == digit]
        rows[mine] = there[torch.arange(len(mine)) % len(there)]
    return rows


def sixteen(x: Tensor) -> Tensor:
    """MNIST's digits (n, 1, 28, 28) on 16 x 16 pixels: means of 2 x 2 with a border of one, bytes."""
    return F.pad(F.avg_pool2d(x.float(), 2).round().byte(), (1, 1, 1, 1))
