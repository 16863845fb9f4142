"""DRAGAN: the original game, with the critic kept at slope 1 around the data, where its sharp cliffs cause collapse.

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))] - λ E_{x,δ}[(‖∇D(x + δ)‖ - 1)²],  δ ~ N(0, s²I)

(Kodali, Abernethy, Hays & Kira 2017, "On Convergence and Stability of GANs", arXiv 1705.07215.)  Where
WGAN-GP holds the slope between reals and fakes, this penalty holds it only near the reals, and the divergence stays
the first one.

Deviations:
    The penalty is on the slope of the logit, from which the losses are computed; the paper writes D.
    The generator raises log D(G(z)).
    s is half the deviation of the batch, the scale of the authors' code; `penalties.dragan` says where they differ.
    No norm in the critic: the penalty is of each sample by itself.
"""

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import dragan as penalty_of_dragan
from rivalry.maths.priors import uniform
from rivalry.nn.choice import critic_for, generator_for
from rivalry.settings import Count, Fraction, Rate, Weight


def dragan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    penalty: Weight = 10.0,
    every: Count = 1,
    average: Fraction = 0.0,
) -> GAN:
    """The non-saturating divergence, with the penalty around the reals.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
        penalty: weight of the gradient penalty
        every: the penalty is applied in one of so many rounds
    """
    return GAN(
        generator_for(spec, latent, width),
        critic_for(spec, width, norm="none"),
        prior=uniform(latent),
        divergence=non_saturating,
        penalties=[penalty_of_dragan(penalty, every=every)],
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )


RECIPES = {"dragan": {"mnist": {"data": "mnist", "time": "5m", "width": 24, "lr": 1e-3, "average": 0.99}}}
