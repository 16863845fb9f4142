"""Generative adversarial networks: a generator G against a critic D.

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))]

(Goodfellow et al. 2014, "Generative Adversarial Networks", arXiv 1406.2661, equation 1 and algorithm 1.)

The paper's own system of perceptrons.  Its round is that of `two_players.GAN`.

Deviations:
    D returns logits, so that every divergence is computed stably from scores.
    The generator answers the critic on the fakes that the critic has just seen, one pass through G less than
        with the fresh noise of algorithm 1; the released code of DCGAN does the same.
    Leaky ReLU where the paper's critic has maxout and its generator ReLU and sigmoids, and Adam for momentum.
    Batch norm in the generator, which was not known yet: without it all images are alike for thousands of rounds.
    One network for all data: 256 units in three layers, a code of 100, where the paper has a network for each data
        set.
"""

from typing import Literal

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import minimax, non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import uniform
from rivalry.nn.perceptron import PerceptronCritic, PerceptronGenerator
from rivalry.settings import Count, Fraction, Rate


def gan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 256,
    dropout: Fraction = 0.3,
    loss: Literal["non-saturating", "minimax"] = "non-saturating",
    batch: Count = 100,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> GAN:
    """Goodfellow's first system: two multilayer perceptrons.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: units of a hidden layer
        dropout: share of the critic's hidden units that is dropped
        loss: of the generator: log D(G(z)) raised, or log(1 - D(G(z))) lowered as in equation 1
    """
    spec.require("gan", real=True)
    return GAN(
        PerceptronGenerator(latent, spec.shape, width=width, norm=True, bounded=spec.meaning.bounded),
        PerceptronCritic(spec.shape, width=width, dropout=dropout),
        prior=uniform(latent),
        divergence={"non-saturating": non_saturating, "minimax": minimax}[loss],
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )
