"""The Laplacian pyramid of an image, and the distance of two images by theirs.

    Lap₁(x, y) = Σ_j 4^j ‖L_j(x) - L_j(y)‖₁

L_j is what level j of the pyramid holds: the image blurred and halved j times, minus what can be told of it from the
next level; the last level is the small image itself (Burt & Adelson 1983; Ling & Okada 2006).  Each level has a quarter
of the numbers of the one before, so all levels count alike.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

LEAST = 4  # pixels of the shorter side, under which an image is not halved
TAPS = (1.0, 4.0, 6.0, 4.0, 1.0)


def laplacian(x: Tensor, levels: int) -> list[Tensor]:
    """The levels of images (n, c, h, w), the finest first; fewer for a small image."""
    found = list[Tensor]()
    while len(found) < levels - 1 and min(x.shape[2:]) >= LEAST:
        small = halved(x)
        found.append(x - F.interpolate(small, size=x.shape[2:], mode="bilinear", align_corners=False))
        x = small
    return [*found, x]


def halved(x: Tensor) -> Tensor:
    """Blurred with binomial weights, then every second pixel: (n, c, h, w) -> (n, c, ⌈h/2⌉, ⌈w/2⌉)."""
    c, taps = x.shape[1], torch.tensor(TAPS, dtype=x.dtype, device=x.device) / 16
    kernel = torch.outer(taps, taps).expand(c, 1, 5, 5)
    return F.conv2d(F.pad(x, (2, 2, 2, 2), "replicate"), kernel, stride=2, groups=c)


def laplacian_distance(x: Tensor, y: Tensor, levels: int = 3) -> Tensor:
    """Lap₁ in units of the mean absolute difference of a level: (n, ...) and (n, ...) -> (n,).

    Of points, which have no pyramid, the mean absolute difference.
    """
    apart = x - y
    parts = (
        laplacian(apart, levels) if x.dim() == 4 else [apart]
    )  # linear: of the difference is the difference
    return torch.stack([part.abs().flatten(1).mean(1) for part in parts]).sum(0)
