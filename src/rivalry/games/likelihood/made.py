"""MADE: a perceptron whose weights are masked so that each output sees only the inputs before it.

    max_θ  E_x[Σ_i log p(x_i | x_1, ..., x_{i-1})]

(Germain et al. 2015, "MADE: Masked Autoencoder for Distribution Estimation", arXiv 1502.03509, equation 2 and
section 4.)  One pass gives all conditional distributions, and so the likelihood; a sample is made number by number.

`Autoregressive` is the game of any network of this kind: one player, one move a round.  `made` is the paper's own
network; PixelCNN is another.

Deviations:
    A pixel has levels, with a softmax or a mixture of logistics over them, where the paper binarizes; a number of a
        point has a mixture of Gaussians (Papamakarios et al. 2017, arXiv 1705.07057, call it MADE MoG).
    One order, the natural one, and one set of masks.
    Likelihoods and samples come from the average of the weights over training.
"""

import math
from collections.abc import Callable, Iterator
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.chance import uniform
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.watched import one_of
from rivalry.nn.conditionals import Distribution, Gaussians, Logistics, Softmax
from rivalry.nn.masked import Made, in_order
from rivalry.settings import Count, Fraction, Natural, Rate

GROUP = 128  # samples that are made at once, which bounds the memory


class Causal(Protocol):
    """A network whose output for a number depends only on the numbers before it, in an order of its own."""

    def __call__(self, x: Tensor, *label: Tensor) -> Tensor:
        """(n, ...) -> (n, ..., parts): parameters of the distribution of each number."""

    def fill(self, draw: Callable[[Tensor, Tensor], Tensor], u: Tensor, *label: Tensor) -> Tensor:
        """Data (n, ...) drawn in order: `draw(parameters, u)` turns parameters and uniform numbers into numbers."""


class Autoregressive(Game):
    """Maximum likelihood by the product of conditional distributions.

    Args:
        network: gives the parameters of the conditional distribution of each number; see `Causal`.
        conditional: the distribution of one number.
        shape: of a datum.
        optimizer: of the only player.
        batch: data of one turn.
        classes: the number of classes that the network is conditioned on; 0 for none.
        average: decay of the moving average of the network; 0 for none.
    """

    def __init__(
        self,
        network: nn.Module,
        conditional: Distribution,
        *,
        shape: tuple[int, ...],
        optimizer: MakeOptimizer,
        batch: int,
        classes: int = 0,
        average: float = 0.0,
    ):
        super().__init__()
        self.network, self.conditional, self.shape = network, conditional, shape
        self.average = average_of(network, average)
        self.batch, self.classes = batch, classes
        self.reads = ("x", "label") if classes else ("x",)
        self.model = Player(network, optimizer=optimizer, clip=1.0)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        loss = -self.conditional.log_prob(self.network(x, *given), x).mean()
        yield Move(self.model, loss, {"nats per dimension": loss})
        self.average.update(self.network)

    def log_prob(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Nats of data (n, ...) -> (n,): of images the log-probability on their levels, of points the log-density.

        Without a label, of a model with classes, of all of them equally likely.

        Raises:
            BadRequest: pixels that lie on no level.
        """
        require_shape("data", x, self.shape)
        if not self.classes or label is not None:
            return self._log_prob(x, *labels_for(len(x), label, self.classes, self.device))
        each = [self._log_prob(x, torch.full((len(x),), k, device=x.device)) for k in range(self.classes)]
        return torch.stack(each).logsumexp(0) - math.log(self.classes)

    def log_mass(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The log-probability of 8-bit images on their levels, in nats: (n, c, h, w) -> (n,), exact."""
        if len(self.shape) == 1:
            raise BadRequest("points have no levels, so they have a density and no probability: use log_prob")
        return self.log_prob(x, label)

    def sample(self, n: int, label: Tensor | int | None = None) -> Tensor:
        """`n` samples, in groups of 128; of class `label`, or of every class in turn."""
        given = labels_for(n, label, self.classes, self.device)
        u = uniform((n, *self.shape), self.device)
        groups = list(zip(*(each.split(GROUP) for each in (u, *given))))
        fill, draw, made = cast(Causal, self.average.network).fill, self.conditional.quantile, list[Tensor]()
        for k, group in enumerate(groups):
            with one_of(len(groups), k):
                made.append(fill(draw, *group))
        return torch.cat(made)

    def _log_prob(self, x: Tensor, *given: Tensor) -> Tensor:
        return self.conditional.log_prob(self.average(x, *given), x).flatten(1).sum(1)

    def facts(self) -> dict[str, str]:
        return {"likelihood": "exact"}


class MadeOf(nn.Module):
    """MADE for data of any shape: the numbers in the order in which they lie."""

    def __init__(self, shape: tuple[int, ...], parts: int, *, width: int, depth: int, dropout: float):
        super().__init__()
        self.shape = shape
        self.made = Made(math.prod(shape), parts, width=width, depth=depth, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.made(x.flatten(1)).view(-1, *self.shape, self.made.parts)

    def fill(self, draw: Callable[[Tensor, Tensor], Tensor], u: Tensor) -> Tensor:
        return in_order(lambda x: draw(self(x), u), torch.zeros_like(u), u[0].numel())


def made(
    spec: Spec,
    *,
    width: Count = 512,
    depth: Count = 2,
    dropout: Fraction = 0.0,
    components: Natural = 5,
    levels: Count = 256,
    batch: Count = 100,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Autoregressive:
    """A masked perceptron.

    Settings:
        width: units of a hidden layer
        depth: hidden layers
        dropout: share of the hidden units that is dropped in training
        components: of the mixture that is the distribution of one number; 0 for a softmax over levels
        levels: of a pixel; no matter for points
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("made", kind=("image", "points"))
    conditional = conditional_of(spec, "made", components, levels)
    return Autoregressive(
        MadeOf(spec.shape, conditional.parts, width=width, depth=depth, dropout=dropout),
        conditional,
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        average=average,
    )


def conditional_of(spec: Spec, who: str, components: int, levels: int) -> Distribution:
    """The distribution of one number of such data.

    Raises:
        BadRequest: points without components, which have no levels either.
    """
    if spec.meaning.axes == 2:
        return Logistics(Levels(levels), components) if components else Softmax(Levels(levels))
    if not components:
        raise BadRequest(
            f"{who}: points need a mixture of 1 component or more; a softmax is over levels of pixels"
        )
    return Gaussians(components)


RECIPES = {
    "made": {
        "ring": {"data": "ring", "time": "2m", "width": 128, "components": 16},
        "digits": {
            "data": "digits",
            "time": "3m",
            "width": 512,
            "components": 0,
            "levels": 17,
            "dropout": 0.5,
        },
        "mnist": {"data": "mnist", "time": "10m", "components": 3},
    }
}
