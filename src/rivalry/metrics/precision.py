"""Precision and recall: do samples lie among the data, and do the data lie among samples.

    f(x, Φ) = 1 if ‖x - φ‖ <= ‖φ - NN_k(φ, Φ)‖ for at least one φ of Φ, else 0
    precision = mean of f(fake, reals)        recall = mean of f(real, fakes)

Kynkäänniemi et al. 2019 (arXiv 1904.06991), equations 1 and 2: a set of features stands for the balls around
its members, each as wide as the way to its k-th nearest neighbor in the set, k = 3.  Precision is fidelity,
recall diversity; truncation trades one for the other.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.features import require_comparable
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
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
    ball, in which every fake is welcome.

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
    n = min(len(real_features), len(fake_features), most)
    reals_inside, fakes_inside = inside_each_other(_spaced(real_features, n), _spaced(fake_features, n), k)
    told = {**(provenance or {}), "n real": n, "n fake": n, "k": k, "spread": SPREAD_OF_SHARE}
    scores = []
    for name, inside in (("precision", fakes_inside), ("recall", reals_inside)):
        hits = int(inside.sum())
        scores.append(Score(f"{name}[{features}]", hits / n, n, wilson_error(hits, n), "high", told))
    return scores


def inside_each_other(x: Tensor, y: Tensor, k: int, chunk: int = 500) -> tuple[Tensor, Tensor]:
    """Which of x lie inside the balls of y, and which of y inside those of x: (n,) and (m,) of bools.

    Args:
        x: (n, d), n above k.
        y: (m, d), m above k.
        chunk: rows of the distance matrix that are held at a time.
    """
    middle = x.double().mean(0)  # distances from products lose digits far from the origin
    x, y = x.double() - middle, y.double() - middle
    of_x, of_y = radii(x, k, chunk), radii(y, k, chunk)
    x_inside, y_inside = [], y.new_zeros(len(y), dtype=torch.bool)
    for rows, reach in zip(x.split(chunk), of_x.split(chunk)):
        apart = squared_distances(rows, y)
        x_inside.append((apart <= of_y).any(1))
        y_inside |= (apart <= reach[:, None]).any(0)
    return torch.cat(x_inside), y_inside


def radii(x: Tensor, k: int, chunk: int = 500) -> Tensor:
    """The squared distance of each of x (n, d) from its k-th nearest neighbor among the others: (n,)."""
    nearest = [squared_distances(rows, x).topk(k + 1, largest=False).values[:, k] for rows in x.split(chunk)]
    return torch.cat(nearest)  # k + 1, for the nearest of all is the point itself


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """(n, d), (m, d) float64 -> (n, m); what differs by no more than rounding is at a distance of exactly 0."""
    sizes = x.square().sum(1)[:, None] + y.square().sum(1)
    apart = torch.addmm(sizes, x, y.T, alpha=-2)
    return apart.masked_fill_(apart <= 1e-13 * sizes, 0)


def _spaced(rows: Tensor, n: int) -> Tensor:
    """`n` rows evenly spaced: data that lie sorted by class are still drawn from all of them."""
    return rows if len(rows) == n else rows[torch.linspace(0, len(rows) - 1, n).long()]
