"""A pool of earlier fakes: the critic goes on seeing them, and so does not forget them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Pool(nn.Module):
    """Shows the critic, for about half of the new fakes, older ones in their place.

    (Shrivastava et al. 2016, arXiv 1612.07828, section 2.3; in the form of Zhu et al. 2017, arXiv 1703.10593.)
    Until the pool is full it keeps what it is given, and gives it back.  From then on, for each datum with
    probability 1/2, it gives back one that it has kept in exchange for the new one; data of one call change
    places with different ones.

    State: buffers only, so that the pool survives a restart.  Each of several processes keeps its own fakes;
    after a restart all go on with those of the first.

    Attributes:
        bits: (size, *shape), the float32 that are kept, as whole numbers: processes average the buffers that
            are floating, and fakes are not to be averaged.
        count: how many are kept, a scalar tensor.

    Args:
        size: the most that are kept, at least 1.
        shape: of one datum.
    """

    bits: Tensor
    count: Tensor

    def __init__(self, size: int, shape: Sequence[int]):
        super().__init__()
        self.size = size
        self.register_buffer("bits", torch.zeros(size, *shape, dtype=torch.int32))
        self.register_buffer("count", torch.tensor(0))

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """New data (n, ...) -> as many, new ones and old ones, without a gradient."""
        return torch.cat([self._exchange(part) for part in x.split(self.size)])

    def _exchange(self, x: Tensor) -> Tensor:
        kept = self.bits.view(torch.float32)
        place = torch.arange(self.size, device=x.device)
        # Empty places come first, in order; then the full ones in an order drawn anew.
        order = torch.where(place < self.count, torch.rand(self.size, device=x.device), place / self.size - 1)
        chosen = order.argsort()[: len(x)]
        empty = chosen >= self.count
        swap = ~empty & (torch.rand(len(x), device=x.device) < 0.5)
        old = kept[chosen]
        rows = [-1] + [1] * (x.dim() - 1)
        kept[chosen] = torch.where((empty | swap).view(rows), x.float(), old)
        self.count.add_(len(x)).clamp_(max=self.size)
        return torch.where(swap.view(rows), old.to(x.dtype), x)


def pool_of(size: int, shape: Sequence[int]) -> nn.Module:
    """A pool for the fakes of a critic; with a size of 0, a function that returns them unchanged."""
    return Pool(size, shape) if size else nn.Identity()


class Replay(nn.Module):
    """Places where earlier walks ended, from which the next ones go on (Du & Mordatch 2019, arXiv 1903.08689).

    State: buffers only, kept as whole numbers for the reason that `Pool` gives.

    Attributes:
        bits: (size, *shape), float32.

    Args:
        size: how many places; 0 for none, and then every walk begins anew.
        shape: of one datum.
        fresh: the share of walks that begin anew all the same.
    """

    bits: Tensor

    def __init__(self, size: int, shape: Sequence[int], fresh: float = 0.05):
        super().__init__()
        self.size, self.fresh = size, fresh
        self.register_buffer("bits", torch.zeros(size, *shape, dtype=torch.int32))

    @property
    def kept(self) -> Tensor:
        return self.bits.view(torch.float32)

    def fill(self, x: Tensor) -> None:
        """Begin with these places: (size, ...)."""
        self.kept.copy_(x)

    def starts(self, anew: Tensor) -> tuple[Tensor, Tensor]:
        """Where as many walks begin as there are new places (n, ...): places (n, ...), and their numbers (n,)."""
        n = len(anew)
        if not self.size:
            return anew, torch.zeros(0, dtype=torch.long, device=anew.device)
        chosen = torch.randint(self.size, (n,), device=anew.device)
        again = torch.rand(n, device=anew.device) < self.fresh
        return torch.where(again.view(-1, *[1] * (anew.dim() - 1)), anew, self.kept[chosen]), chosen

    def keep(self, x: Tensor, chosen: Tensor) -> None:
        """Where the walks from the places `chosen` have ended: (n, ...)."""
        if self.size:
            self.kept[chosen] = x.float()
