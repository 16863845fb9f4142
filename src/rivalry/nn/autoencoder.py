"""Encoders and decoders of a datum: DCGAN's convolutions for images, else perceptrons.  Both may be told classes."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.nn.conv import ConvCritic, ConvGenerator, layer_norm
from rivalry.nn.perceptron import PerceptronGenerator, perceptron


class Encoder(nn.Module):
    """Data (n, ...), and labels (n,) if there are classes, -> numbers (n, outputs).

    The label joins the features of the last layer, one-hot.

    Args:
        width: of images the channels of the map nearest to the image, else units of a hidden layer.
    """

    def __init__(self, spec: Spec, outputs: int, *, width: int, classes: int = 0):
        super().__init__()
        self.classes = classes
        if spec.meaning.axes == 2:
            critic = ConvCritic(spec.shape, width=width, norm=layer_norm)  # type: ignore[arg-type]
            self.body, count = nn.Sequential(critic.body, nn.Flatten()), critic.feature_count
        else:
            layers = perceptron(math.prod(spec.shape), width, width)
            self.body, count = nn.Sequential(nn.Flatten(), layers, nn.LeakyReLU(0.2)), width
        self.last = nn.Linear(count + classes, outputs)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.last(with_label(self.body(x), label, self.classes))

    def looks(self, x: Tensor, label: Tensor | None = None) -> "Look":
        """As a critic of one output: its scores and its features."""
        features = self.body(x)
        return Look(self.last(with_label(features, label, self.classes)).squeeze(1), features)


class Look(NamedTuple):
    """What a critic sees: scores (n,), and the features (n, f) that they are a linear function of."""

    scores: Tensor
    features: Tensor


class Untold(nn.Module):
    """A network of data that is told classes and does not listen: the class is for its decoder."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        return self.network(x)


class Decoder(nn.Module):
    """Codes (n, latent), and labels (n,) if there are classes, -> data (n, ...), or (n, ..., parts).

    The label joins the code, one-hot.

    Args:
        width: of images the channels of the map nearest to the image, else units of a hidden layer.
        parts: numbers that are told of each number of a datum, of any size; 0 for the datum itself, through tanh where
            data are bounded to [-1, 1].
    """

    def __init__(self, latent: int, spec: Spec, *, width: int, classes: int = 0, parts: int = 0):
        super().__init__()
        self.latent, self.classes, self.parts = latent, classes, parts
        self.bound = nn.Tanh() if spec.meaning.bounded and not parts else nn.Identity()
        self.image = spec.meaning.axes == 2
        if self.image:
            c, h, w = spec.shape
            generator = ConvGenerator(
                latent + classes, (c * max(parts, 1), h, w), width=width, norm=layer_norm
            )
            generator.body = nn.Sequential(*list(generator.body)[:-1])  # all but its tanh
            self.network: nn.Module = generator
        else:
            shape = (*spec.shape, parts) if parts else spec.shape
            self.network = PerceptronGenerator(latent + classes, shape, width=width, bounded=False)

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        x = self.bound(self.network(with_label(z, label, self.classes)))
        if not (self.parts and self.image):
            return x
        return x.unflatten(1, (-1, self.parts)).movedim(2, -1)  # (n, c · parts, h, w) -> (n, c, h, w, parts)

    def input_matrix(self) -> Tensor:
        """The matrix (out, latent) by which a code is read."""
        first = next(layer for layer in self.network.modules() if isinstance(layer, nn.Linear))
        return first.weight[:, : self.latent]


class Autoencoding(nn.Module):
    """An encoder and its decoder, as one network whose weights can be averaged."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder


def with_label(x: Tensor, label: Tensor | None, classes: int) -> Tensor:
    """Rows (n, d) and, where there are classes, the one-hot labels beside them: (n, d + classes)."""
    if label is None:
        return x
    return torch.cat([x, F.one_hot(label, classes).to(x.dtype)], 1)
