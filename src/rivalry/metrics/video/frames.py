"""How near predicted frames are to the true ones: PSNR, SSIM, and the sharpness difference.

    PSNR = 10 log₁₀ max² / mean (x - y)²
    sharpness difference = 10 log₁₀ max² / mean | (|∂₁x| + |∂₂x|) - (|∂₁y| + |∂₂y|) |

(Mathieu et al. 2015, arXiv 1511.05440, section 4.)  Both are of values from 0 to 1, so that max is 1; of values in
[-1, 1] with a peak of 1, as one known program has it, PSNR is 6.02 dB too low.  The means are over all pixels of all
predicted frames; the details hold the mean over frames of the decibels of each, which a few frames that are nearly
right can raise.

Frames that a game was given, and repeats, are equal to those of the data and are left out.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.image.ssim import WINDOW, similarity
from rivalry.metrics.score import Score

LEAST = 1e-12  # of an error, so that decibels are finite


def psnr(real: Dataset, fake: Tensor, rows: Tensor, *, provenance: dict[str, Any] | None = None) -> Score:
    """Peak signal-to-noise ratio of the predicted frames, in dB; higher is better.

    Args:
        real: clips.
        fake: (n, f, c, h, w) in [-1, 1].
        rows: (n,) the rows of `real` that they continue.
    """
    made, true = predicted(real, fake, rows)
    return _score("psnr", squared_error(made, true), len(fake), provenance)


def sharpness_difference(
    real: Dataset, fake: Tensor, rows: Tensor, *, provenance: dict[str, Any] | None = None
) -> Score:
    """How well the edges of predicted frames agree with the true ones, in dB; higher is better.  As `psnr`."""
    made, true = predicted(real, fake, rows)
    return _score("sharpness-difference", edge_error(made, true), len(fake), provenance)


def ssim(real: Dataset, fake: Tensor, rows: Tensor, *, provenance: dict[str, Any] | None = None) -> Score:
    """Structural similarity of predicted frames, the mean over channels and frames, at most 1.  Arguments as `psnr`.

    Raises:
        BadRequest: frames smaller than the window of 11 pixels.
    """
    made, true = predicted(real, fake, rows)
    if min(made.shape[2:]) < WINDOW:
        raise BadRequest(f"ssim needs frames of at least {WINDOW} x {WINDOW}; got {tuple(made.shape[2:])}")
    each = torch.cat([similarity(*pair)[0].mean(1) for pair in zip(made.split(500), true.split(500))])
    facts = {**(provenance or {}), "n fake": len(fake), "frames": len(each)}
    error = float(each.std() / len(fake) ** 0.5) if len(each) > 1 else None
    return Score("ssim", float(each.mean()), len(fake), error, "high", facts)


def predicted(real: Dataset, fake: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The frames that were predicted and the true ones, in [0, 1]: (m, c, h, w) and (m, c, h, w).

    Raises:
        BadRequest: no frame differs from the data.
    """
    made, true = ((x.float().cpu().flatten(0, 1).clamp(-1, 1) + 1) / 2 for x in (fake, real.rows(rows.cpu())))
    own = (made != true).flatten(1).any(1)
    if not bool(own.any()):
        raise BadRequest("every frame of the samples is that of the data; nothing was predicted")
    return made[own], true[own]


def squared_error(y: Tensor, x: Tensor) -> Tensor:
    """The mean squared error of each picture: two of (m, c, h, w) -> (m,)."""
    return (y - x).square().mean((1, 2, 3))


def edge_error(y: Tensor, x: Tensor) -> Tensor:
    """The mean error of |∂₁| + |∂₂|, where both differences exist: two of (m, c, h, w) -> (m,)."""
    edges = [z.diff(dim=2)[..., 1:].abs() + z.diff(dim=3)[:, :, 1:].abs() for z in (y, x)]
    return (edges[0] - edges[1]).abs().mean((1, 2, 3))


def decibels(error: Tensor) -> Tensor:
    """10 log₁₀ 1 / error."""
    return -10 * error.clamp(min=LEAST).log10()


def _score(name: str, each: Tensor, n: int, provenance: dict[str, Any] | None) -> Score:
    """Of the mean error; its spread is that of the mean error, carried to decibels, for as many draws as clips."""
    mean = each.mean()
    spread = float(10 / torch.log(torch.tensor(10.0)) * each.std() / n**0.5 / mean) if len(each) > 1 else None
    facts = {**(provenance or {}), "n fake": n, "frames": len(each)}
    details = {"mean of decibels": float(decibels(each).mean())}
    return Score(name, float(decibels(mean)), n, spread, "high", facts, details)
