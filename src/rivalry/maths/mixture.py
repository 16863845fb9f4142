"""Mixtures of Gaussians in one dimension, one for each column, with as many parts as the data ask for.

Mixtures of 1, 2, 3, 4, 6, 8 and 10 parts are fitted by expectation and maximization, and the one with the least

    (3 K - 1) log n - 2 Σ_i log p_K(x_i)

is kept (the Bayesian information criterion, Schwarz 1978).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

COUNTS = (1, 2, 3, 4, 6, 8, 10)
FLOOR = 1e-2  # the least deviation of a part, in deviations of the column


class Mixtures(NamedTuple):
    """Of p columns with up to m parts each: all (p, m); a part that is not there has the weight 0."""

    weights: Tensor
    means: Tensor
    stds: Tensor

    def log_shares(self, x: Tensor) -> Tensor:
        """The log-probability that a number came from each part: (n, p) -> (n, p, m)."""
        return joint(x, self).log_softmax(2)


def joint(x: Tensor, mixtures: Mixtures) -> Tensor:
    """log w_k + log N(x; μ_k, σ_k), without the constant; -∞ for parts that are not there: (n, p) -> (n, p, m)."""
    away = (x[..., None] - mixtures.means) / mixtures.stds
    return mixtures.weights.log() - 0.5 * away.square() - mixtures.stds.log()


def fit_mixtures(x: Tensor, parts: int = 10, rounds: int = 40) -> Mixtures:
    """The mixtures of the columns of `x` (n, p), the same for the same rows.

    Args:
        parts: m, the most that a column can have.
        rounds: of expectation and maximization, for each number of parts.
    """
    x = x.double()
    best, least = _padded(_fitted(x, 1, 1), parts), torch.full_like(x[0], math.inf)
    for k in COUNTS:
        if k > parts:
            break
        found = _fitted(x, k, rounds if k > 1 else 1)
        cost = (3 * k - 1) * math.log(len(x)) - 2 * joint(x, found).logsumexp(2).sum(0)  # (p,)
        better = (cost < least)[:, None]
        best = Mixtures(*(torch.where(better, new, old) for new, old in zip(_padded(found, parts), best)))
        least = torch.minimum(cost, least)
    return Mixtures(*(one.float() for one in best))


def _fitted(x: Tensor, k: int, rounds: int) -> Mixtures:
    """Mixtures of k parts, which begin between the quantiles and even steps over the range."""
    share = (torch.arange(k, dtype=x.dtype, device=x.device) + 0.5) / k
    low, high = x.amin(0)[:, None], x.amax(0)[:, None]
    means = 0.5 * (torch.quantile(x, share, dim=0).T + low + share * (high - low))  # (p, k)
    spread = x.std(0, correction=0).clamp(min=1e-6)[:, None]
    now = Mixtures(torch.full_like(means, 1 / k), means, (spread / k).expand_as(means))
    for _ in range(rounds):
        now = _step(x, now, FLOOR * spread)
    return now


def _step(x: Tensor, now: Mixtures, floor: Tensor) -> Mixtures:
    share = joint(x, now).softmax(2)  # (n, p, k)
    count = share.sum(0).clamp(min=1e-6)
    means = (share * x[..., None]).sum(0) / count
    square = (share * (x[..., None] - means).square()).sum(0) / count
    return Mixtures(count / count.sum(1, keepdim=True), means, (square + floor.square()).sqrt())


def _padded(found: Mixtures, parts: int) -> Mixtures:
    pad = lambda one, value: torch.nn.functional.pad(one, (0, parts - one.shape[1]), value=value)
    return Mixtures(pad(found.weights, 0.0), pad(found.means, 0.0), pad(found.stds, 1.0))
