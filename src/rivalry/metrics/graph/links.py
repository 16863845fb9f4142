"""Link prediction: does a game give held-out edges higher scores than pairs that are not joined?"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.score import Score


def link_prediction(
    link_scores: Tensor,
    missing_edges: Tensor,
    no_edges: Tensor,
    *,
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """The area under the ROC curve and the average precision; higher is better, a coin gives 0.5.

    The area is the chance that an edge has a higher score than a pair without one; equal scores count half.  Its
    spread is the standard error of Hanley & McNeil 1982.

    Args:
        link_scores: (v, v), symmetric.
        missing_edges: (m, 2), edges that the game has not seen.
        no_edges: (k, 2), pairs that are not joined.

    Raises:
        BadRequest: no pairs of one sort.
    """
    positive, negative = (
        link_scores[pairs[:, 0], pairs[:, 1]].double() for pairs in (missing_edges, no_edges)
    )
    if not len(positive) or not len(negative):
        raise BadRequest("link-prediction needs held-out edges and pairs without one; got none")
    n, facts = len(positive) + len(negative), {**(provenance or {}), "held-out edges": len(positive)}
    area = area_under_roc(positive, negative)
    return [
        Score("link-roc", area, n, _error(area, len(positive), len(negative)), "high", facts),
        Score("link-ap", average_precision(positive, negative), n, None, "high", facts),
    ]


def area_under_roc(positive: Tensor, negative: Tensor) -> float:
    """P(a positive score is higher than a negative one) + half of P(they are equal)."""
    order = negative.sort().values
    below, upto = torch.searchsorted(order, positive), torch.searchsorted(order, positive, right=True)
    return float((below + upto).double().mean() / (2 * len(negative)))


def average_precision(positive: Tensor, negative: Tensor) -> float:
    """Σ (recall_k - recall_{k-1}) · precision_k over the thresholds, highest first; equal scores share a threshold."""
    scores = torch.cat([positive, negative])
    hit = torch.cat([torch.ones_like(positive), torch.zeros_like(negative)])
    order = scores.argsort(descending=True)
    hits = hit[order].cumsum(0)
    last = torch.ones(len(order), dtype=torch.bool)
    last[:-1] = scores[order][:-1] != scores[order][1:]
    hits, counted = hits[last], torch.arange(1, len(order) + 1)[last]
    gained = torch.diff(hits, prepend=torch.zeros(1, dtype=hits.dtype))
    return float((gained * hits / counted).sum() / len(positive))


def _error(area: float, m: int, k: int) -> float:
    a, b = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (m - 1) * (a - area**2) + (k - 1) * (b - area**2)
    return max(variance / (m * k), 0.0) ** 0.5
