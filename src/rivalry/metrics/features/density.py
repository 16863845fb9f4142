"""Density and coverage: how thickly reals lie around fakes, and how many reals have a fake at hand.

    density = 1 / (k m) Σ_j #{i : |y_j - x_i| < r_k(x_i)},        coverage = 1 / n #{i : some |y_j - x_i| < r_k(x_i)}

with r_k(x_i) the distance of the real x_i from its k-th nearest real (Naeem et al. 2020, "Reliable Fidelity and
Diversity Metrics for Generative Models", arXiv 2002.09797, with k = 5).  An outlier among the reals has a large ball,
but one ball makes little density; and there are no balls around fakes, which may lie anywhere.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features import precision
from rivalry.metrics.features.halves import SPREAD_OF_HALVES, Halves, halves_of
from rivalry.metrics.features.neighbors import Neighborhood, evened, neighborhood
from rivalry.metrics.score import Score

NEIGHBOR = 5  # k of the paper


def density_coverage(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    k: int = NEIGHBOR,
    most: int = 10_000,
) -> list[Score]:
    """Two scores, both high where fakes and reals are alike.

    - "density[...]": how many balls around reals hold a fake, over k; 1 in the mean for fakes like the data, and
      more where fakes crowd into the dense parts.
    - "coverage[...]": the share of reals with a fake in their ball, in [0, 1]; for n fakes like n data
      1 - Π_i (n - i)/(2 n - i) over i from 1 to k, given in the details as `expected`.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the scores'.
        k: which neighbor a ball reaches to.
        most: how many a side are used at most, evenly spaced in their order; both are cut to the same number.

    Raises:
        BadRequest: fewer than k + 1 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("density", real_features, fake_features, least=k + 1)
    real, fake = evened(real_features, fake_features, most)
    seen = neighborhood(real, fake, k, k)
    again = lambda x, y: shares(neighborhood(x, y, k, k), k)
    return scores(seen, k, features, provenance, halves_of(real, fake, again, k))


def prdc(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> list[Score]:
    """Precision, recall, density and coverage, each with the k of its paper, from one pass over the distances."""
    require_comparable("prdc", real_features, fake_features, least=NEIGHBOR + 1)
    real, fake = evened(real_features, fake_features, most)
    seen = neighborhood(real, fake, precision.NEIGHBOR, NEIGHBOR)
    halves = halves_of(real, fake, _all_four, NEIGHBOR)
    return [
        *precision.scores(seen, precision.NEIGHBOR, features, provenance, halves[:2]),
        *scores(seen, NEIGHBOR, features, provenance, halves[2:]),
    ]


def _all_four(real: Tensor, fake: Tensor) -> Tensor:
    """Precision, recall, density and coverage: (4,) float64."""
    seen = neighborhood(real, fake, precision.NEIGHBOR, NEIGHBOR)
    return torch.cat([precision.shares(seen), shares(seen, NEIGHBOR)])


def shares(seen: Neighborhood, k: int) -> Tensor:
    """Density and coverage: (2,) float64."""
    return torch.stack([seen.balls.double().mean() / k, seen.covered.double().mean()])


def scores(
    seen: Neighborhood, k: int, features: str, provenance: dict[str, Any] | None, halves: list[Halves]
) -> list[Score]:
    """Density and coverage from the neighbors among reals and fakes; `halves` of both, or empty."""
    n, m = len(seen.covered), len(seen.balls)
    facts = {**(provenance or {}), "n real": n, "n fake": m, "k": k}
    dense, covered = shares(seen, k).tolist()
    of_dense, of_covered = halves or (None, None)
    error = of_dense.error if of_dense else float(seen.balls.double().std() / k / m**0.5)
    spread = SPREAD_OF_HALVES if of_dense else "standard error over the fakes"
    expected = {"expected": expected_coverage(n, m, k)}
    return [
        Score(f"density[{features}]", dense, m, error, "high", facts | {"spread": spread}, halves=of_dense),
        precision.score_of_share(f"coverage[{features}]", covered, n, m, facts, of_covered, expected),
    ]


def expected_coverage(n: int, m: int, k: int) -> float:
    """Coverage of n data by m fakes of the same distribution: the chance that, of a datum's k nearest among the
    n - 1 other data and the m fakes, one is a fake (Naeem et al. 2020, lemma 2)."""
    none = 1.0
    for i in range(k):
        none *= (n - 1 - i) / (n + m - 1 - i)
    return 1 - none
