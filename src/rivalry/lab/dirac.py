"""The Dirac-GAN: the smallest game that plain gradient descent does not solve.

The data are one point at 0; the generator is one point θ; the critic is one slope ψ, D(x) = -ψ x.  With
f(t) = -log(1 + exp(-t)) the original game is

    min_θ max_ψ  f(ψθ) + f(0)          v(θ, ψ) = (-ψ f'(ψθ), θ f'(ψθ))

(Mescheder, Geiger & Nowozin 2018, "Which Training Methods for GANs do actually Converge?", arXiv 1801.04406,
definition 2.1.)  Its only equilibrium is (0, 0), where v' has the eigenvalues ± i f'(0) = ± i/2:
the players circle around it.  With R1 of weight γ they are -γ/2 ± √(γ²/4 - 1/4), and the players
converge, fastest at γ = 1.

Conventions, those of the authors' notebook (LMescheder/GAN_stability, notebooks/diracgan):
    the paper's critic is high on the fake; ours is high on the real, hence the sign of D;
    in alternating play the generator moves first, then the critic moves n times;
    a penalty of "reg" γ adds -γψ to the critic's field: r1(γ) with its factor 1/2, and γ/2 times the
        two-sided gradient penalty, which has none.

The notebook's consensus optimization has an error: in the gradient of R = ½ f'(ψθ)² (θ² + ψ²) it keeps the 1/2 on
the term of f'', where the square cancels it.  No function has the result as its gradient.  Both are here:
`consensus` is the method as published (Mescheder et al. 2017, arXiv 1705.10461), `half_consensus` is the notebook's.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, Source, Spec, TableSource
from rivalry.game import Game, Move, Player
from rivalry.maths.divergences import Divergence, minimax, non_saturating, wasserstein
from rivalry.maths.optimizers import sgd
from rivalry.maths.penalties import Penalty, clip_weights, gradient_penalty, r1
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal

QUESTION = "Which ways of playing reach the equilibrium of a game of two numbers?"

STEP, ROUNDS, START = 0.2, 500, (1.0, 1.0)

# (fake score, (generator's loss, critic's loss), (θ, ψ)) -> a term that joins both losses
Pull = Callable[[Tensor, tuple[Tensor, Tensor], tuple[Tensor, Tensor]], Tensor]


def consensus(weight: float) -> Pull:
    """γ ½‖v‖²: both players also seek the points where the gradients of both vanish (arXiv 1705.10461)."""

    def pull(fake: Tensor, losses: tuple[Tensor, Tensor], players: tuple[Tensor, Tensor]) -> Tensor:
        v, w = (_slope(loss, player) for loss, player in zip(losses, players))
        return weight / 2 * (v.square() + w.square())

    return pull


def half_consensus(weight: float) -> Pull:
    """γ ½‖v‖² with one of the two factors dL/ds of each loss held constant: the notebook's error.

    v = dL/ds · ds/dp, so ‖v‖² has (dL/ds)²; written as dL/ds · stop(dL/ds) it has half the gradient.
    """

    def pull(fake: Tensor, losses: tuple[Tensor, Tensor], players: tuple[Tensor, Tensor]) -> Tensor:
        a, b = (_slope(loss, fake).squeeze() for loss in losses)  # dL/ds
        u, w = (_slope(fake.sum(), player) for player in players)  # ds/dθ, ds/dψ
        return weight / 2 * (a * a.detach() * u.square() + b * b.detach() * w.square())

    return pull


@dataclass(frozen=True)
class Method:
    """One way to train, as values.

    Attributes:
        divergence: the two losses.
        penalties: terms of the critic's loss.
        pull: a term that is added to both losses.
        clip: ψ is clipped to [-clip, clip].
    """

    divergence: Divergence
    penalties: Sequence[Penalty] = ()
    pull: Pull = lambda fake, losses, players: torch.zeros((), dtype=torch.float64)
    clip: float = math.inf


METHODS = {
    "GAN": Method(minimax),
    "NSGAN": Method(non_saturating),
    "WGAN": Method(wasserstein, clip=1.0),
    "WGAN-GP": Method(wasserstein, [gradient_penalty(0.7 / 2, target=1.0)]),
    "GAN + R1 0.3": Method(minimax, [r1(0.3)]),
    "GAN + R1 1.0": Method(minimax, [r1(1.0)]),
    "NSGAN + R1 0.3": Method(non_saturating, [r1(0.3)]),
    "consensus 1.0": Method(minimax, pull=consensus(1.0)),
    "consensus 1.0, the notebook's": Method(minimax, pull=half_consensus(1.0)),
}


class Slope(nn.Module):
    """D(x) = -ψ x: (n, 1) -> (n,), high on the real point while θ and ψ have the same sign."""

    def __init__(self, psi: float):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi, dtype=torch.float64))

    def forward(self, x: Tensor, psi: Tensor | None = None) -> Tensor:
        return -(self.psi if psi is None else psi) * x.squeeze(1)


class DiracGAN(Game):
    """The game of θ against ψ.

    Args:
        method: the losses and the terms added to them.
        critic_steps: turns of the critic after each turn of the generator; 0 for simultaneous moves.
        step: the step size of both players' gradient descent.
        start: (θ, ψ).
    """

    batch = 1

    def __init__(
        self,
        method: Method,
        *,
        critic_steps: int = 0,
        step: float = STEP,
        start: tuple[float, float] = START,
    ):
        super().__init__()
        self.method, self.critic_steps = method, critic_steps
        self.theta = nn.Parameter(torch.tensor(start[0], dtype=torch.float64))
        self.D = Slope(start[1])
        self.constrain = clip_weights(method.clip)
        self.constrain(self.D)
        self.generator = Player(self.theta, optimizer=sgd(step))
        self.critic = Player(self.D, optimizer=sgd(step))

    def losses(self, real: Tensor, theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        """The generator's loss and the critic's at any point of the plane; real: (n, 1)."""
        critic = lambda x: self.D(x, psi)
        fake = theta.expand(len(real), 1)
        on_fake = critic(fake)
        lost = self.method.divergence.generator(on_fake), self.method.divergence.critic(critic(real), on_fake)
        pull = self.method.pull(on_fake, lost, (theta, psi))
        penalties = (p(critic, real, fake) for p in self.method.penalties)
        return lost[0] + pull, sum(penalties, lost[1] + pull)

    def round(self, data: Source, t: int) -> Iterator[Move | tuple[Move, ...]]:
        (real,) = data.take(self.batch)
        look = lambda: self.losses(real, self.theta, self.D.psi)
        if self.critic_steps == 0:
            generator, critic = look()
            yield Move(self.generator, generator), Move(self.critic, critic)
            self.constrain(self.D)
            return
        yield Move(self.generator, look()[0])
        for _ in range(self.critic_steps):
            yield Move(self.critic, look()[1])
            self.constrain(self.D)

    def sample(self, n: int, **given: object) -> Tensor:
        return self.theta.detach().expand(n, 1)

    def score(self, x: Tensor) -> Tensor:
        return self.D(x)

    @property
    def radius(self) -> float:
        """The distance of (θ, ψ) from the equilibrium."""
        return math.hypot(self.theta.item(), self.D.psi.item())

    def field(self, point: Tensor) -> Tensor:
        """v = -(∂L_G/∂θ, ∂L_D/∂ψ) at (θ, ψ), differentiable: (2,) -> (2,)."""
        theta, psi = point.unbind()
        if not point.requires_grad:
            theta, psi = theta.requires_grad_(), psi.requires_grad_()
        generator, critic = self.losses(real_point().x, theta, psi)
        return -torch.stack([_slope(generator, theta), _slope(critic, psi)])


PLAY = {"simGD": 0, "altGD1": 1, "altGD5": 5}  # turns of the critic after one of the generator; 0 at once

# The authors' fields simulated in NumPy, as printed; `consensus 1.0` is held against the notebook's too.
_PRINTED = {
    "GAN": ("3.10", "1.42", "1.85"),
    "NSGAN": ("0.64", "0.284", "0.139"),
    "WGAN": ("1.00", "1.02", "0.917"),
    "WGAN-GP": ("1.80", "1.22", "0.716"),
    "GAN + R1 0.3": ("2.6e-6", "2.3e-7", "9e-34"),
    "GAN + R1 1.0": ("9.5e-22", "7.5e-17", "5e-12"),
    "NSGAN + R1 0.3": ("2.2e-6", "1.5e-7", "4e-34"),
    "consensus 1.0": ("2.1e-10", "1.3e-11", "5e-33"),
    "consensus 1.0, the notebook's": ("2.1e-10", "1.3e-11", "5e-33"),
}
REFERENCE = {name: dict(zip(PLAY, printed)) for name, printed in _PRINTED.items()}


def real_point() -> Dataset:
    """The data: one point at 0, in float64."""
    return Dataset(Spec("dirac", "points", (1,)), torch.zeros(1, 1, dtype=torch.float64))


def play(game: DiracGAN, rounds: int = ROUNDS) -> DiracGAN:
    """The game after this number of rounds of the engine."""
    Engine(game, TableSource(real_point())).play(Goal(rounds=rounds))
    return game


def table() -> dict[str, dict[str, float]]:
    """‖(θ, ψ)‖ after 500 rounds from (1, 1) with step 0.2: method -> play -> radius."""
    radii: dict[str, dict[str, float]] = {name: {} for name in METHODS}
    for (name, method), (how, steps) in product(METHODS.items(), PLAY.items()):
        radii[name][how] = play(DiracGAN(method, critic_steps=steps)).radius
    return radii


def eigenvalues(game: DiracGAN) -> Tensor:
    """λ of v' at the equilibrium (0, 0): complex (2,).  A round of simultaneous play with step h multiplies by 1 + hλ.

    Raises:
        ValueError: the field has no derivative there.  WGAN-GP's has none: its penalty has a kink at ψ = 0.
    """
    jacobian = torch.autograd.functional.jacobian(game.field, torch.zeros(2, dtype=torch.float64))
    if not jacobian.isfinite().all():
        raise ValueError("the field of this method has no derivative at the equilibrium")
    return torch.linalg.eigvals(jacobian)


def report(radii: dict[str, dict[str, float]]) -> str:
    """The table in plain text, and what happened in words."""
    lines = [QUESTION, "", f"{'method':32}" + "".join(f"{how:>12}" for how in PLAY)]
    lines += [f"{name:32}" + "".join(f"{row[how]:12.3g}" for how in PLAY) for name, row in radii.items()]
    start = math.hypot(*START)
    fell = [name for name, row in radii.items() if max(row.values()) < 1e-3 * start]
    lines += ["", f"‖(θ, ψ)‖ after {ROUNDS} rounds, step {STEP:g}, from {start:.4g} at the start."]
    return "\n".join([*lines, f"Every way of play converges with: {', '.join(fell) or 'none'}."])


def as_printed(value: float, printed: str) -> str:
    """`value` in the format of `printed`, with the same number of digits."""
    if "e" not in printed:
        return f"{value:.{len(printed.partition('.')[2])}f}"
    mantissa, _, exponent = f"{value:.{len(printed.partition('e')[0].partition('.')[2])}e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _slope(of: Tensor, by: Tensor) -> Tensor:
    return torch.autograd.grad(of, by, create_graph=True)[0]
