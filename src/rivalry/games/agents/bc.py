"""Behavioral cloning: supervised learning of what the demonstrator did in each state that it saw.

    max_θ  E_(s,a)[log π_θ(a|s)]

(Pomerleau 1991, "Efficient Training of Artificial Neural Networks for Autonomous Navigation", Neural Computation 3;
the baseline of Ho & Ermon 2016, arXiv 1606.03476.)

There is one player and no environment in training.  The policy is never told what to do in states that the
demonstrator avoids, so its errors add up over an episode.

Deviations:
    Two layers of tanh, where the paper has one hidden layer of 5 units over a retina of 30 x 32.
"""

from collections.abc import Iterator

from torch import Tensor

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.agents.ppo import Agent
from rivalry.maths.optimizers import adam
from rivalry.settings import Count, Rate, Weight
from rivalry.worlds.experience import split


class BehavioralCloning(Agent):
    """π is fitted to the steps of some episodes at a time."""

    def __init__(self, spec: Spec, *, width: int, batch: int, entropy: float, lr: float):
        super().__init__("bc", spec, width)
        self.batch, self.entropy = batch, entropy
        self.policy = Player(self.pi, optimizer=adam(lr))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        seen, done, lasting = split(x, self.spec)
        self.pi.norm.update(seen[lasting])
        told = self.pi(seen[lasting])
        nll = -self.pi.action.log_prob(told, done[lasting]).mean()
        entropy = self.pi.action.entropy(told).mean()
        yield Move(self.policy, nll - self.entropy * entropy, {"nats a step": nll, "entropy": entropy})

    def log_prob(self, x: Tensor) -> Tensor:
        """Σ_t log π(a_t|s_t) in nats, the policy's share of an episode's likelihood: (n, t, d) -> (n,)."""
        seen, done, lasting = split(x, self.spec)
        return (self.pi.log_prob(seen, done) * lasting).sum(1)


def bc(
    spec: Spec, *, width: Count = 64, batch: Count = 4, entropy: Weight = 1e-3, lr: Rate = 1e-3
) -> BehavioralCloning:
    """Behavioral cloning.

    Settings:
        width: units of each of the two layers
        batch: episodes of one turn
        entropy: weight of the policy's entropy, which keeps it from being surer than the data make it
        lr: Adam's step size
    """
    return BehavioralCloning(spec, width=width, batch=batch, entropy=entropy, lr=lr)


RECIPES = {"bc": {"laptop": {"rounds": 1000}}}
