"""FastGAN's networks: excitation across resolutions, and a critic that draws again what it was shown.

(Liu et al. 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis",
arXiv 2101.04775, figures 3 and 4.)  For images of any size from 8 x 8 on.  Channels double with each halving of the
image, up to 16 times those near it.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.conv import Shape, halvings, init_normal
from rivalry.nn.spectral import spectral

MOST = 16  # times the channels near the image
ACROSS = 3  # doublings between a map and the one that it excites


def channels_at(width: int, halvings: int) -> int:
    """Channels of a map of the image that is halved so often."""
    return width * min(MOST, 2**halvings)


class Doubled(nn.Sequential):
    """(n, a, h, w) -> (n, b, 2h, 2w): nearest neighbors, a convolution, batch norm, a gated linear unit."""

    def __init__(self, a: int, b: int):
        super().__init__(
            nn.Upsample(scale_factor=2),
            nn.Conv2d(a, 2 * b, 3, padding=1, bias=False),
            nn.BatchNorm2d(2 * b),
            nn.GLU(1),
        )


class Excitation(nn.Module):
    """Skip-layer excitation: each channel of a large map is scaled by what a small map says (equation 1).

    y = F(small) · large,    F: pooled to 4 x 4, a convolution to 1 x 1, another, a sigmoid
    """

    def __init__(self, small: int, large: int):
        super().__init__()
        self.F = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),
            nn.Conv2d(small, large, 4, bias=False),
            nn.LeakyReLU(0.1),
            nn.Conv2d(large, large, 1, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, small: Tensor, large: Tensor) -> Tensor:
        return self.F(small) * large


class LightGenerator(nn.Module):
    """Codes (n, latent) -> images (n, c, h, w) in [-1, 1], from a map whose shorter side is 4 to 7."""

    def __init__(self, latent: int, shape: Shape, *, width: int):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        self.shape, self.small = shape, (math.ceil(h / 2**k), math.ceil(w / 2**k))
        channels = [channels_at(width, i) for i in range(k, -1, -1)]
        self.first = nn.Linear(latent, 2 * channels[0] * math.prod(self.small), bias=False)
        self.start = nn.Sequential(nn.BatchNorm2d(2 * channels[0]), nn.GLU(1))
        self.doubled = nn.ModuleList(Doubled(channels[i], channels[i + 1]) for i in range(k))
        pairs = [(i - ACROSS, i) for i in range(ACROSS, k + 1)]
        self.excite = nn.ModuleDict({str(j): Excitation(channels[i], channels[j]) for i, j in pairs})
        self.last = nn.Conv2d(channels[-1], c, 3, padding=1)
        self.apply(init_normal)

    def forward(self, z: Tensor) -> Tensor:
        maps = [self.start(self.first(z).view(len(z), -1, *self.small))]
        for j, double in enumerate(self.doubled, 1):
            x = double(maps[-1])
            maps.append(self.excite[str(j)](maps[j - ACROSS], x) if str(j) in self.excite else x)
        return self.last(maps[-1]).tanh()[..., : self.shape[1], : self.shape[2]]


class Halved(nn.Module):
    """(n, a, h, w) -> (n, b, h/2, w/2): the mean of a path of two convolutions and one of pooling and one."""

    def __init__(self, a: int, b: int):
        super().__init__()
        self.deep = nn.Sequential(
            nn.Conv2d(a, b, 4, 2, 1, bias=False),
            nn.BatchNorm2d(b),
            nn.LeakyReLU(0.2),
            nn.Conv2d(b, b, 3, padding=1, bias=False),
            nn.BatchNorm2d(b),
            nn.LeakyReLU(0.2),
        )
        self.short = nn.Sequential(
            nn.AvgPool2d(2), nn.Conv2d(a, b, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return (self.deep(x) + self.short(x)) / 2


class LightCritic(nn.Module):
    """Images (n, c, h, w) -> scores (n,): the mean of logits of overlapping places, from a map whose shorter side is
    6 to 11 (4 or 5 of the smallest images).

    `again` are small decoders that draw the image at half its size from the last map, and a quarter of it from a
    quarter of the map before the last.  Both have as many pixels.
    """

    def __init__(self, shape: Shape, *, width: int):
        super().__init__()
        c, h, w = shape
        n = max(1, round(math.log2(min(h, w) / 8)))  # halvings
        self.side = tuple(math.ceil(s / 2**n) * 2**n for s in (h, w))  # sides that halve evenly
        channels = [channels_at(width, i) for i in range(n + 1)]
        self.first = nn.Sequential(nn.Conv2d(c, channels[1], 4, 2, 1), nn.LeakyReLU(0.2))
        self.halved = nn.ModuleList(Halved(channels[i], channels[i + 1]) for i in range(1, n))
        self.last = nn.Sequential(
            nn.Conv2d(channels[n], channels[n], 1, bias=False),
            nn.BatchNorm2d(channels[n]),
            nn.LeakyReLU(0.2),
            nn.Conv2d(channels[n], 1, 4, bias=False),
        )
        self.apply(init_normal)
        spectral(self)
        self.again = nn.ModuleList(_decoder(a, c, width, n - 1) for a in channels[n : max(0, n - 2) : -1])

    def forward(self, x: Tensor) -> Tensor:
        return self.judge(x)[0].mean(1)

    def judge(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Logits (n, places), and the last map and the one before it, where there is one."""
        maps = [self.first(self.padded(x))]
        for halve in self.halved:
            maps.append(halve(maps[-1]))
        return self.last(maps[-1]).flatten(1), maps[: -len(self.again) - 1 : -1]

    def error(self, x: Tensor, maps: list[Tensor], quarter: int) -> Tensor:
        """Mean absolute difference between what is drawn from the maps of `judge` and the images x they came from.

        Args:
            quarter: 0 to 3, the part of the images that is drawn from the map before the last.
        """
        x = self.padded(x)
        shown = [(maps[0], F.avg_pool2d(x, 2))]
        shown += [(quarter_of(before, quarter), quarter_of(x, quarter)) for before in maps[1:]]
        errors = [(draw(seen) - true).abs().mean() for draw, (seen, true) in zip(self.again, shown)]
        return torch.stack(errors).sum()

    def padded(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        return F.pad(x, (0, self.side[1] - w, 0, self.side[0] - h), "replicate")


def quarter_of(x: Tensor, which: int) -> Tensor:
    """A quarter of maps (n, c, h, w) with even sides: upper left, upper right, lower left, lower right."""
    h, w = x.shape[2] // 2, x.shape[3] // 2
    top, left = which // 2 * h, which % 2 * w
    return x[:, :, top : top + h, left : left + w]


def _decoder(a: int, c: int, width: int, doublings: int) -> nn.Sequential:
    """A map of `a` channels -> an image of c, 2^doublings times as large."""
    sizes = [a, *(channels_at(width, i) for i in range(doublings - 1, -1, -1))]
    body = [Doubled(p, q) for p, q in zip(sizes, sizes[1:])]
    return nn.Sequential(*body, nn.Conv2d(sizes[-1], c, 3, padding=1), nn.Tanh())
