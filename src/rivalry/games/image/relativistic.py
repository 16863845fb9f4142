"""Relativistic GANs: the critic says how much more real the real is than the fake.

    RpGAN   min_D E[softplus(-(D(x) - D(G(z))))]        min_G E[softplus(-(D(G(z)) - D(x)))]
    RaGAN   the same, each score compared with the mean score of the other kind

(Jolicoeur-Martineau 2018, "The relativistic discriminator", arXiv 1807.00734.)  With zero-centered gradient
penalties on reals and fakes RpGAN converges locally, and needs none of the usual tricks: R3GAN (Huang et al.
2024, "The GAN is dead; long live the GAN!", arXiv 2501.05441).

Deviations:
    DCGAN's networks in all three by default.  `r3gan` is that paper's training, RpGAN + R1 + R2, in networks without
        norms; its own networks, grouped residual ones, are there by `networks=grouped`.  They have 32 channels at full
        size, doubled with each halving up to the paper's 768, where the paper has 768 at all small sizes; groups are
        of 16 channels as there.  Resampling is by the filter [1, 3, 3, 1], the paper's code has [1, 2, 1].
    `r3gan` is unconditional, without augmentation, and its rate, γ = 1, β₂ = 0.99 and average are constant; the paper
        moves all of them over the first part of training (rate 2e-4 to 5e-5, β₂ 0.9 to 0.99, γ to a tenth) at
        batches of 256 and more.  A rate of 5e-4 suits the smaller networks and batches here.
    `rpgan` and `ragan` have DCGAN's rate, batch and code of 100, where the paper trains at several rates with a
        code of 128.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import Relativistic, relativistic_average, relativistic_paired
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r1, r2
from rivalry.maths.priors import normal, uniform
from rivalry.nn.choice import critic_for, generator_for
from rivalry.nn.conv import Shape
from rivalry.nn.grouped import GroupedCritic, GroupedGenerator
from rivalry.settings import Count, Fraction, Rate, Weight


class RelativisticGAN(TwoPlayers):
    """Both players compare scores of real and fake, so the generator's turn needs reals too.

    Args:
        comparison: paired or with the average.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, comparison: Relativistic, **parts: Any):
        super().__init__(G, D, **parts)
        self.comparison = comparison

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            real, *given = data.take(self.batch)
            fake = self.G(self.draw(len(real)), *given)
            on_real, on_fake = self.looks(real, fake.detach(), given)
            penalties = self.regularize(on_real, on_fake, t)
            loss = self.comparison.critic(on_real.scores, on_fake.scores)
            notes = {"divergence": loss, "real": on_real.scores.mean(), "fake": on_fake.scores.mean()}
            yield Move(self.critic, loss + sum(penalties.values()), {**notes, **penalties})
            self.constrain(self.D)
            self.augment.observe(on_real.scores)
        with torch.no_grad():
            on_real = self.D(self.augment(real), *given)
        yield Move(self.generator, self.comparison.generator(on_real, self.D(self.augment(fake), *given)))
        self.average.update(self.G)


def rpgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> RelativisticGAN:
    """The relativistic paired GAN in DCGAN's networks.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
    """
    return _in_dcgan(spec, relativistic_paired, latent, width, batch, lr, beta1, average)


def ragan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> RelativisticGAN:
    """The relativistic average GAN in DCGAN's networks.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
    """
    return _in_dcgan(spec, relativistic_average, latent, width, batch, lr, beta1, average)


def r3gan(
    spec: Spec,
    *,
    latent: Count = 64,
    width: Count = 32,
    batch: Count = 64,
    lr: Rate = 5e-4,
    penalty: Weight = 1.0,
    every: Count = 1,
    networks: Literal["plain", "grouped"] = "plain",
    average: Fraction = 0.999,
) -> RelativisticGAN:
    """RpGAN with R1 and R2, in networks without norms.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image, or units of a hidden layer for points
        lr: Adam's step size, of both players; its moments decay by 0 and 0.99
        penalty: weight of R1 and of R2
        every: the penalties are applied in one of so many rounds
        networks: DCGAN's without norms, or the paper's own of grouped residual blocks, for images
    """
    G, D = NETWORKS[networks](spec, latent, width)
    return RelativisticGAN(
        G,
        D,
        prior=normal(latent),
        comparison=relativistic_paired,
        penalties=[r1(penalty, every=every), r2(penalty, every=every)],
        generator=adam(lr, 0.0, 0.99),
        critic=adam(lr, 0.0, 0.99),
        batch=batch,
        average=average,
    )


def _plain(spec: Spec, latent: int, width: int) -> tuple[nn.Module, nn.Module]:
    return generator_for(spec, latent, width, norm="none"), critic_for(spec, width, norm="none")


def _grouped(spec: Spec, latent: int, width: int) -> tuple[nn.Module, nn.Module]:
    spec.require("r3gan with networks=grouped", kind="image")
    shape: Shape = spec.shape  # type: ignore[assignment]
    return GroupedGenerator(latent, shape, width=width), GroupedCritic(shape, width=width)


NETWORKS = {"plain": _plain, "grouped": _grouped}


def _in_dcgan(
    spec: Spec,
    comparison: Relativistic,
    latent: int,
    width: int,
    batch: int,
    lr: float,
    beta1: float,
    average: float,
) -> RelativisticGAN:
    return RelativisticGAN(
        generator_for(spec, latent, width),
        critic_for(spec, width),
        prior=uniform(latent),
        comparison=comparison,
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )


RECIPES = {"r3gan": {"avatars": {"data": "avatars", "time": "5m", "lr": 1e-3, "every": 2}}}
