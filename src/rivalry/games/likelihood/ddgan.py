"""Denoising diffusion GAN: noise is taken away in four large steps, each drawn by a GAN.

    min_G max_D  E_t[ E[log σ(D(x_{t-1}, t, x_t))] + E[log(1 - σ(D(x'_{t-1}, t, x_t)))] ],
    x'_{t-1} ~ q(x_{t-1} | x_t, x_0 = G(x_t, t, z))

(Xiao et al. 2021, "Tackling the Generative Learning Trilemma with Denoising Diffusion GANs", arXiv 2112.07804,
equations 4 to 6; the generator's turn is the non-saturating one.)  A step of a diffusion is Gaussian only if it is
small.  A large one has several modes, which a GAN can draw: G guesses the datum beneath the noise, with a code z of
its own, and the step goes on from there by Bayes' rule.

A code holds all random numbers of a sample: the noise that it begins with, and for each step z and the step's noise.

Deviations:
    A small U-Net without attention, told z beside the time, for the paper's NCSN++; a plain convolutional critic.
    The penalty is weighed as StyleGAN2 does: due in every 15th round, it is 15 times as heavy there.
    Adam without decay of the step size.  Points are in units of the first batch.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.games.likelihood.flow_matching import Units
from rivalry.given import require_shape
from rivalry.maths import chance
from rivalry.maths.averages import average_of
from rivalry.maths.diffusion import Chain, variance_preserving
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.penalties import Pass, Penalty, r1
from rivalry.maths.priors import normal
from rivalry.maths.watched import watched
from rivalry.nn.conditioned_critic import conditioned_critic_for
from rivalry.nn.denoiser import denoiser_for
from rivalry.settings import Count, Fraction, Rate, Weight


class DenoisingGAN(Game):
    """A generator of what lies beneath, and a critic of each step.

    Args:
        G: x_t (n, ...), t/T (n,), None, z (n, latent) -> x_0 (n, ...), before it is bounded.
        D: x_{t-1}, x_t, t/T -> (n,), real is high.
        chain: the steps of noise.
        shape: of a datum.
        image: whether data lie within [-1, 1].
        latent: length of z.
        penalties: of the critic, on x_{t-1}.
        generator, critic: the optimizers of the two players.
        batch: data of one turn.
        average: decay of the moving average of G.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        chain: Chain,
        shape: tuple[int, ...],
        image: bool,
        latent: int,
        penalties: Sequence[Penalty],
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        batch: int,
        average: float,
    ):
        super().__init__()
        self.G, self.D, self.average, self.units = G, D, average_of(G, average), Units(shape, image)
        self.chain, self.times, self.shape, self.image = chain, len(chain.kept) - 1, shape, image
        self.latent, self.penalties, self.batch = latent, tuple(penalties), batch
        self.d = torch.Size(shape).numel()
        self.prior = normal(self.times * (self.d + latent))
        self.generator = Player(G, optimizer=generator)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        if t == 0:
            self.units.start(x)
        at = torch.randint(1, self.times + 1, (len(x),), device=x.device)
        less, more = self.two_levels(self.units(x), at)
        fake = self.step_back(
            self.G, more, at, torch.randn(len(x), self.latent, device=x.device), torch.randn_like(x)
        )
        scores = lambda x: self.D(x, more, at / self.times)
        on_real, on_fake = Pass(scores, less), Pass(scores, fake.detach())
        penalties = {p.name: p.on(on_real, on_fake) for p in self.penalties if p.due(t)}
        loss = non_saturating.critic(on_real.scores, on_fake.scores)
        notes = {"divergence": loss, "real": on_real.scores.mean(), "fake": on_fake.scores.mean()}
        yield Move(self.critic, loss + sum(penalties.values()), {**notes, **penalties})
        yield Move(self.generator, non_saturating.generator(scores(fake)))
        self.average.update(self.G)

    def two_levels(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """x_{t-1} and x_t of data x (n, ...): the second is the first with one step more of noise."""
        less = self.chain.noised(x, t - 1, torch.randn_like(x))
        return less, self.chain.one_more(less, t, torch.randn_like(x))

    def step_back(self, G: nn.Module, x: Tensor, t: Tensor, z: Tensor, noise: Tensor) -> Tensor:
        """x_{t-1}, drawn for x_t: (n, ...), (n,), (n, latent), (n, ...) -> (n, ...)."""
        beneath = G(x, t / self.times, None, z)
        mean, variance = self.chain.posterior(beneath.tanh() if self.image else beneath, x, t)
        return mean + variance.sqrt() * noise

    def draw(self, n: int) -> Tensor:
        """Codes from N(0, 1): (n, T · (d + latent))."""
        return self.prior(n, self.device)

    def decode(self, z: Tensor) -> Tensor:
        """The data of these codes: (n, T · (d + latent)) -> (n, ...)."""
        require_shape("codes", z, (self.prior.size,))
        noises = z[:, : self.times * self.d].reshape(len(z), self.times, *self.shape)
        codes = z[:, self.times * self.d :].reshape(len(z), self.times, self.latent)
        x = noises[:, 0]
        for k in watched(range(self.times)):
            t = self.times - k
            noise = noises[:, k + 1] if t > 1 else torch.zeros_like(x)
            x = self.step_back(
                self.average.network, x, torch.full((len(x),), t, device=x.device), codes[:, k], noise
            )
        return x.clamp(-1, 1) if self.image else self.units.inverse(x)

    def sample(self, n: int) -> Tensor:
        """`n` samples: (n, ...)."""
        return self.decode(self.draw(n))

    def score(self, x: Tensor) -> Tensor:
        """The critic's scores of the last step, from a little noise to these data: (n, ...) -> (n,), real is high."""
        x, t = self.units(x), torch.ones(len(x), dtype=torch.long, device=x.device)
        with chance.seeded(0, x.device):
            noise = chance.normal(tuple(x.shape), x.device)
        return self.D(x, self.chain.one_more(x, t, noise), t / self.times)


def ddgan(
    spec: Spec,
    *,
    times: Count = 4,
    latent: Count = 64,
    width: Count = 64,
    blocks: Count = 1,
    patch: Count = 1,
    critic_width: Count = 32,
    penalty: Weight = 0.05,
    batch: Count = 64,
    generator_lr: Rate = 1.6e-4,
    critic_lr: Rate = 1.25e-4,
    average: Fraction = 0.999,
) -> DenoisingGAN:
    """A small U-Net for images, a perceptron for points.

    Settings:
        times: steps of noise
        latent: length of the code of a step
        width: channels of the generator's largest map, or units of a hidden layer for points
        blocks: of each size of the U-Net, or hidden blocks of the perceptron but one
        patch: so many pixels square are one place of the largest map: faster, and coarser; no matter for points
        critic_width: of the critic: channels of the map nearest to the image, or units for points
        penalty: weight of R1, due in every 15th round
        generator_lr: Adam's step size of the generator
        critic_lr: Adam's step size of the critic
    """
    spec.require("ddgan", kind=("image", "points"))
    return DenoisingGAN(
        denoiser_for(spec, width=width, blocks=blocks, patch=patch, latent=latent),
        conditioned_critic_for(spec, critic_width),
        chain=variance_preserving(times),
        shape=spec.shape,
        image=spec.meaning.axes == 2,
        latent=latent,
        penalties=[r1(penalty, every=15)],
        generator=adam(generator_lr, 0.5, 0.9),
        critic=adam(critic_lr, 0.5, 0.9),
        batch=batch,
        average=average,
    )


RECIPES = {
    "ddgan": {
        "laptop": {
            "data": "digits",
            "time": "5m",
            "width": 32,
            "critic_width": 24,
            "generator_lr": 1e-3,
            "critic_lr": 1e-3,
        }
    }
}
