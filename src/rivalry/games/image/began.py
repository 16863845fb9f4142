"""BEGAN: the critic is an autoencoder, and a controller keeps its errors on real and on fake data in proportion.

    L(v) = mean |v - D(v)|
    min_D  E_x[L(x)] - k_t E_z[L(G(z))]        min_G  E_z[L(G(z))]
    k_{t+1} = clip(k_t + λ (γ E[L(x)] - E[L(G(z))]), 0, 1)

(Berthelot, Schumm & Metz 2017, "BEGAN: Boundary Equilibrium Generative Adversarial Networks", arXiv 1703.10717,
section 3.4.)  At the equilibrium E[L(G(z))] = γ E[L(x)]: γ trades diversity for quality.  How well training has
converged is a number, the paper's measure M = E[L(x)] + |γ E[L(x)] - E[L(G(z))]|, in the log as `convergence`.

The critic matches the distributions of errors; it does not say of one datum whether it is real, and at the
equilibrium fakes have the smaller error.  So the game has no score.

Deviations:
    One batch of fakes for both players, where the paper draws a batch for each.
    The learning rate is constant; the paper halves it when M stalls.  No vanishing residuals in the networks.
    A code of 64, 32 filters and a batch of 16, where the paper has a code of 64 or 128, 64 or 128 filters and 16.
    Any size: the smallest map has a shorter side of 4 to 7 pixels, the paper's has 8; images are cropped after the
        doublings.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import as_float32
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import Prior, uniform
from rivalry.nn.conv import Shape, halvings
from rivalry.settings import Count, Fraction, Rate


class Decoder(nn.Module):
    """Codes (n, latent) -> images (n, c, h, w), not bounded: two 3 x 3 convolutions at each size, then a doubling."""

    def __init__(self, latent: int, shape: Shape, *, width: int):
        super().__init__()
        k = halvings(shape)
        self.shape, self.small = shape, tuple(math.ceil(s / 2**k) for s in shape[1:])
        self.first = nn.Linear(latent, width * math.prod(self.small))
        layers: list[nn.Module] = []
        for i in range(k + 1):
            layers += [nn.Upsample(scale_factor=2)] if i else []
            layers += [*_conv(width, width), *_conv(width, width)]
        self.body = nn.Sequential(*layers, nn.Conv2d(width, shape[0], 3, 1, 1))

    def forward(self, z: Tensor) -> Tensor:
        x = self.first(z).view(z.shape[0], *self.small, -1).permute(0, 3, 1, 2)
        return self.body(x)[..., : self.shape[1], : self.shape[2]]


class Autoencoder(nn.Module):
    """Images (n, c, h, w) -> the same: an encoder whose widths grow by `width` with each halving, then a decoder."""

    def __init__(self, shape: Shape, *, code: int, width: int):
        super().__init__()
        k = halvings(shape)
        self.decoder = Decoder(code, shape, width=width)
        self.side = tuple(s * 2**k for s in self.decoder.small)
        layers: list[nn.Module] = _conv(shape[0], width)
        for i in range(1, k + 1):
            layers += [*_conv(i * width, i * width), *_conv(i * width, (i + 1) * width, stride=2)]
        layers += [*_conv((k + 1) * width, (k + 1) * width), nn.Flatten()]
        self.encoder = nn.Sequential(
            *layers, nn.Linear((k + 1) * width * math.prod(self.decoder.small), code)
        )

    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        return self.decoder(self.encoder(F.pad(x, (0, self.side[1] - w, 0, self.side[0] - h), "replicate")))


def _conv(a: int, b: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(a, b, 3, stride, 1), nn.ELU(inplace=True)]


class BEGAN(Game):
    """A generator against an autoencoder, in proportion.

    Args:
        G: (n, latent) codes -> (n, ...) data.
        D: (n, ...) data -> the same.
        prior: p(z).
        gamma: γ, the error on fakes in parts of that on reals.
        gain: λ, of the controller.
        optimizer: of each of the two players.
        batch: data of one turn.
        average: decay of the moving average of G that samples are drawn from; 0 samples from G itself.

    Attributes:
        k: how much the critic cares for fakes, a scalar in [0, 1].
    """

    k: Tensor

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        prior: Prior,
        gamma: float,
        gain: float,
        optimizer: MakeOptimizer,
        batch: int = 16,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D, self.prior, self.batch = G, D, prior, batch
        self.gamma, self.gain = gamma, gain
        self.register_buffer("k", torch.zeros(()))
        self.average = average_of(G, average)
        self.generator, self.critic = Player(G, optimizer=optimizer), Player(D, optimizer=optimizer)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.G(self.draw(len(real)))
        on_real, on_fake = self.error(real), self.error(fake.detach())
        loss = on_real - self.k.clone() * on_fake
        yield Move(self.critic, loss, {"real": on_real, "fake": on_fake, "k": self.k.clone()})
        on_fake = self.error(fake)
        gap = self.gamma * on_real.detach() - on_fake.detach()
        yield Move(self.generator, on_fake, {"convergence": on_real.detach() + gap.abs()})
        self.k.add_(self.gain * gap).clamp_(0, 1)
        self.average.update(self.G)

    def error(self, x: Tensor) -> Tensor:
        """L: the mean absolute error with which the critic draws x again, a scalar."""
        return (as_float32(self.D(x)) - as_float32(x)).abs().mean()

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes from the prior: (n, latent)."""
        return self.prior(n, self.device, truncation)

    def decode(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Images of these codes: (n, latent) -> (n, c, h, w) in [-1, 1]."""
        labels_for(z.shape[0], label, 0, self.device)  # refuses a label
        return self.average(z).clamp(-1, 1)

    def sample(self, n: int, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """`n` samples."""
        return self.decode(self.draw(n, truncation), label)

    def input_matrices(self) -> list[Tensor]:
        """The matrix (out, latent) by which the generator reads a code."""
        return [self.average.network.first.weight]  # type: ignore[union-attr,list-item]


def began(
    spec: Spec,
    *,
    gamma: Fraction = 0.5,
    gain: Rate = 1e-3,
    latent: Count = 64,
    width: Count = 32,
    batch: Count = 16,
    lr: Rate = 1e-4,
    beta1: Fraction = 0.9,
    average: Fraction = 0.0,
) -> BEGAN:
    """An autoencoder as critic, and errors in proportion.

    Settings:
        gamma: the error on fakes in parts of that on reals; lower is sharper and less diverse
        gain: step size of the controller that keeps the proportion
        latent: length of the code z, uniform on [-1, 1], and of the critic's code
        width: filters of the generator; the critic's encoder has so many more after each halving
    """
    spec.require("began", kind="image")
    shape: Shape = spec.shape  # type: ignore[assignment]
    return BEGAN(
        Decoder(latent, shape, width=width),
        Autoencoder(shape, code=latent, width=width),
        prior=uniform(latent),
        gamma=gamma,
        gain=gain,
        optimizer=adam(lr, beta1),
        batch=batch,
        average=average,
    )


MNIST = {"width": 16, "batch": 32, "lr": 5e-4, "gain": 1e-2}
RECIPES = {"began": {"mnist": {"data": "mnist", "time": "5m", **MNIST}}}
