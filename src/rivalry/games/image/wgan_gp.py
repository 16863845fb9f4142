"""WGAN-GP: the Lipschitz condition as a penalty on the critic's slope.

    min_D  E_z[D(G(z))] - E_x[D(x)] + λ E_x̂[(‖∇D(x̂)‖ - 1)²],  x̂ uniform between a real and a fake

(Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", arXiv 1704.00028, equation 3, algorithm 1.)

Deviations:
    DCGAN's networks without batch normalization (layer normalization in the critic, as the paper advises)
        where the paper's main experiments have residual ones.
    A width of 64 channels; λ, the rate, Adam's moments, the batch and the critic's turns are those of algorithm 1, and
        the code of 128 that of the authors' code.
"""

from typing import Literal

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import normal
from rivalry.nn.choice import critic_for, generator_for
from rivalry.settings import Count, Fraction, Rate, Weight


def wgan_gp(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 1e-4,
    beta1: Fraction = 0.0,
    penalty: Weight = 10.0,
    critic_steps: Count = 5,
    norm: Literal["layer", "none"] = "layer",
    average: Fraction = 0.0,
) -> GAN:
    """The Wasserstein divergence, with the two-sided gradient penalty.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image, or units of a hidden layer for points
        beta1: Adam's first moment decay; its second is 0.9
        penalty: weight of the gradient penalty
        critic_steps: turns of the critic before each turn of the generator
        norm: of the critic's convolutions; the penalty is of each sample by itself, so never batch
    """
    return GAN(
        generator_for(spec, latent, width),
        critic_for(spec, width, norm),
        prior=normal(latent),
        divergence=wasserstein,
        penalties=[gradient_penalty(penalty)],
        critic_steps=critic_steps,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        average=average,
    )


RECIPES = {"wgan-gp": {"mnist": {"data": "mnist", "time": "5m", "width": 24, "lr": 5e-4, "average": 0.99}}}
