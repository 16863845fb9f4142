"""Adversarial autoencoder: codes are made to lie as a prior does by a critic that tells one from the other.

    min_{E,G}  E_x mean (G(E(x)) - x)²        reconstruction
    max_D  E_z[log σ(D(z))] + E_x[log(1 - σ(D(E(x))))],        min_E -E_x[log σ(D(E(x)))]        regularization

(Makhzani et al. 2015, "Adversarial Autoencoders", arXiv 1511.05644, section 2 and figure 1.)  No density of the
prior is needed, only draws from it.  Told classes, the decoder gets them beside the code, and so the code keeps what
the class does not say: the style (section 4, figure 6).

Deviations:
    DCGAN's networks with layer normalization for images, where the paper has perceptrons of two layers of 1,000 units.
    Adam, where the paper has gradient descent with momentum.
"""

from collections.abc import Iterator
from typing import Any, Literal

from torch import nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.likelihood.autoencoder import Coder
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import normal, uniform
from rivalry.nn.autoencoder import Decoder, Encoder, Untold
from rivalry.nn.perceptron import PerceptronCritic
from rivalry.settings import Count, Fraction, Rate

PRIORS = {"normal": normal, "uniform": uniform}


class AdversarialAutoencoder(Coder):
    """An encoder and a decoder that draw data again, and a critic of codes that plays against the encoder.

    Args:
        D: (n, latent) codes -> (n,) scores, those of the prior are high.
        divergence: the critic estimates it between prior and codes, and the encoder lowers it.
        autoencoder, generator, critic: the optimizers of both networks, of the encoder alone, and of the critic.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        D: nn.Module,
        *,
        divergence: Divergence,
        autoencoder: MakeOptimizer,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        **parts: Any,
    ):
        super().__init__(encoder, decoder, **parts)
        self.D, self.divergence = D, divergence
        self.autoencoder = Player(self.networks, optimizer=autoencoder)
        self.critic = Player(D, optimizer=critic)
        self.generator = Player(encoder, optimizer=generator)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        error = (self.decoder(self.encoder(x, *given), *given) - x).square().mean()
        yield Move(self.autoencoder, error, {"error": error})
        z = self.encoder(x, *given)
        of_prior, of_codes = self.D(self.draw(len(x))), self.D(z.detach())
        loss = self.divergence.critic(of_prior, of_codes)
        yield Move(self.critic, loss, {"prior": of_prior.mean(), "codes": of_codes.mean()})
        yield Move(self.generator, self.divergence.generator(self.D(z)))
        self.average.update(self.networks)


def aae(
    spec: Spec,
    *,
    latent: Count = 8,
    prior: Literal["normal", "uniform"] = "normal",
    width: Count = 64,
    critic_width: Count = 256,
    conditional: bool = True,
    batch: Count = 100,
    lr: Rate = 1e-3,
    critic_lr: Rate = 5e-4,
    average: Fraction = 0.0,
) -> AdversarialAutoencoder:
    """An autoencoder whose codes are played towards a prior.

    Settings:
        latent: length of the code z
        prior: of a code, N(0, I) or uniform on [-1, 1]
        width: channels of the map nearest to the image, or units of a hidden layer for points
        critic_width: units of a hidden layer of the critic of codes
        conditional: is the decoder told the classes, where the data have any
        lr: Adam's step size of the reconstruction
        critic_lr: Adam's step size of the critic and, against it, of the encoder
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("aae", kind=("image", "points"))
    classes = len(spec.classes) if conditional else 0
    return AdversarialAutoencoder(
        Untold(Encoder(spec, latent, width=width)),
        Decoder(latent, spec, width=width, classes=classes),
        PerceptronCritic((latent,), width=critic_width, depth=2),
        divergence=non_saturating,
        prior=PRIORS[prior](latent),
        autoencoder=adam(lr),
        generator=adam(critic_lr, 0.5),
        critic=adam(critic_lr, 0.5),
        shape=spec.shape,
        batch=batch,
        classes=classes,
        average=average,
    )


RECIPES = {
    "aae": {
        "digits": {"data": "digits", "time": "2m", "width": 32, "critic_width": 128},
        "mnist": {"data": "mnist", "time": "10m", "width": 32},
        "laptop": {"data": "mnist", "time": "5m", "width": 32},
    }
}
