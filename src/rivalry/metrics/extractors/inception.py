"""Inception-v3 as the Fréchet distance of the literature sees images: features (n, 2048), logits (n, 1008).

Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision" (arXiv 1512.00567), with the weights
of 5 December 2015 that Heusel et al. 2017 measured with.  Names of modules and parameters are those of the public
conversion, `pt_inception-2015-12-05-6726825d.pth`, which pytorch-fid and torch-fidelity read.

Where that network is not the paper's:

- 1,008 classes; their logits are taken without the bias, as in the first Inception Scores ("unbiased");
- the average pool parallel to the branches divides by the pixels there are, and not by those of the padding;
- the last block has a max pool instead;
- no auxiliary classifier.

Images come to 299 x 299 by clean resizing (`resize.py`), not by the bilinear resizing without antialiasing of the
first implementation: compare a distance with those of clean-fid, not with those of pytorch-fid.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.extractors.resize import RESIZER, resize
from rivalry.metrics.extractors.weights import fill, find_weights, read_weights
from rivalry.metrics.image.images import in_color

# As several public programs that check this file state it; its first 8 digits stand in the file's name.
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
FILES = ("pt_inception-2015-12-05-6726825d.pth", "weights-inception-2015-12-05-6726825d.pth")
VARIABLE = "RIVALRY_INCEPTION"
GET = (
    f"get {FILES[0]} (95.6 MB) from https://github.com/mseitzer/pytorch-fid/releases/tag/fid_weights "
    "and put it there, or name its path"
)
SIDE = 299
TOGETHER = 50  # images that go through at once: a batch of 500 would take some 5 GB


def inception_2015(path: str | Path | None = None) -> Extractor:
    """The extractor of the Fréchet Inception Distance.

    Its weights are not part of the package, and are never fetched or replaced by others: they are read from `path`,
    else from the file that the environment variable RIVALRY_INCEPTION names, else from the folder "weights" of the
    user's cache.

    Args:
        path: the public `.pth`, or a `.safetensors` with the same names.

    Returns:
        An extractor of images (n, 1 or 3, h, w) with features (n, 2048) and logits (n, 1008).  It names no classes,
        as its own are not those of the data.  Called "inception-2015" where the file is the public one by its
        sha256; the origin of a `.safetensors` cannot be known, and its extractor is "inception-2015-unchecked".

    Raises:
        BadRequest: no weights, a `.pth` that is another, or weights that do not fit; the message lists the places
            that were tried.
    """
    file = find_weights("inception-2015", path, VARIABLE, FILES, GET)
    state = read_weights(file, SHA256)
    with torch.device("meta"):
        network = Inception()
    fill(network, state, file)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on a CPU
    checked = file.suffix == ".pth"
    facts = {
        "file": file.name,
        "sha256": SHA256 if checked else None,
        "resizer": f"{RESIZER}, to {SIDE} x {SIDE}",
        "logits": "without bias",
    }
    name = "inception-2015" if checked else "inception-2015-unchecked"
    return Extractor(name, network.eval().requires_grad_(False), (), facts)


class Layer(NamedTuple):
    """One convolution of a branch: padded to keep the size, or not padded and of stride 2."""

    channels: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1


Fork = tuple[Layer, Layer]  # two convolutions of the same input, their outputs joined
Branches = Mapping[str, Sequence[Layer | Fork]]

ROW, COLUMN = (1, 7), (7, 1)
FORK = (Layer(384, (1, 3)), Layer(384, (3, 1)))

BLOCK_A: Branches = {
    "branch1x1": [Layer(64)],
    "branch5x5": [Layer(48), Layer(64, 5)],
    "branch3x3dbl": [Layer(64), Layer(96, 3), Layer(96, 3)],
}
BLOCK_B: Branches = {
    "branch3x3": [Layer(384, 3, 2)],
    "branch3x3dbl": [Layer(64), Layer(96, 3), Layer(96, 3, 2)],
}
BLOCK_D: Branches = {
    "branch3x3": [Layer(192), Layer(320, 3, 2)],
    "branch7x7x3": [Layer(192), Layer(192, ROW), Layer(192, COLUMN), Layer(192, 3, 2)],
}
BLOCK_E: Branches = {
    "branch1x1": [Layer(320)],
    "branch3x3": [Layer(384), FORK],
    "branch3x3dbl": [Layer(448), Layer(384, 3), FORK],
}


def block_c(width: int) -> Branches:
    """7 x 7 convolutions taken apart into rows and columns, with so many channels between them."""
    row, column = Layer(width, ROW), Layer(width, COLUMN)
    return {
        "branch1x1": [Layer(192)],
        "branch7x7": [Layer(width), row, Layer(192, COLUMN)],
        "branch7x7dbl": [Layer(width), column, row, column, Layer(192, ROW)],
    }


class Inception(nn.Module):
    """Images (n, 1 or 3, h, w) in [-1, 1] -> features (n, 2048) of 0 or more, logits (n, 1008).

    Args:
        unbiased: whether the logits leave out the bias of the last layer.
    """

    def __init__(self, unbiased: bool = True):
        super().__init__()
        self.unbiased = unbiased
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = Mixed(192, BLOCK_A, "average", 32)
        self.Mixed_5c = Mixed(256, BLOCK_A, "average", 64)
        self.Mixed_5d = Mixed(288, BLOCK_A, "average", 64)
        self.Mixed_6a = Mixed(288, BLOCK_B)
        self.Mixed_6b = Mixed(768, block_c(128), "average", 192)
        self.Mixed_6c = Mixed(768, block_c(160), "average", 192)
        self.Mixed_6d = Mixed(768, block_c(160), "average", 192)
        self.Mixed_6e = Mixed(768, block_c(192), "average", 192)
        self.Mixed_7a = Mixed(768, BLOCK_D)
        self.Mixed_7b = Mixed(1280, BLOCK_E, "average", 192)
        self.Mixed_7c = Mixed(2048, BLOCK_E, "max", 192)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.cat([self.features(prepared(part)) for part in x.split(TOGETHER)])
        return features, F.linear(features, self.fc.weight, None if self.unbiased else self.fc.bias)

    def features(self, x: Tensor) -> Tensor:
        """(n, 3, 299, 299) as `prepared` -> (n, 2048)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # (n, 64, 147, 147)
        x = F.max_pool2d(x, 3, 2)
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x))  # (n, 192, 71, 71)
        x = F.max_pool2d(x, 3, 2)
        for block in self.children():
            x = block(x) if isinstance(block, Mixed) else x
        return x.mean((2, 3))  # (n, 2048, 8, 8) -> (n, 2048)


class Mixed(nn.Module):
    """Branches side by side, their outputs joined along the channels; a pool of the input comes last.

    Args:
        inside: channels in.
        branches: by name; the convolutions of a branch are named after it and numbered, those of a fork lettered.
        pool: "average" or "max" over 3 x 3, followed by a convolution; "" for a max pool of stride 2 alone.
        pooled: channels out of the convolution after the pool.
    """

    def __init__(self, inside: int, branches: Branches, pool: str = "", pooled: int = 0):
        super().__init__()
        self.pool = pool
        self.chains = [self._branch(inside, name, layers) for name, layers in branches.items()]
        if pool:
            self.branch_pool = Convolution(inside, pooled, 1)

    def _branch(self, inside: int, name: str, layers: Sequence[Layer | Fork]) -> list[list[str]]:
        """Make the convolutions of a branch; their names in order, two at a fork."""
        chain = []
        for number, layer in enumerate(layers, 1):
            stem = name if len(layers) == 1 else f"{name}_{number}"
            made = {stem: layer} if isinstance(layer, Layer) else dict(zip((f"{stem}a", f"{stem}b"), layer))
            for each, (channels, kernel, stride) in made.items():
                padding = _half(kernel) if stride == 1 else 0
                self.add_module(each, Convolution(inside, channels, kernel, stride, padding))
            inside = sum(one.channels for one in made.values())
            chain.append(list(made))
        return chain

    def forward(self, x: Tensor) -> Tensor:
        joined = []
        for chain in self.chains:
            h = x
            for names in chain:
                h = torch.cat([self.get_submodule(name)(h) for name in names], 1)
            joined.append(h)
        pooled = pool_beside(x, self.pool)
        return torch.cat([*joined, self.branch_pool(pooled) if self.pool else pooled], 1)


class Convolution(nn.Module):
    """Convolution without bias, batch normalization, ReLU."""

    def __init__(
        self,
        inside: int,
        outside: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ):
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outside, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


def pool_beside(x: Tensor, pool: str) -> Tensor:
    """The pool parallel to the branches: (n, c, h, w) -> the same shape, or about half of it where `pool` is ""."""
    if pool == "average":
        return F.avg_pool2d(x, 3, 1, padding=1, count_include_pad=False)
    return F.max_pool2d(x, 3, 1, padding=1) if pool == "max" else F.max_pool2d(x, 3, 2)


def prepared(x: Tensor) -> Tensor:
    """Images (n, 1 or 3, h, w) in [-1, 1] as the network was trained on them: (v - 128) / 128 of v in [0, 255]."""
    x = resize(in_color(x), SIDE)
    return (x * 127.5 + 127.5 - 128) / 128


def _half(kernel: int | tuple[int, int]) -> int | tuple[int, int]:
    """The padding that keeps the size."""
    return kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
