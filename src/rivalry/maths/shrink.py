"""How a picture loses its details: reductions to a whole fraction of the size, as values.

A reduction maps pictures (n, c, h, w) in [-1, 1], h and w multiples of `times`, to (n, c, h / times, w / times).
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.maths import chance

Shrink = Callable[[Tensor], Tensor]

NOISE = 0.1  # the largest deviation of the noise of `degraded`, of values in [-1, 1]


def area(times: int) -> Shrink:
    """The mean of each square of `times` x `times` pixels."""
    return lambda x: F.avg_pool2d(x, times)


def bicubic(times: int) -> Shrink:
    """Bicubic with its kernel widened, so that nothing aliases: what image programs do."""
    return lambda x: resized(x, (x.shape[2] // times, x.shape[3] // times))


def degraded(times: int) -> Shrink:
    """A random blur, then the area or bicubic, then noise: another for each picture, as bad cameras do.

    The first pass of Real-ESRGAN's chain (Wang et al. 2021, arXiv 2107.10833) without JPEG: a Gaussian of deviation up
    to half of `times`, and normal noise of a deviation of up to 0.1.
    """

    def shrink(x: Tensor) -> Tensor:
        sigma, level, which = chance.uniform((len(x), 3), x.device).unbind(1)
        x = blurred(x, (0.5 * times * sigma).clamp(min=0.1))
        small = torch.where((which < 0.5)[:, None, None, None], area(times)(x), bicubic(times)(x))
        noise = chance.normal(tuple(small.shape), x.device)
        return (small + NOISE * level[:, None, None, None] * noise).clamp(-1, 1)

    return shrink


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures at another size, bicubic and antialiased, in [-1, 1]."""
    return F.interpolate(x.float(), size, mode="bicubic", antialias=True).clamp(-1, 1)


def blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Each picture under a Gaussian of its own deviation sigma (n,), in pixels; borders are repeated."""
    n, c = x.shape[:2]
    radius = max(1, int(3 * float(sigma.max())))
    away = torch.arange(-radius, radius + 1, device=x.device).float()
    kernel = torch.exp(-away.square() / (2 * sigma[:, None].square()))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(c, 0)  # (n c, 2 radius + 1)
    y = F.pad(x.float().reshape(1, n * c, *x.shape[2:]), (radius,) * 4, mode="replicate")
    y = F.conv2d(y, kernel[:, None, :, None], groups=n * c)
    return F.conv2d(y, kernel[:, None, None, :], groups=n * c).view_as(x)
