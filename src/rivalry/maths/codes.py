"""The distribution of the code of a datum: a normal one of independent numbers, by the parameters of an encoder."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rivalry.maths import chance
from rivalry.maths.divergences import as_float32

MOST = 10.0  # of a log-variance, either way: nothing overflows before the first steps


@dataclass(frozen=True)
class Posterior:
    """q(z|x) = N(m, diag(exp(v))) for a batch of data.

    Attributes:
        mean: m (n, d).
        log_variance: v (n, d).
    """

    mean: Tensor
    log_variance: Tensor

    @classmethod
    def told(cls, numbers: Tensor) -> "Posterior":
        """Of an encoder's numbers (n, 2d): the means, then the log-variances."""
        mean, log_variance = as_float32(numbers).chunk(2, 1)
        return cls(mean, log_variance.clamp(-MOST, MOST))

    def draw(self) -> Tensor:
        """A code for each datum: (n, d), with a gradient to its parameters."""
        return self.at(chance.normal(tuple(self.mean.shape), self.mean.device))

    def at(self, noise: Tensor) -> Tensor:
        """The codes of these normal numbers, (d,) or (n, d): (n, d)."""
        return self.mean + (self.log_variance / 2).exp() * noise

    def divergence(self) -> Tensor:
        """KL(q ‖ N(0, I)) in nats: (n,)."""
        return (self.log_variance.exp() + self.mean.square() - 1 - self.log_variance).sum(1) / 2

    def log_ratio(self, z: Tensor, noise: Tensor) -> Tensor:
        """log N(z; 0, I) - log q(z) at z = self.at(noise): (n,)."""
        return (torch.broadcast_to(noise, z.shape).square() + self.log_variance - z.square()).sum(1) / 2
