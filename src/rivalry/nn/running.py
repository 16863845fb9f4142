"""Running mean and variance of what a network is given, so that its inputs have about mean 0 and variance 1."""

import torch
from torch import Tensor, nn


class RunningNorm(nn.Module):
    """x (..., d) -> (x - mean) / deviation, within ±10.  `update` takes a batch into mean and variance.

    Args:
        d: the number of numbers; () for a scalar (...), which is divided by its deviation and not shifted.
    """

    def __init__(self, d: int | None):
        super().__init__()
        shape = () if d is None else (d,)
        self.shifts = d is not None
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("variance", torch.ones(shape))
        self.register_buffer("count", torch.zeros(()))
        self.mean: Tensor
        self.variance: Tensor
        self.count: Tensor

    def forward(self, x: Tensor) -> Tensor:
        centered = x - self.mean if self.shifts else x
        return (centered / (self.variance + 1e-8).sqrt()).clamp(-10, 10)

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Take every row of x (..., d) into mean and variance (Chan et al. 1979)."""
        rows = x.reshape(-1, *self.mean.shape)
        n, total = len(rows), self.count + len(rows)
        mean, variance = rows.mean(0), rows.var(0, correction=0)
        apart = mean - self.mean
        self.variance.copy_(
            (self.variance * self.count + variance * n + apart.square() * self.count * n / total) / total
        )
        self.mean += apart * (n / total)
        self.count.copy_(total)
