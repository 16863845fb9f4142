"""VAE: a decoder of normal codes, and an encoder that bounds the likelihood of its data from below.

    max_{θ,φ}  E_x[ E_{z ~ q_φ(z|x)} log p_θ(x|z) - β KL(q_φ(z|x) ‖ N(0, I)) ]  <=  E_x log p_θ(x)    at β = 1

(Kingma & Welling 2013, "Auto-Encoding Variational Bayes", arXiv 1312.6114, equations 3 and 10; β of Higgins et al.
2017, "beta-VAE").  q_φ(z|x) is a normal distribution of independent numbers.  With K draws the bound is tighter,

    log p(x)  >=  E log 1/K Σ_k p(x|z_k) p(z_k) / q(z_k|x)  >=  the bound above

(Burda et al. 2015, "Importance Weighted Autoencoders", arXiv 1509.00519, equation 8), which is how data are scored.

Deviations:
    What is drawn is the mean of p(x|z), without its noise, as everyone shows it.
    "bernoulli" takes a pixel of L levels for L - 1 equal draws, so that it has a likelihood on any levels; with
        two it is the paper's.  "levels" gives every level a probability of its own; it is not in the paper.
    DCGAN's networks with layer normalization, where the paper has perceptrons.  Told classes, both networks are
        conditioned on them (Sohn et al. 2015).
    Likelihoods and samples come from the average of the weights over training.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Move, Player
from rivalry.games.likelihood.autoencoder import Coder
from rivalry.given import require_shape
from rivalry.maths.codes import Posterior
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import normal
from rivalry.nn.autoencoder import Autoencoding, Decoder, Encoder
from rivalry.nn.conditionals import Binomial, Distribution, Gaussians, Softmax
from rivalry.settings import Count, Fraction, Rate, Weight

DRAWS = 100  # K, codes that a datum is scored with
Observation = Literal["gaussian", "bernoulli", "levels"]


class VAE(Coder):
    """The bound, raised by one player.

    Args:
        encoder: data (n, ...) -> means and log-variances of codes (n, 2 latent).
        decoder: codes (n, latent) -> parameters (n, ..., parts) of p(x|z).
        observation: p(x|z), the same for each number of a datum by itself.
        levels: of a pixel whose p(x|z) is a density, over which it is spread; None where it is not.
        beta: weight of the divergence from the prior.
        optimizer: of the only player.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        observation: Distribution,
        *,
        latent: int,
        levels: Levels | None,
        beta: float,
        optimizer: MakeOptimizer,
        **parts: Any,
    ):
        super().__init__(encoder, decoder, prior=normal(latent), **parts)
        self.observation, self.levels, self.beta = observation, levels, beta
        self.prepare = levels.spread if levels else lambda x: x
        self.model = Player(self.networks, optimizer=optimizer, clip=1.0)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        x = self.prepare(x)
        codes = Posterior.told(self.encoder(x, *given))
        fit = self.fit(self.networks, codes.draw(), x, *given).mean() / x[0].numel()
        divergence = codes.divergence().mean() / x[0].numel()
        notes = {"bound": fit - divergence, "fit": fit, "divergence": divergence}  # nats a dimension
        yield Move(self.model, self.beta * divergence - fit, notes)
        self.average.update(self.networks)

    def fit(self, networks: Autoencoding, z: Tensor, x: Tensor, *given: Tensor) -> Tensor:
        """log p(x|z) in nats: (n, latent) and (n, ...) -> (n,)."""
        return self.observation.log_prob(networks.decoder(z, *given), x).flatten(1).sum(1)

    def shown(self, told: Tensor) -> Tensor:
        """The mean of p(x|z), images cut off at [-1, 1]."""
        x = self.observation.mean(told)
        return x.clamp(-1, 1) if len(self.shape) == 3 else x

    def log_prob(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Nats of data as they lie (n, ...) -> (n,), bounded from below by 100 draws, the same ones for every datum.

        Of images whose levels are modeled the log-probability, else the log-density.  Without a label, of a model with
        classes, of all of them equally likely.

        Raises:
            BadRequest: pixels that lie on no level.
        """
        require_shape("data", x, self.shape)
        if not self.classes or label is not None:
            return self._log_prob(x, *self.known(len(x), label))
        each = [self._log_prob(x, torch.full((len(x),), k, device=x.device)) for k in range(self.classes)]
        return torch.stack(each).logsumexp(0) - math.log(self.classes)

    def log_mass(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The log-probability of 8-bit images on their levels, in nats, bounded from below.

        Raises:
            BadRequest: points, which have no levels, or pixels that lie on none.
        """
        if len(self.shape) == 1:
            raise BadRequest("points have no levels, so they have a density and no probability: use log_prob")
        cells = x[0].numel() * self.levels.log_cell if self.levels else 0.0
        return self.log_prob(self.prepare(x), label) + cells

    def bound(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The bound of training for β = 1, the mean over the same draws: (n, ...) -> (n,) nats."""
        require_shape("data", x, self.shape)
        return self._log_weights(x, *self.known(len(x), label)).mean(0)

    def _log_prob(self, x: Tensor, *given: Tensor) -> Tensor:
        return self._log_weights(x, *given).logsumexp(0) - math.log(DRAWS)

    def _log_weights(self, x: Tensor, *given: Tensor) -> Tensor:
        """log p(x|z_k) p(z_k) / q(z_k|x) of every draw: (K, n)."""
        codes = Posterior.told(self.settled.encoder(x, *given))
        noise = torch.randn(DRAWS, self.prior.size, generator=torch.Generator().manual_seed(0)).to(codes.mean)
        drawn = ((codes.at(e), e) for e in noise)
        return torch.stack([self.fit(self.settled, z, x, *given) + codes.log_ratio(z, e) for z, e in drawn])

    def facts(self) -> dict[str, str]:
        return {"likelihood": f"bounded from below, importance-weighted over {DRAWS} codes"}


def vae(
    spec: Spec,
    *,
    latent: Count = 16,
    width: Count = 64,
    decoder: Observation = "gaussian",
    beta: Weight = 1.0,
    conditional: bool = False,
    levels: Count = 256,
    batch: Count = 128,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> VAE:
    """An encoder and a decoder whose codes are normal.

    Settings:
        latent: length of the code z
        width: channels of the map nearest to the image, or units of a hidden layer for points
        decoder: p(x|z) of a number: a Gaussian, Bernoulli draws, or a probability for each level
        beta: weight of the divergence of codes from the prior
        conditional: is it conditioned on the classes, where the data have any
        levels: of a pixel; no matter for points
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("vae", kind=("image", "points"))
    classes, observation = len(spec.classes) if conditional else 0, observation_of(spec, decoder, levels)
    return VAE(
        Encoder(spec, 2 * latent, width=width, classes=classes),
        Decoder(latent, spec, width=width, classes=classes, parts=observation.parts),
        observation,
        latent=latent,
        levels=Levels(levels) if spec.meaning.axes == 2 and decoder == "gaussian" else None,
        beta=beta,
        optimizer=adam(lr),
        shape=spec.shape,
        batch=batch,
        classes=classes,
        average=average,
    )


def observation_of(spec: Spec, decoder: Observation, levels: int) -> Distribution:
    """p(x|z) of one number of such data.

    Raises:
        BadRequest: points, which have no levels.
    """
    if decoder == "gaussian":
        return Gaussians(1)
    if spec.meaning.axes != 2:
        raise BadRequest(f"vae: points need a gaussian decoder; {decoder!r} is of levels of pixels")
    return (Binomial if decoder == "bernoulli" else Softmax)(Levels(levels))


RECIPES = {
    "vae": {
        "ring": {"data": "ring", "time": "2m", "latent": 2, "width": 128},
        "digits": {"data": "digits", "time": "2m", "width": 32, "decoder": "levels", "levels": 17},
        "mnist": {"data": "mnist", "time": "10m", "width": 32, "latent": 32},
        "laptop": {"data": "mnist", "time": "5m", "width": 32, "latent": 32, "decoder": "bernoulli"},
    }
}
