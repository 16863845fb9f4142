"""Precision and recall: do samples lie among the data, and are all the data among the samples?

    precision = share of fakes inside some ball around a real,    recall = share of reals inside some ball around a fake

A ball reaches from its center to the center's k-th nearest neighbor of the same kind (Kynkäänniemi et al. 2019,
"Improved Precision and Recall Metric for Assessing Generative Models", arXiv 1904.06991, with k = 3).  Precision is
fidelity, recall diversity; truncation trades one for the other.
"""

from typing import Any

from torch import Tensor

from rivalry.metrics.features import require_comparable
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
from rivalry.metrics.neighbors import Neighborhood, evened, neighborhood
from rivalry.metrics.score import Score

NEIGHBOR = 3  # k of the paper


def precision_recall(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    k: int = NEIGHBOR,
    most: int = 10_000,
) -> list[Score]:
    """Two scores in [0, 1], both high where fakes and reals are alike.

    - "precision[...]": the share of fakes inside the balls around the reals.
    - "recall[...]": the share of reals inside the balls around the fakes.

    Both sides are cut to the same number, as in the paper: balls shrink as samples grow in number, so that
    unequal sets would favor one of the two.  Compare at equal n.  One outlier among the reals has a wide
    ball, in which every fake is welcome; density does not let it in alone.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the scores'.
        k: which neighbor a ball reaches to.
        most: how many a side are used at most, evenly spaced in their order: the cost grows with their square.

    Raises:
        BadRequest: fewer than k + 1 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("precision", real_features, fake_features, least=k + 1)
    real, fake = evened(real_features, fake_features, most)
    return scores(neighborhood(real, fake, k, k), k, features, provenance)


def scores(seen: Neighborhood, k: int, features: str, provenance: dict[str, Any] | None) -> list[Score]:
    """Precision and recall from what reals and fakes see of each other."""
    n = len(seen.reals_inside)
    told = {**(provenance or {}), "n real": n, "n fake": n, "k": k, "spread": SPREAD_OF_SHARE}
    found = []
    for name, inside in (("precision", seen.fakes_inside), ("recall", seen.reals_inside)):
        hits = int(inside.sum())
        found.append(Score(f"{name}[{features}]", hits / n, n, wilson_error(hits, n), "high", told))
    return found
