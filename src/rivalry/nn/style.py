"""Parts of generators that a style controls: the mapping from codes, the filters, the noise.

(Karras et al. 2018, "A Style-Based Generator Architecture for Generative Adversarial Networks", arXiv 1812.04948.)
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.equalized import EqualLinear, pixel_norm

SPEED = 0.01  # at which the mapping learns
SETTLED = 0.995  # decay of the mean style


class Mapping(nn.Module):
    """Codes z (n, latent) -> styles w (n, d): normalized, then linear layers that learn a hundredth as fast.

    Attributes:
        middle: the mean style so far, (d,).
    """

    middle: Tensor

    def __init__(self, latent: int, d: int, depth: int):
        super().__init__()
        sizes = [latent, *[d] * depth]
        self.layers = nn.ModuleList(
            [EqualLinear(a, b, gain=math.sqrt(2), speed=SPEED) for a, b in zip(sizes, sizes[1:])]
        )
        self.register_buffer("middle", torch.zeros(d))

    def forward(self, z: Tensor) -> Tensor:
        w = pixel_norm(z)
        for layer in self.layers:
            w = F.leaky_relu(layer(w), 0.2)
        return w

    @torch.no_grad()
    def follow(self, w: Tensor) -> None:
        """Move the mean style towards that of a batch of styles (n, d)."""
        self.middle.lerp_(w.float().mean(0), 1 - SETTLED)


class Noise(nn.Module):
    """One random picture added to all channels, each at a strength that is learned: (n, c, h, w) -> the same.

    In training it is drawn anew for each image.  In evaluation it is always the same one, so that a style has
    one image.
    """

    fixed: Tensor

    def __init__(self, channels: int, h: int, w: int):
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(channels, 1, 1))
        self.register_buffer("fixed", torch.randn(1, 1, h, w))

    def forward(self, x: Tensor) -> Tensor:
        picture = torch.randn_like(x[:, :1]) if self.training else self.fixed.to(x.dtype)
        return x + self.strength * picture


def double_smoothly(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c, 2h, 2w): zeros between the pixels, then the filter [1, 3, 3, 1] in both directions.

    That is bilinear interpolation, but for the border.
    """
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def halve_smoothly(x: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c, h/2, w/2): the filter [1, 3, 3, 1] in both directions, then each second pixel.

    The filter is a mean of two pixels, three times over.  As a convolution of each channel by itself it takes seconds
    on a processor where a penalty derives it twice, in the layout (n, c, h, w).  In float32 at least, since bfloat16
    would round three times.
    """
    x = F.pad(x.to(torch.promote_types(x.dtype, torch.float32)), (1, 1, 1, 1), "replicate")
    return F.avg_pool2d(F.avg_pool2d(F.avg_pool2d(x, 2, 1), 2, 1), 2, 2)


def mixed(w: Tensor, other: Tensor, layers: int, probability: float) -> Tensor:
    """Styles of two codes, one up to a random layer and the other from there on: (n, d), (n, d) -> (n, layers, d).

    Args:
        probability: that an image is mixed at all; else all of its layers have the first style.
    """
    n = w.shape[0]
    cut = torch.randint(1, max(2, layers), (n, 1), device=w.device)
    cut = torch.where(torch.rand(n, 1, device=w.device) < probability, cut, layers)
    first = torch.arange(layers, device=w.device) < cut  # (n, layers)
    return torch.where(first[..., None], w[:, None], other[:, None])
