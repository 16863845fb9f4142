"""Authenticity: is a sample further from the training data than they are from each other?

    authenticity = share of fakes y with |y - x| > |x - x'|,    x the training row nearest to y, x' the nearest to x

Alaa et al. 2022, "How Faithful is your Synthetic Data? Sample-level Metrics for Evaluating and Auditing Generative
Models" (arXiv 2102.08921).  Honest samples do not score 1: a fresh one fails where it and its neighbor are each
other's nearest, so that it scores 1/3 on a line, .38 in a plane, and about .6 for a Gaussian in 8 dimensions.
Judge it by the value of held-out data.  Blind to quality: noise far from the data scores 1.  Also blind to
copies that the features do not recognize.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import CHUNK, ROUNDING, centered, nearest, spaced, squared_distances
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
from rivalry.metrics.score import Score


def authenticity(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> Score:
    """The share of fakes that no training row lies unusually near to, in [0, 1]; 0 for copies.

    Neither high nor low is good in itself: compare with the score of held-out data in place of the fakes.

    Args:
        real_features: (n, d) of the data that the generator was trained on; all are used, for a row left out
            could not be seen to be copied.
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        most: how many fakes are used at most, evenly spaced in their order.

    Raises:
        BadRequest: fewer than 2 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("authenticity", real_features, fake_features, least=2)
    real, fake = centered(real_features, spaced(fake_features, most))
    away, row = nearest(fake, real)
    asked, place = row.unique(return_inverse=True)
    reach = reach_of(real, asked)[place] * (1 + ROUNDING[real.dtype])  # a tie is not further
    hits, n = int((away > reach).sum()), len(fake)
    facts = {"n real": len(real), "n fake": n, "spread": SPREAD_OF_SHARE}
    return Score(
        f"authenticity[{features}]", hits / n, n, wilson_error(hits, n), "", {**(provenance or {}), **facts}
    )


def reach_of(x: Tensor, rows: Tensor, chunk: int = CHUNK) -> Tensor:
    """The squared distance of some rows (k,) of x (n, d) from their nearest others: (k,).

    Only rows that were asked for: `neighbors.radii` would look at every pair.
    """
    nearest_other = []
    for part in rows.split(chunk):
        apart = squared_distances(x[part], x)
        apart.scatter_(1, part[:, None], float("inf"))  # of a point from itself
        nearest_other.append((x[part] - x[apart.argmin(1)]).square().sum(1))
    return torch.cat(nearest_other)
