"""WGAN-LP: the Lipschitz condition as it is written, so that only slopes above 1 are punished.

    min_D  E_z[D(G(z))] - E_x[D(x)] + λ E_x̂[max(0, ‖∇D(x̂)‖ - 1)²],  x̂ uniform between a real and a fake

(Petzka, Fischer & Lukovnikov 2017, "On the regularization of Wasserstein GANs", arXiv 1709.08894.)  The
best critic of WGAN-GP has slope 1 almost everywhere only between points that its optimal transport couples, and x̂ is
not drawn between those; a slope below 1 breaks no condition, so here it costs nothing.

Deviations:
    DCGAN's networks, with layer normalization in the critic, where the paper's are residual or perceptrons.
    λ and the optimizer are those of WGAN-GP (arXiv 1704.00028); the paper finds that it depends less on λ
        than WGAN-GP does.
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


def wgan_lp(
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
    """The Wasserstein divergence, with the one-sided gradient penalty.

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
        penalties=[gradient_penalty(penalty, one_sided=True)],
        critic_steps=critic_steps,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        average=average,
    )


RECIPES = {"wgan-lp": {"mnist": {"data": "mnist", "time": "5m", "width": 24, "lr": 5e-4, "average": 0.99}}}
