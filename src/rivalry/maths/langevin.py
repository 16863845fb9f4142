"""Langevin dynamics: a walk uphill on a score with noise, whose places come to be distributed as a density.

    x <- x + a ∇f(x) + s ξ,        ξ ~ N(0, I)

For small steps its places are distributed as exp(f(x)/T) with the temperature T = s²/(2a) (Welling & Teh 2011; Roberts
& Tweedie 1996).  a and s are free of each other here, as in Du & Mordatch 2019 (arXiv 1903.08689).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rivalry.maths.chance import normal
from rivalry.maths.watched import watched


@dataclass(frozen=True)
class Langevin:
    """The walk.

    Attributes:
        step: a, how far along the gradient.
        noise: s, the deviation of the noise in every number.
        longest: the most that a number moves along its gradient in one step; 0 for no limit.
        bound: numbers are kept between -bound and bound; 0 for no bound.
    """

    step: float
    noise: float
    longest: float = 0.0
    bound: float = 0.0

    @property
    def temperature(self) -> float:
        return self.noise**2 / (2 * self.step)

    def __call__(self, f: Callable[[Tensor], Tensor], x: Tensor, steps: int) -> Tensor:
        """The places after so many steps from x: (n, ...) -> (n, ...), without a gradient.

        Args:
            f: (n, ...) -> (n,); each score of its own datum alone.
        """
        for _ in watched(range(steps)):
            with torch.enable_grad():
                x = x.detach().requires_grad_()
                (slope,) = torch.autograd.grad(f(x).sum(), x)
            move = self.step * slope
            if self.longest:
                move = move.clamp(-self.longest, self.longest)
            x = x.detach() + move + self.noise * normal(tuple(x.shape), x.device)
            if self.bound:
                x = x.clamp(-self.bound, self.bound)
        return x.detach()
