"""Self-attention GAN: in both networks every place of the image can use every other.

    o_j = Σ_i softmax_i(f(x_i)ᵀ g(x_j)) h(x_i),        y = γ v(o) + x
    min_D E_x[max(0, 1 - D(x, y))] + E_z[max(0, 1 + D(G(z, y), y))]        min_G -E_z[D(G(z, y), y)]

(Zhang, Goodfellow, Metaxas & Odena 2018, "Self-Attention Generative Adversarial Networks", arXiv 1805.08318.)
Spectral normalization in both networks, and a critic that learns four times as fast as the generator.  Told
classes where the data have any, by conditional norms and projection.

Deviations:
    SNGAN's residual networks, with as many halvings as the image allows and one width throughout.
    R1 where it is asked for: on few data of strong modes the critic otherwise chases a generator of one mode around.
    A width of 128 throughout, a batch of 64 where the paper has 256, on more devices; rates and moments are the
        paper's.
"""

from typing import Literal

from torch import nn

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import hinge
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r1
from rivalry.maths.priors import normal
from rivalry.nn.residual import ResidualCritic, ResidualGenerator
from rivalry.nn.spectral import spectral
from rivalry.settings import Count, Fraction, Natural, Rate, Weight


def sagan(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 128,
    attend: Natural = 16,
    told: Literal["classes", "nothing"] = "classes",
    batch: Count = 64,
    generator_lr: Rate = 1e-4,
    critic_lr: Rate = 4e-4,
    penalty: Weight = 0.0,
    every: Count = 2,
    average: Fraction = 0.0,
) -> GAN:
    """Attention in both networks, hinge, two time scales.

    Settings:
        latent: length of the code z, normal
        width: channels of every block
        attend: both networks attend on their map whose shorter side is nearest to this; 0 for none
        told: both networks are conditioned on the classes, where the data have any, or on nothing
        generator_lr: Adam's step size of the generator; its moments decay by 0 and 0.9
        critic_lr: Adam's step size of the critic
        penalty: weight of R1; 0 for none, as in the paper
        every: R1 is applied in one of so many rounds
    """
    spec.require("sagan", kind="image")
    (c, h, w), classes = spec.shape, len(spec.classes) if told == "classes" else 0
    return GAN(
        spectral(
            ResidualGenerator(latent, (c, h, w), width=width, classes=classes, attend=attend), nn.Embedding
        ),
        spectral(ResidualCritic((c, h, w), width=width, classes=classes, attend=attend)),
        prior=normal(latent),
        divergence=hinge,
        generator=adam(generator_lr, 0.0, 0.9),
        critic=adam(critic_lr, 0.0, 0.9),
        penalties=[r1(penalty, every=every)] if penalty else [],
        batch=batch,
        classes=classes,
        average=average,
    )


# Measured on a processor.
MARKS = {
    "data": "marks", "told": "nothing", "time": "20m", "width": 16, "attend": 4,
    "generator_lr": 1e-3, "critic_lr": 2e-3, "penalty": 20.0, "average": 0.99,
}  # fmt: skip

RECIPES = {"sagan": {"marks": MARKS, "no-attention": {**MARKS, "attend": 0}}}
