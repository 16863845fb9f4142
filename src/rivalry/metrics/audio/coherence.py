"""How steadily the phases of a sound's harmonics turn.

    c_k[m] = Σ_t x(t) h(t - m·window) exp(-2πi k f t)
    coherence = Σ_k |Σ_m c_k[m+1] c̄_k[m]|  /  Σ_k Σ_m |c_k[m+1]| |c_k[m]|

f the pitch asked for, k = 1 to 4 its harmonics below half of the rate, h a Hann window, m frames that do not overlap.
The phase of a steady harmonic turns by the same angle from one frame to the next, also if it is a little out of tune,
and the sums add up to 1.  Phases that jump between frames, as those that are found for a magnitude alone, cancel.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score

HARMONICS = 4
FRAMES = 8  # of a sound


def coherence(
    real: Dataset, fake: Tensor, asked: Tensor, pitches: Tensor, *, provenance: dict[str, Any] | None = None
) -> Score:
    """The mean coherence of harmonics' phases over sounds; higher is better.

    Noise has about 0.35 for 8 frames.

    Args:
        real: sounds, which tell the rate.
        fake: (n, channels, t).
        asked: (n,) classes.
        pitches: (classes,) Hz.

    Raises:
        BadRequest: no samples, or as many labels as there are not samples.
    """
    if not len(fake) or len(asked) != len(fake):
        raise BadRequest(f"phase-coherence needs a label for each sample; got {len(fake)} and {len(asked)}")
    each = coherences(fake.float().mean(1), pitches.to(fake)[asked.to(fake.device)], real.spec.about["rate"])
    error = float(each.std() / len(each) ** 0.5) if len(each) > 1 else None
    facts = {**(provenance or {}), "n fake": len(fake), "frames": FRAMES}
    return Score("phase-coherence", float(each.mean()), len(each), error, "high", facts)


def coherences(x: Tensor, pitch: Tensor, rate: float) -> Tensor:
    """The coherence of each sound: (n, t) and its pitch (n,) in Hz -> (n,) from 0 to 1; 0 for silence."""
    window = x.shape[1] // FRAMES
    t = torch.arange(window * FRAMES, device=x.device)
    k = torch.arange(1, HARMONICS + 1, device=x.device)
    turns = pitch[:, None, None] * k[:, None] * t / rate  # (n, harmonics, t)
    weight = (pitch[:, None] * k < rate / 2).to(x)  # of harmonics that there can be
    waves = torch.polar(weight[..., None].expand_as(turns), -2 * torch.pi * (turns % 1))
    cut = (x[:, None, : len(t)] * waves).unflatten(2, (FRAMES, window))
    c = (cut * torch.hann_window(window, device=x.device)).sum(3)  # (n, harmonics, frames)
    step = c[..., 1:] * c[..., :-1].conj()
    return step.sum(2).abs().sum(1) / step.abs().sum((1, 2)).clamp(min=1e-12)
