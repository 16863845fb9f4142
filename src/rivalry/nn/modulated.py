"""StyleGAN2's layers: convolutions whose weights a style modulates, and a critic of residual blocks.

    w'_ijk = s_i w_ijk,        w''_ijk = w'_ijk / √(Σ_{i,k} w'_ijk² + ε)

(Karras et al. 2019, "Analyzing and Improving the Image Quality of StyleGAN", arXiv 1912.04958, equations 1 and 3.)
Scaling the input by s and the output by what demodulates it is the same as scaling the weights, and needs one
convolution for the whole batch.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.equalized import EqualConv2d, EqualLinear, minibatch_deviation
from rivalry.nn.style import Noise, double_smoothly, halve_smoothly


def bent(x: Tensor) -> Tensor:
    """Leaky ReLU, scaled so that the size of x is kept."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Modulated(nn.Module):
    """(n, a, h, w) and styles (n, d) -> (n, b, h, w)."""

    def __init__(self, a: int, b: int, kernel: int, d: int, *, demodulate: bool = True):
        super().__init__()
        self.conv = EqualConv2d(a, b, kernel, gain=1)
        self.style = EqualLinear(d, a, bias=1.0)
        self.demodulate = demodulate

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        s, weight = self.style(w), self.conv.scaled()
        y = F.conv2d(x * s[..., None, None], weight, padding=self.conv.padding)
        if self.demodulate:
            squares = s.square() @ weight.square().sum((2, 3)).T  # (n, b)
            y = y * (squares + 1e-8).rsqrt()[..., None, None]
        return y

    def add_bias(self, y: Tensor) -> Tensor:
        """The bias comes last, after noise."""
        assert self.conv.bias is not None
        return y + self.conv.bias.view(-1, 1, 1)


class StyledLayer(nn.Module):
    """Modulated 3 x 3 - noise - bias - rectifier: (n, a, h, w), (n, d) -> (n, b, h, w)."""

    def __init__(self, a: int, b: int, d: int, size: tuple[int, int]):
        super().__init__()
        self.conv, self.noise = Modulated(a, b, 3, d), Noise(1, *size)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return bent(self.conv.add_bias(self.noise(self.conv(x, w))))


class SkipSynthesis(nn.Module):
    """Styles (n, layers, d) -> images (n, c, h, w), not bounded: the sum of what every size draws, doubled.

    Args:
        small: height and width of the constant that it begins with.
        widths: channels of each size, the smallest first.
    """

    def __init__(self, channels: int, small: tuple[int, int], widths: Sequence[int], d: int):
        super().__init__()
        self.layers = 2 * len(widths)
        self.constant = nn.Parameter(torch.randn(1, widths[0], *small))
        sizes = [(small[0] * 2**i, small[1] * 2**i) for i in range(len(widths))]
        self.smallest = StyledLayer(widths[0], widths[0], d, small)
        steps = list(zip(widths, widths[1:], sizes[1:]))
        self.wider = nn.ModuleList([StyledLayer(a, b, d, size) for a, b, size in steps])
        self.same = nn.ModuleList([StyledLayer(b, b, d, size) for _, b, size in steps])
        self.colors = nn.ModuleList([Modulated(b, channels, 1, d, demodulate=False) for b in widths])

    def forward(self, w: Tensor) -> Tensor:
        styles = list(w.unbind(1))
        h = self.smallest(self.constant.expand(w.shape[0], -1, -1, -1), styles[0])
        x = self.draw(0, h, styles[1])
        for i, (wider, same) in enumerate(zip(self.wider, self.same), 1):
            h = same(wider(double_smoothly(h), styles[2 * i - 1]), styles[2 * i])
            x = double_smoothly(x) + self.draw(i, h, styles[2 * i + 1])
        return x

    def draw(self, i: int, h: Tensor, w: Tensor) -> Tensor:
        color = self.colors[i]
        assert isinstance(color, Modulated)
        return color.add_bias(color(h, w))

    def input_matrices(self) -> list[Tensor]:
        """The matrix (channels, d) by which each layer reads its style, in the order of the layers."""
        styled = [self.smallest, *(layer for pair in zip(self.wider, self.same) for layer in pair)]
        layers = [layer.conv for layer in styled] + [self.colors[-1]]
        return [layer.style.scaled() for layer in layers]  # type: ignore[union-attr,operator]


class ResidualBlock(nn.Module):
    """3 x 3 - 3 x 3 - halve, added to halve - 1 x 1: (n, b, h, w) -> (n, a, h/2, w/2)."""

    def __init__(self, b: int, a: int):
        super().__init__()
        self.conv1, self.conv2 = EqualConv2d(b, b, 3, gain=1), EqualConv2d(b, a, 3, gain=1)
        self.beside = EqualConv2d(b, a, 1, gain=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = bent(self.conv2(halve_smoothly(bent(self.conv1(x)))))
        return (h + self.beside(halve_smoothly(x))) / math.sqrt(2)


class ResidualStyleCritic(nn.Module):
    """Images (n, c, h, w) -> scores (n,).  Images are continued at the border to the size that halves evenly."""

    def __init__(self, channels: int, small: tuple[int, int], widths: Sequence[int]):
        super().__init__()
        self.side = tuple(s * 2 ** (len(widths) - 1) for s in small)
        self.color = EqualConv2d(channels, widths[-1], 1, gain=1)
        self.blocks = nn.Sequential(*[ResidualBlock(b, a) for a, b in list(zip(widths, widths[1:]))[::-1]])
        self.smallest = EqualConv2d(widths[0] + 1, widths[0], 3, gain=1)
        self.first = EqualLinear(widths[0] * math.prod(small), widths[0])
        self.last = EqualLinear(widths[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, self.side[1] - x.shape[3], 0, self.side[0] - x.shape[2]), "replicate")
        h = self.blocks(bent(self.color(x)))
        h = bent(self.smallest(minibatch_deviation(h)))
        return self.last(bent(self.first(h.permute(0, 2, 3, 1).flatten(1)))).squeeze(1)
