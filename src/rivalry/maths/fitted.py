"""A normal distribution that is fitted to codes as training goes: for decoders whose codes have no prior."""

import torch
from torch import Tensor, nn

from rivalry.maths.priors import normal

SPAN = 100  # batches that the moments are averaged over


class FittedNormal(nn.Module):
    """N(m, C) with the moments of the codes seen last; N(0, I) before any were.

    After k updates the moments are the mean over all of them, and from a hundred on over about the last hundred.

    Args:
        size: d, the length of a code.
    """

    mean: Tensor
    square: Tensor
    count: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("square", torch.eye(size))  # E z zᵀ
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def update(self, z: Tensor) -> None:
        """Take in a batch of codes (n, d)."""
        z = z.detach().to(self.mean.dtype)
        share = (1 / (1 + self.count)).clamp(min=1 / SPAN).to(z.dtype)
        self.mean.lerp_(z.mean(0), share)
        self.square.lerp_(z.T @ z / len(z), share)
        self.count += 1

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes (n, d).  Truncated: numbers beyond the threshold are drawn again, before they are mixed and shifted."""
        return self.placed(normal(len(self.mean))(n, self.mean.device, truncation))

    def placed(self, z: Tensor) -> Tensor:
        """Codes of N(0, I) carried to N(m, C): (n, d) -> (n, d)."""
        return placed(z, self.mean, self.square - torch.outer(self.mean, self.mean))


def placed(z: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """m + C^(1/2) z, by the symmetric root: z (n, d), m (d,), C (d, d) -> (n, d)."""
    values, vectors = torch.linalg.eigh(covariance.double())
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return mean + z @ root.to(z.dtype)
