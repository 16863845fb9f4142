"""Two parallel lines: the estimates of a critic for two distributions that do not overlap.

The data are (0, y), the samples (θ, y), y uniform in [0, 1].  For θ ≠ 0

    W₁ = |θ|        JSD = log 2        dW₁/dθ = sign θ        dJSD/dθ = 0

(Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", arXiv 1701.07875, example 1.)  Only a critic is
trained; the samples are fixed.  It then estimates the distance of the lines and the gradient for the generator.

The estimate of W₁ has a known bias.  On these lines the best critic is D(x) = -s x₁ sign θ, whose loss with a
gradient penalty of weight λ is -|θ| s + λ (s - 1)²; lowest at s = 1 + |θ|/2λ, where E D(x) - E D(G(z)) is

    |θ| (1 + |θ|/2λ)

so WGAN-GP's λ = 10 finds 1.05 where θ = 1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn

from rivalry.data.sets.toys import open_toy
from rivalry.data.source import Source, TableSource
from rivalry.game import Game, Move, Player
from rivalry.games.image.gan import gan
from rivalry.games.image.wgan_gp import wgan_gp
from rivalry.maths.averages import Average
from rivalry.maths.divergences import Divergence, minimax
from rivalry.maths.optimizers import MakeOptimizer
from rivalry.maths.penalties import Penalty
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal

QUESTION = "How far apart does a critic find two parallel lines, and where does it send the generator?"


class LoneCritic(Game):
    """A game with only a critic: D is trained against a line that does not move.

    The results come from a moving average of D, since Adam keeps changing the weights at the optimum: by 4 % of the
    slope at a step of 1e-3.

    Args:
        D: (n, 2) -> (n,).
        theta: where the line of samples is.
        divergence, penalties: of the critic's loss; the generator's is only asked for its gradient.
        critic: the optimizer.
        batch: points of one turn.
    """

    def __init__(
        self,
        D: nn.Module,
        theta: float,
        *,
        divergence: Divergence,
        penalties: Sequence[Penalty] = (),
        critic: MakeOptimizer,
        batch: int = 64,
    ):
        super().__init__()
        self.D, self.divergence, self.penalties, self.batch = D, divergence, tuple(penalties), batch
        self.theta = nn.Parameter(torch.tensor(theta))
        self.critic = Player(D, optimizer=critic)
        self.average = Average(D, 0.99)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.sample(len(real)).detach()
        loss = self.divergence.critic(self.D(real), self.D(fake))
        penalties = {p.name: p(self.D, real, fake) for p in self.penalties if p.due(t)}
        yield Move(self.critic, loss + sum(penalties.values()), {"divergence": loss, **penalties})
        self.average.update(self.D)

    def sample(self, n: int, **given: object) -> Tensor:
        """(θ, y), differentiable in θ: (n, 2)."""
        y = torch.rand(n, 1, device=self.theta.device)
        return torch.cat([self.theta.expand(n, 1), y], 1)

    def score(self, x: Tensor) -> Tensor:
        return self.average(x)


@dataclass(frozen=True)
class Finding:
    """The estimates of a trained critic.

    Attributes:
        distance: the critic's estimate of W₁, or of the Jensen-Shannon divergence in nats.
        pull: d/dθ of the loss that the generator would lower.
    """

    distance: float
    pull: float


def find(game: LoneCritic, seed: int, rounds: int, points: int = 10_000) -> tuple[Tensor, Tensor, Tensor]:
    """Train the critic, then score fresh points: on real (n,), on fake (n,), and the generator's dL/dθ."""
    Engine(game, TableSource(open_toy("parallel-lines"), batch=game.batch, seed=seed), seed=seed).play(
        Goal(rounds=rounds)
    )
    real = open_toy("parallel-lines", "test").x[:points]
    torch.manual_seed(seed + 1)
    on_fake = game.score(game.sample(points))
    (pull,) = torch.autograd.grad(game.divergence.generator(on_fake), game.theta)
    return game.score(real).detach(), on_fake.detach(), pull


def wasserstein_finding(
    theta: float,
    *,
    seed: int = 0,
    rounds: int = 1000,
    penalty: float = 20.0,
    width: int = 32,
    lr: float = 1e-3,
) -> Finding:
    """By the critic of WGAN-GP: E D(x) - E D(G(z)), and dL_G/dθ, which should be sign θ."""
    torch.manual_seed(seed)
    whole = wgan_gp(open_toy("parallel-lines", "test").spec, width=width, penalty=penalty, lr=lr)
    game = LoneCritic(
        whole.D,
        theta,
        divergence=whole.divergence,
        penalties=whole.penalties,
        critic=whole.critic.make,
        batch=whole.batch,
    )
    on_real, on_fake, pull = find(game, seed, rounds)
    return Finding(float(on_real.mean() - on_fake.mean()), float(pull))


def jensen_shannon_finding(
    theta: float, *, seed: int = 0, rounds: int = 1000, width: int = 32, lr: float = 1e-3
) -> Finding:
    """By the critic of the original game: log 2 - L_D/2, and dL_G/dθ of the minimax generator."""
    torch.manual_seed(seed)
    whole = gan(open_toy("parallel-lines", "test").spec, width=width, lr=lr)
    game = LoneCritic(whole.D, theta, divergence=minimax, critic=whole.critic.make, batch=whole.batch)
    on_real, on_fake, pull = find(game, seed, rounds)
    return Finding(log(2) - float(minimax.critic(on_real, on_fake)) / 2, float(pull))
