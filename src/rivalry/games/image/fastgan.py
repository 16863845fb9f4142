"""FastGAN: light networks for few images, and a critic that must be able to draw again what it was shown.

    min_D  E_x[max(0, 1 - D(x))] + E_z[max(0, 1 + D(G(z)))] + λ E_x[|Dec(f(x)) - T(x)|]        min_G  -E_z[D(G(z))]

(Liu, Zhu, Song & Elgammal 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
Synthesis", arXiv 2101.04775, equations 1 to 4.)  f(x) are two maps of the critic.  From the last, a decoder draws the
image at half its size; from a quarter of the one before it, another draws that quarter.  Only real images are drawn.
A critic that must keep what it takes to draw them learns a few images by heart less soon, the paper says.  The networks
are in `nn.light`.

Deviations:
    The difference is a mean absolute one, where the authors' code has LPIPS, whose weights others trained.
    The hinge is not softened at random, and the critic is not shown a second, small image: both are in the authors'
        code, not in the paper.
    No noise is added to the generator's maps, so that a sample is a function of its code.
    A map excites the one 8 times as large where the paper's is 16 times as large, so that images of 32 pixels have
        one such pair; the paper begins at 256 pixels.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.augment import AUGMENTS
from rivalry.maths.divergences import hinge
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.conv import Shape
from rivalry.nn.light import LightCritic, LightGenerator
from rivalry.settings import Count, Fraction, Rate, Weight


class FastGAN(TwoPlayers):
    """A generator against a critic that draws real images again.

    Args:
        again: λ, the weight of the error of what is drawn; 0 trains the critic without it.
    """

    D: LightCritic

    def __init__(self, G: LightGenerator, D: LightCritic, *, again: float, **parts: Any):
        super().__init__(G, D, **parts)
        self.again = again

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        real, fake = self.augment(real), self.G(self.draw(len(real)))
        on_real, maps = self.D.judge(real)
        on_fake, _ = self.D.judge(self.augment(fake.detach()))
        divergence = hinge.critic(on_real, on_fake)
        error = self.D.error(real, maps, quarter=int(torch.randint(4, ())))
        notes = {"divergence": divergence, "real": on_real.mean(), "fake": on_fake.mean(), "again": error}
        yield Move(self.critic, divergence + self.again * error, notes)
        self.augment.observe(on_real.mean(1))
        on_fake, _ = self.D.judge(self.augment(fake))
        yield Move(self.generator, hinge.generator(on_fake))
        self.average.update(self.G)


def fastgan(
    spec: Spec,
    *,
    latent: Count = 256,
    width: Count = 64,
    batch: Count = 8,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    again: Weight = 1.0,
    augment: Literal["none", "diffaugment", "ada"] = "diffaugment",
    average: Fraction = 0.999,
) -> FastGAN:
    """Light networks, and a critic that draws again what it was shown.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image; each halving doubles them, up to 16 times
        again: weight of the error with which the critic draws real images again; 0 for none
        augment: differentiable augmentation of all that the critic sees
    """
    spec.require("fastgan", kind="image")
    shape: Shape = spec.shape  # type: ignore[assignment]
    return FastGAN(
        LightGenerator(latent, shape, width=width),
        LightCritic(shape, width=width),
        again=again,
        prior=normal(latent),
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        augment=AUGMENTS[augment](),
        average=average,
    )
