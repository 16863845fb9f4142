"""Priors: the distributions p(z) that codes are drawn from, as values."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rivalry.maths import chance


@dataclass(frozen=True)
class Prior:
    """A distribution of codes z: (n, size).

    Attributes:
        size: the length of a code.
        draw: (shape, device) -> codes.
        truncate: (codes, threshold) -> codes nearer to the middle: fidelity for diversity.
    """

    size: int
    draw: Callable[[tuple[int, ...], torch.device], Tensor]
    truncate: Callable[[Tensor, float], Tensor]

    def __call__(self, n: int, device: torch.device, truncation: float | None = None) -> Tensor:
        z = self.draw((n, self.size), device)
        return z if truncation is None else self.truncate(z, truncation)


def normal(size: int) -> Prior:
    """N(0, I).  Truncated (Brock et al. 2018, arXiv 1809.11096): entries beyond ± threshold are drawn again."""

    def redraw(z: Tensor, threshold: float) -> Tensor:
        # The probability of a code beyond the threshold is uniform within the tail.  Stretched to the inside, it gives
        # a new draw on the same side of 0, without a loop.
        half = torch.special.ndtr(torch.tensor(threshold, dtype=torch.double, device=z.device)) - 0.5
        beyond = (torch.special.ndtr(z.double().abs()) - 0.5 - half) / (0.5 - half)  # uniform in (0, 1)
        again = torch.special.ndtri(0.5 + beyond.clamp(0, 1) * half).copysign(z)
        return torch.where(z.abs() <= threshold, z, again.to(z.dtype))

    return Prior(size, chance.normal, redraw)


def uniform(size: int) -> Prior:
    """Uniform on [-1, 1], the prior of the first papers.  Truncated: scaled towards 0."""
    return Prior(
        size,
        lambda shape, device: chance.uniform(shape, device).mul_(2).sub_(1),
        lambda z, threshold: z * min(threshold, 1.0),
    )
