"""HiFi-GAN's networks: from a mel spectrum to a waveform, and critics of a waveform's periods and scales.

(Kong, Kim & Bae 2020, arXiv 2010.05646, section 2 and appendix A.)
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from rivalry.nn.spectral import spectral_norm

PERIODS = (2, 3, 5, 7, 11)
SCALES = 3  # the waveform, and means of 2 and of 4 samples
KERNELS, DILATIONS = (3, 5, 7), ((1, 2), (2, 6), (3, 12))  # of the residual blocks of the paper's V3
SLOPE = 0.1


def strides_of(hop: int) -> list[int]:
    """The steps in which a frame becomes `hop` samples, a power of two: as many of 8 as there can be, then the rest."""
    k = int(math.log2(hop))
    return [8] * (k // 3) + [2 ** (k % 3)] * (k % 3 > 0)


class ResidualBlocks(nn.Module):
    """The mean of residual blocks with several kernels, each of two dilated convolutions: (n, c, t) -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.ModuleList(
                weight_norm(nn.Conv1d(channels, channels, kernel, dilation=d, padding=d * (kernel // 2)))
                for d in dilations
            )
            for kernel, dilations in zip(KERNELS, DILATIONS)
        )

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for block in self.blocks:
            y = x
            for conv in block:  # type: ignore[attr-defined]
                y = y + conv(F.leaky_relu(y, SLOPE))
            found.append(y)
        return torch.stack(found).mean(0)


class MelToWave(nn.Module):
    """Mel spectra (n, bands, frames) -> waveforms (n, 1, frames · hop) in [-1, 1].

    Args:
        hop: samples from one frame to the next, a power of two.
        width: channels before the first step; each step halves them.
    """

    def __init__(self, bands: int, hop: int, *, width: int):
        super().__init__()
        steps = strides_of(hop)
        sizes = [max(4, width // 2**i) for i in range(len(steps) + 1)]
        self.first = weight_norm(nn.Conv1d(bands, width, 7, padding=3))
        self.ups = nn.ModuleList(
            weight_norm(nn.ConvTranspose1d(a, b, 2 * s, s, s // 2))
            for a, b, s in zip(sizes, sizes[1:], steps)
        )
        self.same = nn.ModuleList(ResidualBlocks(b) for b in sizes[1:])
        self.last = weight_norm(nn.Conv1d(sizes[-1], 1, 7, padding=3))

    def forward(self, mel: Tensor) -> Tensor:
        x = self.first(mel)
        for up, same in zip(self.ups, self.same):
            x = same(up(F.leaky_relu(x, SLOPE)))
        return self.last(F.leaky_relu(x, SLOPE)).tanh()


class Look(NamedTuple):
    """What one critic says of waveforms: scores (n, ...) of places, real is high, and the maps of its layers."""

    scores: Tensor
    maps: list[Tensor]


class LayeredCritic(nn.Module):
    """Convolutions whose maps are kept, and one more that gives the scores."""

    def __init__(self, layers: Sequence[nn.Module], last: nn.Module):
        super().__init__()
        self.layers, self.last = nn.ModuleList(layers), last

    def forward(self, x: Tensor) -> Look:
        maps = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), SLOPE)
            maps.append(x)
        return Look(self.last(x), maps)


class PeriodCritic(LayeredCritic):
    """Judges every p-th sample together: (n, 1, t) is laid out as (n, 1, t / p, p), and each column is walked."""

    def __init__(self, period: int, width: int):
        sizes = [1, width, 4 * width, 8 * width]
        layers = [weight_norm(nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0))) for a, b in zip(sizes, sizes[1:])]
        super().__init__(layers, weight_norm(nn.Conv2d(sizes[-1], 1, (3, 1), 1, (1, 0))))
        self.period = period

    def forward(self, x: Tensor) -> Look:
        return super().forward(folded(x, self.period))


class ScaleCritic(LayeredCritic):
    """Judges means of `pool` samples in sequence; the critic of the waveform itself is spectrally normalized."""

    def __init__(self, pool: int, width: int):
        norm = spectral_norm if pool == 1 else weight_norm
        sizes = [width, 2 * width, 4 * width, 8 * width]
        layers = [norm(nn.Conv1d(1, width, 15, padding=7))]
        layers += [norm(nn.Conv1d(a, b, 21, 4, 10, groups=4)) for a, b in zip(sizes, sizes[1:])]
        super().__init__(layers, norm(nn.Conv1d(sizes[-1], 1, 3, padding=1)))
        self.pool = pool

    def forward(self, x: Tensor) -> Look:
        return super().forward(F.avg_pool1d(x, self.pool) if self.pool > 1 else x)


class WaveCritics(nn.Module):
    """All critics of periods and scales: waveforms (n, 1, t) -> a `Look` of each."""

    def __init__(self, width: int):
        super().__init__()
        scales = [ScaleCritic(2**i, width) for i in range(SCALES)]
        self.critics = nn.ModuleList([*(PeriodCritic(p, width) for p in PERIODS), *scales])

    def forward(self, x: Tensor) -> list[Look]:
        return [critic(x) for critic in self.critics]


def folded(x: Tensor, period: int) -> Tensor:
    """(n, 1, t) -> (n, 1, ⌈t / p⌉, p), mirrored at the end."""
    missing = -x.shape[-1] % period
    return F.pad(x, (0, missing), mode="reflect").unflatten(2, (-1, period))
