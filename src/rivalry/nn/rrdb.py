"""Residual-in-residual dense blocks, and the network of them that enlarges pictures of any size.

(Wang et al. 2018, "ESRGAN", arXiv 1809.00219, section 3.1.)  A dense block's every convolution sees all maps before it.
Three of them make a block, and what each block adds is scaled by 0.2, so that a deep network begins near the identity.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SCALE = 0.2  # of what a block adds
GAIN = 0.1  # of the weights that dense blocks begin with


class DenseBlock(nn.Module):
    """Five convolutions, each of all maps before it; the last is added: (n, width, h, w) -> the same."""

    def __init__(self, width: int, growth: int):
        super().__init__()
        inputs = [width + i * growth for i in range(5)]
        convs = [nn.Conv2d(a, b, 3, 1, 1) for a, b in zip(inputs, [growth] * 4 + [width])]
        for conv in convs:
            nn.init.kaiming_normal_(conv.weight, 0.2)
            conv.weight.data.mul_(GAIN)
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
        self.convs = nn.ModuleList(convs)

    def forward(self, x: Tensor) -> Tensor:
        maps = [x]
        for conv in self.convs[:-1]:
            maps.append(F.leaky_relu(conv(torch.cat(maps, 1)), 0.2))
        return x + SCALE * self.convs[-1](torch.cat(maps, 1))


class ResidualDense(nn.Module):
    """Three dense blocks, their output scaled and added to the input: (n, width, h, w) -> the same."""

    def __init__(self, width: int, growth: int):
        super().__init__()
        self.body = nn.Sequential(*[DenseBlock(width, growth) for _ in range(3)])

    def forward(self, x: Tensor) -> Tensor:
        return x + SCALE * self.body(x)


class EnlargingNetwork(nn.Module):
    """Pictures (n, c, h, w) -> (n, c, times h, times w), added to their bicubic enlargement.

    Args:
        channels: of the pictures.
        times: a power of 2.
        width: channels of the maps; half as many grow in a dense block.
        blocks: residual-in-residual dense blocks.
    """

    def __init__(self, channels: int, *, times: int, width: int, blocks: int):
        super().__init__()
        self.times = times
        self.first = nn.Conv2d(channels, width, 3, 1, 1)
        self.trunk = nn.Sequential(
            *[ResidualDense(width, max(1, width // 2)) for _ in range(blocks)],
            nn.Conv2d(width, width, 3, 1, 1),
        )
        self.ups = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1) for _ in range(times.bit_length() - 1))
        self.fine, self.last = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, channels, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        h = h + self.trunk(h)
        for up in self.ups:
            h = F.leaky_relu(up(F.interpolate(h, scale_factor=2)), 0.2)
        made = self.last(F.leaky_relu(self.fine(h), 0.2))
        return made + F.interpolate(x, scale_factor=self.times, mode="bicubic").to(made.dtype)
