"""MS-SSIM between samples: are they alike at every scale?

    MS-SSIM(x, y) = l_M^β_M Π_j (c_j s_j)^β_j        over scales j = 1 ... M, each half of the one before

        l = (2 μ_x μ_y + C₁) / (μ_x² + μ_y² + C₁),   c s = (2 σ_xy + C₂) / (σ_x² + σ_y² + C₂)

Wang, Simoncelli and Bovik 2003, "Multiscale Structural Similarity for Image Quality Assessment".  As a measure of
diversity: Odena et al. 2017 (AC-GAN, arXiv 1610.09585), the mean over random pairs of samples, compared with that of
data. Blind to images that never repeat and are all wrong: noise scores lower than any data.

Means, variances and covariances are under a Gaussian of 11 x 11 pixels with σ = 1.5, and only where it fits into the
image; a scale's c s is their mean over the image, and at the last scale that of l c s is taken, as in the authors'
program.  A negative mean counts as 0.  A scale is halved by the mean of 2 x 2 pixels, of those that there are at an
odd border.  Five scales need 161 pixels; smaller images have fewer, whose weights are raised in proportion to the sum
of all five.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.image.images import mean_of_pairs, require_images
from rivalry.metrics.score import Score

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # β, the finest scale first
WINDOW, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # of images in [0, 1]
TOGETHER = 100_000  # values of images that are compared at once, so that their maps stay in the cache


def ms_ssim_diversity(
    fake: Tensor,
    real: Dataset,
    *,
    pairs: int = 1000,
    seed: int = 0,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The mean MS-SSIM of random pairs of samples, at most 1; lower is more diverse.

    1 for a generator of one image.  The details hold the same for pairs of data as `real`, and its standard error
    as `real spread`: samples can only come down to that; a lower value is noise.

    Args:
        fake: (n, c, h, w) in [-1, 1], both sides of 11 pixels or more; values outside are clipped.
        real: images of the same shape.
        pairs: how many; AC-GAN takes 100 a class.
        seed: of the pairs.

    Raises:
        BadRequest: not images of the data's shape, fewer than 4 a side, too small, not finite, or under 2 pairs.
    """
    require_images("ms-ssim", fake, real, least=4, side=WINDOW)
    if pairs < 2:
        raise BadRequest(f"ms-ssim needs at least 2 pairs; got {pairs}")
    chunk = max(1, TOGETHER // fake[0].numel())
    value, error = mean_of_pairs(ms_ssim, fake, pairs, seed, chunk)
    of_real, error_of_real = mean_of_pairs(ms_ssim, real, pairs, seed, chunk)
    facts = {
        "n real": len(real),
        "n fake": len(fake),
        "pairs": pairs,
        "seed": seed,
        "scales": scales(min(fake.shape[2:])),
        "spread": "standard error over the pairs, of which at most n/2 count",
    }
    details = {"real": of_real, "real spread": error_of_real}
    return Score("ms-ssim", value, len(fake), error, "low", {**(provenance or {}), **facts}, details)


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Of each pair of images, at most 1 and 1 for equal ones; the mean over their channels.

    Args:
        x, y: (n, c, h, w) in [-1, 1], both sides of 11 pixels or more; values outside are clipped.

    Returns:
        (n,), over `scales(min(h, w))` scales.

    Raises:
        BadRequest: images of different shapes, or too small.
    """
    if x.shape != y.shape:
        raise BadRequest(f"ms-ssim compares images of one shape; got {tuple(x.shape)} and {tuple(y.shape)}")
    weights = WEIGHTS[: scales(min(x.shape[2:]))]
    x, y = ((z.clamp(-1, 1) + 1) / 2 for z in (x, y))
    product = x.new_ones(x.shape[:2])
    for scale, weight in enumerate(weights, 1):
        whole, structure = similarity(x, y)
        part = whole if scale == len(weights) else structure
        product = product * part.clamp(min=0) ** (weight * sum(WEIGHTS) / sum(weights))
        x, y = (F.avg_pool2d(z, 2, ceil_mode=True) for z in (x, y))
    return product.mean(1)


def scales(side: int) -> int:
    """How many scales images of this shorter side have: 5 from 161 pixels on, 1 below 21.

    Raises:
        BadRequest: fewer than 11 pixels, which is the size of the window.
    """
    if side < WINDOW:
        raise BadRequest(f"ms-ssim needs images of at least {WINDOW} x {WINDOW}; got a side of {side}")
    return sum(side > (WINDOW - 1) * 2**halvings for halvings in range(len(WEIGHTS)))


def similarity(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM, and its part of only contrast and structure, at one scale.

    Args:
        x, y: (n, c, h, w) in [0, 1].

    Returns:
        The means over the image of l c s and of c s: (n, c) and (n, c).
    """
    at_x, at_y = (z.mean((2, 3), keepdim=True) for z in (x, y))
    x, y = x - at_x, y - at_y  # variances as differences of squares lose digits far from 0
    mu_x, mu_y, xx, yy, xy = _smoothed(torch.stack([x, y, x * x, y * y, x * y])).unbind()
    structure = (2 * (xy - mu_x * mu_y) + C2) / (xx - mu_x**2 + yy - mu_y**2 + C2)
    mu_x, mu_y = mu_x + at_x, mu_y + at_y
    luminance = (2 * mu_x * mu_y + C1) / (mu_x**2 + mu_y**2 + C1)
    return (luminance * structure).mean((2, 3)), structure.mean((2, 3))


def _smoothed(maps: Tensor) -> Tensor:
    """Under the Gaussian window, where it fits: (..., h, w) -> (..., h - 10, w - 10)."""
    at = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    window = torch.exp(-(at**2) / (2 * SIGMA**2))
    window = (window / window.sum()).to(maps)
    flat = maps.reshape(1, -1, *maps.shape[-2:])  # as channels of one image: far quicker than as images
    count = flat.shape[1]
    for shape in ((WINDOW, 1), (1, WINDOW)):
        flat = F.conv2d(flat, window.view(shape).expand(count, 1, *shape), groups=count)
    return flat.view(*maps.shape[:-2], *flat.shape[-2:])
