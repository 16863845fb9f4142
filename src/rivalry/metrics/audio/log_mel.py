"""How far the mel spectrum of a sound is from that of the sound that it was made for."""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.maths.mel import LogMel
from rivalry.maths.spectra import Frames
from rivalry.metrics.score import Score

BANDS, WINDOW = 40, 256


def log_mel_distance(
    real: Dataset, fake: Tensor, rows: Tensor, *, provenance: dict[str, Any] | None = None
) -> Score:
    """The mean of |log mel X - log mel Y| over samples X and the data Y that they were made for; lower is better.

    It is in natural logarithms of magnitudes: 0.115 is a decibel.  It is 0 for equal sounds, whatever their phases.

    Args:
        real: sounds, which tell the rate.
        fake: (n, channels, t).
        rows: (n,) the rows of `real` that they were made for.

    Raises:
        BadRequest: no samples.
    """
    if not len(fake):
        raise BadRequest("log-mel-distance needs at least 1 sample; got none")
    t = fake.shape[-1]
    window = min(WINDOW, t // 4 * 2)
    mel = LogMel(Frames(t, window, max(1, window // 4)), BANDS, real.spec.about["rate"])
    each = (mel(fake.cpu()) - mel(real.rows(rows.cpu()))).abs().flatten(1).mean(1)
    error = float(each.std() / len(each) ** 0.5) if len(each) > 1 else None
    facts = {**(provenance or {}), "n fake": len(fake), "bands": BANDS, "window": window}
    return Score("log-mel-distance", float(torch.mean(each)), len(fake), error, "low", facts)
