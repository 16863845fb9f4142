"""Unrolled GAN: the generator's loss is taken after the critic's next k steps, and differentiated through them.

    θ_D^{i+1} = Adam(θ_D^i, ∇L_D(θ_G, θ_D^i)),  i < k        min_G L_G(θ_G, θ_D^k(θ_G, θ_D))

(Metz et al. 2016, "Unrolled Generative Adversarial Networks", arXiv 1611.02163, equations 6 to 10; Adam in place of
gradient descent as in its experiments.)  The critic itself takes one plain step a round; only the loss of the
generator is unrolled, on the same batch.  An unrolled step begins from the moments that the critic's own Adam has by
then, so it is the step that the critic would take.

Deviations:
    No batch norm in the critic, whose statistics would have to be unrolled as well.
    DCGAN's networks for images, where the paper's generator for MNIST is recurrent; a code of 100 where it has 256,
        and a batch of 64 where it has 512 for points.
    The critic moves before the generator's loss is unrolled; the authors' code moves both at once.
    Under several processes each unrolls the steps on its own share of the batch.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.choice import critic_for, generator_for
from rivalry.settings import Count, Fraction, Natural, Rate

TINY = 1e-30  # far below the square of any gradient that is not 0


class ForeseenAdam:
    """The steps that a player's Adam would take next, as differentiable functions of the gradients.

        m <- β₁m + (1 - β₁)g,   v <- β₂v + (1 - β₂)g²,   θ <- θ - η (m / (1 - β₁ⁱ)) / (√(v / (1 - β₂ⁱ)) + ε)

    (Kingma & Ba 2015, arXiv 1412.6980, algorithm 1.)  All the player's parameters are one vector here: a fifth of the
    operations.  The player and its optimizer stay as they are.

    Args:
        player: moved by `optimizers.adam`.
    """

    def __init__(self, player: Player):
        saved = player.optimizer.state_dict()
        (group,) = saved["param_groups"]
        self.lr, (self.beta1, self.beta2), self.eps = group["lr"], group["betas"], group["eps"]
        known = [(p, saved["state"].get(i, {})) for i, p in enumerate(player.parameters)]
        self.i = max(int(moments.get("step", 0)) for _, moments in known)
        self.m, self.v = (
            as_vector([moments.get(name, torch.zeros_like(p)) for p, moments in known])
            for name in ("exp_avg", "exp_avg_sq")
        )

    def step(self, weights: Tensor, slope: Tensor) -> Tensor:
        """The weights after one more step against this gradient."""
        self.i += 1
        self.m = torch.lerp(slope, self.m, self.beta1)
        self.v = torch.lerp(slope.square(), self.v, self.beta2)
        # The root has no slope at 0, where a weight has never had a gradient.
        size = (self.v.clamp(min=TINY) / (1 - self.beta2**self.i)).sqrt() + self.eps
        return weights - self.lr / (1 - self.beta1**self.i) * self.m / size


def as_vector(tensors: list[Tensor] | list[nn.Parameter]) -> Tensor:
    """All their numbers, one after the other."""
    return torch.cat([t.detach().reshape(-1) for t in tensors])


class UnrolledGAN(TwoPlayers):
    """The generator plays against the critic as it will be.

    Args:
        steps: how many of the critic's answers are foreseen; its optimizer is Adam.
        divergence: of both players.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        steps: int,
        divergence: Divergence = non_saturating,
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.steps, self.divergence = steps, divergence

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.G(self.draw(len(real)))
        on_real, on_fake = self.D(real), self.D(fake.detach())
        loss = self.divergence.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        foreseen = self.unroll(real, fake)
        yield Move(self.generator, self.divergence.generator(self.judged(foreseen, fake)))
        self.average.update(self.G)

    def unroll(self, real: Tensor, fake: Tensor) -> Tensor:
        """The critic's weights after `steps` answers to this batch, as a vector that is a function of the fakes."""
        adam, weights = ForeseenAdam(self.critic), as_vector(self.critic.parameters).requires_grad_()
        for _ in range(self.steps):
            on_real, on_fake = self.judged(weights, torch.cat([real, fake])).split(len(real))
            loss = self.divergence.critic(on_real, on_fake)
            (slope,) = torch.autograd.grad(loss, weights, create_graph=True)
            weights = adam.step(weights, slope)
        return weights

    def judged(self, weights: Tensor, x: Tensor) -> Tensor:
        """The scores (n,) by a critic of these weights."""
        own = dict(self.D.named_parameters())
        parts = weights.split([p.numel() for p in own.values()])
        return functional_call(self.D, {n: part.view_as(p) for (n, p), part in zip(own.items(), parts)}, (x,))


def unrolled(
    spec: Spec,
    *,
    steps: Natural = 5,
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
        latent: length of the code z, normal
        width: channels of the map nearest to the image, or units of a hidden layer for points
        generator_lr: Adam's step size of the generator
        critic_lr: Adam's step size of the critic
    """
    return UnrolledGAN(
        generator_for(spec, latent, width),
        critic_for(spec, width, norm="none"),
        prior=normal(latent),
        steps=steps,
        generator=adam(generator_lr, beta1),
        critic=adam(critic_lr, beta1),
        batch=batch,
        average=average,
    )
