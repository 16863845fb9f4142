"""Networks that grow: they begin on images of 4 x 4 and double them, each new layer faded in.

(Karras et al. 2017, "Progressive Growing of GANs", arXiv 1710.10196.)  What is played when is a function of the round's
number (`Schedule`); the networks keep their stage among their buffers.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.conv import Shape, halvings
from rivalry.nn.equalized import EqualConv2d, EqualLinear, minibatch_deviation, pixel_norm

WIDEST = 512


class Stage(NamedTuple):
    """The network of a phase: `level` doublings of the smallest image, the newest of them at a share `alpha`."""

    level: int
    alpha: float


class Schedule(NamedTuple):
    """Level by level: first the new layer fades in, then it is trained; both over `phase` images.

    Attributes:
        phase: real images of a phase.
        batches: of each level, the smallest image first.
    """

    phase: int
    batches: tuple[int, ...]

    def rounds(self, level: int) -> int:
        """Rounds of one phase at this level."""
        return math.ceil(self.phase / self.batches[level])

    def at(self, t: int) -> Stage:
        """The stage of round t."""
        t -= self.rounds(0)
        for level in range(1, len(self.batches)) if t >= 0 else ():
            if t < self.rounds(level):
                return Stage(level, (t + 1) / (self.rounds(level) + 1))
            t -= 2 * self.rounds(level)
            if t < 0:
                return Stage(level, 1.0)
        return Stage(0, 1.0) if t < 0 else Stage(len(self.batches) - 1, 1.0)


class Growing(nn.Module):
    """A network that keeps its stage among its buffers, so that a checkpoint knows it."""

    stage: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("stage", torch.tensor([0.0, 1.0], dtype=torch.float64))
        self.last_read = Stage(0, 1.0)  # the stage when it was last asked for

    def grow(self, stage: Stage) -> None:
        self.stage.copy_(torch.tensor(stage, dtype=torch.float64))

    @property
    def now(self) -> Stage:
        if not torch.compiler.is_compiling():  # a program that is traced has the stage at which it is
            level, alpha = self.stage.tolist()
            self.last_read = Stage(int(level), alpha)
        return self.last_read


class GrowingGenerator(Growing):
    """Codes (n, latent) -> images (n, c, h_level, w_level) of its stage, not bounded."""

    def __init__(self, latent: int, channels: int, small: tuple[int, int], widths: Sequence[int]):
        super().__init__()
        self.small = small
        self.first = EqualLinear(latent, widths[0] * math.prod(small), gain=math.sqrt(2) / 4)
        self.smallest = EqualConv2d(widths[0], widths[0], 3)
        self.wider = nn.ModuleList([EqualConv2d(a, b, 3) for a, b in zip(widths, widths[1:])])
        self.same = nn.ModuleList([EqualConv2d(b, b, 3) for b in widths[1:]])
        self.colors = nn.ModuleList([EqualConv2d(b, channels, 1, gain=1) for b in widths])

    def forward(self, z: Tensor) -> Tensor:
        level, alpha = self.now
        x = self.first(pixel_norm(z)).view(z.shape[0], *self.small, -1).permute(0, 3, 1, 2)
        x = _normed(self.smallest(_normed(x)))
        before = x
        for wider, same in list(zip(self.wider, self.same))[:level]:
            before, x = x, _normed(same(_normed(wider(double(x)))))
        color = self.colors[level](x)
        if alpha == 1:
            return color
        return torch.lerp(double(self.colors[level - 1](before)), color, alpha)


class GrowingCritic(Growing):
    """Images (n, c, h_level, w_level) of its stage -> scores (n,)."""

    def __init__(self, channels: int, small: tuple[int, int], widths: Sequence[int]):
        super().__init__()
        self.colors = nn.ModuleList([EqualConv2d(channels, b, 1) for b in widths])
        self.blocks = nn.ModuleList(  # the i-th halves an image of level i + 1
            nn.Sequential(EqualConv2d(b, b, 3), nn.LeakyReLU(0.2), EqualConv2d(b, a, 3), nn.LeakyReLU(0.2))
            for a, b in zip(widths, widths[1:])
        )
        self.smallest = EqualConv2d(widths[0] + 1, widths[0], 3)
        self.first = EqualLinear(widths[0] * math.prod(small), widths[0], gain=math.sqrt(2))
        self.last = EqualLinear(widths[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.features(x)).squeeze(1)

    def features(self, x: Tensor) -> Tensor:
        """The features of which the score is a linear function: (n, widths[0])."""
        level, alpha = self.now
        h = _bent(self.colors[level](x))
        for i in range(level - 1, -1, -1):
            h = F.avg_pool2d(self.blocks[i](h), 2)
            if i == level - 1 and alpha < 1:
                h = torch.lerp(_bent(self.colors[i](F.avg_pool2d(x, 2))), h, alpha)
        h = _bent(self.smallest(minibatch_deviation(h)))
        return _bent(self.first(h.permute(0, 2, 3, 1).flatten(1)))


def double(x: Tensor) -> Tensor:
    """Every pixel four times: (n, c, h, w) -> (n, c, 2h, 2w)."""
    return F.interpolate(x, scale_factor=2)


def _bent(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def _normed(x: Tensor) -> Tensor:
    return pixel_norm(_bent(x))


def shown(x: Tensor, stage: Stage, small: tuple[int, int], levels: int) -> Tensor:
    """Data (n, c, h, w) as a critic of this stage sees them: smaller, the newest pixels at a share alpha.

    Args:
        small: height and width of the smallest image.
        levels: how often it is doubled in all.  Data that are smaller than that repeat their border.
    """
    h, w = (side * 2**levels for side in small)
    x = F.pad(x, (0, w - x.shape[3], 0, h - x.shape[2]), "replicate")
    x = F.avg_pool2d(x, 2 ** (levels - stage.level))
    return x if stage.alpha == 1 else torch.lerp(double(F.avg_pool2d(x, 2)), x, stage.alpha)


def in_full_size(x: Tensor, stage: Stage, shape: Shape, levels: int) -> Tensor:
    """Images of this stage at the size of the data, however small they are yet: (n, c, ...) -> (n, *shape)."""
    for _ in range(levels - stage.level):
        x = double(x)
    return x[..., : shape[1], : shape[2]]


def smallest(shape: Shape) -> tuple[int, int]:
    """Height and width of the smallest image: the shorter side is 4 to 7."""
    k = halvings(shape)
    return math.ceil(shape[1] / 2**k), math.ceil(shape[2] / 2**k)


def widths_of(shape: Shape, width: int) -> list[int]:
    """The channels of each level, the smallest image first: each halving doubles them, up to 512."""
    return [min(WIDEST, width * 2**i) for i in range(halvings(shape), -1, -1)]


def batches_of(shape: Shape, batch: int, largest: int) -> tuple[int, ...]:
    """The data of a turn at each level, the smallest image first: each halving doubles them, up to `largest`."""
    return tuple(max(batch, min(largest, batch * 2**i)) for i in range(halvings(shape), -1, -1))
