"""Coupled GAN: two games, of two domains, that share the weights of whatever is deep.

    max_{G1,G2} min_{D1,D2}  Σ_i  -E_{x ~ p_i}[log D_i(x)] - E_z[log(1 - D_i(G_i(z)))]

subject to shared weights of the generators' first layers and of the critics' last (Liu & Tuzel 2016, "Coupled
Generative Adversarial Networks", arXiv 1606.07536, equation 3).  One code gives one image in each domain; since
what it means is decided in the shared layers, the two images go together, though no pair was ever shown.

The layers are shared by construction: they are there once.

Deviations:
    As in the paper's networks, the layers nearest to the image work at its full size: edges of one pixel need it.
        The layers between are DCGAN's, with batch norm only in the generators.  For the paper's 1,024 channels of
        the smallest map, the generators have a hidden layer in front of it.
    The generators raise log D(G(z)).
    R1 where it is asked for, of each critic on the data of its own domain.
    The width doubles with every halving and has no cap: at 256 x 256 the two games have 392 million parameters by
        default.  Ask for a smaller `width` there: parameters fall with its square.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.labels import labels_for
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r1
from rivalry.maths.priors import normal
from rivalry.nn.conv import Shape, halvings
from rivalry.settings import Count, Fraction, Rate, Weight

DOMAINS = 2
FEATURES = 256  # of the layer that has no places: the critics' last but one, the generators' first


class TwinGenerator(nn.Module):
    """Codes (n, latent) -> one image of each domain: a tuple of (n, c, h, w) in [-1, 1].

    Args:
        own: how many layers each domain has for itself, from the image on.
    """

    def __init__(self, latent: int, shape: Shape, width: int, own: int):
        super().__init__()
        one, other = (generator_layers(latent, shape, width) for _ in range(DOMAINS))
        shared = max(0, len(one) - own)
        self.shape = shape
        self.shared = nn.Sequential(*one[:shared])
        self.own = nn.ModuleList([nn.Sequential(*layers[shared:]) for layers in (one, other)])

    def forward(self, z: Tensor) -> tuple[Tensor, ...]:
        h = self.shared(z)
        return tuple(own(h)[..., : self.shape[1], : self.shape[2]] for own in self.own)


class TwinCritic(nn.Module):
    """Images (n, c, h, w) of a domain -> scores (n,).

    Args:
        own: how many layers each domain has for itself, from the image on.
    """

    def __init__(self, shape: Shape, width: int, own: int):
        super().__init__()
        one, other = (critic_layers(shape, width) for _ in range(DOMAINS))
        own = min(own, len(one))
        self.own = nn.ModuleList([nn.Sequential(*layers[:own]) for layers in (one, other)])
        self.shared = nn.Sequential(*one[own:])

    def forward(self, x: Tensor, domain: int) -> Tensor:
        return self.shared(self.own[domain](x)).flatten(0)


def generator_layers(latent: int, shape: Shape, width: int) -> list[nn.Module]:
    """Two linear layers, doublings 4 x 4, 3 x 3 at the full size; a norm and a rectifier follow all but the last."""
    k = halvings(shape)
    widths = [width * 2**i for i in range(k, -1, -1)]
    small = [math.ceil(side / 2**k) for side in shape[1:]]
    first = nn.Sequential(nn.Linear(latent, FEATURES, bias=False), nn.BatchNorm1d(FEATURES), nn.ReLU())
    second = nn.Linear(FEATURES, widths[0] * math.prod(small), bias=False)
    layers: list[nn.Module] = [nn.Sequential(second, nn.Unflatten(1, (widths[0], *small)))]
    layers += [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False) for a, b in zip(widths, widths[1:])]
    hidden = [nn.Sequential(*part, nn.ReLU()) for part in zip(layers, map(nn.BatchNorm2d, widths))]
    return [first, *hidden, nn.Sequential(nn.Conv2d(width, shape[0], 3, 1, 1), nn.Tanh())]


def critic_layers(shape: Shape, width: int) -> list[nn.Module]:
    """3 x 3 at the full size, halvings 4 x 4, and two linear layers; a rectifier goes with what it follows."""
    c, h, w = shape
    k = halvings(shape)
    widths = [width * 2**i for i in range(k + 1)]
    layers: list[nn.Module] = [nn.Conv2d(c, width, 3, 1, 1)]
    layers += [nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(widths, widths[1:])]
    layers += [nn.Sequential(nn.Flatten(), nn.Linear(widths[-1] * (h >> k) * (w >> k), FEATURES))]
    return [*(nn.Sequential(layer, nn.LeakyReLU(0.2)) for layer in layers), nn.Linear(FEATURES, 1)]


class CoGAN(TwoPlayers):
    """Two domains, each with a game of its own, on shared layers."""

    G: TwinGenerator
    D: TwinCritic

    def __init__(self, G: TwinGenerator, D: TwinCritic, **parts: Any):
        super().__init__(G, D, classes=DOMAINS, **parts)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        reals = [data.take(self.batch, label=domain)[0] for domain in range(DOMAINS)]
        fakes = self.G(self.prior(len(reals[0]), self.device))
        losses = [
            self.critic_loss(domain, real, fake.detach(), t)
            for domain, (real, fake) in enumerate(zip(reals, fakes))
        ]
        yield Move(self.critic, losses[0] + losses[1], {"first": losses[0], "second": losses[1]})
        first, second = (non_saturating.generator(self.D(fake, domain)) for domain, fake in enumerate(fakes))
        yield Move(self.generator, first + second)
        self.average.update(self.G)

    def critic_loss(self, domain: int, real: Tensor, fake: Tensor, t: int) -> Tensor:
        """The loss of the critic of a domain in round `t`, with the penalties that are due."""
        on_real, on_fake = self.looks(real, fake, (domain,))
        penalties = self.regularize(on_real, on_fake, t)
        loss = non_saturating.critic(on_real.scores, on_fake.scores)
        return torch.stack([loss, *penalties.values()]).sum()

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes of aligned pairs, a code for two: (n, latent)."""
        first = torch.arange(n, device=self.device) // DOMAINS * DOMAINS
        return self.prior(n, self.device, truncation)[first]

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """Images of these codes in these domains; by turns in both where none is given."""
        (domain,) = labels_for(z.shape[0], label, DOMAINS, self.device)
        return torch.stack(self.standing(truncation)(z))[domain, torch.arange(z.shape[0], device=self.device)]

    def sample(self, n: int, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """`n` samples: the k-th of one domain and the k-th of the other have one code, and go together."""
        (domain,) = labels_for(n, label, DOMAINS, self.device)
        place = F.one_hot(domain, DOMAINS).cumsum(0).gather(1, domain[:, None]).squeeze(1)  # within its own
        each = torch.arange(n, device=self.device)
        first = torch.full_like(each, n).scatter_reduce(0, place - 1, each, "amin")  # a pair's first sample
        return self.decode(self.prior(n, self.device, truncation)[first[place - 1]], domain, truncation)

    def inputs(self, n: int, truncation: float) -> tuple[Tensor, ...]:
        return (self.prior(n, self.device, truncation),)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Scores in these domains, by turns in both where none is given: (n, c, h, w) -> (n,)."""
        (domain,) = labels_for(len(x), label, DOMAINS, self.device)
        both = torch.stack([self.D(x, k) for k in range(DOMAINS)])
        return both[domain, torch.arange(len(x), device=self.device)]

    @property
    def saved(self) -> float:
        """The share of two separate games' parameters that sharing saves."""
        size = lambda *parts: sum(p.numel() for part in parts for p in part.parameters())
        shared = size(self.G.shared, self.D.shared)
        return shared / (size(self.G, self.D) + shared)

    def facts(self) -> dict[str, str]:
        return super().facts() | {"parameters saved against two separate games": f"{self.saved:.0%}"}


def cogan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    own: Count = 2,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    penalty: Weight = 0.0,
    every: Count = 8,
    average: Fraction = 0.0,
) -> CoGAN:
    """Two DCGANs that share all but the layers nearest to the image.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image
        own: layers that each domain has for itself, in generator and critic, from the image on
        batch: data of one turn, of each domain
        lr: Adam's step size, of both players; its second moment decays by 0.99
        penalty: weight of R1; 0 for none, as in the paper
        every: R1 is applied in one of so many rounds
        average: decay of the generators' moving average; 0 for none
    """
    spec.require("cogan", kind="image", classes=True, domains=DOMAINS)
    c, h, w = spec.shape
    return CoGAN(
        TwinGenerator(latent, (c, h, w), width, own),
        TwinCritic((c, h, w), width, own),
        prior=normal(latent),
        generator=adam(lr, beta1, 0.99),
        critic=adam(lr, beta1, 0.99),
        penalties=[r1(penalty, every=every)] if penalty else [],
        batch=batch,
        average=average,
    )


# For a processor: a narrow network at a fast rate, with R1 and a long average.
EDGES = {
    "data": "mnist-edges", "width": 12, "batch": 32, "lr": 2e-3, "beta1": 0.0, "penalty": 5.0, "average": 0.9995,
}  # fmt: skip

RECIPES = {"cogan": {"edges": {**EDGES, "time": "30m"}, "unshared": {**EDGES, "time": "30m", "own": 99}}}
