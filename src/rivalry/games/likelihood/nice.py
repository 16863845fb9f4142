"""NICE: data are turned into independent numbers by a map that can be undone, and so their likelihood is known.

    max_f  E_x[log p(f(x)) + log |det ∂f/∂x|],        sampling: x = f⁻¹(z), z ~ p

(Dinh et al. 2014, "NICE: Non-linear Independent Components Estimation", arXiv 1410.8516, equation 3.)  f is a chain
of additive couplings, one half of the numbers shifted by a function of the other half, and at the end a scale for
each number.

`Flow` is the game of any such map: one player, one move a round.  `nice` is the paper's own map; RealNVP, Glow and
MAF are others.

Deviations:
    Pixels are spread over the levels of the data, [-1, 1], where the paper adds noise of 1/256 to [0, 1].
    Halves by a checkerboard for images; the paper takes odd and even pixels in rows, which are columns where a
        side is even.
    Each number is shifted and scaled by the first batch before f, where the paper whitens some of its data.
    Likelihoods and samples come from the average of the weights over training.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.chance import uniform
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import Prior, normal
from rivalry.nn.coupling import (
    ActNorm,
    Bijection,
    Chain,
    Coupling,
    Flatten,
    Mapped,
    MultiScale,
    PointNet,
    Scale,
    checkerboard,
    halves,
    start_from_data,
)
from rivalry.settings import Count, Fraction, Rate


@dataclass(frozen=True)
class Base:
    """The distribution that data are turned into: independent numbers.

    Attributes:
        prior: draws codes (n, d).
        log_density: of one number, elementwise.
    """

    prior: Prior
    log_density: Callable[[Tensor], Tensor]


def gaussian(d: int) -> Base:
    """N(0, 1)."""
    return Base(normal(d), lambda z: -(z.square() + math.log(2 * math.pi)) / 2)


def logistic(d: int) -> Base:
    """The standard logistic distribution, NICE's choice for images.  Truncated: scaled towards 0."""
    draw = lambda shape, device: torch.logit(uniform(shape, device).clamp(1e-6, 1 - 1e-6))
    prior = Prior(d, draw, lambda z, threshold: z * min(threshold, 1.0))
    return Base(prior, lambda z: F.logsigmoid(z) + F.logsigmoid(-z))


class FlowDensity(nn.Module):
    """A flow and its base: (n, ...) -> log p(x) in nats (n,), float32 whatever the precision of the round.

    Told classes, the base of a class is shifted by a mean of its own (Kingma & Dhariwal 2018, arXiv 1807.03039).
    """

    def __init__(self, flow: Bijection, base: Base, classes: int = 0):
        super().__init__()
        self.flow, self.base = flow, base
        self.means = nn.Parameter(torch.zeros(classes, base.prior.size)) if classes else None

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """log p(x | label); without a label, of a model with classes, of all of them equally likely."""
        z, log_det = self.encoded(x)
        if self.means is None:
            return self._of(z) + log_det
        if label is not None:
            return self._of(z - self.means[label]) + log_det
        each = torch.stack([self._of(z - mean) for mean in self.means])  # (classes, n)
        return each.logsumexp(0) - math.log(len(each)) + log_det

    def encoded(self, x: Tensor) -> Mapped:
        with torch.autocast(x.device.type, enabled=False):
            return self.flow(x.float())

    def decoded(self, z: Tensor, label: Tensor | None = None) -> Mapped:
        """Data of codes, and log |det dx/dz|."""
        z = z if self.means is None or label is None else z + self.means[label]
        with torch.autocast(z.device.type, enabled=False):
            return self.flow.inverse(z.float())

    def _of(self, z: Tensor) -> Tensor:
        return self.base.log_density(z).sum(1)


class OfFlow(Game):
    """A flow, its likelihood, and how to sample: all but the players and the round.

    Args:
        flow: data (n, ...) <-> codes (n, d).
        base: the distribution of codes.
        shape: of a datum.
        batch: data of one turn.
        levels: of a pixel; None for points, which need no dequantization.
        classes: the number of classes that the base is conditioned on; 0 for none.
        average: decay of the moving average of the weights; 0 for none.
    """

    def __init__(
        self,
        flow: Bijection,
        base: Base,
        *,
        shape: tuple[int, ...],
        batch: int,
        levels: Levels | None = None,
        classes: int = 0,
        average: float = 0.0,
    ):
        super().__init__()
        self.density = FlowDensity(flow, base, classes)
        self.average = average_of(self.density, average)
        self.prior, self.batch, self.levels, self.classes = base.prior, batch, levels, classes
        self.shape, self.reads = shape, ("x", "label") if classes else ("x",)
        self.prepare = levels.spread if levels else lambda x: x

    @property
    def settled(self) -> FlowDensity:
        """The density of the averaged weights, for likelihoods and samples."""
        return cast(FlowDensity, self.average.network)

    def log_prob(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The log-density of data as they lie, in nats: (n, ...) -> (n,).  Pixels are on [-1, 1]."""
        require_shape("data", x, self.shape)
        return self.average(x, *self._given(len(x), label))

    def log_mass(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The log-probability of 8-bit images on their levels, in nats, bounded from below by one draw of noise.

        Raises:
            BadRequest: points, which have no levels, or pixels that lie on none.
        """
        if self.levels is None:
            raise BadRequest("points have no levels, so they have a density and no probability: use log_prob")
        return self.log_prob(self.levels.spread(x), label) + x[0].numel() * self.levels.log_cell

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes from the base: (n, d)."""
        return self.prior(n, self.device, truncation)

    def decode(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The data of these codes: (n, d) -> (n, ...), images cut off at [-1, 1]."""
        require_shape("codes", z, (self.prior.size,))
        x, _ = self.settled.decoded(z, *labels_for(z.shape[0], label, self.classes, self.device))
        return x.clamp(-1, 1) if self.levels else x

    def encode(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The codes of these data: (n, ...) -> (n, d)."""
        require_shape("data", x, self.shape)
        z, _ = self.settled.encoded(x)
        given = self._given(len(x), label)
        return z if self.settled.means is None or not given else z - self.settled.means[given[0]]

    def sample(self, n: int, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """`n` samples; of class `label`, or of every class in turn."""
        return self.decode(self.draw(n, truncation), label)

    def _given(self, n: int, label: Tensor | int | None) -> tuple[Tensor, ...]:
        return () if label is None else labels_for(n, label, self.classes, self.device)

    def facts(self) -> dict[str, str]:
        return {"likelihood": "exact; of images bounded by uniform dequantization"}


class Flow(OfFlow):
    """Maximum likelihood by a map that can be undone.

    Args:
        optimizer: of the only player.
    """

    def __init__(self, flow: Bijection, base: Base, *, optimizer: MakeOptimizer, **parts: Any):
        super().__init__(flow, base, **parts)
        self.model = Player(self.density, optimizer=optimizer, clip=1.0)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        x = self.prepare(x)
        if t == 0:
            start_from_data(self.density.flow, x)
        loss = per_dimension(self.density(x, *given), x)
        yield Move(self.model, loss, {"nats per dimension": loss})
        self.average.update(self.density)


def per_dimension(log_prob: Tensor, x: Tensor) -> Tensor:
    """The loss of maximum likelihood: the mean of -log p (n,) of data x (n, ...), in nats a dimension."""
    return -log_prob.mean() / x[0].numel()


def nice(
    spec: Spec,
    *,
    width: Count = 256,
    hidden: Count = 3,
    couplings: Count = 4,
    levels: Count = 256,
    batch: Count = 128,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> Flow:
    """Additive couplings between two halves of the numbers.

    Settings:
        width: units of a hidden layer
        hidden: hidden layers between the first and the last of a coupling
        couplings: how often one half is shifted by the other
        levels: of a pixel, over which images are spread; no matter for points
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    return Flow(
        nice_flow(spec, "nice", width, hidden, couplings),
        (logistic if spec.meaning.axes == 2 else gaussian)(math.prod(spec.shape)),
        shape=spec.shape,
        optimizer=adam(lr),
        batch=batch,
        levels=Levels(levels) if spec.meaning.axes == 2 else None,
        average=average,
    )


def nice_flow(spec: Spec, who: str, width: int, hidden: int, couplings: int) -> Bijection:
    """NICE's map for data of this kind: (n, ...) <-> (n, d)."""
    require_numbers(spec, who)
    d = math.prod(spec.shape)
    masks = [
        (checkerboard(spec.shape, bool(i % 2)) if spec.meaning.axes == 2 else halves(spec.shape, bool(i % 2)))
        for i in range(couplings)
    ]
    shifts = [Coupling(mask.flatten(), PointNet(d, width, hidden, parts=1)) for mask in masks]
    return MultiScale([Chain([Flatten(spec.shape), ActNorm((d,)), *shifts, Scale(d)])], spec.shape)


def require_numbers(spec: Spec, who: str) -> None:
    """Refuse data of one number: a coupling needs a half that decides and a half that is changed."""
    spec.require(who, kind=("image", "points"))
    if math.prod(spec.shape) < 2:
        raise BadRequest(
            f"{who} needs data of two numbers or more; those of {spec.name!r} have one: take maf"
        )


RECIPES = {
    "nice": {
        "ring": {"data": "ring", "time": "2m", "width": 64, "couplings": 8},
        "digits": {"data": "digits", "time": "2m", "levels": 17},
        "mnist": {"data": "mnist", "time": "10m", "width": 512},
    }
}
