"""Link prediction: does a game give held-out edges higher scores than pairs that are not joined?"""

from typing import Any

from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.ranking import area_under_roc, average_precision
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


def _error(area: float, m: int, k: int) -> float:
    a, b = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (m - 1) * (a - area**2) + (k - 1) * (b - area**2)
    return max(variance / (m * k), 0.0) ** 0.5
