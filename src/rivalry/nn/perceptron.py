"""Multilayer perceptrons between codes, data and scores."""

import math

from torch import Tensor, nn


def perceptron(*sizes: int, slope: float = 0.2) -> nn.Sequential:
    """Linear layers of these sizes with leaky ReLU between them: (n, sizes[0]) -> (n, sizes[-1])."""
    layers: list[nn.Module] = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.LeakyReLU(slope)]
    return nn.Sequential(*layers[:-1])


class PerceptronGenerator(nn.Module):
    """(n, latent) -> (n, *shape), through tanh where data are `bounded` to [-1, 1]."""

    def __init__(
        self, latent: int, shape: tuple[int, ...], *, width: int = 256, depth: int = 3, bounded: bool = True
    ):
        super().__init__()
        self.shape = shape
        self.body = perceptron(latent, *[width] * depth, math.prod(shape))
        self.bound = nn.Tanh() if bounded else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        return self.bound(self.body(z)).view(len(z), *self.shape)


class PerceptronCritic(nn.Module):
    """(n, *shape) -> (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int = 256, depth: int = 3):
        super().__init__()
        self.body = perceptron(math.prod(shape), *[width] * depth, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.flatten(1)).squeeze(1)
