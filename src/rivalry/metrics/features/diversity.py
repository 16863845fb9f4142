"""How far samples lie from each other, against how far data do: the plainest alarm for collapse.

    ratio = mean |y - y'| / mean |x - x'|

1 where samples are as different from each other as data are; near 0 when a generator draws one image.  Blind to a
collapse onto a few images that lie far apart: the support size shows that (see `support_size.py`).
"""

from typing import Any

from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.halves import SPLITS, SPREAD_OF_HALVES, Halves, halvings, mean_within
from rivalry.metrics.features.neighbors import spaced, squared_distances
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
    of_fake, of_real = (mean_distance(x, seed) for seed, x in ((1, fake), (0, real)))
    value, one, other = (of_fake / of_real).split([1, SPLITS, SPLITS])
    halves = Halves.of(one, other, smooth=True, real=real) if min(len(real), len(fake)) >= 4 else None
    facts = {"n real": len(real), "n fake": len(fake), "spread": SPREAD_OF_HALVES}
    return Score(
        f"diversity[{features}]",
        float(value),
        len(fake),
        halves.error if halves else None,
        "",
        {**(provenance or {}), **facts},
        {"of fakes": float(of_fake[0]), "of reals": float(of_real[0])},
        halves=halves,
    )


def mean_distance(x: Tensor, seed: int) -> Tensor:
    """The mean distance between two different rows of x (n, d): of all, then on the halves of random splits."""
    x = x - x.mean(0)
    return mean_within(x, lambda a, b: squared_distances(a, b).sqrt(), halvings(len(x), SPLITS, seed))
