"""Resizing without aliasing: bicubic, its kernel widened where the image shrinks, the result clipped to its range.

Parmar et al. 2022 ("On Aliased Resizing and Surprising Subtleties in GAN Evaluation", arXiv 2104.11222) found that
most libraries leave out the widening, that this alone moves a Fréchet distance by more than a better generator does,
and that PIL's resizing of floats is right.  This is the same to 1e-4 of a grey level, on whatever device the images
are.  Nothing is rounded to bytes afterwards.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.images import in_color, light

RESIZER = "bicubic, antialiased, clipped"  # as it stands in the facts of an extractor


def resize(x: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Images at another size, their aspect changed where `size` has another.

    Args:
        x: (n, c, h, w), floats in [-1, 1] or uint8.
        size: (height, width), or one number for both.

    Returns:
        float32 (n, c, height, width): in [-1, 1] for floats, in [0, 255] for uint8.
    """
    low, high = (0, 255) if x.dtype == torch.uint8 else (-1, 1)
    height, width = (size, size) if isinstance(size, int) else size
    if (height, width) != tuple(
        x.shape[2:]
    ):  # in float32 the places to read from are off by 3e-3 grey levels
        x = F.interpolate(x.double(), (height, width), mode="bicubic", antialias=True)
    return x.float().clamp(low, high)


def fitted(x: Tensor, spec: Spec) -> Tensor:
    """Images as those of a data set are: their size by `resize`, their channels by luma, repetition, or opaqueness.

    Args:
        x: (n, c, h, w), floats in [-1, 1], c from 1 to 4.

    Returns:
        (n, *spec.shape).

    Raises:
        BadRequest: not images.
    """
    if spec.meaning.axes != 2 or x.ndim != 4:
        raise BadRequest(f"only images are resized; {spec.name!r} holds {spec.kind}")
    channels, *size = spec.shape
    if x.shape[1] != channels:
        alpha = x[:, -1:] if x.shape[1] in (2, 4) else torch.ones_like(x[:, :1])
        color = x[:, : x.shape[1] - (x.shape[1] in (2, 4))]
        color = light(color)[:, None] if channels < 3 else in_color(color)
        x = torch.cat([color, alpha], 1)[:, :channels]
    return resize(x, (size[0], size[1]))


def at_least(x: Tensor, side: int) -> Tensor:
    """`resize` for images whose shorter side is under `side` pixels, to that and at the same aspect; others stay."""
    shorter = min(x.shape[2:])
    if shorter >= side:
        return x
    height, width = (round(s * side / shorter) for s in x.shape[2:])
    return resize(x, (height, width))
