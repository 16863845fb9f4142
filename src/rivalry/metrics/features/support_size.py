"""The birthday paradox: how many different samples does a generator have?

Of n draws from N equally likely images, n (n - 1) / (2 N) pairs are expected to be the same image.  Counting the
pairs that are alike gives an estimate of N, the size of the support (Arora, Risteski & Zhang 2018, "Do GANs Learn the
Distribution? Some Theory and Empirics", ICLR; they find the sample size at which one pair is likely, and look at the
closest pairs with their own eyes).

Two samples are alike here when they lie closer than all but a thousandth of the pairs of nearest neighbors in as many
real data.  So fresh samples have about as many pairs alike as data have, which the details state: an estimate is news
only where it is far below that of the data.
"""

from typing import Any

from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import evened, radii, squared_distances
from rivalry.metrics.score import Score

QUANTILE = 1e-3


def support_size(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> Score:
    """An estimate of how many different samples there are; higher is better.

    With no pair alike the value is the one that a single pair would give, and `at least` in the details is true.  A
    support of unequal chances counts as smaller than it is: the estimate is 1 / Σ p², of those that come often.

    Args:
        real_features: (n, d); their distances set the threshold of "alike".
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        most: how many a side are used at most.

    Raises:
        BadRequest: fewer than 10 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("support-size", real_features, fake_features, least=10)
    real, fake = evened(real_features, fake_features, most)
    limit = alike_below(real)
    counted = {name: pairs_within(x, limit) for name, x in (("fakes", fake), ("reals", real))}
    n, pairs = len(fake), counted["fakes"]
    size = lambda found: n * (n - 1) / 2 / max(1, found)
    facts = {"n real": n, "n fake": n, "spread": "that of a Poisson count of the pairs"}
    return Score(
        f"support-size[{features}]",
        size(pairs),
        n,
        size(pairs) / max(1, pairs) ** 0.5,
        "high",
        {**(provenance or {}), **facts},
        {
            "pairs": pairs,
            "at least": pairs == 0,
            "of data": size(counted["reals"]),
            "alike below": limit**0.5,
        },
    )


def alike_below(real: Tensor) -> float:
    """The squared distance below which two count as alike: a low quantile over the data of the nearest other."""
    (nearest,) = radii(real - real.mean(0), [1])
    apart = nearest[nearest > 0]  # data that are there twice do not help to set the threshold
    return float(apart.quantile(QUANTILE)) if len(apart) else 0.0


def pairs_within(x: Tensor, limit: float, chunk: int = 1000) -> int:
    """How many pairs of rows of x (n, d) lie within this squared distance."""
    x = x - x.mean(0)
    both = sum(int((squared_distances(rows, x) <= limit).sum()) for rows in x.split(chunk))
    return (both - len(x)) // 2  # every pair was met twice, and every row met itself
