"""Unrolled GAN: the generator foresees the critic's next k answers, and differentiates through them.

    θ_D^{i+1} = θ_D^i - η ∇L_D(θ_G, θ_D^i),  i < k        min_G L_G(θ_G, θ_D^k(θ_G, θ_D))

(Metz et al. 2016, "Unrolled Generative Adversarial Networks", arXiv 1611.02163, equations 6 to 10.)  The
critic itself takes one plain step a round; only the generator looks ahead, at the same batch.

Deviations:
    The foreseen steps are those of gradient descent, as in the paper's equations; its experiments unroll Adam.
    No batch norm in the critic, whose statistics would have to be foreseen as well.
    The size of a foreseen step is ours: it does not run away at once on images, and is not tuned further.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rivalry.data.source import Source, Spec
from rivalry.divergences import Divergence, non_saturating
from rivalry.game import Move
from rivalry.games.image.gan import TwoPlayers
from rivalry.nn.choice import critic_for, generator_for
from rivalry.optimizers import adam
from rivalry.priors import normal
from rivalry.settings import Count, Fraction, Natural, Rate


class UnrolledGAN(TwoPlayers):
    """The generator plays against the critic as it will be.

    Args:
        steps: how many of the critic's answers are foreseen.
        stride: size of a foreseen step.
        divergence: of both players.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        steps: int,
        stride: float,
        divergence: Divergence = non_saturating,
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.steps, self.stride, self.divergence = steps, stride, divergence

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.G(self.draw(len(real)))
        on_real, on_fake = self.D(real), self.D(fake.detach())
        loss = self.divergence.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        foreseen = self.unroll(real, fake)
        yield Move(self.generator, self.divergence.generator(functional_call(self.D, foreseen, (fake,))))
        self.average.update(self.G)

    def unroll(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The critic's weights after `steps` answers to this batch, as functions of the fakes."""
        weights: dict[str, Tensor] = dict(self.D.named_parameters())
        for _ in range(self.steps):
            on_real, on_fake = (functional_call(self.D, weights, (x,)) for x in (real, fake))
            slopes = torch.autograd.grad(
                self.divergence.critic(on_real, on_fake), list(weights.values()), create_graph=True
            )
            weights = {name: w - self.stride * slope for (name, w), slope in zip(weights.items(), slopes)}
        return weights


def unrolled(
    spec: Spec,
    *,
    steps: Natural = 5,
    stride: Rate = 0.01,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    generator_lr: Rate = 1e-3,
    critic_lr: Rate = 1e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> UnrolledGAN:
    """A generator that looks `steps` answers ahead.

    Settings:
        steps: how many of the critic's answers are foreseen; 0 is the plain GAN
        stride: size of a foreseen step of gradient descent
        latent: length of the code z, normal
        width: channels of the map nearest to the image, or units of a hidden layer for points
        batch: data of one turn
        generator_lr: Adam's step size of the generator
        critic_lr: Adam's step size of the critic
        beta1: Adam's first moment decay
        average: decay of the generator's moving average; 0 for none
    """
    return UnrolledGAN(
        generator_for(spec, latent, width),
        critic_for(spec, width, norm="none"),
        prior=normal(latent),
        steps=steps,
        stride=stride,
        generator=adam(generator_lr, beta1),
        critic=adam(critic_lr, beta1),
        batch=batch,
        average=average,
    )


RECIPES = {"unrolled": {"mnist": {"data": "mnist", "time": "5m", "width": 24}}}
