"""A discriminator alone generates: real data get high scores, and it finds its own bad examples by walking uphill.

    min_f  E_{x⁻}[f(x⁻)] - E_x[f(x)] + α (E[f(x)²] + E[f(x⁻)²]),    x⁻ <- x⁻ + a ∇f(x⁻) + s ξ,  many times

(Du & Mordatch 2019, "Implicit Generation and Modeling with Energy Based Models", arXiv 1903.08689, algorithm 1; f is
minus the energy.)  The first two terms are the gradient of the likelihood of exp(f(x)/T)/Z with T = s²/(2a), if the
walks have reached it (see `langevin`).  They have the time: most of them go on from where earlier ones ended, which is
kept in a replay buffer, and a few begin at noise.

Deviations:
    Samples are walks from noise; the paper's come from the buffer, where copies of a datum would lie side by side.
    Adam's usual moments, where the paper has a first one of 0.
    Spectral normalization for images alone; a smooth perceptron for points, whose modes may be narrow.
    Not told classes.  Scores and samples come from the average of the weights over training.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.given import require_steps
from rivalry.maths import chance
from rivalry.maths.averages import average_of
from rivalry.maths.langevin import Langevin
from rivalry.maths.memory import Replay
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.nn.conv import ConvCritic, no_norm
from rivalry.nn.perceptron import SmoothPerceptron
from rivalry.nn.spectral import spectral
from rivalry.settings import Count, Fraction, Natural, Rate, Weight


class Box(nn.Module):
    """Where walks begin: uniform in the box of the data, [-1, 1] for images, else that of the first batch."""

    low: Tensor
    high: Tensor

    def __init__(self, shape: tuple[int, ...], image: bool):
        super().__init__()
        self.image = image
        self.register_buffer("low", -torch.ones(shape))
        self.register_buffer("high", torch.ones(shape))

    def start(self, x: Tensor) -> None:
        if not self.image:
            self.low.copy_(x.amin(0))
            self.high.copy_(x.amax(0))

    def draw(self, n: int) -> Tensor:
        u = chance.uniform((n, *self.low.shape), self.low.device)
        return self.low + (self.high - self.low) * u


class EnergyModel(Game):
    """One player, the critic, and walks on its scores.

    Args:
        D: (n, ...) -> (n,), high where data are.
        shape: of a datum.
        image: whether data lie within [-1, 1].
        langevin: a step of a walk.
        walk: steps of a walk in training.
        steps: of a walk that makes a sample, unless it is asked for another number.
        replay: where earlier walks ended.
        keep_small: α, the weight of the squared scores.
        optimizer: of the critic.
        batch: data, and walks, of one turn.
        average: decay of the moving average of D.
    """

    def __init__(
        self,
        D: nn.Module,
        *,
        shape: tuple[int, ...],
        image: bool,
        langevin: Langevin,
        walk: int,
        steps: int,
        replay: Replay,
        keep_small: float,
        optimizer: MakeOptimizer,
        batch: int,
        average: float,
    ):
        super().__init__()
        self.D, self.average, self.box = D, average_of(D, average), Box(shape, image)
        self.langevin, self.walk, self.steps, self.replay = langevin, walk, steps, replay
        self.keep_small, self.batch = keep_small, batch
        self.critic = Player(D, optimizer=optimizer, clip=1.0)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        if t == 0:
            self.box.start(real)
            self.replay.fill(self.box.draw(self.replay.size))
        starts, chosen = self.replay.starts(self.box.draw(len(real)))
        fake = self.langevin(self.D, starts, self.walk)
        self.replay.keep(fake, chosen)
        on_real, on_fake = self.D(real), self.D(fake)
        apart = on_fake.mean() - on_real.mean()
        small = self.keep_small * (on_real.square().mean() + on_fake.square().mean())
        notes = {"real": on_real.mean(), "fake": on_fake.mean(), "squares": small}
        yield Move(self.critic, apart + small, notes)
        self.average.update(self.D)

    def sample(self, n: int, steps: int | None = None) -> Tensor:
        """`n` ends of walks of so many steps from noise: (n, ...)."""
        return self.langevin(self.average, self.box.draw(n), require_steps(steps, self.steps))

    def score(self, x: Tensor) -> Tensor:
        """f(x), minus the energy: (n, ...) -> (n,), real is high; f/T is the log-density but for a constant."""
        return self.average(x)

    def facts(self) -> dict[str, str]:
        return {"temperature": f"{self.langevin.temperature:g}: the density is exp(f/T)/Z, Z not known"}


def ebm(
    spec: Spec,
    *,
    width: Count = 64,
    walk: Count = 60,
    steps: Count = 400,
    step: Rate = 10.0,
    noise: Rate = 0.005,
    longest: Weight = 0.03,
    replay: Natural = 10_000,
    keep_small: Weight = 1.0,
    batch: Count = 128,
    lr: Rate = 3e-4,
    average: Fraction = 0.995,
) -> EnergyModel:
    """A convolutional critic for images, a perceptron for points.

    Settings:
        width: of the critic: channels of the map nearest to the image, or units for points
        walk: steps of a walk in training
        steps: of a walk that makes a sample, unless it is asked for another number
        step: how far a walk goes along the gradient of the score
        noise: deviation of the noise of a step of a walk
        longest: the most that a number moves along its gradient in one step; 0 for no limit
        replay: how many ends of walks are kept; 0 begins every walk anew
        keep_small: weight of the squared scores
        lr: Adam's step size
        average: decay of the moving average of the weights; 0 for none
    """
    spec.require("ebm", kind=("image", "points"))
    image = spec.meaning.axes == 2
    return EnergyModel(
        spectral(ConvCritic(spec.shape, width=width, norm=no_norm))  # type: ignore[arg-type]
        if image
        else SmoothPerceptron(spec.shape, width=width),
        shape=spec.shape,
        image=image,
        langevin=Langevin(step, noise, longest, bound=1.0 if image else 0.0),
        walk=walk,
        steps=steps,
        replay=Replay(replay, spec.shape),
        keep_small=keep_small,
        optimizer=adam(lr),
        batch=batch,
        average=average,
    )


RECIPES = {
    "ebm": {
        "laptop": {
            "data": "ring",
            "time": "5m",
            "width": 128,
            "batch": 256,
            "walk": 10,
            "steps": 1000,
            "step": 2.5e-4,
            "noise": 0.007,
            "keep_small": 0.01,
            "lr": 1e-3,
        }
    }
}
