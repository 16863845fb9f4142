"""Wasserstein GAN: the critic measures how far the samples must be carried to become the data.

    min_G max_{D: |D(x) - D(y)| <= |x - y|}  E_x[D(x)] - E_z[D(G(z))]  =  min_G W₁(p, p_G)

(Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", arXiv 1701.07875, algorithm 1.)  The critic is kept
Lipschitz, up to a constant, by clipping its weights after each of its turns.

Deviations:
    The released code gives the critic 100 turns at the start and at every 500th round; algorithm 1 does not.
    A width of 64 channels, batch norm in the critic; other defaults are the paper's.
"""

from typing import Literal

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import wasserstein
from rivalry.maths.optimizers import rmsprop
from rivalry.maths.penalties import clip_weights
from rivalry.maths.priors import normal
from rivalry.nn.choice import critic_for, generator_for
from rivalry.settings import Count, Fraction, Rate


def wgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 5e-5,
    clip: Rate = 0.01,
    critic_steps: Count = 5,
    norm: Literal["batch", "layer", "none"] = "batch",
    average: Fraction = 0.0,
) -> GAN:
    """The Wasserstein divergence, with weights clipped.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image, or units of a hidden layer for points
        lr: RMSProp's step size, of both players
        clip: the critic's weights stay within plus and minus this
        critic_steps: turns of the critic before each turn of the generator
        norm: of the critic's convolutions
    """
    return GAN(
        generator_for(spec, latent, width),
        critic_for(spec, width, norm),
        prior=normal(latent),
        divergence=wasserstein,
        constrain=clip_weights(clip),
        critic_steps=critic_steps,
        generator=rmsprop(lr),
        critic=rmsprop(lr),
        batch=batch,
        average=average,
    )


RECIPES = {"wgan": {"mnist": {"data": "mnist", "time": "5m", "width": 32, "lr": 2e-4}}}
