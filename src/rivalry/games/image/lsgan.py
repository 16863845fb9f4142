"""Least squares GAN: the critic regresses 1 on real and 0 on fake, so that sure fakes still pull.

    min_D ½ E_x[(D(x) - 1)²] + ½ E_z[D(G(z))²]        min_G ½ E_z[(D(G(z)) - 1)²]

(Mao et al. 2016, "Least Squares Generative Adversarial Networks", arXiv 1611.04076, equation 9.)

Deviations:
    DCGAN's networks, where the paper's main ones are deeper by stride-1 layers.
    A code of 100 and a rate of 2e-4, DCGAN's; the paper has a code of 1,024 and a rate of 1e-3 for scenes of 112 x 112.
"""

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import least_squares
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import uniform
from rivalry.nn.choice import critic_for, generator_for
from rivalry.settings import Count, Fraction, Rate


def lsgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> GAN:
    """The least squares divergence in DCGAN's networks.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
    """
    return GAN(
        generator_for(spec, latent, width),
        critic_for(spec, width),
        prior=uniform(latent),
        divergence=least_squares,
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )
