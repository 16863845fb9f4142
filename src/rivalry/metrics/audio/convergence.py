"""How far the spectrogram of a sound is from that of the sound that it was made for."""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.maths.spectra import Frames, spectral_convergence
from rivalry.metrics.score import Score

WINDOW = 256  # samples of a frame, or half of a sound that is shorter than twice as many


def convergence(
    real: Dataset, fake: Tensor, rows: Tensor, *, provenance: dict[str, Any] | None = None
) -> Score:
    """The mean of ‖|X| - |Y|‖ / ‖|Y|‖ over samples X and the data Y that they were made for; lower is better.

    It is 0 for equal magnitudes, whatever the phases are, and 1 for silence.

    Args:
        real: sounds.
        fake: (n, channels, t).
        rows: (n,) the rows of `real` that they were made for.

    Raises:
        BadRequest: no samples.
    """
    if not len(fake):
        raise BadRequest("spectral-convergence needs at least 1 sample; got none")
    t = fake.shape[-1]
    window = min(WINDOW, t // 4 * 2)
    frames = Frames(t, window, max(1, window // 4))
    wanted = real.rows(rows.cpu())
    sides = [frames.spectrum(x.float().cpu().flatten(0, 1)).abs() for x in (fake, wanted)]
    each = spectral_convergence(*(side.unflatten(0, fake.shape[:2]).flatten(1, 2) for side in sides))
    error = float(each.std() / len(each) ** 0.5) if len(each) > 1 else None
    facts = {**(provenance or {}), "n fake": len(fake), "window": window}
    return Score("spectral-convergence", float(torch.mean(each)), len(fake), error, "low", facts)
