"""Projected GAN's eyes: maps of a fixed network, mixed at random, and a critic for each of them.

(Sauer, Chitta, Müller & Geiger 2021, "Projected GANs Converge Faster", arXiv 2111.01007, section 3.)  Neither the
network nor the mixing is trained.  The mixing makes the maps of all depths depend on each other, so that a critic
cannot look at one depth alone:

    across channels    m_l = C_l f_l(x)                         C_l: a fixed random 1 x 1 convolution
    across scales      y_L = m_L,  y_l = m_l + S_l up(y_{l+1})    S_l: another; up doubles the side
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.spectral import spectral

Maps = list[Tensor]
SMALLEST = 8  # a map at least as large is halved by its critic


class Fixed(Protocol):
    """A network that is not trained: (n, 3, h, w) in [-1, 1] -> maps at 1/4, 1/8 ... of the side, the largest first."""

    channels: Sequence[int]  # of each map

    def __call__(self, x: Tensor) -> Maps: ...


class Untrained(nn.Module):
    """The control: four convolutions with random weights that stay as they are."""

    channels: Sequence[int] = (24, 40, 80, 160)

    def __init__(self) -> None:
        super().__init__()
        sizes = (3, 16, *self.channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip(sizes, sizes[1:]))
        self.apply(_random)

    def forward(self, x: Tensor) -> Maps:
        maps = [self.layers[0](x).relu()]
        for layer in self.layers[1:]:
            maps.append(layer(maps[-1]).relu())
        return maps[1:]


class Projected(nn.Module):
    """Images (n, 1 or 3, h, w) -> scores (n,), by one critic for each map of a fixed network.

    Args:
        fixed: makes the maps.
        side: pixels of the shorter side that it sees at least.
        width: channels of the largest mixed map; each smaller one has twice as many.
    """

    def __init__(self, fixed: Fixed, *, side: int, width: int):
        super().__init__()
        self.fixed, self.side = fixed, side
        mixed = [width * 2**i for i in range(len(fixed.channels))]
        self.across_channels = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(fixed.channels, mixed))
        self.across_scales = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in zip(mixed, mixed[1:]))
        for part in (self.across_channels, self.across_scales):
            part.apply(_random)
        self.critics = nn.ModuleList(_critic(a, side // 2 ** (i + 2)) for i, a in enumerate(mixed))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([logits.mean(1) for logits in self.judge(self.mixed(x))]).mean(0)

    def judge(self, mixed: Maps) -> Maps:
        """The logits of each critic for its mixed map: (n, places)."""
        return [critic(y).flatten(1) for critic, y in zip(self.critics, mixed)]

    def mixed(self, x: Tensor) -> Maps:
        """The maps y_1 to y_L, the largest first."""
        seen = self.fixed(_at_least(x.expand(-1, 3, -1, -1), self.side))
        maps = [mix(f) for mix, f in zip(self.across_channels, seen)]
        for i in range(len(maps) - 2, -1, -1):
            up = F.interpolate(maps[i + 1], maps[i].shape[2:], mode="bilinear", align_corners=False)
            maps[i] = maps[i] + self.across_scales[i](up)
        return maps


def _at_least(x: Tensor, side: int) -> Tensor:
    """Images whose shorter side is at least so many pixels."""
    scale = side / min(x.shape[2:])
    return x if scale <= 1 else F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def _critic(channels: int, side: int) -> nn.Module:
    """Convolutions that halve a map until its side is under 8, then one logit for each place."""
    halvings = max(1, (side // SMALLEST).bit_length()) if side >= SMALLEST else 0
    layers: list[nn.Module] = [] if halvings else _layer(channels, 3, 1)
    for _ in range(halvings):
        layers += _layer(channels, 4, 2)
    return spectral(nn.Sequential(*layers, nn.Conv2d(channels, 1, 3, padding=1)))


def _layer(channels: int, kernel: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, channels, kernel, stride, 1, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.LeakyReLU(0.2)]


def _random(module: nn.Module) -> None:
    """Weights that keep the scale of what comes in, and are not trained."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
        module.requires_grad_(False)
