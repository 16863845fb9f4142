"""DCGAN: the convolutional networks that made GANs train.

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))], both all-convolutional, batch norm in both

(Radford, Metz & Chintala 2015, "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", arXiv 1511.06434.)  The networks are in `nn.conv`.

Deviations:
    Kernels are 4 x 4 as in the authors' Torch code; the Theano code has 5 x 5.
    A linear layer before the first map and after the last, in place of convolutions as large as the map.
    Any size from 8 x 8 on, square or not, and 1 to 4 channels.
    The width of 64 near the image is that of the authors' code, where the paper's figure, for 64 x 64, has 128; other
        defaults are the paper's.
"""

from collections.abc import Callable
from typing import Any, Literal

from torch import nn

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.augment import AUGMENTS
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import uniform
from rivalry.nn.choice import critic_for, generator_for
from rivalry.nn.seamless import Seamless
from rivalry.settings import Count, Fraction, Rate

PADDINGS: dict[str, Callable[[Any], nn.Module]] = {"zeros": lambda G: G, "circular": Seamless}


def dcgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 128,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    augment: Literal["none", "diffaugment", "ada"] = "none",
    padding: Literal["zeros", "circular"] = "zeros",
    average: Fraction = 0.0,
) -> GAN:
    """Radford's networks in Goodfellow's game.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image; each halving of the image doubles them
        augment: differentiable augmentation of all that the critic sees, for small data sets
        padding: of the generator's convolutions; circular for textures that repeat without a seam
    """
    spec.require("dcgan", kind="image")
    G = generator_for(spec, latent, width)
    return GAN(
        PADDINGS[padding](G),
        critic_for(spec, width),
        prior=uniform(latent),
        divergence=non_saturating,
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        augment=AUGMENTS[augment](),
        average=average,
    )
