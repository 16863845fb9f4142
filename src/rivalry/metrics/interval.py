"""Intervals for shares."""

from math import sqrt


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's score interval for a share (Wilson 1927), in [0, 1]; honest at shares of 0 and 1 as well.

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


SPREAD_OF_SHARE = "half of the 68 % Wilson interval of the share"
