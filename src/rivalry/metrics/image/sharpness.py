"""Sharpness: do samples hold as much fine detail as the data?

    var Δx over the image, averaged over samples, by the same over data

with Δ the discrete Laplacian, the four neighbors less four times the pixel (Pech-Pacheco et al. 2000, "Diatom
autofocusing in brightfield microscopy"; of generators, Tolstikhin et al. 2018, arXiv 1711.01558).  Beside it the energy
of the gradient, the mean of the squared differences between neighbors (Subbarao, Choi and Nikzad 1993).  Both are
taken of how light a pixel is.  Blur lowers them; noise, which is detail too, raises them.  Blind to the subject of
the image.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.image.images import light, require_images
from rivalry.metrics.score import Score


def sharpness(
    fake: Tensor,
    real: Dataset,
    *,
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> Score:
    """The mean variance of the Laplacian of samples over that of data; 1 is best, no side is good in itself.

    Under 1 samples are blurred, over 1 they are noisy.  The details hold the same ratio for the energy of the
    gradient as `gradient`, its standard error as `gradient spread`, and the four means behind the two ratios.
    Noise and blur together can cancel in one of the two, hardly in both: noise moves the Laplacian more.

    Args:
        fake: (n, c, h, w) in [-1, 1], c in 1..4, both sides of 3 pixels or more; alpha is left out.
        real: images of the same shape.
        most: how many a side are used at most, evenly spaced in their order.

    Raises:
        BadRequest: not images of the data's shape, fewer than 2 a side, not finite, or data without any detail.
    """
    require_images("sharpness", fake, real, least=2, side=3)
    samples, data = spaced(torch.arange(len(fake)), most), spaced(torch.arange(len(real)), most)
    of_fake = torch.cat([detail(fake[rows]) for rows in samples.split(500)])
    of_real = torch.cat([detail(real.rows(rows)) for rows in data.split(500)])
    if not bool((of_real.mean(0) > 0).all()):
        raise BadRequest(
            f"sharpness: the images of {real.spec.name!r} are flat; there is nothing to compare with"
        )
    ratio, error = _ratio(of_fake, of_real)
    facts = {
        "n real": len(of_real),
        "n fake": len(of_fake),
        "spread": "standard error of the ratio of two means, first order",
    }
    means = {"laplacian of fakes": of_fake[:, 0], "laplacian of reals": of_real[:, 0]}
    means |= {"gradient of fakes": of_fake[:, 1], "gradient of reals": of_real[:, 1]}
    details = {"gradient": float(ratio[1]), "gradient spread": float(error[1])}
    details |= {name: float(values.mean()) for name, values in means.items()}
    facts = {**(provenance or {}), **facts}
    return Score("sharpness", float(ratio[0]), len(of_fake), float(error[0]), "", facts, details)


def detail(x: Tensor) -> Tensor:
    """The fine detail of each image: (n, c, h, w) in [-1, 1] -> float64 (n, 2).

    The first column is the variance of the Laplacian inside the border, the second the energy of the gradient:
    for white noise of variance v, 20 v and 4 v.
    """
    x = light(x).double()  # (n, h, w)
    middle = x[:, 1:-1, 1:-1]
    around = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    variance = (around - 4 * middle).var((1, 2), correction=0)
    energy = sum(x.diff(dim=side).square().mean((1, 2)) for side in (1, 2))
    return torch.stack([variance, torch.as_tensor(energy)], 1)


def _ratio(above: Tensor, below: Tensor) -> tuple[Tensor, Tensor]:
    """The ratio of the means of two sets (n, k) and (m, k), and its standard error: (k,) and (k,)."""
    ratio = above.mean(0) / below.mean(0)
    error = (above.var(0) / len(above) + ratio**2 * below.var(0) / len(below)).sqrt() / below.mean(0)
    return ratio, error
