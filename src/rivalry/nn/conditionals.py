"""The distribution of one number, given all numbers before it; an autoregressive network gives its parameters.

`log_prob(parameters, x)` is elementwise: parameters (..., parts) and x (...) -> (...), in nats.
`quantile(parameters, u)` turns numbers u, uniform on (0, 1), into draws of x.
`mean(parameters)` is the mean of x.
"""

import math
from abc import ABC, abstractmethod
from math import log, pi

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.maths.divergences import as_float32
from rivalry.maths.levels import Levels


class Distribution(ABC):
    """The distribution of a number, of `parts` numbers that a network tells."""

    parts: int

    @abstractmethod
    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        """Nats: (..., parts) and (...) -> (...)."""

    @abstractmethod
    def quantile(self, parameters: Tensor, u: Tensor) -> Tensor:
        """Draws: (..., parts) and uniform (...) -> (...)."""

    @abstractmethod
    def mean(self, parameters: Tensor) -> Tensor:
        """Means: (..., parts) -> (...)."""


class Softmax(Distribution):
    """Any probabilities of the levels of a pixel."""

    def __init__(self, levels: Levels):
        self.levels, self.parts = levels, levels.n

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        logs = as_float32(parameters).log_softmax(-1)
        return logs.gather(-1, self.levels.index(x)[..., None])[..., 0]

    def quantile(self, parameters: Tensor, u: Tensor) -> Tensor:
        below = as_float32(parameters).softmax(-1).cumsum(-1)
        k = (below < u[..., None]).sum(-1)
        return self.levels.image(k.clamp(max=self.levels.n - 1))

    def mean(self, parameters: Tensor) -> Tensor:
        shares = as_float32(parameters).softmax(-1)
        return shares @ self.levels.image(torch.arange(self.levels.n, device=shares.device)).to(shares.dtype)


class Binomial(Softmax):
    """L - 1 equal Bernoulli draws, of which the level k of a pixel are white; one logit tells them all.

    For two levels this is the Bernoulli distribution of black and white pixels.
    """

    def __init__(self, levels: Levels):
        super().__init__(levels)
        self.parts = 1

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        return self._log_prob(as_float32(parameters)[..., 0], self.levels.index(x).to(torch.float32))

    def quantile(self, parameters: Tensor, u: Tensor) -> Tensor:
        k = torch.arange(self.levels.n, device=parameters.device)
        return super().quantile(self._log_prob(as_float32(parameters), k.to(torch.float32)), u)

    def mean(self, parameters: Tensor) -> Tensor:
        return 2 * as_float32(parameters)[..., 0].sigmoid() - 1

    def _log_prob(self, logit: Tensor, k: Tensor) -> Tensor:
        """log of (L - 1 choose k) p^k (1 - p)^(L - 1 - k)."""
        n = self.levels.n - 1
        ways = math.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
        return ways + k * F.logsigmoid(logit) + (n - k) * F.logsigmoid(-logit)


class Mixture(Distribution):
    """Of k components: their logits, means and log-scales, k of each; a component is drawn, then a number of it."""

    def __init__(self, components: int, least: float):
        self.components, self.parts, self.least = components, 3 * components, least

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-weights, means and log-scales: (..., k) each."""
        logits, means, raw = as_float32(parameters).chunk(3, -1)
        return logits.log_softmax(-1), means, raw.clamp(min=self.least)

    def quantile(self, parameters: Tensor, u: Tensor) -> Tensor:
        weights, means, log_scales = self._split(parameters)
        shares = weights.exp()
        upto = shares.cumsum(-1)
        j = (upto < u[..., None]).sum(-1, keepdim=True).clamp(max=self.components - 1)
        pick = lambda values: values.gather(-1, j)[..., 0]
        rest = (u - pick(upto - shares)) / pick(shares)  # uniform once more, within the component
        standard = self._standard(rest.clamp(1e-6, 1 - 1e-6))
        return self._settled(pick(means) + pick(log_scales).exp() * standard)

    def mean(self, parameters: Tensor) -> Tensor:
        """Of the components; a mixture on levels is cut off at the first and the last, which this leaves out."""
        weights, means, _ = self._split(parameters)
        return (weights.exp() * means).sum(-1)

    @abstractmethod
    def _standard(self, u: Tensor) -> Tensor:
        """The quantile of a component of mean 0 and scale 1."""

    def _settled(self, x: Tensor) -> Tensor:
        return x


class Gaussians(Mixture):
    """A density on the line: a mixture of Gaussians."""

    def __init__(self, components: int):
        super().__init__(components, least=-7.0)

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        weights, means, log_scales = self._split(parameters)
        z = (x[..., None] - means) * (-log_scales).exp()
        return (weights - z.square() / 2 - log_scales - log(2 * pi) / 2).logsumexp(-1)

    def _standard(self, u: Tensor) -> Tensor:
        return torch.special.ndtri(u)


class Logistics(Mixture):
    """Probabilities of levels: a mixture of logistics, each level owning what lies nearer to it than to any other.

    (Salimans et al. 2017, arXiv 1701.05517, equation 2; the first and last level own the tails.)
    """

    def __init__(self, levels: Levels, components: int):
        super().__init__(components, least=-7.0)
        self.levels = levels

    def log_prob(self, parameters: Tensor, x: Tensor) -> Tensor:
        weights, means, log_scales = self._split(parameters)
        k = self.levels.index(x)[..., None]
        half = 1 / (self.levels.n - 1)
        middle = 2 * half * k - 1 - means
        up, down = ((middle + side) * (-log_scales).exp() for side in (half, -half))
        inside = _log_between(down, up)
        inside = torch.where(k == 0, F.logsigmoid(up), inside)
        inside = torch.where(k == self.levels.n - 1, F.logsigmoid(-down), inside)
        return (weights + inside).logsumexp(-1)

    def _standard(self, u: Tensor) -> Tensor:
        return torch.logit(u)

    def _settled(self, x: Tensor) -> Tensor:
        return self.levels.nearest(x)


def _log_between(a: Tensor, b: Tensor) -> Tensor:
    """log(σ(b) - σ(a)) for a < b, exact in the tails: σ(b) - σ(a) = σ(b) σ(-a) (1 - exp(a - b))."""
    return F.logsigmoid(b) + F.logsigmoid(-a) + torch.log(-torch.expm1(a - b))
