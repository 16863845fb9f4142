"""OT-GAN: the generator lowers an energy distance between batches, by optimal transport between learned features.

    min_G max_φ  E[ W(X, Y) + W(X, Y') + W(X', Y) + W(X', Y') - 2 W(X, X') - 2 W(Y, Y') ]

with X, X' batches of data, Y, Y' of samples, and c(x, y) = 1 - cos(φ(x), φ(y)) the cost that W transports at
(Salimans et al. 2018, "Improving GANs Using Optimal Transport", arXiv 1803.05573, equation 7, algorithm 1).

The features move once in `generator_steps` turns of the generator.  The loss compares batches as wholes, so a larger
batch is a better estimate, and one that is too small has a bias: see `rivalry lab batch`.

Deviations:
    The networks of DCGAN without norms, or perceptrons, where the paper has larger ones with CReLU.
    Widths and rates for a processor; batches of 128 in two halves where the paper has 8,000 on eight devices.
    The score of a datum, which the paper does not have: how far its features lean to those of data.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.maths.averages import average_of
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.maths.transport import energy
from rivalry.nn.choice import generator_for
from rivalry.nn.conv import ConvCritic, no_norm
from rivalry.nn.perceptron import perceptron
from rivalry.settings import Count, Fraction, Rate


class OTGAN(Game):
    """Features against a generator.

    Args:
        G: (n, latent) -> (n, ...) data.
        D: φ, (n, ...) data -> (n, d) features.
        features: d.
        sharpness: λ of Sinkhorn's iterations.
    """

    leaning: Tensor  # the mean direction of the features of data less that of samples, a running mean: (d,)

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        latent: int,
        features: int,
        batch: int,
        lr: float,
        beta1: float,
        generator_steps: int,
        sharpness: float,
        average: float,
    ):
        super().__init__()
        self.G, self.D, self.prior, self.batch = G, D, normal(latent), batch
        self.generator_steps, self.sharpness = generator_steps, sharpness
        self.average = average_of(G, average)
        self.register_buffer("leaning", torch.zeros(features))
        self.generator = Player(G, optimizer=adam(lr, beta1))
        self.critic = Player(D, optimizer=adam(lr, beta1))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.generator_steps):
            distance = self.distance(data)
            yield Move(self.generator, distance, {"distance": distance})
            self.average.update(self.G)
        distance = self.distance(data)
        yield Move(self.critic, -distance, {"distance": distance})
        self.lean(data)

    def distance(self, data: Source) -> Tensor:
        """The energy distance of the features of fresh data and samples, in two halves each."""
        (real,) = data.take(self.batch)
        half = len(real) // 2
        fake = self.G(self.prior(2 * half, self.device))
        x, x2 = self.features(real[: 2 * half]).chunk(2)
        y, y2 = self.features(fake).chunk(2)
        return energy(x, x2, y, y2, sharpness=self.sharpness, rounds=100)

    def features(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n, d)"""
        return self.D(x).reshape(len(x), -1)

    @torch.no_grad()
    def lean(self, data: Source) -> None:
        """Follow where the features of data lie, seen from those of samples."""
        (real,) = data.take(self.batch)
        fake = self.G(self.prior(len(real), self.device))
        on_real, on_fake = (normalize(self.features(x), dim=1).mean(0) for x in (real, fake))
        self.leaning.lerp_(on_real - on_fake, 0.5)

    def score(self, x: Tensor) -> Tensor:
        """How far the features lean from those of samples to those of data: (n, ...) -> (n,)."""
        return normalize(self.features(x), dim=1) @ self.leaning

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        return self.prior(n, self.device, truncation)

    def decode(self, z: Tensor, **given: Any) -> Tensor:
        return self.average(z)

    def sample(self, n: int, truncation: float | None = None) -> Tensor:
        return self.decode(self.draw(n, truncation))


def ot_gan(
    spec: Spec,
    *,
    latent: Count = 64,
    width: Count = 32,
    features: Count = 64,
    batch: Count = 128,
    lr: Rate = 3e-4,
    beta1: Fraction = 0.5,
    generator_steps: Count = 5,
    sharpness: Rate = 500.0,
    average: Fraction = 0.999,
) -> OTGAN:
    """A generator against a cost of transport.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image, or units of a hidden layer for points
        features: length of the vector in which data are compared
        batch: data of one turn, compared in two halves
        generator_steps: turns of the generator before each turn of the features
        sharpness: of the transport; the entropy of the plan has the weight 1/sharpness
    """
    spec.require("ot-gan", real=True)
    if batch < 4:
        raise BadRequest(f"ot-gan compares two halves of a batch, so that batch is 4 or more; got {batch}")
    return OTGAN(
        generator_for(spec, latent, width, norm="none"),
        features_for(spec, width, features),
        latent=latent,
        features=features,
        batch=batch,
        lr=lr,
        beta1=beta1,
        generator_steps=generator_steps,
        sharpness=sharpness,
        average=average,
    )


def features_for(spec: Spec, width: int, size: int) -> nn.Module:
    """(n, *spec.shape) -> (n, size): the critic of `nn.choice` with that many outputs."""
    if spec.meaning.axes != 2:
        return nn.Sequential(nn.Flatten(), perceptron(math.prod(spec.shape), width, width, size))
    phi = ConvCritic(spec.shape, width=width, norm=no_norm)  # type: ignore[arg-type]
    phi.last = nn.Linear(phi.feature_count, size)
    return phi
