"""Precision and recall: do samples lie among the data, and are all the data among the samples?

    precision = share of fakes inside some ball around a real,    recall = share of reals inside some ball around a fake

A ball reaches from its center to the center's k-th nearest neighbor of the same kind (Kynkäänniemi et al. 2019,
"Improved Precision and Recall Metric for Assessing Generative Models", arXiv 1904.06991, with k = 3).  Precision is
fidelity, recall diversity; truncation trades one for the other.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.halves import SPREAD_OF_HALVES, Halves, halves_of
from rivalry.metrics.features.neighbors import Neighborhood, evened, neighborhood
from rivalry.metrics.interval import SPREAD_OF_SHARE, interval_of_share, wilson_error
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
    unequal sets would favor one of the two.  Compare at equal n.  One outlier among the reals has a large
    ball, and every fake in it counts as precise; density is not misled by one ball.

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
    seen = neighborhood(real, fake, k, k)
    again = lambda x, y: shares(neighborhood(x, y, k, k))
    return scores(seen, k, features, provenance, halves_of(real, fake, again, k))


def shares(seen: Neighborhood) -> Tensor:
    """Precision and recall: (2,) float64."""
    return torch.stack([seen.fakes_inside.double().mean(), seen.reals_inside.double().mean()])


def scores(
    seen: Neighborhood, k: int, features: str, provenance: dict[str, Any] | None, halves: list[Halves]
) -> list[Score]:
    """Precision and recall from the neighbors among reals and fakes; `halves` of both, or empty."""
    n = len(seen.reals_inside)
    facts = {**(provenance or {}), "n real": n, "n fake": n, "k": k}
    values = dict(zip(("precision", "recall"), shares(seen).tolist()))
    return [
        score_of_share(f"{name}[{features}]", value, n, n, facts, halves[i] if halves else None)
        for i, (name, value) in enumerate(values.items())
    ]


def score_of_share(
    name: str,
    share: float,
    of: int,
    n: int,
    facts: dict[str, Any],
    halves: Halves | None,
    details: dict[str, Any] | None = None,
) -> Score:
    """A share that depends on neighbors, with a 95 % interval that stays in [0, 1].

    Args:
        of: how many it is a share of.
        n: how many fakes there are.
        halves: the share on half-samples; the error is at least that of one count in `of`.
    """
    hits = round(share * of)
    error = max(halves.error, 0.5 / (of + 1)) if halves else wilson_error(hits, of)
    facts = facts | {"spread": SPREAD_OF_HALVES if halves else SPREAD_OF_SHARE}
    details = {**(details or {}), "interval": interval_of_share(share, error, of)}
    return Score(name, share, n, error, "high", facts, details, halves=halves)
