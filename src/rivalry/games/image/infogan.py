"""InfoGAN: part of the code is made to mean something, by asking it back from the image.

    min_{G,Q} max_D  V(D, G) - λ L_I(G, Q),        L_I = E_{c ~ P(c), x ~ G(z,c)}[log Q(c | x)] + H(c)

(Chen et al. 2016, "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
Adversarial Nets", arXiv 1606.03657, equation 6.)  L_I is a lower bound of the information between the code c
and the image: a category and some continuous numbers that come to mean, say, digit, slant and width, untold.

The players overlap: Q reads c from the critic's own features, and moves them together with the generator.

Deviations:
    Q's Gaussian has a fixed deviation of 1, so that log Q is a squared error; the authors' code learns it.
    DCGAN's networks as they stand; the paper's have fully connected layers beside the convolutions.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.divergences import non_saturating, wide
from rivalry.game import Move, Player
from rivalry.games.image.gan import TwoPlayers
from rivalry.nn.conv import ConvCritic, ConvGenerator
from rivalry.optimizers import MakeOptimizer, adam
from rivalry.priors import Prior
from rivalry.settings import Count, Fraction, Natural, Rate, Weight


def coded(noise: int, categories: int, numbers: int) -> Prior:
    """Normal noise, then a category as a one-hot code, then numbers uniform on [-1, 1]: (n, noise + c + u).

    Truncated, noise and numbers are scaled towards 0; the category stays.
    """

    def draw(shape: tuple[int, ...], device: torch.device) -> Tensor:
        n = shape[0]
        category = F.one_hot(torch.randint(categories, (n,), device=device), categories)
        parts = [torch.randn(n, noise, device=device), category.float()]
        return torch.cat([*parts, torch.rand(n, numbers, device=device) * 2 - 1], 1)

    def truncate(z: Tensor, threshold: float) -> Tensor:
        free, category, u = z.split([noise, categories, numbers], 1)
        return torch.cat([free * min(threshold, 1.0), category, u * min(threshold, 1.0)], 1)

    return Prior(noise + categories + numbers, draw, truncate)


class InfoGAN(TwoPlayers):
    """Three players: critic, generator, and the informer, who moves G, Q and the features that Q reads.

    Args:
        categories, numbers: the parts of the code that are asked back.
        information: λ of the category and of the numbers.
        informer: the optimizer of the third player.
    """

    D: ConvCritic

    def __init__(
        self,
        G: nn.Module,
        D: ConvCritic,
        *,
        categories: int,
        numbers: int,
        information: tuple[float, float],
        informer: MakeOptimizer,
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.categories, self.information = categories, information
        self.Q = nn.Sequential(
            nn.Linear(D.wide, 128), nn.LeakyReLU(0.1), nn.Linear(128, categories + numbers)
        )
        self.informer = Player(G, D.body, self.Q, optimizer=informer)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        z = self.draw(len(real))
        fake = self.G(z)
        on_real, on_fake = self.D(real), self.D(fake.detach())
        loss = non_saturating.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        yield Move(self.generator, non_saturating.generator(self.D(fake)))
        category, numbers = self.unexplained(self.G(z), z)
        loss = self.information[0] * category + self.information[1] * numbers
        yield Move(self.informer, loss, {"category": category, "numbers": numbers})
        self.average.update(self.G)

    def unexplained(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """-log Q of the category and of the numbers in codes z, given their images x, up to constants."""
        logits, means = self.read(x)
        category, u = z[:, -logits.shape[1] - means.shape[1] :].split([logits.shape[1], means.shape[1]], 1)
        return F.cross_entropy(wide(logits), category.argmax(1)), 0.5 * (wide(means) - u).square().sum(
            1
        ).mean()

    def read(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What Q reads from images (n, c, h, w): logits of the category (n, categories) and numbers (n, numbers)."""
        told = self.Q(self.D.features(x))
        return told[:, : self.categories], told[:, self.categories :]


def infogan(
    spec: Spec,
    *,
    latent: Count = 62,
    categories: Count = 10,
    numbers: Natural = 2,
    width: Count = 64,
    batch: Count = 128,
    generator_lr: Rate = 1e-3,
    critic_lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    information: Weight = 1.0,
    average: Fraction = 0.0,
) -> InfoGAN:
    """DCGAN's networks, and a third that reads the code back from the image.

    Settings:
        latent: length of the noise, normal, beside the parts that are asked back
        categories: values of the code's category
        numbers: continuous numbers in the code, uniform on [-1, 1]
        width: channels of the map nearest to the image
        batch: data of one turn
        generator_lr: Adam's step size of the generator and of the informer
        critic_lr: Adam's step size of the critic
        beta1: Adam's first moment decay
        information: weight of the category's information; that of the numbers is a tenth of it
        average: decay of the generator's moving average; 0 for none
    """
    spec.require("infogan", kind="image")
    c, h, w = spec.shape
    prior = coded(latent, categories, numbers)
    return InfoGAN(
        ConvGenerator(prior.size, (c, h, w), width=width),
        ConvCritic((c, h, w), width=width),
        prior=prior,
        categories=categories,
        numbers=numbers,
        information=(information, information / 10),
        informer=adam(generator_lr, beta1),
        generator=adam(generator_lr, beta1),
        critic=adam(critic_lr, beta1),
        batch=batch,
        average=average,
    )
