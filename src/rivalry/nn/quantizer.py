"""Vector quantization: each place of a map becomes the nearest of a list of codes.

    k = argmin_j ‖h - e_j‖²,        loss = ‖sg(h) - e_k‖² + β ‖h - sg(e_k)‖²,        ∂/∂h := ∂/∂e_k

with sg for "without gradient": the code goes to what it stands for, the map to its code, and the gradient of what is
made of the code passes straight on to the map (van den Oord et al. 2017, "Neural Discrete Representation Learning",
arXiv 1711.00937, equations 1 to 3).

A code that no place is nearest to gets no gradient and stays so.  It is restarted: put where a place of the batch is.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from rivalry.maths.divergences import as_float32


class Quantized(NamedTuple):
    """A map, quantized.

    Attributes:
        z: (n, d, h, w) the nearest codes, with the gradient of the map.
        number: (n, h, w) which codes they are.
        loss: of codes and map, a scalar.
    """

    z: Tensor
    number: Tensor
    loss: Tensor


class Quantizer(nn.Module):
    """Maps (n, d, h, w) -> the nearest of `many` codes at each place.

    Args:
        many: codes.
        size: d.
        commitment: β, the weight of the term that draws the map to its codes.
        patience: batches without a place after which a code is restarted; 0 for never.
    """

    idle: Tensor

    def __init__(self, many: int, size: int, *, commitment: float = 0.25, patience: int = 0):
        super().__init__()
        self.codes = nn.Parameter(torch.randn(many, size))
        self.commitment, self.patience = commitment, patience
        self.register_buffer("idle", torch.zeros(many, dtype=torch.int64))  # batches since each was last used

    def forward(self, h: Tensor) -> Quantized:
        h = as_float32(h)
        index = self.nearest(h)
        e = self.looked_up(index)
        loss = (h.detach() - e).square().mean() + self.commitment * (h - e.detach()).square().mean()
        return Quantized(h + (e - h).detach(), index, loss)

    def nearest(self, h: Tensor) -> Tensor:
        """The numbers of the nearest codes: (n, d, h, w) -> (n, h, w)."""
        flat = h.detach().movedim(1, -1)
        squares = (
            self.codes.detach().square().sum(1) - 2 * flat @ self.codes.detach().T
        )  # less ‖h‖², which is of all
        return squares.argmin(-1)

    def looked_up(self, index: Tensor) -> Tensor:
        """The codes of these numbers: (n, h, w) -> (n, d, h, w)."""
        return self.codes[index].movedim(-1, 1)

    @torch.no_grad()
    def restart(self, h: Tensor, index: Tensor) -> None:
        """Count the codes that a batch used, and put those idle for too long onto places of it, drawn at random."""
        self.idle += 1
        self.idle[index.unique()] = 0
        dead = self.idle >= (self.patience or torch.inf)
        places = as_float32(h).movedim(1, -1).flatten(0, 2)
        chosen = torch.randint(
            len(places), (len(dead),), device=h.device
        )  # as many whatever dies, for exact resumes
        self.codes.copy_(torch.where(dead[:, None], places[chosen], self.codes))
        self.idle.masked_fill_(dead, 0)


def perplexity(index: Tensor, many: int) -> Tensor:
    """The number of equally used codes that would have the entropy of these: exp(-Σ p log p), from 1 to `many`."""
    shares = torch.bincount(index.flatten(), minlength=many).double() / index.numel()
    return torch.special.entr(shares).sum().exp()
