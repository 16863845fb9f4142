"""SNGAN: a critic that is Lipschitz by construction, every weight divided by its largest singular value.

    min_D E_x[max(0, 1 - D(x))] + E_z[max(0, 1 + D(G(z)))]        min_G -E_z[D(G(z))]

(Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", arXiv 1802.05957; told
classes, Miyato & Koyama 2018, "cGANs with Projection Discriminator", arXiv 1802.05637.)

Deviations:
    The residual networks have as many halvings as the image allows, and 128 channels in both by default.
    The learning rates are constant; the paper lowers them linearly to 0.
    The paper's generator for 32 x 32 has 256 channels; rate, moments, batch and the critic's five turns are those of
        its residual networks.
"""

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import hinge
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.residual import ResidualCritic, ResidualGenerator
from rivalry.nn.spectral import spectral
from rivalry.settings import Count, Fraction, Rate


def sngan(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 128,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.0,
    critic_steps: Count = 5,
    average: Fraction = 0.0,
) -> GAN:
    """Residual networks, hinge, spectral normalization of the critic.

    Settings:
        latent: length of the code z, normal
        width: channels of every block
        lr: Adam's step size, of both players; its second moment decays by 0.9
        critic_steps: turns of the critic before each turn of the generator
    """
    return _sngan(spec, 0, latent, width, batch, lr, beta1, critic_steps, average)


def sngan_projection(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 128,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.0,
    critic_steps: Count = 5,
    average: Fraction = 0.0,
) -> GAN:
    """SNGAN with classes: the generator normalizes by class, the critic projects onto the class.

    Settings:
        latent: length of the code z, normal
        width: channels of every block
        lr: Adam's step size, of both players; its second moment decays by 0.9
        critic_steps: turns of the critic before each turn of the generator
    """
    spec.require("sngan-projection", classes=True)
    return _sngan(spec, len(spec.classes), latent, width, batch, lr, beta1, critic_steps, average)


def _sngan(
    spec: Spec,
    classes: int,
    latent: int,
    width: int,
    batch: int,
    lr: float,
    beta1: float,
    critic_steps: int,
    average: float,
) -> GAN:
    spec.require("sngan", kind="image")
    c, h, w = spec.shape
    return GAN(
        ResidualGenerator(latent, (c, h, w), width=width, classes=classes),
        spectral(ResidualCritic((c, h, w), width=width, classes=classes)),
        prior=normal(latent),
        divergence=hinge,
        critic_steps=critic_steps,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        classes=classes,
        average=average,
    )


# Settings that learn in minutes on two cores.
SMALL = {"data": "mnist", "time": "5m", "width": 16, "critic_steps": 1, "lr": 5e-4, "average": 0.99}
RECIPES = {"sngan": {"mnist": SMALL}, "sngan-projection": {"mnist": SMALL}}
