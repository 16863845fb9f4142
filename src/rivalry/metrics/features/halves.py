"""How far a score would move on other reals and fakes: it is taken again on both halves of many random splits.

Reals and fakes are split at random into halves A and A'.  T(A) and T(A') come from different samples, so that

    odd = (T(A) - T(A')) / 2        E odd² = Var T(half of the samples) / 2

holds for every score, and is the variance on all samples where that falls as 1 / n (balanced half-samples, McCarthy
1969).  Near equality a squared distance is quadratic in the sampling errors, and this part of its variance falls as
1 / n²: odd² counts it twice.  The variance of even = (T(A) + T(A')) / 2 is only that part, so that

    error² = Var even + max(0, E odd² - 2 Var even)

is right at both ends (Efron and Stein 1981 describe the same bias of the jackknife).  Two scores that share their reals
are taken on the same splits of them: the error from the reals, which both share, cancels in `a - b`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from rivalry.metrics.features.neighbors import spaced

SPLITS = 64
SPREAD_OF_HALVES = "standard error over reals and fakes, from random half-samples of both"


@dataclass(frozen=True)
class Halves:
    """A score on both halves of several splits.

    Attributes:
        odd: (splits,) half of the difference of the two.
        even: (splits,) their mean.
        smooth: whether the score is smooth in the distribution, as a distance of moments is; a score of nearest
            neighbors is not, and its even part is no sign of curvature.
        reals: which reals were split, and how: two scores of the same can be subtracted.
        chance: variance from draws of the metric's own, which no split shows.
    """

    odd: Tensor
    even: Tensor
    smooth: bool
    reals: str = ""
    chance: float = 0.0

    @classmethod
    def of(
        cls, one: Tensor, other: Tensor, *, smooth: bool, real: Tensor | None = None, part: float = 1.0
    ) -> "Halves":
        """From the scores of both halves, (splits,) each.

        Args:
            real: the reals that were split, if any were.
            part: the share of all samples that was split; deviations shrink by its root.
        """
        scale = sqrt(part)
        reals = "" if real is None else f"{len(real)} {len(one)} {float(real.double().sum())!r}"
        return cls((one - other) / 2 * scale, (one + other) / 2 * scale, smooth, reals)

    def __sub__(self, other: "Halves") -> "Halves":
        return Halves(
            self.odd - other.odd, self.even - other.even, self.smooth, self.reals, self.chance + other.chance
        )

    @property
    def error(self) -> float:
        """The standard error on all samples."""
        first = float(self.odd.square().mean())
        if not self.smooth:
            return sqrt(first + self.chance)
        second = float(self.even.var())
        return sqrt(second + max(0.0, first - 2 * second) + self.chance)


def halvings(n: int, splits: int, seed: int = 0) -> Tensor:
    """Random halves of n rows: (splits, n) bool, n // 2 of each row True; the same for the same n."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(splits, n, generator=generator).argsort(1) < n // 2


def mean_within(
    x: Tensor, kernel: Callable[[Tensor, Tensor], Tensor], split: Tensor, chunk: int = 256
) -> Tensor:
    """The mean of a symmetric kernel over pairs of different rows: of all, of each half, of each other half.

    Args:
        x: (n, d).
        kernel: of (a, d) with (b, d), (a, b).
        split: (splits, n) bool.

    Returns:
        (1 + 2 splits,) float64.
    """
    inside = split.T.to(x.dtype)  # (n, splits)
    whole, half, mixed = (torch.zeros(k, dtype=torch.float64) for k in (1, len(split), len(split)))
    for start in range(0, len(x), chunk):
        block = kernel(x[start : start + chunk], x)
        block.diagonal(start).zero_()
        to_half = block @ inside  # (rows, splits)
        half += (inside[start : start + chunk] * to_half).sum(0)
        mixed += to_half.sum(0)
        whole += block.sum(dtype=torch.float64)
    n, k = len(x), split.sum(1)
    pairs = torch.cat([torch.tensor([n * (n - 1)]), k * (k - 1), (n - k) * (n - k - 1)])
    return torch.cat([whole, half, whole - 2 * mixed + half]).double() / pairs


def mean_between(
    x: Tensor,
    y: Tensor,
    kernel: Callable[[Tensor, Tensor], Tensor],
    split_x: Tensor,
    split_y: Tensor,
    chunk: int = 256,
) -> Tensor:
    """The mean of a kernel over pairs of a row of x and a row of y, as `mean_within`: (1 + 2 splits,) float64."""
    inside, other = split_x.T.to(x.dtype), split_y.T.to(x.dtype)
    whole, *halves = (torch.zeros(k, dtype=torch.float64) for k in (1, *3 * [len(split_x)]))
    both, of_x, of_y = halves
    for start in range(0, len(x), chunk):
        block = kernel(x[start : start + chunk], y)
        to_half, rows = block @ other, inside[start : start + chunk]
        both += (rows * to_half).sum(0)
        of_y += to_half.sum(0)
        of_x += (rows * block.sum(1, keepdim=True)).sum(0)
        whole += block.sum(dtype=torch.float64)
    n, m, k, j = len(x), len(y), split_x.sum(1), split_y.sum(1)
    pairs = torch.cat([torch.tensor([n * m]), k * j, (n - k) * (m - j)])
    return torch.cat([whole, both, whole - of_x - of_y + both]).double() / pairs


def halves_of(
    real: Tensor,
    fake: Tensor,
    statistic: Callable[[Tensor, Tensor], Tensor],
    k: int,
    splits: int = 32,
    most: int = 1000,
) -> list[Halves]:
    """Halves of several scores of nearest neighbors at once.

    Where there are more rows than `most` the halves are those of `most` rows a side, and their deviations shrink as the
    root of the number of rows: what neighbors decide is the same at every scale.

    Args:
        real: (n, d).
        fake: (m, d).
        statistic: of some reals and some fakes, (scores,).
        k: the neighbor that it asks for, which each half must have; none are made where one has not.
    """
    if min(len(real), len(fake)) < 2 * (k + 1):
        return []
    few, some = spaced(real, most), spaced(fake, most)
    both = list(zip(halvings(len(few), splits), halvings(len(some), splits, 1)))
    one = torch.stack([statistic(few[r], some[f]) for r, f in both]).double()
    other = torch.stack([statistic(few[~r], some[~f]) for r, f in both]).double()
    part = len(some) / len(fake)
    return [Halves.of(a, b, smooth=False, real=few, part=part) for a, b in zip(one.T, other.T)]
