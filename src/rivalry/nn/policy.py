"""A policy π(a|s) and the value V(s) of what it sees, and the forms of actions: choices, and real numbers."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.maths import chance
from rivalry.nn.running import RunningNorm


class Choices(nn.Module):
    """One of n actions: features (..., width) -> logits (..., n).

    Attributes:
        numbers: how many numbers describe an action to a network (`features`).
    """

    def __init__(self, width: int, n: int):
        super().__init__()
        self.read = scaled(nn.Linear(width, n), 0.01)
        self.numbers = n

    def forward(self, h: Tensor) -> Tensor:
        return self.read(h)

    def draw(self, logits: Tensor) -> Tensor:
        """(n, choices) -> (n,), by the largest of logits and Gumbel noise."""
        noise = chance.uniform(tuple(logits.shape), logits.device).clamp(min=1e-20)
        return (logits - (-noise.log()).log()).argmax(-1)

    def likeliest(self, logits: Tensor) -> Tensor:
        return logits.argmax(-1)

    def log_prob(self, logits: Tensor, action: Tensor) -> Tensor:
        return logits.log_softmax(-1).gather(-1, action[..., None]).squeeze(-1)

    def entropy(self, logits: Tensor) -> Tensor:
        log_p = logits.log_softmax(-1)
        return -(log_p.exp() * log_p).sum(-1)

    def features(self, action: Tensor) -> Tensor:
        return F.one_hot(action, self.numbers).float()


class Numbers(nn.Module):
    """Real numbers, normal around a mean: features (..., width) -> means (..., d).  The deviation is a parameter."""

    def __init__(self, width: int, d: int):
        super().__init__()
        self.read = scaled(nn.Linear(width, d), 0.01)
        self.log_deviation = nn.Parameter(torch.zeros(d))
        self.numbers = d

    def forward(self, h: Tensor) -> Tensor:
        return self.read(h)

    def draw(self, mean: Tensor) -> Tensor:
        return mean + self.log_deviation.exp() * chance.normal(tuple(mean.shape), mean.device)

    def likeliest(self, mean: Tensor) -> Tensor:
        return mean

    def log_prob(self, mean: Tensor, action: Tensor) -> Tensor:
        z = (action - mean) / self.log_deviation.exp()
        return (-0.5 * z.square() - self.log_deviation - 0.5 * math.log(2 * math.pi)).sum(-1)

    def entropy(self, mean: Tensor) -> Tensor:
        each = self.log_deviation + 0.5 * math.log(2 * math.pi * math.e)
        return each.sum().expand(mean.shape[:-1])

    def features(self, action: Tensor) -> Tensor:
        return action


class Squashed(nn.Module):
    """Real numbers between bounds, a = middle + reach · tanh(u): features (..., width) -> mean and log deviation of u.

    (Haarnoja et al. 2018, arXiv 1801.01290, appendix C.)  Unlike those of `Numbers`, deviations follow from what is
    seen, and no action is out of bounds.

    Args:
        low, high: finite bounds, (d,).
    """

    middle: Tensor
    reach: Tensor

    def __init__(self, width: int, low: Tensor, high: Tensor):
        super().__init__()
        self.numbers = len(low)
        self.read = scaled(nn.Linear(width, 2 * self.numbers), 0.01)
        self.register_buffer("middle", (low + high) / 2)
        self.register_buffer("reach", (high - low) / 2)

    def forward(self, h: Tensor) -> Tensor:
        mean, log_deviation = self.read(h).chunk(2, -1)
        return torch.cat([mean, log_deviation.clamp(-5, 2)], -1)  # (..., 2 d)

    def drawn(self, told: Tensor) -> tuple[Tensor, Tensor]:
        """Actions, through which gradients flow, and their log π: (..., d) and (...)."""
        mean, log_deviation = told.chunk(2, -1)
        u = mean + log_deviation.exp() * chance.normal(tuple(mean.shape), mean.device)
        return self.middle + self.reach * u.tanh(), self._log_prob(told, u)

    def draw(self, told: Tensor) -> Tensor:
        return self.drawn(told)[0]

    def likeliest(self, told: Tensor) -> Tensor:
        """That of the mean of u."""
        return self.middle + self.reach * told.chunk(2, -1)[0].tanh()

    def log_prob(self, told: Tensor, action: Tensor) -> Tensor:
        return self._log_prob(told, self.features(action).clamp(-1 + 1e-6, 1 - 1e-6).atanh())

    def _log_prob(self, told: Tensor, u: Tensor) -> Tensor:
        mean, log_deviation = told.chunk(2, -1)
        z = (u - mean) / log_deviation.exp()
        normal = -0.5 * z.square() - log_deviation - 0.5 * math.log(2 * math.pi)
        steepness = 2 * (math.log(2) - u - F.softplus(-2 * u)) + self.reach.log()  # log da/du
        return (normal - steepness).sum(-1)

    def entropy(self, told: Tensor) -> Tensor:
        """An estimate by one action: the entropy has no closed form."""
        return -self.drawn(told)[1]

    def features(self, action: Tensor) -> Tensor:
        """From -1 to 1."""
        return (action - self.middle) / self.reach


class Policy(nn.Module):
    """What is seen (..., observation) -> the parameters of π(a|s).  Inputs are normalized by running statistics.

    Args:
        about: of the episodes (see `kinds.episode`): observation, action, choices.
    """

    def __init__(self, about: dict[str, Any], width: int):
        super().__init__()
        self.norm = RunningNorm(about["observation"])
        self.body = tanh_layers(about["observation"], width)
        choices = about.get("choices")
        self.action: Choices | Numbers | Squashed = (
            Choices(width, choices) if choices else Numbers(width, about["action"])
        )

    def forward(self, seen: Tensor) -> Tensor:
        return self.action(self.body(self.norm(seen)))

    def log_prob(self, seen: Tensor, done: Tensor) -> Tensor:
        """log π(a|s), in nats: (...)."""
        return self.action.log_prob(self(seen), done)


class Value(nn.Module):
    """V(s), from inputs that are normalized already: (..., observation) -> (...)."""

    def __init__(self, observation: int, width: int):
        super().__init__()
        self.body = tanh_layers(observation, width)
        self.read = scaled(nn.Linear(width, 1), 1.0)

    def forward(self, seen: Tensor) -> Tensor:
        return self.read(self.body(seen)).squeeze(-1)


def tanh_layers(inputs: int, width: int) -> nn.Sequential:
    """Two layers of tanh."""
    gain = math.sqrt(2)
    first, second = scaled(nn.Linear(inputs, width), gain), scaled(nn.Linear(width, width), gain)
    return nn.Sequential(first, nn.Tanh(), second, nn.Tanh())


def scaled(layer: nn.Linear, gain: float) -> nn.Linear:
    """The layer with an orthogonal matrix times `gain`, and no bias: with a small one a policy begins uniform."""
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
