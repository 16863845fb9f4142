"""Progressive growing: the game begins on 4 x 4 images and doubles them, each new layer faded in.

    min_D E_z[D(G(z))] - E_x[D(x)] + λ E(‖∇D(x̂)‖ - 1)² + ε E[D(x)²]        min_G -E_z[D(G(z))]

on images of resolution r(t), x ← lerp(double(halve(x)), x, α(t)) while a layer fades in (Karras et al. 2017,
"Progressive Growing of GANs for Improved Quality, Stability, and Variation", arXiv 1710.10196).  Equalized
learning rates, pixel norm in the generator, minibatch deviation in the critic, a batch for each resolution.

The phase of round t is a function of t only, so a run that is resumed goes on in the phase that it was in.

Deviations:
    Any size: the smallest image has a shorter side of 4 to 7 pixels, and the largest is cropped to the data's.
    The optimizers keep their moments when a layer is added, and the learning rate is constant.
    A code of 128 where the paper has 512; 32 channels of the largest map, doubled with each halving up to the paper's
        512.  A batch of 16 at full size, doubled with each halving up to 128: the paper's is 16 at most.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import as_float32, wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import normal
from rivalry.nn.conv import Shape
from rivalry.nn.growing import (
    GrowingCritic,
    GrowingGenerator,
    Schedule,
    Stage,
    batches_of,
    in_full_size,
    shown,
    smallest,
    widths_of,
)
from rivalry.settings import Count, Fraction, Rate, Weight


class ProGAN(TwoPlayers):
    """WGAN-GP on images that grow.

    Args:
        shape: of the data.
        schedule: which stage is played when.
        drift: ε, of the squared score of reals.
    """

    G: GrowingGenerator
    D: GrowingCritic

    def __init__(
        self,
        G: GrowingGenerator,
        D: GrowingCritic,
        *,
        shape: Shape,
        schedule: Schedule,
        drift: float,
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.shape, self.schedule, self.drift = shape, schedule, drift
        self.levels = len(schedule.batches) - 1

    def round(self, data: Source, t: int) -> Iterator[Move]:
        stage = self.schedule.at(t)
        self.G.grow(stage)
        self.D.grow(stage)
        (real,) = data.take(self.schedule.batches[stage.level])
        real = self.shown(real, stage)
        fake = self.G(self.draw(len(real)))
        on_real, on_fake = self.looks(real, fake.detach())
        penalties = self.regularize(on_real, on_fake, t)
        loss = wasserstein.critic(on_real.scores, on_fake.scores)
        drift = self.drift * as_float32(on_real.scores).square().mean()
        terms = {"divergence": loss, "drift": drift, **penalties}
        level = stage.level + stage.alpha - 1  # 1.25: a quarter of the second doubling
        yield Move(self.critic, torch.stack([*terms.values()]).sum(), {**terms, "level": level})
        yield Move(self.generator, wasserstein.generator(self.D(fake)))
        self.average.update(self.G)

    def shown(self, x: Tensor, stage: Stage) -> Tensor:
        """Data (n, c, h, w) as the critic of this stage sees them: smaller, the newest pixels at a share alpha."""
        return shown(x, stage, self.G.small, self.levels)

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """Images of these codes at the data's size, however small those are that it has come to."""
        self.given(z.shape[0], label)  # refuses a label
        x = self.standing(truncation)(z)
        return in_full_size(x, self.G.now, self.shape, self.levels).clamp(-1, 1)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores of images, which it sees as small as its stage has them: (n, c, h, w) -> (n,)."""
        return self.D(self.shown(x, self.D.now))


def progan(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 32,
    phase: Count = 600_000,
    batch: Count = 16,
    largest: Count = 128,
    lr: Rate = 1e-3,
    penalty: Weight = 10.0,
    drift: Weight = 1e-3,
    average: Fraction = 0.999,
) -> ProGAN:
    """A generator and a critic that grow together.

    Settings:
        latent: length of the code z, normal, then brought to one length
        width: channels of the largest map; each halving doubles them, up to 512
        phase: real images of a phase: each resolution fades in for one and is trained for another
        batch: data of one turn at the full resolution; each halving doubles it
        largest: data of one turn at most
        lr: Adam's step size, of both players; its moments decay by 0 and 0.99
        penalty: weight of the gradient penalty
        drift: weight of the squared score of reals, which keeps scores near 0
    """
    spec.require("progan", kind="image")
    c, h, w = spec.shape
    shape = (c, h, w)
    small, widths = smallest(shape), widths_of(shape, width)
    return ProGAN(
        GrowingGenerator(latent, c, small, widths),
        GrowingCritic(c, small, widths),
        shape=shape,
        schedule=Schedule(phase, batches_of(shape, batch, largest)),
        drift=drift,
        prior=normal(latent),
        penalties=[gradient_penalty(penalty)],
        generator=adam(lr, 0.0, 0.99),
        critic=adam(lr, 0.0, 0.99),
        batch=batch,
        average=average,
    )


RECIPES = {
    "progan": {
        "mnist": {"data": "mnist-32", "width": 16, "phase": 12_000, "samples": 120_000},
        "tiles": {"data": "tiles", "width": 16, "phase": 12_000, "samples": 120_000},
    }
}
