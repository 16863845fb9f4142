"""WaveGAN: DCGAN's networks in one dimension, on the samples of a sound themselves, under WGAN-GP.

    min_D  E[D(G(z))] - E[D(x)] + λ E_x̂[(‖∇D(x̂)‖ - 1)²]        max_G  E[D(G(z))]

Between the critic's layers maps are shifted in time at random (phase shuffle), so that it cannot find fakes by the
pitch that the steps of transposed convolutions leave behind.

(Donahue, McAuley & Puckette 2018, "Adversarial Audio Synthesis", arXiv 1802.04208, section 3.)

Deviations:
    The number of layers follows from the length: five for the paper's 16,384 samples, three for 1,024.
    Of data with classes both networks are conditioned on the class, by a one-hot code and by a projection, unless
        `condition` is off; the paper's model has no condition.
    He's start in place of Glorot's, which is too small for the transposed convolutions' stride.
    No filter after the generator, which the paper tries beside phase shuffle.
"""

from rivalry.data.source import Spec
from rivalry.games.two_players import GAN
from rivalry.maths.divergences import wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import uniform
from rivalry.nn.joined import Joined
from rivalry.nn.waves import WaveCritic, WaveGenerator
from rivalry.settings import Count, Fraction, Natural, Rate, Weight


def wavegan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    shuffle: Natural = 2,
    condition: bool = True,
    batch: Count = 64,
    lr: Rate = 1e-4,
    beta1: Fraction = 0.5,
    penalty: Weight = 10.0,
    critic_steps: Count = 5,
    average: Fraction = 0.0,
) -> GAN:
    """Transposed convolutions in one dimension, phase shuffle and the gradient penalty.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the sound; each quartering doubles them
        shuffle: the largest shift of phase shuffle, in places of a map; 0 for none
        condition: both networks are told the class, of data that have classes
        beta1: Adam's first moment decay; its second is 0.9
        penalty: weight of the gradient penalty
        critic_steps: turns of the critic before each turn of the generator
    """
    spec.require("wavegan", kind="wave")
    k = len(spec.classes) if condition else 0
    G = WaveGenerator(latent + k, spec.shape, width=width)
    return GAN(
        Joined(G, k) if k else G,
        WaveCritic(spec.shape, width=width, shuffle=shuffle, classes=k),
        prior=uniform(latent),
        divergence=wasserstein,
        penalties=[gradient_penalty(penalty)],
        critic_steps=critic_steps,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        classes=k,
        average=average,
    )


RECIPES = {
    "wavegan": {
        "laptop": {
            "latent": 16,
            "width": 8,
            "batch": 16,
            "lr": 1e-3,
            "critic_steps": 2,
            "average": 0.98,
            "time": "10m",
        },
        "spoken": {
            "latent": 32,
            "width": 8,
            "batch": 16,
            "lr": 1e-3,
            "critic_steps": 2,
            "average": 0.99,
            "time": "30m",
        },
    }
}
