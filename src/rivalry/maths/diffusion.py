"""Data under noise of a level σ: which levels there are, how a network is asked what lies beneath, the way back.

    y = x + σ ε,        D(y, σ) = c_skip(σ) y + c_out(σ) F(c_in(σ) y, c_noise(σ)) ≈ E[x | y]

(Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", arXiv 2206.00364, equation
7.)  DDPM's variable x_t = √ᾱ_t x + √(1 - ᾱ_t) ε is the same y times √ᾱ_t, with σ² = (1 - ᾱ_t)/ᾱ_t; its network that
predicts ε is the preconditioning `of_noise`.  With the weight 1/c_out² both losses are plain: ‖F - target‖².
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

OFFSET = 0.008  # of the cosine schedule: the first level is about that of a pixel's step
LOWEST, HIGHEST = 0.002, 80.0  # levels between which there is something to learn

OfLevel = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Preconditioning:
    """What surrounds the network, each a function of σ (n, 1, ...).

    Attributes:
        skip, out, scale: c_skip, c_out and c_in.
        level: c_noise, what the network is told of σ.
    """

    skip: OfLevel
    out: OfLevel
    scale: OfLevel
    level: OfLevel

    def denoised(self, F: Callable[[Tensor, Tensor], Tensor], y: Tensor, sigma: Tensor) -> Tensor:
        """D(y, σ): (n, ...), (n,) -> (n, ...)."""
        s = along(sigma, y)
        return self.skip(s) * y + self.out(s) * F(self.scale(s) * y, self.level(sigma))

    def loss(self, F: Callable[[Tensor, Tensor], Tensor], x: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
        """The mean of ‖D(x + σε, σ) - x‖²/c_out² over data and numbers: a scalar."""
        s = along(sigma, x)
        y = x + s * noise
        target = (x - self.skip(s) * y) / self.out(s)
        return (F(self.scale(s) * y, self.level(sigma)) - target).square().mean()


def of_noise() -> Preconditioning:
    """F predicts ε (Ho et al. 2020, arXiv 2006.11239); it is told the time of the cosine schedule without offset."""
    return Preconditioning(
        skip=torch.ones_like,
        out=lambda s: -s,
        scale=lambda s: (s.square() + 1).rsqrt(),
        level=lambda s: s.atan() * (2 / math.pi),
    )


def of_edm(deviation: float) -> Preconditioning:
    """Karras et al., table 1: inputs and targets of F have variance 1 at every level, and errors of F matter least.

    Args:
        deviation: σ_data, of the data.
    """
    whole = lambda s: s.square() + deviation**2
    return Preconditioning(
        skip=lambda s: deviation**2 / whole(s),
        out=lambda s: s * deviation / whole(s).sqrt(),
        scale=lambda s: whole(s).rsqrt(),
        level=lambda s: s.log() / 4,
    )


@dataclass(frozen=True)
class Noising:
    """The levels of noise.

    Attributes:
        draw: levels to train on: (n, device) -> (n,).
        levels: the levels of a sampler of so many steps, falling, the last 0.
    """

    draw: Callable[[int, torch.device], Tensor]
    levels: Callable[[int], list[float]]


def cosine(times: int = 1000) -> Noising:
    """ᾱ(t) = f(t)/f(0), f(t) = cos²((t/T + s)/(1 + s) · π/2), s = 0.008; levels above 80 are 80.

    (Nichol & Dhariwal 2021, arXiv 2102.09672, equation 17.)  A sampler of fewer steps takes evenly spaced times (Song
    et al. 2020, "DDIM", arXiv 2010.02502, appendix D.2).
    """
    table = cosine_levels(times)
    draw = lambda n, device: table.to(device)[torch.randint(1, times + 1, (n,), device=device)]

    def levels(steps: int) -> list[float]:
        at = torch.linspace(times, 0, steps + 1).round().long()
        return [float(sigma) for sigma in table[at]]

    return Noising(draw, levels)


def cosine_levels(times: int) -> Tensor:
    """σ at the times 0, 1, ..., T: (T + 1,) float32, the first 0."""
    t = torch.arange(times + 1, dtype=torch.float64) / times
    f = torch.cos((t + OFFSET) / (1 + OFFSET) * math.pi / 2).square()
    kept = (f / f[0]).clamp(min=1e-12)
    return ((1 - kept) / kept).sqrt().clamp(max=HIGHEST).float()


def log_normal(mean: float = -1.2, deviation: float = 1.2, bend: float = 7.0) -> Noising:
    """Karras et al.: log σ ~ N(-1.2, 1.2²) in training; sampling from 80 to 0.002, evenly in σ^(1/7), and then to 0."""
    draw = lambda n, device: (torch.randn(n, device=device) * deviation + mean).exp().clamp(LOWEST, HIGHEST)

    def levels(steps: int) -> list[float]:
        if steps == 1:
            return [HIGHEST, 0.0]
        ends = HIGHEST ** (1 / bend), LOWEST ** (1 / bend)
        at = [ends[0] + i / (steps - 1) * (ends[1] - ends[0]) for i in range(steps)]
        return [*(each**bend for each in at), 0.0]

    return Noising(draw, levels)


@dataclass(frozen=True)
class Chain:
    """DDPM's chain: x_t = √(1 - β_t) x_{t-1} + √β_t ε, for t = 1, ..., T.

    Attributes:
        kept: ᾱ_t = Π_{s ≤ t} (1 - β_s) at t = 0, ..., T: (T + 1,), the first 1.
    """

    kept: Tensor

    def noised(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t of x_0: (n, ...), (n,) -> (n, ...)."""
        kept = along(self.kept.to(x)[t], x)
        return kept.sqrt() * x + (1 - kept).sqrt() * noise

    def one_more(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t of x_{t-1}."""
        table = self.kept.to(x)
        stays = along(table[t] / table[t - 1], x)  # 1 - β_t
        return stays.sqrt() * x + (1 - stays).sqrt() * noise

    def posterior(self, x: Tensor, y: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The mean (n, ...) and the variance (n, 1, ...) of x_{t-1}, given x_0 = x and x_t = y, by Bayes' rule.

        (Ho et al. 2020, arXiv 2006.11239, equations 6 and 7.)  At t = 1 it is x itself.
        """
        table = self.kept.to(x)
        now, before = along(table[t], x), along(table[t - 1], x)
        stays = now / before
        mean = (before.sqrt() * (1 - stays) * x + stays.sqrt() * (1 - before) * y) / (1 - now)
        return mean, (1 - before) / (1 - now) * (1 - stays)


def variance_preserving(times: int, low: float = 0.1, high: float = 20.0) -> Chain:
    """The chain of few steps of Xiao et al. 2021 (arXiv 2112.07804, appendix B): ᾱ(t) = exp(-t·low - t²(high - low)/2).

    The times t/T begin at 0.001.
    """
    t = torch.arange(times + 1, dtype=torch.float64) / times
    t = 0.001 + 0.999 * t
    kept = (-low * t - (high - low) * t.square() / 2).exp()
    return Chain(torch.cat([torch.ones(1, dtype=torch.float64), kept[1:]]).float())


def along(values: Tensor, x: Tensor) -> Tensor:
    """One value for each datum, shaped to be multiplied with data: (n,) -> (n, 1, ...)."""
    return values.view(-1, *[1] * (x.dim() - 1))
