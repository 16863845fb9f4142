"""A network that is conditioned on the class: the one-hot code of the class is joined to its input."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Joined(nn.Module):
    """A network of x and, as further channels, of the one-hot label: (n, c, ...) becomes (n, c + classes, ...)."""

    def __init__(self, network: nn.Module, classes: int):
        super().__init__()
        self.network, self.classes = network, classes

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        code = F.one_hot(label, self.classes).to(x.dtype)
        maps = code.view(x.shape[0], -1, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
        return self.network(torch.cat([x, maps], 1))
