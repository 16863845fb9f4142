"""Flow matching: a network learns the velocity of straight paths from noise to data, and samples follow it.

    min_v  E_{x, ε, t} ‖v(x_t, t) - (ε - x)‖²,    x_t = (1 - t) x + t ε,    sampling: dx/dt = v(x, t), t from 1 to 0

(Lipman et al. 2022, "Flow Matching for Generative Modeling", arXiv 2210.02747, equation 23 with σ_min = 0; the straight
paths of Liu et al. 2022, "Flow Straight and Fast", arXiv 2209.03003.)  The network learns the mean velocity of all
paths through a place.  Codes are noise; the way back gives the code of a datum and its likelihood.

`OfField` is all but the round of any game whose samples follow a field; DDPM's DDIM sampler is another one.

Deviations:
    Time runs from 1, noise, to 0, data; the paper's the other way.
    t is drawn from σ(N(0, 1)), the middle more often (Esser et al. 2024, arXiv 2403.03206); the paper's is uniform.
    Points are shifted and scaled by the first batch to mean 0 and deviation 1; pixels are spread over their levels.
    Samples and likelihoods come from the average of the weights over training.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape, require_steps
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.diffusion import along
from rivalry.maths.levels import Levels
from rivalry.maths.ode import SOLVERS, Field, runge_kutta, solve, solve_with_divergence
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import normal
from rivalry.nn.denoiser import denoiser_for
from rivalry.settings import Count, Fraction, Rate


class Units(nn.Module):
    """Data in units of their own: (x - mean)/deviation, both of the first batch; images stay as they are.

    Args:
        shape: of a datum.
        image: whether data lie within [-1, 1] anyway.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, shape: tuple[int, ...], image: bool):
        super().__init__()
        self.image = image
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("deviation", torch.ones(()))

    def start(self, x: Tensor) -> None:
        if self.image:
            return
        self.mean.copy_(x.mean(0))
        self.deviation.copy_((x - self.mean).square().mean().sqrt().clamp(min=1e-6))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.deviation

    def inverse(self, x: Tensor) -> Tensor:
        return x * self.deviation + self.mean


class OfField(Game):
    """Samples that follow a field of velocities from noise to data: all but the round.

    A subclass says what the field is (`field`), through which levels of noise it is followed (`falling`, `rising`),
    and what deviation the noise has at the highest (`top`).

    Args:
        network: (n, ...), level (n,), label (n,) -> (n, ...).
        shape: of a datum.
        image: whether data are images, within [-1, 1]; others get units of their own.
        optimizer: of the only player.
        batch: data of one turn.
        classes: the number of classes that the network is told; 0 for none.
        average: decay of the moving average of the network; 0 for none.
        steps: of the sampler, unless it is asked for another number.
        solver: "euler" or "heun".
        top: deviation of the noise at the highest level.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        shape: tuple[int, ...],
        image: bool,
        optimizer: MakeOptimizer,
        batch: int,
        classes: int,
        average: float,
        steps: int,
        solver: str,
        top: float,
    ):
        super().__init__()
        self.network, self.average = network, average_of(network, average)
        self.shape, self.batch, self.classes = shape, batch, classes
        self.steps, self.solver, self.top = steps, SOLVERS[solver], top
        self.reads = ("x", "label") if classes else ("x",)
        self.units = Units(shape, image)
        self.levels = Levels() if image else None
        self.prepare = self.levels.spread if self.levels else lambda x: x
        self.prior = normal(math.prod(shape))
        self.model = Player(network, optimizer=optimizer, clip=1.0)

    def field(self, *given: Tensor) -> Field:
        """The velocity that the averaged network has learned, for these labels."""
        raise NotImplementedError

    def falling(self, steps: int) -> Sequence[float]:
        """The levels of a sampler of so many steps: from noise to 0."""
        raise NotImplementedError

    def rising(self, steps: int) -> Sequence[float]:
        """The levels from data to noise."""
        raise NotImplementedError

    def measuring(self, steps: int) -> Sequence[float]:
        """The levels from data to noise at which a likelihood is computed, where they are others."""
        return self.rising(steps)

    def draw(self, n: int) -> Tensor:
        """Codes from N(0, 1): (n, d)."""
        return self.prior(n, self.device)

    def decode(self, z: Tensor, label: Tensor | int | None = None, steps: int | None = None) -> Tensor:
        """The data of these codes: (n, d) -> (n, ...), images cut off at [-1, 1]."""
        require_shape("codes", z, (self.prior.size,))
        given = labels_for(z.shape[0], label, self.classes, self.device)
        levels = self.falling(require_steps(steps, self.steps))
        x = solve(self.field(*given), self.top * z.view(-1, *self.shape), levels, self.solver)
        return x.clamp(-1, 1) if self.levels else self.units.inverse(x)

    def encode(self, x: Tensor, label: Tensor | int | None = None, steps: int | None = None) -> Tensor:
        """The codes of these data by the way back: (n, ...) -> (n, d); exact for many steps."""
        require_shape("data", x, self.shape)
        given = labels_for(len(x), label, self.classes, self.device)
        levels = self.rising(require_steps(steps, self.steps))
        return solve(self.field(*given), self.units(x), levels, self.solver).flatten(1) / self.top

    def sample(self, n: int, label: Tensor | int | None = None, steps: int | None = None) -> Tensor:
        """`n` samples in so many steps; of class `label`, or of every class in turn."""
        return self.decode(self.draw(n), label, steps)

    def log_prob(self, x: Tensor, label: Tensor | int | None = None, steps: int | None = None) -> Tensor:
        """The log-density of data as they lie, in nats: (n, ...) -> (n,), by the way back.

        `steps` counts what two evaluations of the field cost; there are half as many of order 4.  The density of a
        diffusion on the plane then integrates to 1.0005, where 50 steps of Heun's method give 1.027.  Without a label,
        of a model with classes, of all of them equally likely.
        """
        require_shape("data", x, self.shape)
        steps = require_steps(steps, self.steps)
        if not self.classes or label is not None:
            return self._log_prob(x, steps, *labels_for(len(x), label, self.classes, self.device))
        of = lambda k: self._log_prob(x, steps, torch.full((len(x),), k, device=x.device))
        return torch.stack([of(k) for k in range(self.classes)]).logsumexp(0) - math.log(self.classes)

    def log_mass(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The log-probability of 8-bit images on their levels, in nats, bounded from below by one draw of noise."""
        if self.levels is None:
            raise BadRequest("points have no levels, so they have a density and no probability: use log_prob")
        return self.log_prob(self.levels.spread(x), label) + x[0].numel() * self.levels.log_cell

    def _log_prob(self, x: Tensor, steps: int, *given: Tensor) -> Tensor:
        field, levels = self.field(*given), self.measuring(-(-steps // 2))
        noise, log_det = solve_with_divergence(field, self.units(x), levels, runge_kutta)
        d, z = self.prior.size, noise.flatten(1) / self.top
        of_code = -(z.square().sum(1) + d * math.log(2 * math.pi)) / 2
        return (of_code + log_det - d * (self.units.deviation * self.top).log()).detach()

    def facts(self) -> dict[str, str]:
        divergence = "exact" if self.prior.size <= 8 else "estimated by one vector of signs"
        return {"likelihood": f"of the field, in {self.steps} steps; its divergence {divergence}"}


class FlowMatching(OfField):
    """Conditional flow matching with straight paths."""

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        x = self.prepare(x)
        if t == 0:
            self.units.start(x)
        x, at = self.units(x), torch.randn(len(x), device=x.device).sigmoid()
        loss = straight_path_loss(lambda y: self.network(y, at, *given), x, torch.randn_like(x), at)
        yield Move(self.model, loss, {"error": loss})
        self.average.update(self.network)

    def field(self, *given: Tensor) -> Field:
        return lambda y, t: self.average(y, y.new_full((len(y),), t), *given)

    def falling(self, steps: int) -> Sequence[float]:
        return [1 - i / steps for i in range(steps + 1)]

    def rising(self, steps: int) -> Sequence[float]:
        return [i / steps for i in range(steps + 1)]


def straight_path_loss(v: Callable[[Tensor], Tensor], x: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """‖v(x_t) - (ε - x)‖² on the straight path from data x (n, ...) to noise at times t (n,): the mean over numbers."""
    at = along(t, x)
    return (v((1 - at) * x + at * noise) - (noise - x)).square().mean()


def flow_matching(
    spec: Spec,
    *,
    width: Count = 64,
    blocks: Count = 2,
    patch: Count = 1,
    conditional: bool = True,
    solver: Literal["euler", "heun"] = "heun",
    steps: Count = 25,
    batch: Count = 128,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> FlowMatching:
    """A small U-Net for images, a perceptron for points.

    Settings:
        width: channels of the largest map, or units of a hidden layer for points
        blocks: of each size of the U-Net, or hidden blocks of the perceptron but one
        patch: so many pixels square are one place of the largest map: faster, and coarser; no matter for points
        conditional: is it told the classes, where the data have any
        solver: euler, or heun with two evaluations a step
        steps: of the sampler, unless it is asked for another number
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("flow-matching", kind=("image", "points"))
    classes = len(spec.classes) if conditional else 0
    return FlowMatching(
        denoiser_for(spec, width=width, blocks=blocks, patch=patch, classes=classes),
        shape=spec.shape,
        image=spec.meaning.axes == 2,
        optimizer=adam(lr),
        batch=batch,
        classes=classes,
        average=average,
        steps=steps,
        solver=solver,
        top=1.0,
    )


RECIPES = {
    "flow-matching": {
        "ring": {"data": "ring", "time": "2m", "width": 128, "conditional": False},
        "digits": {"data": "digits", "time": "3m", "width": 48, "blocks": 1},
        "laptop": {"data": "mnist", "time": "10m", "width": 32, "blocks": 1, "patch": 2, "solver": "euler"},
    }
}
