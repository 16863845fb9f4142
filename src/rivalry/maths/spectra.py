"""Sounds as pictures of their frequencies over time, and back.

    X[k, m] = Σ_t x(t) h(t - m·hop) exp(-2πi k t / window),   h a Hann window

A picture holds log-magnitudes log(|X| + ε), and with them the instantaneous frequency, which is how far the phase of a
bin turns from one frame to the next, in units of π (Engel et al. 2019, GANSynth, arXiv 1902.08710, section 2.1).
Without phases Griffin-Lim finds some that fit (Griffin & Lim 1984; `griffin_lim`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

FLOOR = 1e-6  # ε


@dataclass(frozen=True)
class Frames:
    """How sounds of `length` samples are cut into overlapping frames.

    Attributes:
        length: samples of a sound.
        window: samples of a frame, even.
        hop: samples from one frame to the next, at most half of a window.
    """

    length: int
    window: int
    hop: int

    @property
    def bins(self) -> int:
        return self.window // 2 + 1

    @property
    def frames(self) -> int:
        return self.length // self.hop + 1

    def spectrum(self, x: Tensor) -> Tensor:
        """(n, t) -> complex (n, bins, frames).  A sound is mirrored at its ends, so that frames are centered."""
        window = torch.hann_window(self.window, device=x.device)
        return torch.stft(x, self.window, self.hop, window=window, return_complex=True)

    def sound(self, spectrum: Tensor) -> Tensor:
        """The sound whose spectrum is nearest in squares: (n, bins, frames) -> (n, t)."""
        window = torch.hann_window(self.window, device=spectrum.device)
        return torch.istft(spectrum, self.window, self.hop, window=window, length=self.length)


def log_magnitude(spectrum: Tensor) -> Tensor:
    """log(|X| + ε)."""
    return (spectrum.abs() + FLOOR).log()


def magnitude_of(log_magnitude: Tensor) -> Tensor:
    """The inverse of `log_magnitude`."""
    return (log_magnitude.exp() - FLOOR).clamp(min=0)


def instantaneous_frequency(spectrum: Tensor) -> Tensor:
    """The turn of each bin's phase since the frame before, in [-1, 1] of π: (n, bins, frames), the first since 0."""
    turn = torch.diff(spectrum.angle(), dim=2, prepend=torch.zeros_like(spectrum.real[..., :1]))
    return torch.remainder(turn / torch.pi + 1, 2) - 1


def from_frequency(log_magnitude: Tensor, frequency: Tensor) -> Tensor:
    """The spectrum of a log-magnitude and an instantaneous frequency: the inverse of both functions above."""
    phase = torch.pi * frequency.double().cumsum(2)
    return torch.polar(magnitude_of(log_magnitude), torch.remainder(phase, 2 * torch.pi).float())


def griffin_lim(magnitude: Tensor, frames: Frames, steps: int = 16) -> Tensor:
    """A sound whose spectrum has nearly these magnitudes: (n, bins, frames) -> (n, t).

    Each step takes the phases of the sound that lies nearest to the present spectrum (Griffin & Lim 1984, "Signal
    estimation from modified short-time Fourier transform").  The first phases are those of a bin's own frequency, so
    nothing is random.
    """
    turns = torch.arange(frames.bins).outer(torch.arange(magnitude.shape[2])) * frames.hop / frames.window
    phase = (2 * torch.pi * (turns % 1)).to(magnitude.device).expand_as(magnitude)
    for _ in range(steps):
        phase = frames.spectrum(frames.sound(torch.polar(magnitude, phase))).angle()
    return frames.sound(torch.polar(magnitude, phase))


def spectral_convergence(found: Tensor, wanted: Tensor) -> Tensor:
    """‖|X| - |Y|‖ / ‖|Y|‖ of magnitudes found and wanted, 0 where they are equal: both (n, bins, frames) -> (n,)."""
    return (found - wanted).flatten(1).norm(dim=1) / wanted.flatten(1).norm(dim=1).clamp(min=1e-12)
