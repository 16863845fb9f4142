"""f-GAN: any f-divergence as a game, through its convex conjugate.

    min_G max_D  E_x[g_f(D(x))] - E_z[f*(g_f(D(G(z))))]  <=  D_f(p, p_G)

(Nowozin, Cseke & Tomioka 2016, "f-GAN: Training Generative Neural Samplers using Variational Divergence
Minimization", arXiv 1606.00709, equation 6; the divergences with f, f* and g_f are in `divergences`.)

Deviations:
    By default the generator raises E[g_f(D(G(z)))], the paper's own alternative of section 3.2, since the
        bound itself saturates while the critic wins.
    DCGAN's networks where the paper has perceptrons on MNIST.
    DCGAN's rate, width, batch and code of 100, which go with its networks, in place of the paper's for perceptrons.
"""

from typing import Literal

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import f_divergence
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import uniform
from rivalry.nn.choice import critic_for, generator_for
from rivalry.settings import Count, Fraction, Rate

Kind = Literal[
    "kl",
    "reverse-kl",
    "jensen-shannon",
    "gan",
    "squared-hellinger",
    "pearson",
    "neyman",
    "total-variation",
    "alpha",
]


def fgan(
    spec: Spec,
    *,
    divergence: Kind = "kl",
    alpha: float = 0.5,
    saturating: bool = False,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> GAN:
    """The game of one f-divergence.

    Settings:
        divergence: which one
        alpha: of the alpha-divergence; neither 0 nor 1
        saturating: whether the generator lowers the bound itself
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
    """
    return GAN(
        generator_for(spec, latent, width),
        critic_for(spec, width),
        prior=uniform(latent),
        divergence=f_divergence(divergence, alpha=alpha, saturating=saturating),
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )
