"""CMMD: the maximum mean discrepancy of two sets of features under a Gaussian kernel.

    MMD² = E k(x, x') + E k(y, y') - 2 E k(x, y),    k(x, y) = exp(-|x - y|² / 2σ²),    value = 1000 MMD²

Jayasumana et al. 2024, "Rethinking FID: Towards a Better Evaluation Metric for Image Generation" (arXiv 2401.09603),
σ = 10, on embeddings of CLIP of length 1; their public program keeps the pairs of a sample with itself, so that the
value is 0 or more, and so does this.  Here features are scaled to length 1 where `unit` is asked for, and taken as they
are otherwise: σ = 10 is large against vectors of length 1, and the distance is then near that of the means,
1000 |E x - E y|² / σ².  On features of length far above 10 all kernels are 0: use kid there.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import CHUNK, spaced
from rivalry.metrics.score import Score

SIGMA, SCALE = 10.0, 1000.0


def cmmd(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    sigma: float = SIGMA,
    unit: bool = False,
    most: int = 10_000,
) -> Score:
    """Gaussian kernel distance times 1,000; 0 or more, lower is better.  Grows a little where samples are few.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        sigma: σ of the kernel.
        unit: whether to scale features to length 1 first.
        most: how many a side are used at most, evenly spaced in their order.

    Raises:
        BadRequest: sigma not above 0, fewer than 2 samples a side, widths that differ, values not finite, constant
            real ones.
    """
    if not sigma > 0:
        raise BadRequest(f"cmmd: sigma is above 0 (10 in the paper); got {sigma}")
    require_comparable("cmmd", real_features, fake_features, least=2)
    x, y = (spaced(rows, most).double().cpu() for rows in (real_features, fake_features))
    if unit:
        x, y = (rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12) for rows in (x, y))
    middle = x.mean(0)
    x, y = x - middle, y - middle
    xx, yy, xy = (mean_of_kernel(a, b, sigma) for a, b in ((x, x), (y, y), (x, y)))
    yx = mean_of_kernel(y, x, sigma)
    value = SCALE * float(xx.mean() + yy.mean() - 2 * xy.mean())
    error = 2 * SCALE * float(((xx - xy).var() / len(x) + (yy - yx).var() / len(y)).sqrt())
    facts: dict[str, Any] = {"n real": len(x), "n fake": len(y), "sigma": sigma, "unit": unit}
    facts |= {"spread": "standard error of the U-statistic, first order"}
    return Score(f"cmmd[{features}]", max(0.0, value), len(y), error, "low", {**(provenance or {}), **facts})


def mean_of_kernel(x: Tensor, y: Tensor, sigma: float) -> Tensor:
    """For each of x (n, d) the mean of exp(-|x - y|² / 2σ²) over y (m, d): (n,)."""
    size = y.square().sum(1)
    means = []
    for rows in x.split(CHUNK):
        apart = torch.addmm(rows.square().sum(1)[:, None] + size, rows, y.T, alpha=-2).clamp_(min=0)
        means.append(apart.mul_(-0.5 / sigma**2).exp_().mean(1))
    return torch.cat(means)
