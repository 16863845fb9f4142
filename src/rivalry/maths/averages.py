"""A moving average of a network's weights: samples come from it, while the network itself is trained on."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest


class Average(nn.Module):
    """A frozen copy of `network` whose weights follow it: θ̄ <- d θ̄ + (1 - d) θ at each update.

    With k updates behind it, d = min(decay, (1 + k)/(10 + k)): the average spans about the last ninth of
    what there was and only then the last 1/(1 - decay) updates, so a short run is not an average with its
    own random beginning.  (The averages of Karras et al. 2017, arXiv 1710.10196, and of Yazıcı et al. 2018,
    arXiv 1806.04498, have a constant decay.)

    Buffers (the statistics of batch norm, u and v of spectral norm) are copied, not averaged.  The copy is
    always in eval mode: `train()` does not reach it, and calling it moves none of its buffers.  For a
    network with batch norm it therefore normalizes by the running statistics of the moving network.

    Attributes:
        network: the copy; none of its parameters takes a gradient.
        count: k, a scalar tensor.

    Args:
        network: the one to follow, of any device, memory format and parametrization; it is only read.
        decay: in [0, 1).  0 makes every update an exact copy.
    """

    count: Tensor

    def __init__(self, network: nn.Module, decay: float):
        super().__init__()
        if not 0 <= decay < 1:
            raise BadRequest(f"the decay of an average lies in [0, 1), got {decay}")
        self.decay = decay
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.register_buffer("count", torch.zeros((), dtype=torch.int64, device=_device(network)))

    def forward(self, *args: Any, **given: Any) -> Any:
        return self.network(*args, **given)

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take one step towards `network`, which has the same parameters and buffers as the copy."""
        share = (9 / (10 + self.count)).clamp(
            min=1 - self.decay
        )  # 1 - d, as a tensor, so that the device is not waited for
        for mine, theirs in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.lerp_(theirs, share.to(mine.dtype))
        for kept, new in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(new)
        self.count += 1

    def train(self, mode: bool = True) -> "Average":
        """Stay in eval mode, whatever the game around it does."""
        return super().train(False)


class Itself(nn.Module):
    """No average: the network as it is, under the same two names.  Holds no weights of its own."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self._whose = (network,)  # in a tuple, so that it is not counted as a part

    @property
    def network(self) -> nn.Module:
        return self._whose[0]

    def forward(self, *args: Any, **given: Any) -> Any:
        return self.network(*args, **given)

    def update(self, network: nn.Module) -> None:
        """Nothing to do: the network that is held is the one that is followed."""


def average_of(network: nn.Module, decay: float) -> Average | Itself:
    """Samples are drawn from it: an average of the network's weights, or with a decay of 0 the network itself."""
    return Average(network, decay) if decay else Itself(network)


def _device(network: nn.Module) -> torch.device | None:
    return next((p.device for p in network.parameters()), None)
