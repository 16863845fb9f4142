"""Probabilities that mean what they say: of the pictures called 80 % made, 80 % are.

    p = sigmoid(s / T)        T minimizes the cross entropy on pictures that were not trained on

(Guo et al. 2017, arXiv 1706.04599.)  Targets are Platt's (1999), (n₁ + 1)/(n₁ + 2) and 1/(n₀ + 2), and not 1 and 0:
from a finite number of pictures, all told apart, no certainty follows.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

BINS = 10
LARGEST = 100.0  # temperatures lie between 1 / LARGEST and LARGEST


class Errors(NamedTuple):
    """How often a detector errs at probability 1/2.

    Attributes:
        false_alarms: the share of real pictures that are called made.
        misses: the share of made pictures that are called real.
        each: how many pictures of either sort it was measured on.
    """

    false_alarms: float
    misses: float
    each: int


def temperature(scores: Tensor, made: Tensor) -> float:
    """The T of the least cross entropy, which is convex in 1/T.

    Args:
        scores: (n,), high for made.
        made: (n,) bool.
    """
    n1, n0 = int(made.sum()), int((~made).sum())
    target = torch.where(made, (n1 + 1) / (n1 + 2), 1 / (n0 + 2)).double()
    cost = lambda log_t: float(F.binary_cross_entropy_with_logits(scores.double() / math.exp(log_t), target))
    low, high = -math.log(LARGEST), math.log(LARGEST)
    for _ in range(60):  # each leaves two thirds of the interval
        third = (high - low) / 3
        if cost(low + third) < cost(high - third):
            high -= third
        else:
            low += third
    return math.exp((low + high) / 2)


def calibration_error(p: Tensor, made: Tensor) -> float:
    """The expected calibration error: how far, in ten bins of p, the mean of p is from the share that is made."""
    where = (p * BINS).long().clamp(max=BINS - 1)
    total = 0.0
    for k in range(BINS):
        here = where == k
        if here.any():
            total += float(
                here.double().mean() * (p[here].double().mean() - made[here].double().mean()).abs()
            )
    return total


def errors(p: Tensor, made: Tensor) -> Errors:
    """The error rates of these probabilities (n,) of being made."""
    called = p >= 0.5
    return Errors(
        float(called[~made].double().mean()),
        float((~called[made]).double().mean()),
        min(int(made.sum()), int((~made).sum())),
    )
