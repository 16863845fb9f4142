"""Autoencoder: data are drawn again from a short code; new data come from a normal distribution of codes.

    min_{E,G}  E_x[ mean (G(E(x)) - x)² + β/2 ‖E(x)‖² ],        sampling: G(z), z ~ N(m, C)

with m and C the mean and the covariance of the codes of the data (Ghosh et al. 2019, "From Variational to Deterministic
Autoencoders", arXiv 1903.12436, equations 8 and 11, and section 4).  Without the term β nothing holds the codes
together.  Each game that compares GANs with the others needs this one beside it: what is gained over it is gained by
more than drawing data again.

`Coder` is what all games of an encoder and a decoder share: their codes, and how to sample.

Deviations:
    C and m are averages over the last batches of training, and not of a pass over the data at its end.
    One normal distribution, where the paper also fits a mixture of ten; no regularizer of the decoder, of which the
        paper compares three with none.
    DCGAN's networks with layer normalization.
"""

from collections.abc import Iterator
from typing import cast

from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.fitted import FittedNormal
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import Prior, normal
from rivalry.nn.autoencoder import Autoencoding, Decoder, Encoder
from rivalry.settings import Count, Rate, Weight


class Coder(Game):
    """An encoder and a decoder, the codes between them, and how to sample: all but the players and the round.

    Args:
        encoder: data (n, ...) -> numbers (n, latent or more), of which the first are the code; with classes,
            `encoder(x, label)`.
        decoder: codes (n, latent) -> what is told of data; with classes, `decoder(z, label)`.
        prior: the distribution of codes that samples are made from.
        shape: of a datum.
        batch: data of one turn.
        classes: the number of classes that the networks are conditioned on; 0 for none.
        average: decay of the moving average of the weights; 0 for none.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        prior: Prior,
        shape: tuple[int, ...],
        batch: int,
        classes: int = 0,
        average: float = 0.0,
    ):
        super().__init__()
        self.networks = Autoencoding(encoder, decoder)
        self.average = average_of(self.networks, average)
        self.prior, self.shape, self.batch, self.classes = prior, shape, batch, classes
        self.reads = ("x", "label") if classes else ("x",)

    @property
    def encoder(self) -> nn.Module:
        return self.networks.encoder

    @property
    def decoder(self) -> nn.Module:
        return self.networks.decoder

    @property
    def settled(self) -> Autoencoding:
        """Both networks with averaged weights, which codes and samples come from."""
        return cast(Autoencoding, self.average.network)

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes from the prior: (n, latent)."""
        return self.prior(n, self.device, truncation)

    def encode(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The codes of data: (n, ...) -> (n, latent); of a game that is told classes, with the class of each."""
        require_shape("data", x, self.shape)
        return self.settled.encoder(x, *self.known(len(x), label))[:, : self.prior.size]

    def decode(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The data of codes: (n, latent) -> (n, ...)."""
        require_shape("codes", z, (self.prior.size,))
        return self.shown(self.settled.decoder(z, *labels_for(len(z), label, self.classes, self.device)))

    def shown(self, told: Tensor) -> Tensor:
        """A datum of what the decoder tells of it."""
        return told

    def reconstruct(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Data drawn again from their codes: (n, ...) -> (n, ...)."""
        return self.decode(self.encode(x, label), label)

    def sample(self, n: int, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """`n` samples; of class `label`, or of every class in turn."""
        return self.decode(self.draw(n, truncation), label)

    def known(self, n: int, label: Tensor | int | None) -> tuple[Tensor, ...]:
        """The labels of data that are there already, in a tuple; the tuple is empty without classes.

        Raises:
            BadRequest: the game is told classes and none is given.
        """
        if self.classes and label is None:
            raise BadRequest("this game is told classes: give the label of each datum, or one for all")
        return labels_for(n, label, self.classes, self.device)

    def input_matrices(self) -> list[Tensor]:
        """The matrix (out, latent) by which the decoder reads a code."""
        return [cast(Decoder, self.settled.decoder).input_matrix()]


class Autoencoder(Coder):
    """One player: the squared error of the data drawn again, and the size of their codes.

    Args:
        weight: of half the squared norm of a code.
        optimizer: of the only player.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        latent: int,
        shape: tuple[int, ...],
        batch: int,
        weight: float,
        optimizer: MakeOptimizer,
    ):
        super().__init__(encoder, decoder, prior=normal(latent), shape=shape, batch=batch)
        self.weight, self.codes = weight, FittedNormal(latent)
        self.model = Player(self.networks, optimizer=optimizer)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        z = self.encoder(x)
        error = (self.decoder(z) - x).square().mean()
        size = z.square().sum(1).mean() / 2
        yield Move(self.model, error + self.weight * size, {"error": error, "size": size})
        self.codes.update(z)

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes from the normal distribution that is fitted to those of the data: (n, latent)."""
        return self.codes.draw(n, truncation)


def autoencoder(
    spec: Spec,
    *,
    latent: Count = 32,
    width: Count = 64,
    weight: Weight = 1e-4,
    batch: Count = 128,
    lr: Rate = 1e-3,
) -> Autoencoder:
    """An encoder, a decoder, and a normal distribution of codes.

    Settings:
        latent: length of the code z
        width: channels of the map nearest to the image, or units of a hidden layer for points
        weight: of half the squared norm of a code, beside the mean squared error
        lr: Adam's step size
    """
    spec.require("autoencoder", kind=("image", "points"))
    return Autoencoder(
        Encoder(spec, latent, width=width),
        Decoder(latent, spec, width=width),
        latent=latent,
        shape=spec.shape,
        batch=batch,
        weight=weight,
        optimizer=adam(lr),
    )


RECIPES = {
    "autoencoder": {
        "digits": {"data": "digits", "time": "1m", "latent": 16, "width": 32},
        "mnist": {"data": "mnist", "time": "5m", "width": 32},
        "laptop": {"data": "mnist", "time": "5m", "width": 32},
    }
}
