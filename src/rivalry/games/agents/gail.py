"""GAIL and AIRL: a critic tells the demonstrator's steps from the policy's, and the policy is paid for being mistaken.

    min_π max_D  E_expert[log σ(D(s,a))] + E_π[log(1 - σ(D(s,a)))] - c H(π)

(Ho & Ermon 2016, "Generative Adversarial Imitation Learning", arXiv 1606.03476.)  The critic scores the
demonstrator's steps high.  AIRL (Fu et al. 2017, "Learning Robust Rewards with Adversarial Inverse Reinforcement
Learning", arXiv 1710.11248) gives the critic a form from which a reward g(s) of states alone can be read:

    D(s,a,s') = f(s,s') - log π(a|s)        f(s,s') = g(s) + γ h(s') - h(s)

What the policy is paid for a step is a value (`REWARDS`), and its sign matters where episodes end by themselves:

    survival    -log(1 - σ(D)) = softplus(D) > 0    a longer episode is worth more, however it is played
    ending      log σ(D) = -softplus(-D) < 0        a shorter one is: for tasks that end when they are solved
    neutral     log σ(D) - log(1 - σ(D)) = D        either sign; AIRL's

An agent that is paid for survival learns CartPole without demonstrations, so that nothing is shown by it; use an
environment with episodes of fixed length (`CartPole-fixed`).

Deviations:
    PPO in place of trust region policy optimization, as later implementations have it; `worlds` and a reward that
        is divided by its running deviation.
    What is seen is normalized by statistics of the demonstrations alone, within ±10 deviations, for the policy and
        for the critic: where an agent can go far astray, statistics of its own steps would leave nothing to see of the
        differences between states that the demonstrator visits.
    The critic has several steps in each round, where the paper has one.
"""

import warnings
from collections.abc import Callable, Iterator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.game import Move, Player
from rivalry.games.agents.ppo import PPO, Agent
from rivalry.games.agents.sac import SAC
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.nn.perceptron import perceptron
from rivalry.settings import Count, Fraction, Rate, Weight
from rivalry.worlds.experience import Experience, Lived, split

REWARDS: dict[str, Callable[[Tensor], Tensor]] = {
    "survival": F.softplus,
    "ending": lambda d: -F.softplus(-d),
    "neutral": lambda d: d,
}


class StepCritic(nn.Module):
    """GAIL's: any function of what was seen and done."""

    def __init__(self, observation: int, action: int, width: int):
        super().__init__()
        self.body = perceptron(observation + action, width, width, 1)

    def forward(self, seen: Tensor, done: Tensor, following: Tensor, log_pi: Tensor) -> Tensor:
        return self.body(torch.cat([seen, done], -1)).squeeze(-1)


class RewardCritic(nn.Module):
    """AIRL's: g(s) + γ h(s') - h(s) - log π(a|s)."""

    def __init__(self, observation: int, discount: float, width: int):
        super().__init__()
        self.discount = discount
        self.g = perceptron(observation, width, width, 1)
        self.h = perceptron(observation, width, width, 1)

    def forward(self, seen: Tensor, done: Tensor, following: Tensor, log_pi: Tensor) -> Tensor:
        shaped = self.g(seen) + self.discount * self.h(following) - self.h(seen)
        return shaped.squeeze(-1) - log_pi

    def reward(self, seen: Tensor) -> Tensor:
        """The recovered reward g(s), up to a constant: (..., observation) -> (...)."""
        return self.g(seen).squeeze(-1)


class Imitation(Agent):
    """The critic has some moves on demonstrations against steps just lived, then the policy has PPO's.

    Args:
        critic: makes the critic from the numbers of what is seen and of an action; see `StepCritic`.
        learner: moves the policy.
        reward: what the policy is paid for the critic's score of a step.
    """

    def __init__(
        self,
        who: str,
        spec: Spec,
        critic: Callable[[int, int], nn.Module],
        learner: PPO | SAC,
        *,
        reward: Callable[[Tensor], Tensor],
        width: int,
        actors: int,
        batch: int,
        critic_steps: int,
        lr: float,
        critic_lr: float,
    ):
        super().__init__(who, spec, width)
        observation = spec.about["observation"]
        learner.join(self, width, lr)
        self.D = critic(observation, self.pi.action.numbers)
        self.learner, self.reward, self.actors, self.batch = learner, reward, actors, batch
        self.critic_steps = critic_steps
        self.critic = Player(self.D, optimizer=adam(critic_lr))

    def round(self, data: Experience, t: int) -> Iterator[Move]:  # type: ignore[override]
        self.pi.norm.update(data.take(self.batch)[0])
        lived = data.play(self.act, max(1, self.batch // self.actors))
        self.warn_of_endings(lived)
        yield Move(self.policy, None, lived.notes())
        mine = [x.flatten(0, 1) for x in (lived.seen, lived.done, lived.following)]
        for rows in torch.randperm(len(mine[0]), device=self.device).chunk(self.critic_steps):
            expert = data.take(len(rows))
            on_expert, on_policy = self.looks(expert, [x[rows] for x in mine])
            loss = non_saturating.critic(on_expert, on_policy)
            right = ((on_expert > 0).float().mean() + (on_policy < 0).float().mean()) / 2
            yield Move(self.critic, loss, {"accuracy": right})
        yield from self.learner.learn(self, lived, self.pays)

    def pays(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        """What the policy is paid for steps: (..., observation) -> (...)."""
        with torch.no_grad():
            return self.reward(self.judged(seen, done, following))

    def looks(self, expert: tuple[Tensor, ...], mine: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The critic's scores of the demonstrator's steps and of the policy's, in one pass."""
        seen, done, following = (torch.cat(pair) for pair in zip(expert, mine))
        on_expert, on_policy = self.judged(seen, done, following).split([len(expert[0]), len(mine[0])])
        return on_expert, on_policy

    def judged(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        """The critic's score of each step: (..., observation) -> (...)."""
        with torch.no_grad():
            log_pi, s, s_next = self.pi.log_prob(seen, done), self.pi.norm(seen), self.pi.norm(following)
        return self.D(s, self.pi.action.features(done), s_next, log_pi)

    def score(self, x: Tensor) -> Tensor:
        """The mean of the critic's scores over the steps of an episode: (n, t, d) -> (n,)."""
        seen, done, lasting = split(x, self.spec)
        following = torch.cat([seen[:, 1:], seen[:, -1:]], 1)
        return (self.judged(seen, done, following) * lasting).sum(1) / lasting.sum(1).clamp(min=1)

    def warn_of_endings(self, lived: Lived) -> None:
        """Warn, once, if a reward that pays for survival meets episodes that end by themselves."""
        if self.reward is REWARDS["survival"] and not getattr(self, "_warned", False) and lived.ended.any():
            self._warned = True
            warnings.warn(
                f"episodes of {self.spec.about['env']} end by themselves, and this reward pays for survival: it can "
                "be learned without demonstrations. Use episodes of fixed length, or -s reward=neutral",
                stacklevel=2,
            )


Learner = Literal["ppo", "sac"]


def _learner(name: Learner, discount: float, epochs: int, minibatch: int, entropy: float) -> PPO | SAC:
    if name == "sac":
        return SAC(discount, epochs, minibatch)
    return PPO(discount, epochs, minibatch, entropy)


def gail(
    spec: Spec,
    *,
    reward: Literal["survival", "ending", "neutral"] = "survival",
    learner: Learner = "ppo",
    width: Count = 64,
    actors: Count = 16,
    batch: Count = 4096,
    critic_steps: Count = 4,
    epochs: Count = 5,
    minibatch: Count = 512,
    discount: Fraction = 0.95,
    entropy: Weight = 0.0,
    lr: Rate = 1e-3,
    critic_lr: Rate = 1e-3,
) -> Imitation:
    """Generative adversarial imitation learning.

    Settings:
        reward: what the policy is paid by the critic: survival is above 0, ending below 0, neutral either
        learner: what moves the policy: ppo, or sac where actions are real numbers, which learns from fewer steps
        width: units of each hidden layer
        actors: copies of the environment
        batch: steps of a round, in all copies together
        critic_steps: turns of the critic in a round, on a share of the steps each
        epochs: how often the policy goes through the steps of a round; sac, through as many of those that it keeps
        minibatch: steps of a turn of the policy
        discount: of later rewards, a step
        entropy: weight of the policy's entropy with ppo; sac finds its own
        lr: Adam's step size, of the policy
        critic_lr: Adam's step size, of the critic
    """
    return Imitation(
        "gail",
        spec,
        lambda observation, action: StepCritic(observation, action, width),
        _learner(learner, discount, epochs, minibatch, entropy),
        reward=REWARDS[reward],
        width=width,
        actors=actors,
        batch=batch,
        critic_steps=critic_steps,
        lr=lr,
        critic_lr=critic_lr,
    )


def airl(
    spec: Spec,
    *,
    learner: Learner = "ppo",
    width: Count = 64,
    actors: Count = 16,
    batch: Count = 4096,
    critic_steps: Count = 4,
    epochs: Count = 5,
    minibatch: Count = 512,
    discount: Fraction = 0.95,
    entropy: Weight = 0.01,
    lr: Rate = 1e-3,
    critic_lr: Rate = 1e-3,
) -> Imitation:
    """Adversarial inverse reinforcement learning: the reward is `game.D.reward(game.pi.norm(seen))`.

    Settings:
        learner: what moves the policy: ppo, or sac where actions are real numbers, which learns from fewer steps
        width: units of each hidden layer
        actors: copies of the environment
        batch: steps of a round, in all copies together
        critic_steps: turns of the critic in a round, on a share of the steps each
        epochs: how often the policy goes through the steps of a round; sac, through as many of those that it keeps
        minibatch: steps of a turn of the policy
        discount: of later rewards, a step
        entropy: weight of the policy's entropy with ppo; sac finds its own
        lr: Adam's step size, of the policy
        critic_lr: Adam's step size, of the critic
    """
    return Imitation(
        "airl",
        spec,
        lambda observation, action: RewardCritic(observation, discount, width),
        _learner(learner, discount, epochs, minibatch, entropy),
        reward=REWARDS["neutral"],
        width=width,
        actors=actors,
        batch=batch,
        critic_steps=critic_steps,
        lr=lr,
        critic_lr=critic_lr,
    )


_OFF_POLICY = {"learner": "sac", "batch": 1000, "actors": 5, "minibatch": 256, "epochs": 64, "discount": 0.98}
RECIPES = {
    "gail": {"laptop": {"samples": 800_000}, "sac": {"samples": 25_000, **_OFF_POLICY}},
    "airl": {"laptop": {"samples": 800_000}},
}
