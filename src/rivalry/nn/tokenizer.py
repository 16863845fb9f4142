"""Convolutional networks between images and small maps that are quantized: VQGAN's encoder and decoder, in small.

(Esser et al. 2020, arXiv 2012.09841, table 8.)  Images of any size are padded until they halve evenly.
"""

import math

from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.conv import Shape


def norm(channels: int) -> nn.Module:
    """Normalization in groups of four channels or more, so that no channel loses its mean."""
    return nn.GroupNorm(math.gcd(8, max(1, channels // 4), channels), channels)


class Residual(nn.Module):
    """Twice norm - SiLU - 3 x 3, added to the input: (n, c, h, w) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        part = lambda: (norm(channels), nn.SiLU(), nn.Conv2d(channels, channels, 3, 1, 1))
        self.body = nn.Sequential(*part(), *part())

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class MapEncoder(nn.Module):
    """Images (n, c, h, w) -> maps (n, size, h/2^k, w/2^k), sides rounded up.

    Args:
        halvings: k.
    """

    def __init__(self, shape: Shape, size: int, *, width: int, halvings: int):
        super().__init__()
        self.sides, sizes = padded(shape, halvings), [shape[0], *widths(width, halvings)]
        layers: list[nn.Module] = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Conv2d(a, b, 4, 2, 1), Residual(b)]
        self.body = nn.Sequential(*layers, norm(sizes[-1]), nn.SiLU(), nn.Conv2d(sizes[-1], size, 1))

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        return self.body(F.pad(x, (0, self.sides[1] - w, 0, self.sides[0] - h), "replicate"))


class MapDecoder(nn.Module):
    """Maps (n, size, h/2^k, w/2^k) -> images (n, c, h, w), not bounded."""

    def __init__(self, shape: Shape, size: int, *, width: int, halvings: int):
        super().__init__()
        self.shape, sizes = shape, widths(width, halvings)[::-1]
        layers: list[nn.Module] = [nn.Conv2d(size, sizes[0], 3, 1, 1), Residual(sizes[0])]
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(a, b, 3, 1, 1), Residual(b)]
        self.body = nn.Sequential(*layers, nn.Upsample(scale_factor=2), norm(sizes[-1]), nn.SiLU())
        self.last = nn.Conv2d(sizes[-1], shape[0], 3, 1, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.last(self.body(z))[..., : self.shape[1], : self.shape[2]]


def widths(width: int, halvings: int) -> list[int]:
    """Channels after each halving: `width`, then twice as many."""
    return [width * min(2**i, 2) for i in range(halvings)]


def padded(shape: Shape, halvings: int) -> tuple[int, int]:
    """The sides of an image, rounded up until they halve evenly."""
    h, w = (math.ceil(side / 2**halvings) * 2**halvings for side in shape[1:])
    return h, w
