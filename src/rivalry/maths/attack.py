"""Attacks on a critic: the small change of a datum that raises its score most, by projected gradient ascent.

    δ ← Π_{‖δ‖ ≤ ε}(δ + α d(∇ₓ D(x + δ)))        d(g) = g/‖g‖₂ in L2, sign(g) in L∞

(Madry et al. 2017, "Towards Deep Learning Models Resistant to Adversarial Attacks", arXiv 1706.06083, section 2.1.)
The distance of a datum from a level of the score is the least ε that reaches it, by bisection.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Norm = Literal["L2", "Linf"]
Scorer = Callable[[Tensor], Tensor]  # x (n, ...) -> scores (n,)


def pgd(
    score: Scorer,
    x: Tensor,
    reach: Tensor | float,
    norm: Norm = "L2",
    *,
    steps: int = 10,
    bounded: bool = False,
) -> Tensor:
    """The δ (n, ...) of at most `reach` that raises the score of each datum of x (n, ...) most.

    Args:
        reach: ε, one for all or (n,).
        norm: by which δ is measured.
        bounded: x + δ stays in [-1, 1].
    """
    x = x.detach()
    reach = (
        torch.as_tensor(reach, dtype=x.dtype, device=x.device).expand(len(x)).view(-1, *[1] * (x.dim() - 1))
    )
    delta = torch.zeros_like(x)
    for _ in range(steps):
        delta = delta + 2.5 * reach / steps * steepest(slope(score, x + delta), norm)
        delta = within(delta, reach, norm)
        delta = (x + delta).clamp(-1, 1) - x if bounded else delta
    return delta


def distance_to(
    score: Scorer,
    x: Tensor,
    level: float = 0.0,
    norm: Norm = "L2",
    *,
    most: float,
    steps: int = 10,
    halvings: int = 8,
    bounded: bool = False,
) -> Tensor:
    """The least reach by which `pgd` lifts each score to `level`: (n,); 0 where it is there, ∞ beyond `most`.

    The error of the bisection is most / 2^halvings; an attack that fails makes the distance too long, never too short.
    """
    reaches = lambda reach: (
        score(x + pgd(score, x, reach, norm, steps=steps, bounded=bounded)).detach() >= level
    )
    low, high = x.new_zeros(len(x)), x.new_full((len(x),), most)
    never = ~reaches(high)
    for _ in range(halvings):
        middle = (low + high) / 2
        there = reaches(middle)
        low, high = torch.where(there, low, middle), torch.where(there, middle, high)
    high = torch.where(never, torch.inf, high)
    return torch.where(score(x).detach() >= level, 0.0, high)


def slope(score: Scorer, x: Tensor) -> Tensor:
    """∇ₓ of each datum's score: (n, ...)."""
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        return torch.autograd.grad(score(x).sum(), x)[0]


def steepest(gradient: Tensor, norm: Norm) -> Tensor:
    """The direction of length 1 along which a linear function of this gradient grows most: (n, ...)."""
    return gradient.sign() if norm == "Linf" else gradient / lengths(gradient).clamp(min=1e-12)


def within(delta: Tensor, reach: Tensor, norm: Norm) -> Tensor:
    """The nearest changes that are no longer than `reach` (n, 1, ...)."""
    if norm == "Linf":
        return torch.maximum(torch.minimum(delta, reach), -reach)
    return delta * (reach / lengths(delta).clamp(min=1e-12)).clamp(max=1)


def lengths(x: Tensor) -> Tensor:
    """The Euclidean length of each datum: (n, 1, ...)."""
    return x.flatten(1).norm(dim=1).view(-1, *[1] * (x.dim() - 1))
