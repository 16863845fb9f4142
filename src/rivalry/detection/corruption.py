"""What pictures suffer on their way: blur and JPEG, at random.  A detector that was trained with both survives both.

(Wang et al. 2020, "CNN-generated images are surprisingly easy to spot... for now", arXiv 1912.11035: each with
probability 1/2, a blur of sigma up to 3 for pictures of 224 pixels, JPEG of quality 30 to 100.)

Deviations: sigma grows with the shorter side, 3 at 224 pixels, but not below 0.5: for pictures of 28 pixels
3 would leave nothing.
"""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

SHARE = 0.5  # of pictures that are blurred, and of those that are compressed
SIGMA, AT = 3.0, 224  # the largest blur, for a picture with a shorter side of so many pixels
QUALITIES = (30, 100)


def corrupted(x: Tensor, draw: torch.Generator) -> Tensor:
    """Each picture blurred with probability 1/2, then compressed with probability 1/2.

    Args:
        x: uint8 (n, c, h, w), c 1 or 3.

    Returns:
        uint8 (n, c, h, w).
    """
    n = len(x)
    largest = max(0.5, SIGMA * min(x.shape[2:]) / AT)
    blurs, sigma = torch.rand(n, generator=draw) < SHARE, largest * torch.rand(n, generator=draw)
    compresses = torch.rand(n, generator=draw) < SHARE
    quality = torch.randint(QUALITIES[0], QUALITIES[1] + 1, (n,), generator=draw)
    x = torch.where(blurs[:, None, None, None], blurred(x, sigma), x)
    rows = compresses.nonzero().flatten().tolist()
    if rows:
        x = x.clone()
        x[rows] = torch.stack([compressed(x[i], int(quality[i])) for i in rows])
    return x


def blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Each picture uint8 (n, c, h, w) under a Gaussian of its own sigma (n,), in pixels; borders are repeated."""
    n, c = x.shape[:2]
    radius = max(1, int(3 * float(sigma.max())))
    away = torch.arange(-radius, radius + 1).float()
    kernel = torch.exp(-away.square() / (2 * sigma[:, None].clamp(min=1e-3).square()))  # (n, 2 r + 1)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(c, 0)
    y = F.pad(x.float().view(1, n * c, *x.shape[2:]), (radius,) * 4, mode="replicate")
    y = F.conv2d(y, kernel[:, None, :, None], groups=n * c)
    y = F.conv2d(y, kernel[:, None, None, :], groups=n * c)
    return y.view_as(x).round().clamp(0, 255).to(torch.uint8)


def compressed(x: Tensor, quality: int) -> Tensor:
    """One picture uint8 (c, h, w), c 1 or 3, written as JPEG of this quality and read again."""
    pixels = x.permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if len(x) == 1 else pixels).save(file, "jpeg", quality=quality)
    with Image.open(file) as image:
        return torch.from_numpy(np.array(image)).view(*x.shape[1:], len(x)).permute(2, 0, 1)
