"""Small frozen games to edit: linear, smooth, with classes, with styles; none of them was trained."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from rivalry.data.source import Spec
from rivalry.game import Game
from rivalry.labels import labels_for

SHAPE = (1, 10, 12)
SPEC = Spec("waves", "image", SHAPE)


def weight(*shape: int, seed: int = 0) -> nn.Parameter:
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) / shape[-1] ** 0.5
    return nn.Parameter(x, requires_grad=False)


class Drawing(Game):
    """Normal codes of `latent` numbers."""

    def __init__(self, latent: int):
        super().__init__()
        self.latent, self.origin = latent, weight(1)

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        return torch.randn(n, self.latent) * (1.0 if truncation is None else truncation)

    def sample(self, n: int, truncation: float | None = None, **given: Any) -> Tensor:
        return self.decode(self.draw(n, truncation), **given)


class Linear(Drawing):
    """x = A z, as points or as images."""

    def __init__(self, latent: int = 8, shape: tuple[int, ...] = SHAPE, seed: int = 0):
        super().__init__(latent)
        self.shape = shape
        self.A = weight(torch.Size(shape).numel(), latent, seed=seed)

    def decode(self, z: Tensor) -> Tensor:
        return (z @ self.A.T).view(len(z), *self.shape)

    def input_matrices(self) -> list[Tensor]:
        return [self.A]


class Smooth(Drawing):
    """Two layers from codes, and from classes where there are any, to an image in [-1, 1]."""

    def __init__(self, latent: int = 6, classes: int = 0, seed: int = 0):
        super().__init__(latent)
        self.classes = classes
        self.first = weight(64, latent, seed=seed)
        self.of_class = weight(max(classes, 1), 64, seed=seed + 1)
        self.last = weight(120, 64, seed=seed + 2)

    def decode(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        told = labels_for(len(z), label, self.classes, self.device)
        hidden = z @ self.first.T + (8 * self.of_class[told[0]] if told else 0)
        return (2 * hidden.tanh() @ self.last.T).tanh().view(len(z), *SHAPE)


class Stylish(Drawing):
    """A style for each of six layers: z -> w -> the sum of what the layers draw."""

    def __init__(self, latent: int = 6, layers: int = 6):
        super().__init__(latent)
        self.mapping = weight(latent, latent)
        self.layers = nn.ParameterList([weight(120, latent, seed=i + 1) for i in range(layers)])

    def style(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        return (z @ self.mapping.T).asinh()[:, None].expand(-1, len(self.layers), -1)

    def synthesize(self, w: Tensor) -> Tensor:
        parts = [w[:, i] @ layer.T for i, layer in enumerate(self.layers)]
        return torch.stack(parts).tanh().mean(0).view(len(w), *SHAPE)

    def middle(self) -> Tensor:
        return torch.zeros(self.latent)

    def decode(self, z: Tensor) -> Tensor:
        return self.synthesize(self.style(z))

    def input_matrices(self) -> list[Tensor]:
        return list(self.layers)


class Mute(Game):
    """Can do nothing at all."""


def same(page: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures are the same but for the rounding of a byte."""
    a, b = (np.asarray(one.convert("RGB")).astype(int) for one in (page, other))
    return a.shape == b.shape and int(np.abs(a - b).max()) <= 1
