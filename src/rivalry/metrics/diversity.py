"""How far samples lie from each other, against how far data do: the plainest alarm for collapse.

    ratio = mean |y - y'| / mean |x - x'|

1 where samples are as different from each other as data are; near 0 when a generator draws one image.  Blind to a
collapse onto a few images that lie far apart: the support size tells that (see `birthday.py`).
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.features import require_comparable
from rivalry.metrics.neighbors import spaced, squared_distances
from rivalry.metrics.score import Score


def diversity(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 2000,
) -> Score:
    """The mean distance between two samples over that between two data; 1 is best, no side is good in itself.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        most: how many a side are used at most, evenly spaced in their order: every pair of them counts.

    Raises:
        BadRequest: fewer than 2 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("diversity", real_features, fake_features, least=2)
    real, fake = spaced(real_features, most), spaced(fake_features, most)
    (of_fake, error), (of_real, _) = mean_distance(fake), mean_distance(real)
    told = {
        "n real": len(real),
        "n fake": len(fake),
        "spread": "standard error over the fakes, of the U-statistic to first order",
    }
    return Score(
        f"diversity[{features}]",
        of_fake / of_real,
        len(fake),
        error / of_real,
        "",
        {**(provenance or {}), **told},
        {"of fakes": of_fake, "of reals": of_real},
    )


def mean_distance(x: Tensor, chunk: int = 1000) -> tuple[float, float]:
    """The mean distance between two different rows of x (n, d), and its standard error."""
    x = x - x.mean(0)
    sums = torch.cat(
        [squared_distances(rows, x).sqrt().sum(1, dtype=torch.float64) for rows in x.split(chunk)]
    )
    means = sums / (len(x) - 1)
    return float(means.mean()), float(2 * means.std() / len(x) ** 0.5)
