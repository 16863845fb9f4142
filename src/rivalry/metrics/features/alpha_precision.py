"""α-precision and β-recall: are the fakes where the typical data are, share by share, and the data where the fakes are?

    P(α) = share of fakes within the ball of radius r(α) around the data's center, which holds a share α of the data
    R(β) = share of data whose nearest fake among the β typical ones is as near as another datum,
    score = 1 - 2 ∫ |P(α) - α| dα,  and the same of R(β)

Alaa et al. 2022, "How Faithful is your Synthetic Data? Sample-level Metrics for Evaluating and Auditing Generative
Models" (arXiv 2102.08921).  Both are near 1 for fakes like the data; a curve over the diagonal tells of fakes that
crowd into the typical, one under it of fakes outside.

Deviation: the paper embeds samples into a ball by a one-class network; here the ball is that of the features, around
the mean of each side.  A datum's own ball reaches to its nearest other.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import centered, evened, nearest, radii
from rivalry.metrics.score import Score

STEPS = 30


def alpha_precision(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> list[Score]:
    """Two scores in [0, 1], both high where fakes and data are alike; the details hold the curves at 1/30, 2/30, ... 1.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the scores'.
        most: how many a side are used at most, evenly spaced; both sides are cut to the same number.

    Raises:
        BadRequest: fewer than 30 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("alpha-precision", real_features, fake_features, least=STEPS)
    real, fake = centered(*evened(real_features, fake_features, most))
    levels = torch.arange(1, STEPS + 1, dtype=torch.float64) / STEPS
    facts = {**(provenance or {}), "n real": len(real), "n fake": len(fake)}
    curves = {
        "alpha-precision": precision_curve(real, fake, levels),
        "beta-recall": recall_curve(real, fake, levels),
    }
    return [
        Score(
            f"{name}[{features}]",
            closeness(curve, levels),
            len(fake),
            None,
            "high",
            facts,
            {"curve": curve.tolist()},
        )
        for name, curve in curves.items()
    ]


def closeness(curve: Tensor, levels: Tensor) -> float:
    """1 - Σ |curve - level| / Σ level: 1 on the diagonal, and 0 where the curve is 0 throughout."""
    return 1 - float((curve - levels).abs().sum() / levels.sum())


def precision_curve(real: Tensor, fake: Tensor, levels: Tensor) -> Tensor:
    """The share of fakes within the ball that holds each share of the data: (levels,) float64."""
    away_real, away_fake = from_center(real, real), from_center(fake, real)
    radius = away_real.sort().values[(levels * len(real)).round().long() - 1]
    return (away_fake[:, None] <= radius).double().mean(0).cpu()


def recall_curve(real: Tensor, fake: Tensor, levels: Tensor) -> Tensor:
    """The share of data that have a fake at hand, among the share of fakes nearest to their center: (levels,)."""
    (reach,) = radii(real, [1])
    apart, row = nearest(real, fake)
    rank = torch.empty(len(fake), dtype=torch.float64)
    rank[from_center(fake, fake).argsort()] = torch.arange(1, len(fake) + 1, dtype=torch.float64) / len(fake)
    covered = apart <= reach
    return (covered[:, None] & (rank[row][:, None] <= levels)).double().mean(0)


def from_center(x: Tensor, of: Tensor) -> Tensor:
    return (x - of.mean(0)).square().sum(1)
