"""Multilayer perceptrons between codes, data and scores."""

import math

from torch import Tensor, nn


def perceptron(*sizes: int, norm: bool = False, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers of these sizes with leaky ReLU between them: (n, sizes[0]) -> (n, sizes[-1]).

    Args:
        norm: batch normalization of every hidden layer.
        dropout: share of every hidden layer that is dropped in training.
    """
    layers: list[nn.Module] = [nn.Linear(sizes[0], sizes[1])]
    for a, b in zip(sizes[1:], sizes[2:]):
        layers += [nn.BatchNorm1d(a)] if norm else []
        layers += [nn.LeakyReLU(0.2), *([nn.Dropout(dropout)] if dropout else []), nn.Linear(a, b)]
    return nn.Sequential(*layers)


class PerceptronGenerator(nn.Module):
    """(n, latent) -> (n, *shape), through tanh where data are `bounded` to [-1, 1]."""

    def __init__(
        self,
        latent: int,
        shape: tuple[int, ...],
        *,
        width: int = 256,
        depth: int = 3,
        norm: bool = False,
        bounded: bool = True,
    ):
        super().__init__()
        self.shape = shape
        self.body = perceptron(latent, *[width] * depth, math.prod(shape), norm=norm)
        self.bound = nn.Tanh() if bounded else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        return self.bound(self.body(z)).view(z.shape[0], *self.shape)


class PerceptronCritic(nn.Module):
    """(n, *shape) -> (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int = 256, depth: int = 3, dropout: float = 0.0):
        super().__init__()
        self.body = perceptron(math.prod(shape), *[width] * depth, 1, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.flatten(1)).squeeze(1)


class SmoothPerceptron(nn.Module):
    """(n, *shape) -> (n,), with SiLU: its gradient in the data has no jumps."""

    def __init__(self, shape: tuple[int, ...], *, width: int = 128, depth: int = 3):
        super().__init__()
        sizes = [math.prod(shape), *[width] * depth]
        hidden = [layer for a, b in zip(sizes, sizes[1:]) for layer in (nn.Linear(a, b), nn.SiLU())]
        self.body = nn.Sequential(*hidden, nn.Linear(width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x.flatten(1)).squeeze(1)
