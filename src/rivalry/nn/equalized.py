"""Layers at an equalized learning rate: every weight is of size one, and scaled when it is used.

    y = (g / √fan-in) W x + b,    W ~ N(0, 1)

(Karras et al. 2017, arXiv 1710.10196, section 4.1.)  An optimizer whose steps do not depend on the size of a
gradient, such as Adam, then changes all layers at one speed; a layer of `speed` s learns s times as fast.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EqualLinear(nn.Linear):
    """(n, inputs) -> (n, outputs).

    Args:
        gain: g; √2 before a rectifier, 1 before nothing.
        speed: of learning, of weight and bias alike (Karras et al. 2018, arXiv 1812.04948, C).
        bias: the first value of every bias.
    """

    def __init__(
        self, inputs: int, outputs: int, *, gain: float = 1.0, speed: float = 1.0, bias: float = 0.0
    ):
        super().__init__(inputs, outputs)
        nn.init.normal_(self.weight, 0.0, 1 / speed)
        nn.init.constant_(self.bias, bias / speed)
        self.scale, self.speed = gain * speed / math.sqrt(inputs), speed

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.scaled(), self.bias * self.speed)

    def scaled(self) -> Tensor:
        """The weight as it is used: (outputs, inputs)."""
        return self.weight * self.scale


class EqualConv2d(nn.Conv2d):
    """(n, a, h, w) -> (n, b, h, w): a convolution of an odd kernel that keeps the size."""

    def __init__(self, a: int, b: int, kernel: int, *, gain: float = math.sqrt(2), bias: bool = True):
        super().__init__(a, b, kernel, padding=kernel // 2, bias=bias)
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)
        self.scale = gain / math.sqrt(a * kernel**2)

    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.scaled(), self.bias)

    def scaled(self) -> Tensor:
        """The weight as it is used: (b, a, kernel, kernel)."""
        return self.weight * self.scale


def pixel_norm(x: Tensor) -> Tensor:
    """Each place's vector of channels at length √channels: (n, c, ...) -> the same."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def minibatch_deviation(x: Tensor, group: int = 4) -> Tensor:
    """One channel more: how much the samples of a group differ, averaged over channels and places.

    (n, c, h, w) -> (n, c + 1, h, w).  It shows a critic when all samples are alike.  Groups are of four,
    or of as many as divide the batch (Karras et al. 2017, arXiv 1710.10196, section 3; groups: its code).
    """
    n, _, h, w = x.shape
    group = next(size for size in range(min(group, n), 0, -1) if n % size == 0)
    apart = x.reshape(group, n // group, *x.shape[1:])
    variance = (apart - apart.mean(0)).square().mean(0)  # a third of the time of `var` and its derivative
    deviation = (variance + 1e-8).sqrt().mean((1, 2, 3))  # (n / group,)
    return torch.cat([x, deviation.repeat(group).view(n, 1, 1, 1).expand(n, 1, h, w).to(x.dtype)], 1)
