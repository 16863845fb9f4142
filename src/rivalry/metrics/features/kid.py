"""KID: the squared maximum mean discrepancy of two sets of features under a cubic kernel.

    MMD² = E k(x, x') + E k(y, y') - 2 E k(x, y),    k(x, y) = (xᵀy / d + 1)³

Bińkowski et al. 2018 (arXiv 1801.01401).  The paper averages over 100 random subsets of 1,000, as
`kid_of_subsets` does; in `kid` every sample is used once, in the unbiased U-statistic (Gretton et al. 2012), so
no noise of subsets is added.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.halves import (
    SPLITS,
    SPREAD_OF_HALVES,
    Halves,
    halvings,
    mean_between,
    mean_within,
)
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.score import Score


def kid(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> Score:
    """Kernel distance of fake from real features; lower is better.

    Unbiased, so around 0, and at times below it, where both are alike: unlike the Fréchet distance it does
    not grow when samples are few.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        most: how many a side are used, evenly spaced in their order: the cost grows with
            their square, and an unbiased estimate loses only a little sharpness.

    Raises:
        BadRequest: fewer than 2 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("kid", real_features, fake_features, least=2)
    real, fake = (spaced(x, most).double() for x in (real_features, fake_features))
    value, halves = with_halves(real, fake)
    facts = {**(provenance or {}), "n real": len(real), "n fake": len(fake), "spread": SPREAD_OF_HALVES}
    error = halves.error if halves else None
    return Score(f"kid[{features}]", value, len(fake), error, "low", facts, halves=halves)


def kid_of_subsets(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    subsets: int = 100,
    size: int = 1000,
    seed: int = 0,
) -> Score:
    """The mean kernel distance over random subsets, for comparison with numbers of torch-fidelity and torchmetrics.

    Each subset is scored by the same unbiased estimate as all samples are in `kid`, its cross term a mean over all
    pairs.  The details hold the `deviation` over subsets (divided by their number), which the peers report: it tells
    how much so few samples scatter, and does not shrink when there are more.  The spread is the standard error of
    the mean: that of `kid`, and the variance from the draw of the subsets.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        subsets: how many; each draws from both sides anew.
        size: samples a side in each, drawn without replacement.
        seed: of the draws.

    Raises:
        BadRequest: fewer samples than a subset a side, fewer than 1 subset or 2 samples in it, widths that
            differ, values not finite, constant real ones.
    """
    if subsets < 1 or size < 2:
        raise BadRequest(f"kid-subsets needs subsets >= 1 and size >= 2; got {subsets} and {size}")
    require_comparable("kid-subsets", real_features, fake_features, least=size)
    generator = torch.Generator().manual_seed(seed)
    draw = lambda x: x[torch.randperm(len(x), generator=generator)[:size]].double()
    values = [squared_mmd(draw(real_features), draw(fake_features)) for _ in range(subsets)]
    every = torch.tensor(values, dtype=torch.float64)
    facts = {
        "n real": len(real_features),
        "n fake": len(fake_features),
        "subsets": subsets,
        "size": size,
        "seed": seed,
        "spread": f"{SPREAD_OF_HALVES}, and over the draw of the subsets",
    }
    deviation = float(every.std(correction=0))
    real, fake = (spaced(x, 10_000).double() for x in (real_features, fake_features))
    halves = with_halves(real, fake)[1]
    halves = halves and replace(halves, chance=deviation**2 / subsets)
    return Score(
        f"kid-subsets[{features}]",
        float(every.mean()),
        len(fake_features),
        halves.error if halves else None,
        "low",
        {**(provenance or {}), **facts},
        {"deviation": deviation},
        halves=halves,
    )


def with_halves(x: Tensor, y: Tensor, splits: int = SPLITS) -> tuple[float, Halves | None]:
    """The unbiased estimate of MMD² under the cubic kernel, and its halves; None for fewer than 4 rows a side.

    Args:
        x: (n, d) float64 of reals, n of 2 or more.
        y: (m, d) float64 of fakes, m of 2 or more.
    """
    if min(len(x), len(y)) < 4:
        return squared_mmd(x, y), None
    of_x, of_y = halvings(len(x), splits), halvings(len(y), splits, 1)
    within = mean_within(x, kernel, of_x) + mean_within(y, kernel, of_y)
    value, one, other = (within - 2 * mean_between(x, y, kernel, of_x, of_y)).split([1, splits, splits])
    return float(value), Halves.of(one, other, smooth=True, real=x)


def squared_mmd(x: Tensor, y: Tensor, chunk: int = 256) -> float:
    """The unbiased estimate of MMD² under the cubic kernel.

    Args:
        x: (n, d) float64, n of 2 or more.
        y: (m, d) float64, m of 2 or more.
        chunk: rows of the kernel matrix that are held at a time.
    """
    n, m = len(x), len(y)
    xx, yy = _sum_within(x, chunk) / (n * (n - 1)), _sum_within(y, chunk) / (m * (m - 1))
    return float(xx + yy - 2 * _sum_between(x, y, chunk) / (n * m))


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """(xᵀy / d + 1)³ for every pair: (n, d), (m, d) -> (n, m)."""
    return torch.addmm(x.new_ones(1), x, y.T, alpha=1 / x.shape[1]).pow_(3)


def _sum_within(x: Tensor, chunk: int) -> Tensor:
    """The sum of the kernel over all pairs of different rows; every pair is computed once."""
    total = x.new_zeros(())
    for start in range(0, len(x), chunk):
        block = kernel(x[start : start + chunk], x[start:])
        block.fill_diagonal_(0)
        total += block[:, :chunk].sum() + 2 * block[:, chunk:].sum()
    return total


def _sum_between(x: Tensor, y: Tensor, chunk: int) -> Tensor:
    """The sum of the kernel matrix of x and y."""
    return torch.stack([kernel(rows, y).sum() for rows in x.split(chunk)]).sum()
