"""Mel spectra: the loudness of a sound over time in bands that are as wide as the ear hears them.

    mel(f) = 2595 log10(1 + f / 700)        M[b, m] = log(max(Σ_k w_b(k) |X[k, m]|, ε))

with triangles w_b that are evenly spaced in mel and sum to one, so that M is a mean log-magnitude.  What follows it
hears pitch and loudness, and no phases.
"""

import torch
from torch import Tensor, nn

from rivalry.maths.spectra import Frames, griffin_lim

QUIET = 1e-2  # ε, of magnitudes: 76 decibels below those of a full tone in a window of 256 samples


def mel(frequency: Tensor) -> Tensor:
    """Hz -> mel (O'Shaughnessy 1987)."""
    return 2595 * torch.log10(1 + frequency / 700)


def mel_bands(bands: int, bins: int, rate: float) -> Tensor:
    """Weights w of frequencies from 0 to half of the rate: (bands, bins), the sum of each row is 1.

    A triangle is at least one bin wide on both sides, so that none is empty.
    """
    frequency = torch.linspace(0, rate / 2, bins)
    top = mel(torch.tensor(rate / 2))
    center = 700 * (10 ** (torch.linspace(0, float(top), bands + 2) / 2595) - 1)
    side = torch.diff(center).clamp(min=rate / 2 / (bins - 1))  # widths between centers
    off = frequency - center[1:-1, None]
    w = (1 - torch.where(off < 0, -off / side[:-1, None], off / side[1:, None])).clamp(min=0)
    return w / w.sum(1, keepdim=True)


class LogMel(nn.Module):
    """Sounds (n, c, t) -> (n, c, bands, frames), natural logarithms of magnitudes.

    Args:
        frames: how sounds are cut.
        bands: of frequencies, from 0 to half of the rate.
        rate: samples per second.
        quiet: ε; what is fainter is as silence.
    """

    bands: Tensor

    def __init__(self, frames: Frames, bands: int, rate: float, *, quiet: float = QUIET):
        super().__init__()
        self.frames, self.quiet = frames, quiet
        self.register_buffer("bands", mel_bands(bands, frames.bins, rate), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        magnitude = self.frames.spectrum(x.float().flatten(0, 1)).abs()
        return (self.bands @ magnitude).clamp(min=self.quiet).log().unflatten(0, x.shape[:2])

    def magnitude(self, logs: Tensor, steps: int = 30) -> Tensor:
        """Magnitudes (n, c, bins, frames), not negative, whose bands are nearly these (n, c, bands, frames).

        Multiplicative updates from the bands spread back, |X| <- |X| ⊙ wᵀM / wᵀw|X| (Lee & Seung 2001).
        """
        wanted = logs.exp()
        back = self.bands.T @ wanted
        found = (self.bands.T / self.bands.sum(0)[:, None].clamp(min=1e-9)) @ wanted
        for _ in range(steps):
            found = found * back / (self.bands.T @ (self.bands @ found)).clamp(min=1e-12)
        return found

    def griffin_lim(self, logs: Tensor, steps: int = 32) -> Tensor:
        """Sounds (n, c, t) of these mel spectra, without any learning."""
        x = griffin_lim(self.magnitude(logs).flatten(0, 1), self.frames, steps)
        return x.unflatten(0, logs.shape[:2]).clamp(-1, 1)
