"""The share of sounds whose spectrum has its peak at the pitch that was asked for."""

import math
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score

WITHIN = 50.0  # cents, hundredths of a semitone: half of the way to the next pitch
PADDED = 8  # the spectrum is sampled so many times as finely as the sound's length gives


def pitch(
    real: Dataset, fake: Tensor, asked: Tensor, pitches: Tensor, *, provenance: dict[str, Any] | None = None
) -> Score:
    """The share of samples whose spectral peak is within half a semitone of the pitch asked for; higher is better.

    It serves data whose fundamentals are the loudest harmonics, such as `notes`.  Of a generator that does not know the
    pitch asked for, one in as many samples as there are pitches is right.

    Args:
        real: sounds, which tell the rate.
        fake: (n, channels, t).
        asked: (n,) classes.
        pitches: (classes,) Hz.

    Raises:
        BadRequest: no samples, or as many labels as there are not samples.
    """
    n = len(fake)
    if not n or len(asked) != n:
        raise BadRequest(f"pitch needs a label for each sample; got {n} samples and {len(asked)} labels")
    peak = spectral_peak(fake, real.spec.about["rate"])
    cents = 1200 * (peak / pitches.to(peak)[asked.to(peak.device)]).log2().abs()
    hits = int((cents < WITHIN).sum())
    facts = {**(provenance or {}), "n fake": n, "spread": SPREAD_OF_SHARE}
    return Score("pitch", hits / n, n, wilson_error(hits, n), "high", facts, {"interval": wilson(hits, n)})


def spectral_peak(x: Tensor, rate: float) -> Tensor:
    """The frequency at which the spectrum is largest, above that of two periods a sound: (n, c, t) -> (n,) Hz."""
    mono = x.float().mean(1)
    points = PADDED * 2 ** math.ceil(math.log2(mono.shape[1]))
    spectrum = torch.fft.rfft(mono * torch.hann_window(mono.shape[1], device=x.device), points).abs()
    first = 2 * points // mono.shape[1]
    return (spectrum[:, first:].argmax(1) + first) * rate / points
