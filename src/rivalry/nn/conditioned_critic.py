"""Critics of a step from more noise to less, that are told how much: of images by convolutions, else a perceptron."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.nn.conv import Shape, halvings
from rivalry.nn.denoiser import Conditioning


class ConditionedConvCritic(nn.Module):
    """Images x and y (n, c, h, w) and a level (n,) -> scores (n,): strided convolutions, told the level at each."""

    def __init__(self, shape: Shape, *, width: int):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        sizes = [width * 2 ** min(i, 2) for i in range(k + 1)]
        self.conditioning = Conditioning(2 * width)
        self.first = nn.Conv2d(2 * c, width, 3, 1, 1)
        self.halve = nn.ModuleList([nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(sizes, sizes[1:])])
        self.bias = nn.ModuleList([nn.Linear(2 * width, a) for a in sizes])
        self.last = nn.Linear(sizes[-1] * (h >> k) * (w >> k), 1)

    def forward(self, x: Tensor, y: Tensor, level: Tensor) -> Tensor:
        conditioning, h = self.conditioning(level), self.first(torch.cat([x, y], 1))
        for bias, layer in zip(self.bias, [*self.halve, nn.Identity()]):
            h = layer(F.leaky_relu(h + bias(conditioning)[..., None, None], 0.2))
        return self.last(h.flatten(1)).squeeze(1)


class ConditionedPerceptronCritic(nn.Module):
    """Points x and y (n, d) and a level (n,) -> scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int, depth: int = 3):
        super().__init__()
        sizes = [2 * math.prod(shape), *[width] * depth]
        self.conditioning = Conditioning(width)
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
        self.bias = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.last = nn.Linear(width, 1)

    def forward(self, x: Tensor, y: Tensor, level: Tensor) -> Tensor:
        conditioning, h = self.conditioning(level), torch.cat([x.flatten(1), y.flatten(1)], 1)
        for layer, bias in zip(self.layers, self.bias):
            h = F.leaky_relu(layer(h) + bias(conditioning), 0.2)
        return self.last(h).squeeze(1)


def conditioned_critic_for(spec: Spec, width: int) -> nn.Module:
    """(n, *spec.shape), the same and a level (n,) -> (n,)."""
    if spec.meaning.axes == 2:
        return ConditionedConvCritic(spec.shape, width=width)  # type: ignore[arg-type]
    return ConditionedPerceptronCritic(spec.shape, width=width)
