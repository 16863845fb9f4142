"""Soft actor-critic: the learner of a policy whose actions are real numbers, from steps of all rounds.

    y = r + γ (1 - ended) (min_i Q̄_i(s',a') - α log π(a'|s')),        a' ~ π(·|s')
    min_Q  Σ_i E[(Q_i(s,a) - y)²]
    max_π  E[min_i Q_i(s,a) - α log π(a|s)],                          a ~ π(·|s)
    min_α  E[-α (log π(a|s) + H)]

(Haarnoja et al. 2018, "Soft Actor-Critic: Off-Policy Maximum Entropy Deep Reinforcement Learning with a Stochastic
Actor", arXiv 1801.01290; the temperature α is found as in "Soft Actor-Critic Algorithms and Applications", arXiv
1812.05905, section 5: it falls while the policy's entropy is above H = -d, for actions of d numbers between -1 and 1.)
Q̄ follows Q slowly.  PPO learns from the steps of a round alone; here the steps of all rounds are kept and drawn again,
so that fewer steps of the environment are needed, and more turns.

Deviations:
    A kept step is paid what it is worth now, since the reward changes with the critic that makes it; it is divided by
        its running deviation.
    Turns come after the steps of a round, not after each step.
    Two layers of tanh make the policy, where the paper has two of 256 ReLU.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest
from rivalry.game import Move, Player
from rivalry.games.agents.ppo import Pays
from rivalry.maths.optimizers import adam
from rivalry.nn.perceptron import perceptron
from rivalry.nn.policy import Squashed
from rivalry.nn.running import RunningNorm
from rivalry.worlds.experience import Lived
from rivalry.worlds.world import bounds_of


@dataclass(frozen=True)
class SAC:
    """Settings of the policy's moves.

    Attributes:
        discount: γ.
        epochs: how many steps are drawn in a round, in steps that were lived in it.
        minibatch: steps of a turn.
        kept: the most steps that are kept.
        follows: how far Q̄ goes towards Q in a turn.
    """

    discount: float
    epochs: int
    minibatch: int
    kept: int = 100_000
    follows: float = 0.005

    def join(self, game: Any, width: int, lr: float) -> None:
        """Give the game, an `Agent`, what it learns with: two Q and Q̄, α, the kept steps, and the players.

        Raises:
            BadRequest: actions are choices, or have no bounds.
        """
        about, env = game.spec.about, game.spec.about["env"]
        if about.get("choices"):
            raise BadRequest(
                f"sac is for actions of real numbers; those of {env} are choices: take learner=ppo"
            )
        low, high = map(torch.tensor, bounds_of(game.spec))
        if not (torch.isfinite(low) & torch.isfinite(high) & (low < high)).all():
            raise BadRequest(f"sac needs actions between bounds; those of {env} have none: take learner=ppo")
        observation, d = about["observation"], len(low)
        game.pi.action = Squashed(width, low, high)
        game.Q = nn.ModuleList(perceptron(observation + d, width, width, 1) for _ in range(2))
        game.Q_slow = copy.deepcopy(game.Q).requires_grad_(False)
        game.log_alpha, game.scale = nn.Parameter(torch.zeros(())), RunningNorm(None)
        game.replay = Replay(self.kept, (observation, d, observation, 1))
        game.policy = Player(game.pi, optimizer=adam(lr))
        game.values = Player(game.Q, optimizer=adam(lr))
        game.temperature = Player(game.log_alpha, optimizer=adam(lr))

    def learn(self, game: Any, lived: Lived, pays: Pays) -> Iterator[Move]:
        """The moves of a round, towards more of what each step is paid."""
        game.scale.update(pays(lived.seen, lived.done, lived.following))
        game.replay.keep(lived.seen, lived.done, lived.following, lived.ended[..., None])
        for _ in range(max(1, self.epochs * lived.reward.numel() // self.minibatch)):
            seen, done, following, ended = game.replay.draw(self.minibatch)
            s, s_next, a = game.pi.norm(seen), game.pi.norm(following), game.pi.action.features(done)
            with torch.no_grad():
                reward = game.scale(pays(seen, done, following))
                future = self.soft_value(game, game.Q_slow, s_next)[0]
                y = reward + self.discount * (1 - ended.squeeze(-1)) * future
            error = torch.stack([(q(torch.cat([s, a], -1)).squeeze(-1) - y).square().mean() for q in game.Q])
            yield Move(game.values, error.sum(), {"value error": error.mean()})
            value, log_pi = self.soft_value(game, game.Q, s)
            yield Move(game.policy, -value.mean(), {"entropy": -log_pi.mean()})
            alpha, least = game.log_alpha.exp(), (game.pi.action.reach.log() - 1).sum()
            yield Move(game.temperature, -(alpha * (log_pi.detach() + least)).mean(), {"temperature": alpha})
            for slow, q in zip(game.Q_slow.parameters(), game.Q.parameters()):
                slow.lerp_(q.detach(), self.follows)

    def soft_value(self, game: Any, Q: nn.ModuleList, s: Tensor) -> tuple[Tensor, Tensor]:
        """min_i Q_i(s,a) - α log π(a|s) and log π(a|s) of an action that is drawn: (n, observation) -> (n,), (n,)."""
        action, log_pi = game.pi.action.drawn(game.pi.action(game.pi.body(s)))
        both = torch.cat([s, game.pi.action.features(action)], -1)
        least = torch.minimum(*(q(both).squeeze(-1) for q in Q))
        return least - game.log_alpha.exp().detach() * log_pi, log_pi


class Replay(nn.Module):
    """The last steps: a new one takes the place of the oldest.

    Attributes:
        rows: (size, numbers), float32.
        count: how many steps were ever kept.

    Args:
        size: the most that are kept.
        widths: how many numbers each column has.
    """

    rows: Tensor
    count: Tensor

    def __init__(self, size: int, widths: tuple[int, ...]):
        super().__init__()
        self.widths = widths
        self.register_buffer("rows", torch.zeros(size, sum(widths)))
        self.register_buffer("count", torch.zeros((), dtype=torch.long))

    def keep(self, *columns: Tensor) -> None:
        """Columns (..., width)."""
        new = torch.cat(columns, -1).flatten(0, -2)[-len(self.rows) :]
        places = (self.count + torch.arange(len(new), device=new.device)) % len(self.rows)
        self.rows[places] = new
        self.count += len(new)

    def draw(self, n: int) -> tuple[Tensor, ...]:
        """`n` random steps, as columns (n, width)."""
        there = min(int(self.count), len(self.rows))
        return self.rows[torch.randint(there, (n,), device=self.rows.device)].split(self.widths, -1)
