"""How far shares, and numbers made from counts, would move on other samples."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor

SPREAD_OF_SHARE = "half of the 68 % Wilson interval of the share"
SPREAD_OF_COUNTS = "standard deviation over 100 bootstrap resamples of the fakes"


def wilson(hits: float, n: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval for a share (Wilson 1927), in [0, 1]; it keeps its coverage near shares of 0 and 1.

    Args:
        hits: how many of `n`.
        n: 1 or more.
        z: half its width in standard errors: 1.96 for 95 %, 1 for 68 %.
    """
    share, weight = hits / n, 1 / (1 + z * z / n)
    middle = weight * (share + z * z / (2 * n))
    half = weight * z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def wilson_error(hits: int, n: int) -> float:
    """Half the width of the 68 % Wilson interval: a standard error that is not 0 at shares of 0 and 1."""
    low, high = wilson(hits, n, 1.0)
    return (high - low) / 2


def interval_of_share(share: float, error: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share whose standard error is known: Wilson's, for as many draws as have this error.

    Args:
        share: in [0, 1].
        error: of the share; 0 where it is 0 or 1 throughout.
        n: how many it is a share of.
    """
    draws = share * (1 - share) / error**2 if error > 0 else 0.0
    return wilson(share * draws, draws) if draws >= 1 else wilson(share * n, n)


def spread_of_counts(counts: Tensor, statistic: Callable[[Tensor], float]) -> float:
    """The standard deviation of a statistic of counts over 100 bootstrap resamples.

    Args:
        counts: (k,) how many samples fell in each bin; not all 0.
        statistic: of counts (k,) with the same sum.
    """
    n, k = int(counts.sum()), len(counts)
    generator = torch.Generator().manual_seed(0)
    share = (counts.double().cpu() / n).expand(100, k)
    drawn = torch.multinomial(share, n, replacement=True, generator=generator)  # (100, n) bins
    again = [float(statistic(bins.bincount(minlength=k))) for bins in drawn]
    return float(torch.tensor(again, dtype=torch.float64).std())
