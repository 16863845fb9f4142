"""The PRD curve: every precision that goes with a recall, between two sets of features cut into clusters.

    α(λ) = Σ_c min(λ P(c), Q(c)),    β(λ) = α(λ) / λ,    λ = tan(angle),   P of the data, Q of the fakes

Sajjadi et al. 2018, "Assessing Generative Models via Precision and Recall" (arXiv 1806.00035): features of both sides
are clustered together into 20, over 10 draws of centers, and the curves are averaged.  Their single numbers are F_8,
which weighs recall, and F_1/8, which weighs precision.
"""

from math import pi
from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.copying import k_means
from rivalry.metrics.features.neighbors import evened, nearest
from rivalry.metrics.score import Score

CLUSTERS, DRAWS, ANGLES, BETA = 20, 10, 101, 8.0


def prd(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    clusters: int = CLUSTERS,
    draws: int = DRAWS,
    most: int = 10_000,
    seed: int = 0,
) -> list[Score]:
    """Two scores in [0, 1], high is better, "prd-precision" (F_1/8) and "prd-recall" (F_8).

    The details of the first hold the curve: `precision` and `recall` at 101 angles.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the scores'.
        clusters: into how many parts both sides are cut.
        draws: clusterings that are averaged.
        most: how many a side are used at most, evenly spaced; both sides are cut to the same number.
        seed: of the clusterings.

    Raises:
        BadRequest: fewer samples a side than clusters, widths that differ, values not finite, constant real ones.
    """
    require_comparable("prd", real_features, fake_features, least=max(2, clusters))
    real, fake = (x.double().cpu() for x in evened(real_features, fake_features, most))
    curves = torch.stack([curve(*histograms(real, fake, clusters, seed + i)) for i in range(draws)])
    precision, recall = curves.mean(0)
    facts = {
        **(provenance or {}),
        "n real": len(real),
        "n fake": len(fake),
        "clusters": clusters,
        "draws": draws,
    }
    named = {"prd-precision": 1 / BETA, "prd-recall": BETA}
    details = {"precision": precision.tolist(), "recall": recall.tolist()}
    return [
        Score(f"{name}[{features}]", best_f(precision, recall, beta), len(fake), None, "high", facts, details)
        for name, beta in named.items()
    ]


def histograms(real: Tensor, fake: Tensor, clusters: int, seed: int) -> tuple[Tensor, Tensor]:
    """The shares of data and of fakes in clusters of both together: (k,) and (k,) float64."""
    centers = k_means(torch.cat([real, fake]), clusters, seed, rounds=30)
    counts = [nearest(x, centers)[1].bincount(minlength=len(centers)).double() / len(x) for x in (real, fake)]
    return counts[0], counts[1]


def curve(p: Tensor, q: Tensor, angles: int = ANGLES) -> Tensor:
    """Precision and recall of shares q (k,) against shares p (k,), at angles between 0 and π/2: (2, angles)."""
    slope = torch.linspace(1e-6, pi / 2 - 1e-6, angles, dtype=torch.float64).tan()
    precision = torch.minimum(slope[:, None] * p, q).sum(1)
    return torch.stack([precision, precision / slope]).clamp(0, 1)


def best_f(precision: Tensor, recall: Tensor, beta: float) -> float:
    """The largest F_β on the curve: (1 + β²) p r / (β² p + r)."""
    below = (beta**2 * precision + recall).clamp(min=1e-12)
    return float(((1 + beta**2) * precision * recall / below).amax())
