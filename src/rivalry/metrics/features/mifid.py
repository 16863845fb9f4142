"""The memorization-informed FID: a Fréchet distance that copies of the training data make worse.

    MiFID = FID / M,    M = mean over fakes of min over training rows of 1 - |cos|  where below eps, else 1

Bai et al. 2021, "On Training Sample Memorization: Lessons from Benchmarking Generative Modeling with a Large-scale
Competition" (arXiv 2106.03062): the score of that competition on Kaggle, with eps = 0.1.  The minimum is over
*training rows for each fake*.  Taken the other way round, over fakes for each training row, a generator that
repeats a few rows goes unpunished.  Blind to a part of copies among fresh samples: the mean stays above eps,
and only the share in the details tells.

Deviation: a fake of all zeros, which has no direction, counts as at right angles to everything; the competition's
code leaves it out.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.frechet import Moments, frechet_distance, frechet_of_few
from rivalry.metrics.features.neighbors import CHUNK, squared_distances
from rivalry.metrics.score import Score

TINY = 1e-14  # the competition's code adds it to M, which is 0 where all are copies


def mifid(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    eps: float = 0.1,
    resamples: int | None = None,
) -> Score:
    """FID over the mean cosine distance from the training data; 0 or more, lower is better.

    The plain FID where nothing is copied; beyond 1e10 where everything is.  Its details hold the `fid`, `m` (the
    mean distance, in [0, 1], before the threshold) and `within` (the share of fakes with a training row nearer
    than eps).

    Args:
        real_features: (n, d) of the data that the generator was trained on, all of them.
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        eps: the mean cosine distance below which copying is punished, in (0, 1].
        resamples: bootstrap resamples for the spread; 20, or 5 for features wider than 512, and 0 for none.

    Raises:
        BadRequest: eps out of range, fewer than 2 samples a side, widths that differ, values not finite, constant
            real ones.
    """
    if not 0 < eps <= 1:
        raise BadRequest(f"mifid needs eps in (0, 1], a cosine distance; got {eps:g}")
    require_comparable("mifid", real_features, fake_features, least=2)
    n, d = fake_features.shape
    if resamples is None:
        resamples = 20 if d <= 512 else 5
    away = cosine_distances(fake_features, real_features)
    distance = _distance_to(real_features, n)
    plain = distance(fake_features)
    generator = torch.Generator().manual_seed(0)
    again = []
    for _ in range(resamples):
        rows = torch.randint(n, (n,), generator=generator)
        again.append(distance(fake_features[rows]) / penalty(away[rows], eps))
    facts = {
        "n real": len(real_features),
        "n fake": n,
        "eps": eps,
        "spread": f"standard deviation over {resamples} bootstrap resamples of the fakes",
    }
    return Score(
        f"mifid[{features}]",
        plain / penalty(away, eps),
        n,
        float(torch.tensor(again, dtype=torch.float64).std()) if resamples > 1 else None,
        "low",
        {**(provenance or {}), **facts},
        {"fid": plain, "m": float(away.mean()), "within": float((away < eps).double().mean())},
    )


def _distance_to(real: Tensor, most: int) -> Callable[[Tensor], float]:
    """The squared Fréchet distance of fakes (m, d) from these reals (n, d), whose moments are taken once.

    Args:
        most: the largest m that it will be asked for.
    """
    if max(len(real), most) <= real.shape[1]:
        return lambda fake: frechet_of_few(real, fake)
    moments = Moments.of(real)
    return lambda fake: frechet_distance(moments, Moments.of(fake))


def penalty(away: Tensor, eps: float) -> float:
    """The divisor of FID: M where it is below eps, else 1."""
    mean = float(away.mean())
    return (mean if mean < eps else 1.0) + TINY


def cosine_distances(x: Tensor, y: Tensor, chunk: int = CHUNK) -> Tensor:
    """For each of x (n, d) the least 1 - |cos| over y (m, d): (n,) float64 in [0, 1], exactly 0 for a copy.

    Between unit vectors |u - v|² = 2 - 2 cos, and |u + v|² = 4 - |u - v|².
    """
    directed = F.normalize(y[y.any(1)])
    least = []
    for rows in F.normalize(x).split(chunk):
        apart = squared_distances(rows, directed)
        least.append(torch.minimum(apart.amin(1), 4 - apart.amax(1)).clamp(0, 2) / 2)
    return torch.cat(least).double().masked_fill(~x.any(1), 1.0)
