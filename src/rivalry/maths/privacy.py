"""Differential privacy: gradients that one row can change by little, and what many of them give away.

    g = (Σ_i min(1, C / ‖g_i‖) g_i + σ C N(0, I)) / B,   each row taken with the same chance q by itself

(Abadi et al. 2016, "Deep Learning with Differential Privacy", arXiv 1607.00133.)  Two sets of rows that differ by one
row make sums that differ by C at most.  What T such gradients give away is bounded by ε at a δ, through Rényi's
divergence of order α (Mironov, Talwar & Zhang 2019, "Rényi Differential Privacy of the Sampled Gaussian Mechanism",
arXiv 1908.10530):

    T steps give T · log E_{z ~ N(0, σ²)}[(1 - q + q exp((2z - 1) / 2σ²))^α] / (α - 1)
    ε = min_α  [ what all steps give + log(1 - 1/α) - log(α δ) / (α - 1) ]

The second line is Proposition 12 of Canonne, Kamath & Steinke 2020 (arXiv 2004.00010).  The expectation is a sum over
a fine grid, so that one formula serves whole and broken orders alike.

The bound holds for noise that nobody can guess.  It holds for real numbers: that floating point numbers leave traces
(Mironov 2012) is not treated here.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

ORDERS = np.concatenate(
    [1 + np.geomspace(0.01, 0.95, 25), np.arange(2, 11, 0.25), np.geomspace(11, 512, 36)]
)  # α, of which the best is taken
GRID = 10  # points of the sum for each σ: the terms are smooth, so that more change nothing
BEYOND = 14  # σ at each end of it


# ---------------------------------------------------------------------- what is given away


@cache
def sampled_gaussian(q: float, noise: float) -> np.ndarray:
    """What one step gives away at each of `ORDERS`, in nats.

    Args:
        q: the chance of a row, in (0, 1].
        noise: σ > 0.
    """
    if q == 1:
        return gaussian(noise)
    z = np.arange(-BEYOND * noise, ORDERS[-1] + BEYOND * noise, noise / GRID)
    log_ratio = np.logaddexp(np.log1p(-q), np.log(q) + (2 * z - 1) / (2 * noise**2))
    log_weight = -(z**2) / (2 * noise**2) - np.log(GRID * np.sqrt(2 * np.pi))  # N(z; 0, σ²) times the step
    moments = [_log_sum(order * log_ratio + log_weight) for order in ORDERS]
    return np.maximum(np.array(moments) / (ORDERS - 1), 0)


def gaussian(noise: float) -> np.ndarray:
    """The same for a sum of all rows: α / 2σ²."""
    return ORDERS / (2 * noise**2)


def _log_sum(terms: np.ndarray) -> float:
    """log Σ exp."""
    return float(terms.max() + np.log(np.exp(terms - terms.max()).sum()))


def epsilon_of(given: np.ndarray, delta: float) -> float:
    """The least ε over all orders, at δ, of what was given away at each of `ORDERS`; 0 or more."""
    epsilon = given + np.log1p(-1 / ORDERS) - np.log(delta * ORDERS) / (ORDERS - 1)
    return max(0.0, float(epsilon.min()))


def epsilon(q: float, noise: float, steps: int, delta: float) -> float:
    """ε after so many steps.

    Args:
        q: the chance of a row to be taken, in (0, 1].
        noise: σ, in multiples of C; 0 gives an ε that is infinite.
        delta: δ, far below one by the number of rows.
    """
    if not steps:
        return 0.0
    return epsilon_of(steps * sampled_gaussian(q, noise), delta) if noise else float("inf")


def noise_for(most: float, q: float, steps: int, delta: float) -> float:
    """The least noise σ, to three digits and not below 0.3, for which ε after so many steps is `most` or less."""
    low, high = 0.3, 1.0
    while epsilon(q, high, steps, delta) > most:
        low, high = high, 2 * high
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if epsilon(q, middle, steps, delta) > most else (low, middle)
    return high


# ---------------------------------------------------------------------- gradients


Losses = Callable[[Tensor], Tensor]  # of scores (n,), one for each


def gradient_norms(network: nn.Module, losses: Losses, x: Tensor) -> Tensor:
    """‖∇ losses(network(x_i))‖ of each row by itself, in all weights together: (n, d) -> (n,).

    The gradient of a linear layer is, for one row, the outer product of what it gets, a, and the gradient g of what it
    returns; its norm is ‖g‖ √(‖a‖² + 1), with the bias.  So no gradient of a row is ever formed (Goodfellow 2015, arXiv
    1510.01799).

    Args:
        network: linear layers, each used once, and functions without weights; rows do not see each other.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    theirs = {p for layer in layers for p in layer.parameters()}
    assert theirs == {*network.parameters()} and all(layer.bias is not None for layer in layers)
    passed = list[tuple[Tensor, Tensor]]()
    look = lambda _, given, made: passed.append((given[0].detach(), made))
    hooks = [layer.register_forward_hook(look) for layer in layers]
    try:
        total = losses(network(x)).sum()
    finally:
        for hook in hooks:
            hook.remove()
    slopes = torch.autograd.grad(total, [made for _, made in passed])
    squares = [g.square().sum(1) * (a.square().sum(1) + 1) for g, (a, _) in zip(slopes, passed)]
    return torch.stack(squares).sum(0).sqrt()


def clipped_sum(network: nn.Module, losses: Losses, x: Tensor, most: float) -> Tensor:
    """A scalar with the gradient Σ_i min(1, C / ‖g_i‖) g_i, where g_i is that of the loss of row i.

    Args:
        network: see `gradient_norms`.
        most: C.
    """
    with torch.autocast(x.device.type, enabled=False):
        share = (most / gradient_norms(network, losses, x.float()).clamp(min=1e-12)).clamp(max=1)
        return (share * losses(network(x.float()))).sum()


def shaken(network: nn.Module, size: float) -> Tensor:
    """A scalar with a gradient of normal noise of this deviation."""
    return size * torch.stack([(torch.randn_like(p) * p).sum() for p in network.parameters()]).sum()
