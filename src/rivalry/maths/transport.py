"""Optimal transport between two batches, and an energy distance made of it.

    W_c(X, Y) = min_M Σ_ij M_ij c(x_i, y_j),    M doubly stochastic over n, blurred by entropy: log-domain Sinkhorn

    D²(X, X'; Y, Y') = W(X, Y) + W(X, Y') + W(X', Y) + W(X', Y') - 2 W(X, X') - 2 W(Y, Y')

(Cuturi 2013, arXiv 1306.0895; Salimans et al. 2018, "Improving GANs Using Optimal Transport", arXiv 1803.05573,
equations 5 and 7: the mini-batch energy distance, whose expectation is 0 where the two distributions are one.)
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Cost = Callable[[Tensor, Tensor], Tensor]  # (..., n, d), (..., n, d) -> (..., n, n)


def cosine_cost(x: Tensor, y: Tensor) -> Tensor:
    """1 - cos of each pair: (..., n, d), (..., m, d) -> (..., n, m), from 0 to 2."""
    unit = lambda v: v / v.norm(dim=-1, keepdim=True).clamp(min=1e-8)
    return 1 - unit(x) @ unit(y).mT


@torch.no_grad()
def sinkhorn(cost: Tensor, *, sharpness: float = 500.0, rounds: int = 500, enough: float = 1e-4) -> Tensor:
    """The plans M (..., n, n) of Sinkhorn's iterations, whose rows and columns sum to 1/n.

    Args:
        cost: (..., n, n); the plan is a constant for derivatives, so that those of Σ M c are those of the cost alone
            (the envelope theorem; the authors do the same).
        sharpness: λ: the plan is that of minimal Σ M c - H(M)/λ.
        rounds: at most.
        enough: the largest relative error of a row's sum at which to stop.
    """
    n = cost.shape[-1]
    kernel = -sharpness * cost
    f, g = cost.new_zeros(cost.shape[:-1]), cost.new_zeros(cost.shape[:-1])
    for k in range(rounds):
        f = -math.log(n) - torch.logsumexp(kernel + g[..., None, :], -1)
        g = -math.log(n) - torch.logsumexp(kernel + f[..., :, None], -2)
        if k % 20 == 19 and _error(kernel, f, g) < enough:
            break
    return (kernel + f[..., :, None] + g[..., None, :]).exp()


def _error(kernel: Tensor, f: Tensor, g: Tensor) -> float:
    rows = (kernel + f[..., :, None] + g[..., None, :]).exp().sum(-1)
    return float((rows * kernel.shape[-1] - 1).abs().max())


def transport(x: Tensor, y: Tensor, cost: Cost = cosine_cost, **how: float) -> Tensor:
    """W_c of batches (..., n, d), differentiable in both: (...,)."""
    c = cost(x, y)
    return (sinkhorn(c, **how) * c).sum((-2, -1))  # type: ignore[arg-type]


def energy(x: Tensor, x2: Tensor, y: Tensor, y2: Tensor, cost: Cost = cosine_cost, **how: float) -> Tensor:
    """The mini-batch energy distance of two batches of X and two of Y, each (n, d); it may be below 0 by chance."""
    left, right = (
        torch.stack([x, x, x2, x2, x, y]),
        torch.stack([y, y2, y, y2, x2, y2]),
    )  # the six pairs at once
    return (transport(left, right, cost, **how) * left.new_tensor([1.0, 1.0, 1.0, 1.0, -2.0, -2.0])).sum()
