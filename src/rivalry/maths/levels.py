"""Pixels as levels: dequantization, and bits per dimension.

A pixel of an image has one of L levels k, laid out evenly on [-1, 1] as 8-bit images hold them.  A density q cannot
say how likely a level is, only how likely the cell around it: level k owns the cell [2k/L - 1, 2(k+1)/L - 1].  So a
datum is spread evenly over its cells before a density sees it, and with u uniform on [0, 1]^d

    log P(k) = log ∫ q(2(k + u)/L - 1) du + d log(2/L)  >=  E_u log q(2(k + u)/L - 1) + d log(2/L)

(uniform dequantization: Theis et al. 2015, "A note on the evaluation of generative models", arXiv 1511.01844,
section 3.1).  In bits per dimension, -log P / (d log 2), a density can be compared with a model of levels.
"""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from rivalry.errors import BadRequest

NEAR = 0.02  # of an 8-bit step: how far from a level a pixel may lie by rounding in float32


@dataclass(frozen=True)
class Levels:
    """The values that a pixel can have: 256 levels of an 8-bit image, 17 of `digits`.

    Attributes:
        n: how many levels, from 2 to 256.
    """

    n: int = 256

    def __post_init__(self) -> None:
        if not 2 <= self.n <= 256:
            raise BadRequest(f"a pixel of 8 bits has from 2 to 256 levels; got {self.n}")

    def index(self, x: Tensor) -> Tensor:
        """The level of every pixel: (n, ...) in [-1, 1] -> int64 (n, ...) from 0 to L - 1.

        Raises:
            BadRequest: a pixel that lies on no level.
        """
        bytes_ = (x.float() + 1) * 127.5
        k = (bytes_ * ((self.n - 1) / 255)).round()
        if not bool((((bytes_ - self._bytes(k)).abs() < NEAR) & (k >= 0) & (k < self.n)).all()):
            raise BadRequest(
                f"expected 8-bit images of {self.n} levels as floats in [-1, 1]; some pixels lie between or "
                "beyond the levels (resized, noisy or in another range?): round them, or set levels to what they have"
            )
        return k.long()

    def image(self, k: Tensor) -> Tensor:
        """Levels -> pixels as a data set holds them: (...) -> (...) float32 in [-1, 1]."""
        return self._bytes(k.float()) / 127.5 - 1

    def spread(self, x: Tensor) -> Tensor:
        """Each pixel anywhere in the cell of its level, all places equally likely: (n, ...) -> (n, ...) in [-1, 1]."""
        k = self.index(x)
        return (k + torch.rand(k.shape, device=k.device)) * (2 / self.n) - 1

    def nearest(self, x: Tensor) -> Tensor:
        """The pixels of the levels nearest to any numbers: (...) -> (...)."""
        return self.image(((x.clamp(-1, 1) + 1) * ((self.n - 1) / 2)).round())

    @property
    def log_cell(self) -> float:
        """The log of the length of a cell."""
        return log(2 / self.n)

    def _bytes(self, k: Tensor) -> Tensor:
        return (k * (255 / (self.n - 1))).round()


def bits_per_dimension(nats: Tensor, x: Tensor) -> Tensor:
    """-log P / (d log 2) of images x (n, ...) whose log-probability is `nats` (n,)."""
    return -nats / (x[0].numel() * log(2))
