"""Agents, and proximal policy optimization: the part that games of agents share.

    max_θ  E[min(ρ A, clip(ρ, 1 ± ε) A)] + c H(π_θ),        ρ = π_θ(a|s) / π_old(a|s)

(Schulman et al. 2017, "Proximal Policy Optimization Algorithms", arXiv 1707.06347, equation 9.)

It is written here, and not taken from a library, so that its turns are moves like any others: their gradients are
checked, logged and clipped by the engine, and a checkpoint between two rounds holds all that the next one needs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.maths import chance
from rivalry.maths.advantages import advantages, clipped_surrogate
from rivalry.maths.optimizers import adam
from rivalry.nn.policy import Policy, Value
from rivalry.nn.running import RunningNorm
from rivalry.worlds.experience import Lived, played

Pays = Callable[[Tensor, Tensor, Tensor], Tensor]  # seen, done, seen next -> the reward of each step


class Agent(Game):
    """A game whose policy acts.  Its samples are episodes of the environment, played by the policy."""

    policy: Player

    def __init__(self, who: str, spec: Spec, width: int):
        super().__init__()
        spec.require(who, kind="episode")
        if not spec.about.get("env"):
            raise BadRequest(
                f"{who} needs episodes of a known environment; {spec.name!r} names none (`rivalry demonstrate`)"
            )
        self.spec = spec
        self.pi = Policy(spec.about, width)

    def act(self, seen: Tensor) -> Tensor:
        """Actions drawn from π: (n, observation) -> (n,) or (n, action)."""
        with torch.no_grad():
            return self.pi.action.draw(self.pi(seen.to(self.device)))

    def likeliest(self, seen: Tensor) -> Tensor:
        """The likeliest action of each: a policy that explores no more."""
        with torch.no_grad():
            return self.pi.action.likeliest(self.pi(seen.to(self.device)))

    def sample(self, n: int) -> Tensor:
        """`n` episodes that the policy plays: (n, t, d), see `kinds.episode`."""
        seeds = (chance.uniform((n, 1), torch.device("cpu"))[:, 0].double() * 2**31).long()
        return played(self.spec, seeds.tolist(), self.act).to(self.device)


@dataclass(frozen=True)
class PPO:
    """Settings of the policy's moves.

    Attributes:
        discount: γ of the advantages.
        epochs: how often the steps of a round are gone through.
        minibatch: steps of a move.
        entropy: the weight c of the policy's entropy.
        trace: λ of the advantages: 0 trusts the value, 1 the rewards.
        within: ε, how far the ratio of probabilities counts.
    """

    discount: float
    epochs: int
    minibatch: int
    entropy: float
    trace: float = 0.95
    within: float = 0.2

    def join(self, game: Any, width: int, lr: float) -> None:
        """Give the game, an `Agent`, what it learns with: the value, the scale of rewards, and the player."""
        game.value, game.scale = Value(game.spec.about["observation"], width), RunningNorm(None)
        game.policy = Player(game.pi, game.value, optimizer=adam(lr), clip=0.5)

    def learn(self, game: Any, lived: Lived, pays: Pays) -> Iterator[Move]:
        """The policy's moves of a round, towards more of what each step is paid."""
        paid = pays(lived.seen, lived.done, lived.following)
        yield from self.moves(game.policy, game.pi, game.value, game.scale, lived, paid)

    def moves(
        self, player: Player, pi: Policy, value: Value, scale: RunningNorm, lived: Lived, reward: Tensor
    ) -> Iterator[Move]:
        """The policy's moves of a round, towards more of `reward` (steps, copies), which is scaled by its deviation.

        The statistics by which `pi` normalizes what is seen must be those that it acted with.
        """
        with torch.no_grad():
            seen = pi.norm(lived.seen)
            old = pi.log_prob(lived.seen, lived.done)
            before, after = value(seen), value(pi.norm(lived.following))
            scale.update(reward)
            advantage = advantages(
                scale(reward), before, after, lived.ended, lived.cut, discount=self.discount, trace=self.trace
            )
            target = advantage + before
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            flat = [x.flatten(0, 1) for x in (lived.seen, lived.done, old, advantage, target)]
        for _ in range(self.epochs):
            for rows in torch.randperm(len(flat[0]), device=old.device).split(self.minibatch):
                yield self.move(player, pi, value, *(column[rows] for column in flat))

    def move(
        self,
        player: Player,
        pi: Policy,
        value: Value,
        seen: Tensor,
        done: Tensor,
        old: Tensor,
        advantage: Tensor,
        target: Tensor,
    ) -> Move:
        h = pi.norm(seen)
        told = pi.action(pi.body(h))
        change = pi.action.log_prob(told, done) - old
        surrogate = clipped_surrogate(change, advantage, self.within)
        error, entropy = (value(h) - target).square().mean(), pi.action.entropy(told).mean()
        loss = surrogate + 0.5 * error - self.entropy * entropy
        return Move(player, loss, {"entropy": entropy, "value error": error, "change": -change.mean()})
