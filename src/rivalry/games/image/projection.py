"""A small class-conditional GAN with a projection critic and R1: digits by name in two minutes on a laptop.

    D(x, y) = ψ(φ(x)) + ⟨v_y, φ(x)⟩
    min_D E[softplus(-D(x, y))] + E[softplus(D(G(z, y), y))] + γ/2 E‖∇ₓD(x, y)‖²
    min_G E[softplus(-D(G(z, y), y))]

(The critic: Miyato & Koyama 2018, "cGANs with Projection Discriminator", arXiv 1802.05637, equation 3; the
penalty: Mescheder et al. 2018, arXiv 1801.04406, applied in some rounds only, as in Karras et al. 2020, arXiv
1912.04958.)

Deviations:
    R1 in place of spectral normalization and the logistic loss in place of the hinge: two thirds of the time.
    DCGAN's layers in place of residual ones, their norms conditioned on the class.
    All defaults are ours, tuned on MNIST for two minutes of a laptop; neither paper has such a system.
"""

import math

from torch import Tensor, nn

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r1
from rivalry.maths.priors import normal
from rivalry.nn.conv import Shape, halvings
from rivalry.nn.norm import ConditionalBatchNorm
from rivalry.settings import Count, Fraction, Rate, Weight


class ClassGenerator(nn.Module):
    """Codes (n, latent) and labels (n,) -> images (n, c, h, w) in [-1, 1]; every norm is conditioned on the class."""

    def __init__(self, latent: int, shape: Shape, classes: int, width: int):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        self.shape, self.small = shape, (math.ceil(h / 2**k), math.ceil(w / 2**k))
        widths = [width * 2**i for i in range(k - 1, -1, -1)]
        self.first = nn.Linear(latent, widths[0] * math.prod(self.small), bias=False)
        self.norms = nn.ModuleList([ConditionalBatchNorm(b, classes) for b in widths])
        self.ups = nn.ModuleList(
            [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in zip(widths, widths[1:])]
            + [nn.ConvTranspose2d(widths[-1], c, 4, 2, 1)]
        )

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        x = self.first(z).view(len(z), *self.small, -1).permute(0, 3, 1, 2)
        for norm, up in zip(self.norms, self.ups):
            x = up(norm(x, label).relu())
        return x.tanh()[..., : self.shape[1], : self.shape[2]]


class ProjectionCritic(nn.Module):
    """Images (n, c, h, w) and labels (n,) -> scores (n,)."""

    def __init__(self, shape: Shape, classes: int, width: int):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        sizes = [c] + [width * 2**i for i in range(k)]
        layers: list[nn.Module] = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        self.body = nn.Sequential(*layers)
        features = sizes[-1] * (h >> k) * (w >> k)
        self.last, self.classes = nn.Linear(features, 1), nn.Embedding(classes, features)
        nn.init.normal_(self.classes.weight, 0.0, features**-0.5)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        features = self.body(x).permute(0, 2, 3, 1).flatten(1)  # as it lies in memory
        return self.last(features).squeeze(1) + (self.classes(label) * features).sum(1)


def projection_gan(
    spec: Spec,
    *,
    latent: Count = 64,
    width: Count = 32,
    batch: Count = 64,
    lr: Rate = 2e-3,
    beta1: Fraction = 0.0,
    penalty: Weight = 0.05,
    every: Count = 8,
    average: Fraction = 0.998,
) -> GAN:
    """Conditional norms, a projection critic, the logistic loss and lazy R1.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image; each halving of the image doubles them
        lr: Adam's step size, of both players; its second moment decays by 0.99
        penalty: weight of R1
        every: R1 is applied in one of so many rounds
    """
    spec.require("projection-gan", kind="image", classes=True)
    c, h, w = spec.shape
    return GAN(
        ClassGenerator(latent, (c, h, w), len(spec.classes), width),
        ProjectionCritic((c, h, w), len(spec.classes), width),
        prior=normal(latent),
        divergence=non_saturating,
        penalties=[r1(penalty, every=every)],
        generator=adam(lr, beta1, 0.99),
        critic=adam(lr, beta1, 0.99),
        batch=batch,
        classes=len(spec.classes),
        average=average,
    )


RECIPES = {"projection-gan": {"demo": {"data": "mnist", "time": "2m"}}}
