"""Curiosity: the policy is paid for steps that a model of the world predicts badly, with or without a task's reward.

    max_π E_π[Σ γ^t (β r + b(s,a,s'))]        min_model the error that b is made of

    icm                b = ‖f(φ(s), a) - φ(s')‖²     φ learns to tell which action led from s to s', f to predict φ
    rnd                b = ‖p(s') - q(s')‖²          q is a random network that stays as it is, and p imitates it
    pixel-curiosity    b = ‖f(s, a) - s'‖²           the control of icm: what is seen itself is predicted
    entropy-only       b = 0                         the control of all: the policy is kept random, and paid nothing

(Pathak et al. 2017, "Curiosity-driven Exploration by Self-supervised Prediction", arXiv 1705.05363; Burda et al. 2018,
"Exploration by Random Network Distillation", arXiv 1810.12894.)  φ holds only what the agent's own actions change, so
noise that it cannot act on earns no bonus; what is seen itself holds the noise, which is never predicted.

Deviations:
    PPO in place of A3C with an LSTM, and perceptrons in place of convolutions: for worlds that are seen as some
        hundred numbers.
    The bonus is divided by a running deviation, as in RND, where ICM multiplies it by 0.01.
    φ is normalized to mean 0 and variance 1 over its numbers: without it φ grows in training, and the bonus with it.
    The model goes through the steps of a round several times.
    One value for both rewards, where RND has two, and the bonus ends with the episode.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.game import Move, Player
from rivalry.games.agents.ppo import PPO, Agent
from rivalry.maths.optimizers import adam
from rivalry.nn.perceptron import perceptron
from rivalry.nn.policy import Choices, Numbers, Value
from rivalry.nn.running import RunningNorm
from rivalry.settings import Count, Fraction, Rate, Weight
from rivalry.worlds.experience import Experience

Losses = dict[str, Tensor]  # the terms of a model's loss by name; their sum is lowered


class Model(nn.Module):
    """A model of the world, whose errors are the bonus.

    What is seen comes normalized, (..., observation); `done` as the policy's actions are described to networks.
    """

    def bonus(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        """(...), above 0."""
        raise NotImplementedError

    def losses(self, seen: Tensor, done: Tensor, following: Tensor) -> Losses:
        return {"forward": self.bonus(seen, done, following).mean()}


class ICM(Model):
    """The intrinsic curiosity module: features φ, the inverse model, and the forward model on features.

    Args:
        forward_share: of the loss; the rest is the inverse model's (0.2 in the paper).
    """

    def __init__(self, observation: int, action: nn.Module, width: int, features: int, forward_share: float):
        super().__init__()
        assert isinstance(action, Choices | Numbers)
        n = action.numbers
        scaled = nn.LayerNorm(features, elementwise_affine=False)
        self.phi = nn.Sequential(perceptron(observation, width, width, features), scaled)
        self.inverse = perceptron(2 * features, width, n)
        self.forward_model = perceptron(features + n, width, width, features)
        self.forward_share = forward_share
        self.is_choice = isinstance(action, Choices)

    def bonus(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        return self.forward_error(self.phi(seen), done, self.phi(following))

    def losses(self, seen: Tensor, done: Tensor, following: Tensor) -> Losses:
        before, after = self.phi(seen), self.phi(following)
        guess = self.inverse(torch.cat([before, after], -1))
        wrong = F.cross_entropy(guess, done) if self.is_choice else (guess - done).square().mean()
        error = self.forward_error(before, done, after).mean()
        return {"forward": self.forward_share * error, "inverse": (1 - self.forward_share) * wrong}

    def forward_error(self, before: Tensor, done: Tensor, after: Tensor) -> Tensor:
        return 0.5 * (self.forward_model(torch.cat([before, done], -1)) - after).square().sum(-1)


class Distillation(Model):
    """Random network distillation: an error that falls where the agent has often been."""

    def __init__(self, observation: int, width: int, features: int):
        super().__init__()
        self.target = perceptron(observation, width, width, features).requires_grad_(False)
        self.predictor = perceptron(observation, width, width, features)

    def bonus(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        return (self.predictor(following) - self.target(following)).square().mean(-1)


class Pixels(Model):
    """What is seen next is predicted itself, number by number."""

    def __init__(self, observation: int, action: nn.Module, width: int):
        super().__init__()
        assert isinstance(action, Choices | Numbers)
        self.forward_model = perceptron(observation + action.numbers, width, width, observation)

    def bonus(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        return 0.5 * (self.forward_model(torch.cat([seen, done], -1)) - following).square().mean(-1)


class Curious(Agent):
    """A round: steps, PPO's moves towards the bonus, and the model's moves on the same steps.

    Args:
        who: the game's name.
        extrinsic: β, the weight of the environment's own reward.
    """

    reads = ()  # no data: all that it learns from is experience
    value: Value
    scale: RunningNorm

    def __init__(
        self,
        who: str,
        spec: Spec,
        ppo: PPO,
        *,
        width: int,
        actors: int,
        batch: int,
        extrinsic: float,
        lr: float,
    ):
        super().__init__(who, spec, width)
        ppo.join(self, width, lr)
        self.ppo, self.actors, self.batch, self.extrinsic = ppo, actors, batch, extrinsic
        self.model: Model | None = None

    def with_model(self, model: Model, lr: float) -> "Curious":
        """The same game with a model of the world, and a player that moves it."""
        self.model = model
        self.world = Player(model, optimizer=adam(lr))
        return self

    def round(self, data: Experience, t: int) -> Iterator[Move]:  # type: ignore[override]
        lived = data.play(self.act, max(1, self.batch // self.actors))
        seen, following = self.pi.norm(lived.seen), self.pi.norm(lived.following)
        done = self.pi.action.features(lived.done)
        bonus = self.bonus(seen, done, following)
        yield Move(self.policy, None, {**lived.notes(), "bonus": bonus.mean()})
        paid = bonus + self.extrinsic * lived.reward
        steps = [x.flatten(0, 1) for x in (seen, done, following)]
        yield from self.ppo.moves(self.policy, self.pi, self.value, self.scale, lived, paid)
        yield from self.learn(*steps)
        self.pi.norm.update(lived.seen)

    def bonus(self, seen: Tensor, done: Tensor, following: Tensor) -> Tensor:
        """b(s,a,s') of each step; nothing is learned through it."""
        if self.model is None:
            return torch.zeros(seen.shape[:-1], device=seen.device)
        with torch.no_grad():
            return self.model.bonus(seen, done, following)

    def learn(self, seen: Tensor, done: Tensor, following: Tensor) -> Iterator[Move]:
        """The model goes through the steps of the round as often as the policy does."""
        if self.model is None:
            return
        for _ in range(self.ppo.epochs):
            for rows in torch.randperm(len(seen), device=seen.device).split(self.ppo.minibatch):
                losses = self.model.losses(seen[rows], done[rows], following[rows])
                yield Move(self.world, torch.stack([*losses.values()]).sum(), {**losses})


def icm(
    spec: Spec,
    *,
    width: Count = 64,
    features: Count = 32,
    actors: Count = 8,
    batch: Count = 2048,
    epochs: Count = 4,
    minibatch: Count = 256,
    discount: Fraction = 0.99,
    entropy: Weight = 0.01,
    forward_share: Fraction = 0.2,
    extrinsic: Weight = 0.0,
    lr: Rate = 1e-3,
    model_lr: Rate = 1e-3,
) -> Curious:
    """Curiosity about what the agent's own actions change.

    Settings:
        width: units of each hidden layer
        features: numbers of φ
        actors: copies of the environment
        batch: steps of a round, in all copies together
        epochs: how often the policy goes through the steps of a round
        minibatch: steps of a turn
        discount: of later rewards, a step
        entropy: weight of the policy's entropy
        forward_share: of the forward model in the model's loss; the rest is the inverse model's
        extrinsic: weight of the environment's own reward
        lr: Adam's step size, of the policy
        model_lr: Adam's step size, of the model
    """
    ppo = PPO(discount, epochs, minibatch, entropy)
    game = Curious("icm", spec, ppo, width=width, actors=actors, batch=batch, extrinsic=extrinsic, lr=lr)
    model = ICM(spec.about["observation"], game.pi.action, width, features, forward_share)
    return game.with_model(model, model_lr)


def rnd(
    spec: Spec,
    *,
    width: Count = 64,
    features: Count = 32,
    actors: Count = 8,
    batch: Count = 2048,
    epochs: Count = 4,
    minibatch: Count = 256,
    discount: Fraction = 0.99,
    entropy: Weight = 0.01,
    extrinsic: Weight = 0.0,
    lr: Rate = 1e-3,
    model_lr: Rate = 1e-3,
) -> Curious:
    """Random network distillation: curiosity about places that were seldom seen.

    Settings:
        width: units of each hidden layer
        features: numbers that the random network makes
        actors: copies of the environment
        batch: steps of a round, in all copies together
        epochs: how often the policy goes through the steps of a round
        minibatch: steps of a turn
        discount: of later rewards, a step
        entropy: weight of the policy's entropy
        extrinsic: weight of the environment's own reward
        lr: Adam's step size, of the policy
        model_lr: Adam's step size, of the predictor
    """
    ppo = PPO(discount, epochs, minibatch, entropy)
    game = Curious("rnd", spec, ppo, width=width, actors=actors, batch=batch, extrinsic=extrinsic, lr=lr)
    return game.with_model(Distillation(spec.about["observation"], width, features), model_lr)


def pixel_curiosity(
    spec: Spec,
    *,
    width: Count = 64,
    actors: Count = 8,
    batch: Count = 2048,
    epochs: Count = 4,
    minibatch: Count = 256,
    discount: Fraction = 0.99,
    entropy: Weight = 0.01,
    extrinsic: Weight = 0.0,
    lr: Rate = 1e-3,
    model_lr: Rate = 1e-3,
) -> Curious:
    """Curiosity about all that is seen.  Noise is never predicted, so a noisy television goes on being rewarded.

    Settings:
        width: units of each hidden layer
        actors: copies of the environment
        batch: steps of a round, in all copies together
        epochs: how often the policy goes through the steps of a round
        minibatch: steps of a turn
        discount: of later rewards, a step
        entropy: weight of the policy's entropy
        extrinsic: weight of the environment's own reward
        lr: Adam's step size, of the policy
        model_lr: Adam's step size, of the forward model
    """
    ppo = PPO(discount, epochs, minibatch, entropy)
    sizes = {"width": width, "actors": actors, "batch": batch}
    game = Curious("pixel-curiosity", spec, ppo, **sizes, extrinsic=extrinsic, lr=lr)
    return game.with_model(Pixels(spec.about["observation"], game.pi.action, width), model_lr)


def entropy_only(
    spec: Spec,
    *,
    width: Count = 64,
    actors: Count = 8,
    batch: Count = 2048,
    epochs: Count = 4,
    minibatch: Count = 256,
    discount: Fraction = 0.99,
    entropy: Weight = 0.01,
    extrinsic: Weight = 0.0,
    lr: Rate = 1e-3,
) -> Curious:
    """A policy that is kept random and paid nothing but the environment's reward, if that is asked for.

    Settings:
        width: units of each hidden layer
        actors: copies of the environment
        batch: steps of a round, in all copies together
        epochs: how often the policy goes through the steps of a round
        minibatch: steps of a turn
        discount: of later rewards, a step
        entropy: weight of the policy's entropy
        extrinsic: weight of the environment's own reward
        lr: Adam's step size
    """
    ppo = PPO(discount, epochs, minibatch, entropy)
    sizes = {"width": width, "actors": actors, "batch": batch}
    return Curious("entropy-only", spec, ppo, **sizes, extrinsic=extrinsic, lr=lr)


RECIPES = {
    "icm": {
        "laptop": {"samples": 200_000},
        "doom": {
            "time": "1h",
            "width": 256,
            "features": 128,
            "extrinsic": 1.0,
        },
    },
    "rnd": {"laptop": {"samples": 200_000}},
    "pixel-curiosity": {"laptop": {"samples": 200_000}},
    "entropy-only": {"laptop": {"samples": 200_000}},
}
