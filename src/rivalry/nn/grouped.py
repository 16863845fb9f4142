"""R3GAN's networks: residual blocks of grouped convolutions, without norms, between bilinear resampling.

    block    x + 1 x 1 (rectifier(3 x 3 grouped (rectifier(1 x 1 (x))))), twice the channels inside

(Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern GAN Baseline", arXiv 2501.05441, section 3 and
appendix: configuration E.)  Convolutions have no bias, rectifiers one before them.  The scale is kept by the start
(Zhang et al. 2019, "Fixup Initialization", arXiv 1901.09321): the last convolution of a block is 0, the others are
smaller by L^(-1/4), L the number of blocks.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.conv import Shape, halvings
from rivalry.nn.style import double_smoothly, halve_smoothly

EXPANSION = 2  # channels inside a block, in parts of those outside
GROUP = 16  # channels of a group: 96 groups of the paper's 768 · 2
WIDEST = 768
SLOPE = 0.2


class Rectifier(nn.Module):
    """Leaky ReLU of x + bias: (n, channels, h, w) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x + self.bias, SLOPE)


class Block(nn.Module):
    """(n, channels, h, w) -> the same; at first the identity.

    Args:
        blocks: L, the number of blocks in the network.
    """

    def __init__(self, channels: int, blocks: int):
        super().__init__()
        inner = EXPANSION * channels
        gain = math.sqrt(2 / (1 + SLOPE**2)) * blocks ** (-1 / 4)
        self.body = nn.Sequential(
            _conv(channels, inner, 1, gain=gain),
            Rectifier(inner),
            _conv(inner, inner, 3, gain=gain, groups=groups_of(inner)),
            Rectifier(inner),
            _conv(inner, channels, 1, gain=0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class GroupedGenerator(nn.Module):
    """Codes (n, latent) -> images (n, c, h, w), bounded to [-1, 1] only in evaluation.

    A learned map, scaled channel by channel by a linear function of the code; at each size two blocks.

    Args:
        width: channels at full size; each halving doubles them, up to 768.
        blocks: at each size.
    """

    def __init__(self, latent: int, shape: Shape, *, width: int, blocks: int = 2):
        super().__init__()
        self.shape, widths, small = shape, widths_of(shape, width), _smallest(shape)
        self.basis = nn.Parameter(torch.randn(widths[0], *small))
        self.first = nn.Linear(latent, widths[0], bias=False)
        nn.init.normal_(self.first.weight, 0.0, 1 / math.sqrt(latent))
        every = blocks * len(widths)
        self.stages = nn.ModuleList([_stage(k, blocks, every) for k in widths])
        self.steps = nn.ModuleList([_conv(a, b, 1) for a, b in zip(widths, widths[1:])])
        self.last = _conv(widths[-1], shape[0], 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.stages[0](self.basis * self.first(z)[..., None, None])
        for step, stage in zip(self.steps, list(self.stages)[1:]):
            x = stage(double_smoothly(step(x)))
        x = self.last(x)[..., : self.shape[1], : self.shape[2]]
        return x if self.training else x.clamp(-1, 1)


class GroupedCritic(nn.Module):
    """Images (n, c, h, w) -> scores (n,): the generator's stages in the other direction, then a filter as large as
    the smallest map for each channel, and a linear layer.  Images are continued at the border to the size that halves
    evenly."""

    def __init__(self, shape: Shape, *, width: int, blocks: int = 2):
        super().__init__()
        widths, small = widths_of(shape, width)[::-1], _smallest(shape)
        self.side = tuple(s * 2 ** (len(widths) - 1) for s in small)
        every = blocks * len(widths)
        self.first = _conv(shape[0], widths[0], 1)
        self.stages = nn.ModuleList([_stage(k, blocks, every) for k in widths])
        self.steps = nn.ModuleList([_conv(a, b, 1) for a, b in zip(widths, widths[1:])])
        self.whole = nn.Conv2d(widths[-1], widths[-1], small, groups=widths[-1], bias=False)
        nn.init.normal_(self.whole.weight, 0.0, 1 / math.sqrt(math.prod(small)))
        self.last = nn.Linear(widths[-1], 1, bias=False)
        nn.init.normal_(self.last.weight, 0.0, 1 / math.sqrt(widths[-1]))

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, self.side[1] - x.shape[3], 0, self.side[0] - x.shape[2]), "replicate")
        x = self.stages[0](self.first(x))
        for step, stage in zip(self.steps, list(self.stages)[1:]):
            x = stage(step(halve_smoothly(x)))
        return self.last(self.whole(x).flatten(1)).squeeze(1)


def widths_of(shape: Shape, width: int) -> list[int]:
    """Channels of each size, the smallest map first."""
    return [min(WIDEST, width * 2**i) for i in range(halvings(shape), -1, -1)]


def groups_of(channels: int) -> int:
    """How many groups: of 16 channels, or of as few more as divide them."""
    return next(k for k in range(max(1, channels // GROUP), 0, -1) if channels % k == 0)


def _smallest(shape: Shape) -> tuple[int, int]:
    k = halvings(shape)
    return math.ceil(shape[1] / 2**k), math.ceil(shape[2] / 2**k)


def _stage(channels: int, blocks: int, every: int) -> nn.Sequential:
    return nn.Sequential(*[Block(channels, every) for _ in range(blocks)])


def _conv(a: int, b: int, kernel: int, *, gain: float = 1.0, groups: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size, without bias; weights from N(0, gain² / fan-in)."""
    conv = nn.Conv2d(a, b, kernel, padding=kernel // 2, groups=groups, bias=False)
    nn.init.normal_(conv.weight, 0.0, gain / math.sqrt(a // groups * kernel**2))
    return conv
