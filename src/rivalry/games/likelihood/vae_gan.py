"""VAE-GAN: a VAE whose likeness is measured on the features of the critic that it plays against.

    min_E  KL(q(z|x) ‖ N(0, I)) + L,        L = E ½‖D_l(x) - D_l(G(z))‖²,   z ~ q(z|x)
    min_G  γ L + E[softplus(-D(G(z)))] + E[softplus(-D(G(z_p)))],   z_p ~ N(0, I)
    min_D  E[softplus(-D(x))] + ½ E[softplus(D(G(z)))] + ½ E[softplus(D(G(z_p)))]

(Larsen et al. 2015, "Autoencoding beyond pixels using a learned similarity metric", arXiv 1512.09300, algorithm 1.)
D_l(x) are the features of the critic before its last layer.  All three losses are of one graph, and all gradients are
taken before any weight moves; the critic is not taught to make L small.  Told classes, all three networks know them
(section 4.2).

Deviations:
    L and the divergence are divided by the number of features, so that γ has a meaning for images of any size.
    The generator's loss does not saturate; in the paper it lowers what the critic raises.
    The features before the last layer, where the paper takes those of the layer before.
    DCGAN's networks with layer normalization, since a batch's statistics would mix data, drawn again, and samples.
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.likelihood.autoencoder import Coder
from rivalry.labels import labels_for
from rivalry.maths.codes import Posterior
from rivalry.maths.divergences import Divergence, as_float32, non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import normal
from rivalry.nn.autoencoder import Decoder, Encoder
from rivalry.settings import Count, Fraction, Rate, Weight


class VAEGAN(Coder):
    """An encoder, a generator and a critic that move at once.

    Args:
        encoder: data (n, ...) -> means and log-variances of codes (n, 2 latent).
        decoder: G, codes (n, latent) -> data (n, ...).
        D: data (n, ...) -> scores (n, 1), real is high; `D.body` gives the features that they are made from.
        divergence: of data and samples; the critic estimates it and the generator lowers it.
        likeness: γ, the weight of L in the generator's loss.
        inference, generator, critic: the optimizers of the encoder, of G and of D.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        D: Encoder,
        *,
        divergence: Divergence,
        likeness: float,
        inference: MakeOptimizer,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        **parts: Any,
    ):
        super().__init__(encoder, decoder, **parts)
        self.D, self.divergence, self.likeness = D, divergence, likeness
        self.inference = Player(encoder, optimizer=inference)
        self.generator = Player(decoder, optimizer=generator)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[tuple[Move, ...]]:
        x, *given = data.take(self.batch)
        codes = Posterior.told(self.encoder(x, *given))
        again, fake = self.decoder(codes.draw(), *given), self.decoder(self.draw(len(x)), *given)
        real, of_again, of_fake = (self.D.looks(each, *given) for each in (x, again, fake))
        unlike = (as_float32(of_again.features) - as_float32(real.features)).square().mean() / 2
        divergence = codes.divergence().mean() / real.features.shape[1]
        fooled = self.divergence.generator(of_again.scores) + self.divergence.generator(of_fake.scores)
        each = [self.divergence.critic(real.scores, look.scores) for look in (of_again, of_fake)]
        told = (each[0] + each[1]) / 2
        yield (
            Move(self.inference, divergence + unlike, {"divergence": divergence, "unlike": unlike}),
            Move(self.generator, self.likeness * unlike + fooled, {"fooled": fooled}),
            Move(self.critic, told, {"real": real.scores.mean(), "fake": of_fake.scores.mean()}),
        )
        self.average.update(self.networks)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores: (n, ...) -> (n,), real is high."""
        return self.D.looks(x, *labels_for(len(x), label, self.classes, self.device)).scores


def vae_gan(
    spec: Spec,
    *,
    latent: Count = 64,
    width: Count = 64,
    likeness: Weight = 10.0,
    conditional: bool = False,
    batch: Count = 64,
    lr: Rate = 3e-4,
    critic_lr: Rate = 3e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> VAEGAN:
    """A VAE and a GAN that share their decoder.

    Settings:
        latent: length of the code z
        width: channels of the map nearest to the image, or units of a hidden layer for points
        likeness: γ, the weight of the likeness of features in the generator's loss
        conditional: are the networks conditioned on the classes, where the data have any
        lr: Adam's step size of encoder and generator
        critic_lr: Adam's step size of the critic
        average: decay of the moving average of encoder and generator; 0 for none
    """
    spec.require("vae-gan", kind=("image", "points"))
    classes = len(spec.classes) if conditional else 0
    return VAEGAN(
        Encoder(spec, 2 * latent, width=width, classes=classes),
        Decoder(latent, spec, width=width, classes=classes),
        Encoder(spec, 1, width=width, classes=classes),
        divergence=non_saturating,
        likeness=likeness,
        prior=normal(latent),
        inference=adam(lr, beta1),
        generator=adam(lr, beta1),
        critic=adam(critic_lr, beta1),
        shape=spec.shape,
        batch=batch,
        classes=classes,
        average=average,
    )


RECIPES = {
    "vae-gan": {
        "digits": {"data": "digits", "time": "3m", "latent": 16, "width": 32},
        "mnist": {"data": "mnist", "time": "15m", "latent": 32, "width": 32},
        "laptop": {"data": "mnist", "time": "15m", "latent": 32, "width": 32},
    }
}
