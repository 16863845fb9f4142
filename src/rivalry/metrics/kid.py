"""KID: the squared maximum mean discrepancy of two sets of features under a cubic kernel.

    MMD² = E k(x, x') + E k(y, y') - 2 E k(x, y),    k(x, y) = (xᵀy / d + 1)³

Bińkowski et al. 2018 (arXiv 1801.01401).  The paper averages over 100 random subsets of 1,000, as
`kid_of_subsets` does; in `kid` every sample is used once, in the unbiased U-statistic (Gretton et al. 2012), so
no noise of subsets is added.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.features import require_comparable
from rivalry.metrics.neighbors import spaced
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
    value, error = squared_mmd(real, fake)
    told = {
        "n real": len(real),
        "n fake": len(fake),
        "spread": "standard error of the U-statistic, first order",
    }
    return Score(f"kid[{features}]", value, len(fake), error, "low", {**(provenance or {}), **told})


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
    pairs.  The deviation over subsets (divided by their number, as by the peers) tells how much so few samples
    scatter, and does not shrink when there are more; `kid` has a standard error.

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
    values = [squared_mmd(draw(real_features), draw(fake_features))[0] for _ in range(subsets)]
    every = torch.tensor(values, dtype=torch.float64)
    told = {
        "n real": len(real_features),
        "n fake": len(fake_features),
        "subsets": subsets,
        "size": size,
        "seed": seed,
        "spread": f"standard deviation over {subsets} subsets of {size:,}, as the peers report it: no standard error",
    }
    return Score(
        f"kid-subsets[{features}]",
        float(every.mean()),
        len(fake_features),
        float(every.std(correction=0)),
        "low",
        {**(provenance or {}), **told},
    )


def squared_mmd(x: Tensor, y: Tensor, chunk: int = 256) -> tuple[float, float]:
    """The unbiased estimate of MMD² under the cubic kernel, and its standard error.

    The error is of first order, from how far each sample pulls the estimate: a little small where both sets
    come from one distribution, for there the first order vanishes.

    Args:
        x: (n, d) float64, n of 2 or more.
        y: (m, d) float64, m of 2 or more.
        chunk: rows of the kernel matrix that are held at a time.
    """
    n, m = len(x), len(y)
    xx, yy = _sums_within(x, chunk) / (n - 1), _sums_within(y, chunk) / (m - 1)
    xy, yx = _sums_between(x, y, chunk)
    xy, yx = xy / m, yx / n
    value = xx.mean() + yy.mean() - 2 * xy.mean()
    variance = 4 * ((xx - xy).var() / n + (yy - yx).var() / m)
    return float(value), float(variance.sqrt())


def kernel(x: Tensor, y: Tensor) -> Tensor:
    """(xᵀy / d + 1)³ for every pair: (n, d), (m, d) -> (n, m)."""
    return torch.addmm(x.new_ones(1), x, y.T, alpha=1 / x.shape[1]).pow_(3)


def _sums_within(x: Tensor, chunk: int) -> Tensor:
    """For each of x the sum of its kernel with all the others, (n,); every pair is computed once."""
    sums = x.new_zeros(len(x))
    for start in range(0, len(x), chunk):
        rows = x[start : start + chunk]
        block = kernel(rows, x[start:])
        block.fill_diagonal_(0)
        sums[start : start + chunk] += block.sum(1)
        sums[start + chunk :] += block[:, chunk:].sum(0)
    return sums


def _sums_between(x: Tensor, y: Tensor, chunk: int) -> tuple[Tensor, Tensor]:
    """Sums of the kernel matrix of x and y over y, (n,), and over x, (m,)."""
    over_y, over_x = x.new_empty(len(x)), y.new_zeros(len(y))
    for start in range(0, len(x), chunk):
        block = kernel(x[start : start + chunk], y)
        over_y[start : start + chunk] = block.sum(1)
        over_x += block.sum(0)
    return over_y, over_x
