"""Conditional GAN: both networks are conditioned on the class.

    min_G max_D  E_{x,y}[log D(x, y)] + E_{z,y}[log(1 - D(G(z, y), y))]

(Mirza & Osindero 2014, "Conditional Generative Adversarial Nets", arXiv 1411.1784, equation 2.)  The label's
one-hot code is joined to z, and to the critic's input: as entries of a point, as constant maps of an image.

Deviations:
    DCGAN's networks on images where the paper has perceptrons with maxout and dropout; Adam in place of
        momentum that is raised over training.
    A width of 64 channels and Adam's rate of 2e-4, DCGAN's; the paper's are those of its perceptrons.  The batch of
        100 and the code of 100 are the paper's.
"""

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import uniform
from rivalry.nn.choice import critic_for, generator_for
from rivalry.nn.joined import Joined
from rivalry.settings import Count, Fraction, Rate


def cgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 100,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> GAN:
    """The one-hot label joined to the code and to the input of the critic.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
    """
    spec.require("cgan", classes=True)
    k = len(spec.classes)
    joined = Spec(spec.name, spec.kind, (spec.shape[0] + k, *spec.shape[1:]), spec.classes)
    return GAN(
        Joined(generator_for(spec, latent + k, width), k),
        Joined(critic_for(joined, width), k),
        prior=uniform(latent),
        divergence=non_saturating,
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        classes=k,
        average=average,
    )
