"""A network that is conditioned on the class: the code of the class, one-hot or another, is joined to its input."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Joined(nn.Module):
    """A network of x and, as further channels, of the label's code: (n, c, ...) becomes (n, c + classes, ...).

    A label is a class (n,), whose code is one-hot, or a code (n, classes) itself.
    """

    def __init__(self, network: nn.Module, classes: int):
        super().__init__()
        self.network, self.classes = network, classes

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        code = (label if label.dim() == 2 else F.one_hot(label, self.classes)).to(x.dtype)
        maps = code.view(x.shape[0], -1, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
        return self.network(torch.cat([x, maps], 1))
