"""Optimizers as values: each maker returns a function from a list of parameters to a torch optimizer."""

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer

MakeOptimizer = Callable[[list[nn.Parameter]], Optimizer]


def adam(lr: float, beta1: float = 0.9, beta2: float = 0.999) -> MakeOptimizer:
    """Adam (Kingma & Ba 2015, arXiv 1412.6980), its fused kernel where the device has one."""

    def make(parameters: list[nn.Parameter]) -> Optimizer:
        fused = all(p.device.type in ("cpu", "cuda") for p in parameters)
        return torch.optim.Adam(parameters, lr=lr, betas=(beta1, beta2), fused=fused)

    return make


def rmsprop(lr: float, smoothing: float = 0.99) -> MakeOptimizer:
    """RMSProp (Tieleman & Hinton 2012), which the WGAN paper takes in place of Adam."""
    return lambda parameters: torch.optim.RMSprop(parameters, lr=lr, alpha=smoothing)


def sgd(lr: float, momentum: float = 0.0) -> MakeOptimizer:
    """Gradient descent: simultaneous or alternating, as the round has it."""
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=momentum)
