"""EBGAN: the critic is an autoencoder, and the error with which it draws a datum again is the datum's energy.

    E(x) = mean (Dec(Enc(x)) - x)²
    min_D  E_x[E(x)] + E_z[max(0, m - E(G(z)))]        min_G  E_z[E(G(z))]  (+ λ f_PT(Enc(G(z))))

(Zhao, Mathieu & LeCun 2016, "Energy-based Generative Adversarial Network", arXiv 1609.03126, equations 1 and 2.)
Fakes are pushed up to the margin m and no farther.  The pulling-away term (section 2.4) keeps the codes S of a batch
of fakes apart:

    f_PT(S) = 1/(n(n-1)) Σ_{i≠j} (S_iᵀS_j / ‖S_i‖‖S_j‖)²

The score of a datum is minus its energy, so real is high.

Deviations:
    The energy is a mean over the pixels where the paper has a norm, so that one margin suits every size; m = 1 is
        the mean square of an image in [-1, 1] that is pure black or white.
    DCGAN's networks: the encoder is its critic without the last layer, the decoder its generator from the first map
        on.  Leaky ReLU in the encoder; the paper's rectifiers are not leaky.
    Layer normalization in the critic where the paper has batch norm: with that, the energy of a datum would depend on
        the others of its batch, and fakes that are almost no image get a high energy only in training.
    Any size; the paper has one network for each of its data sets.  Batch and rates are ours; the paper chose its
        own by a search for each data set.  λ = 0.1 is the paper's.
"""

import math
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import Divergence, as_float32
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import uniform
from rivalry.nn.conv import ConvCritic, ConvGenerator, Shape, halvings, layer_norm
from rivalry.settings import Count, Fraction, Rate, Weight


def margin(m: float) -> Divergence:
    """Reals at energy 0, fakes at energy m or above; scores are minus energies (equations 1 and 2)."""
    return Divergence(
        "margin",
        lambda real, fake: F.relu(m + as_float32(fake)).mean() - as_float32(real).mean(),
        lambda fake: -as_float32(fake).mean(),
    )


def pulling_away(codes: Tensor) -> Tensor:
    """f_PT: the mean squared cosine between the codes (n, ...) of two different samples, in [0, 1]."""
    unit = F.normalize(as_float32(codes).flatten(1), dim=1)
    n = len(unit)
    return ((unit @ unit.T).square().sum() - n) / max(1, n * (n - 1))


class Autoencoder(nn.Module):
    """Images (n, c, h, w) -> scores (n,): minus the mean squared error of the images decoded from their codes."""

    def __init__(self, shape: Shape, *, width: int):
        super().__init__()
        k = halvings(shape)
        self.side = tuple(math.ceil(s / 2**k) * 2**k for s in shape[1:])  # sides that halve evenly
        self.encoder = ConvCritic(shape, width=width, norm=layer_norm).body
        self.decoder = ConvGenerator(1, shape, width=width, norm=layer_norm).body[
            2:
        ]  # no norm of the code itself

    def forward(self, x: Tensor) -> Tensor:
        return self.judge(x)[0]

    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The scores (n,), and the codes (n, channels, h/2^k, w/2^k)."""
        h, w = x.shape[2:]
        code = self.encoder(F.pad(x, (0, self.side[1] - w, 0, self.side[0] - h), "replicate"))
        drawn = self.decoder(code)[..., :h, :w]
        return -(as_float32(drawn) - as_float32(x)).square().mean((1, 2, 3)), code


class EBGAN(TwoPlayers):
    """A generator against an autoencoder.

    Args:
        m: the margin.
        pull: λ, the weight of the pulling-away term, which is not computed at 0.
    """

    D: Autoencoder

    def __init__(self, G: nn.Module, D: Autoencoder, *, m: float, pull: float, **parts: Any):
        super().__init__(G, D, **parts)
        self.divergence = margin(m)
        self.terms = {"pulling-away": pull} if pull else {}

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.G(self.draw(len(real)))
        on_real, on_fake = self.D(real), self.D(fake.detach())
        loss = self.divergence.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        on_fake, codes = self.D.judge(fake)
        loss, terms = self.divergence.generator(on_fake), {name: pulling_away(codes) for name in self.terms}
        yield Move(self.generator, loss + sum(w * terms[name] for name, w in self.terms.items()), {**terms})
        self.average.update(self.G)


def ebgan(
    spec: Spec,
    *,
    margin: Rate = 1.0,
    pull: Weight = 0.1,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 64,
    generator_lr: Rate = 1e-3,
    critic_lr: Rate = 1e-3,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> EBGAN:
    """An autoencoder as critic, a margin, and codes that are kept apart.

    Settings:
        margin: the energy above which fakes are no longer pushed, a mean squared error of images in [-1, 1]
        pull: weight of the pulling-away term; 0 for none, as in the plain EBGAN
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the map nearest to the image
        generator_lr: Adam's step size of the generator
        critic_lr: Adam's step size of the critic
    """
    spec.require("ebgan", kind="image")
    shape: Shape = spec.shape  # type: ignore[assignment]
    return EBGAN(
        ConvGenerator(latent, shape, width=width),
        Autoencoder(shape, width=width),
        m=margin,
        pull=pull,
        prior=uniform(latent),
        generator=adam(generator_lr, beta1),
        critic=adam(critic_lr, beta1),
        batch=batch,
        average=average,
    )


RECIPES = {"ebgan": {"mnist": {"data": "mnist", "time": "5m", "width": 24}}}
