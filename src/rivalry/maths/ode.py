"""Differential equations that carry noise to data and back, and how a density changes on the way.

    dx/dt = v(x, t),        d/dt log p(x(t)) = -div v(x(t), t)

(Chen et al. 2018, "Neural Ordinary Differential Equations", arXiv 1806.07366, theorem 1.)  Time is a level of noise
that falls to 0 where data are; v may have no value there, so a step that ends at 0 looks only at its beginning
(Karras et al. 2022, arXiv 2206.00364, algorithm 1).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from rivalry.maths.watched import watched

Field = Callable[[Tensor, float], Tensor]  # x (n, ...) and the level -> the velocity (n, ...)
Solver = Callable[[Field, Tensor, float, float], Tensor]

EXACT = 8  # numbers of a datum up to which the divergence is computed exactly


def euler(v: Field, x: Tensor, a: float, b: float) -> Tensor:
    """One step along the velocity at its beginning: an error of (b - a)² each."""
    return x + (b - a) * v(x, a)


def heun(v: Field, x: Tensor, a: float, b: float) -> Tensor:
    """One step along the mean of the velocities at both of its ends: an error of (b - a)³ each; two evaluations."""
    here = v(x, a)
    there = x + (b - a) * here
    return there if b == 0 else x + (b - a) * (here + v(there, b)) / 2


def runge_kutta(v: Field, x: Tensor, a: float, b: float) -> Tensor:
    """One step of the classical method of order 4: an error of (b - a)⁵ each; four evaluations, two at its middle."""
    h = b - a
    k1 = v(x, a)
    k2 = v(x + h / 2 * k1, a + h / 2)
    k3 = v(x + h / 2 * k2, a + h / 2)
    k4 = v(x + h * k3, b)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun}


def solve(v: Field, x: Tensor, levels: Sequence[float], solver: Solver) -> Tensor:
    """x carried from the first level to the last: (n, ...) -> (n, ...)."""
    for a, b in watched(list(pairwise(levels))):
        x = solver(v, x, a, b)
    return x


def solve_with_divergence(
    v: Field, x: Tensor, levels: Sequence[float], solver: Solver
) -> tuple[Tensor, Tensor]:
    """x carried through the levels, and ∫ div v dt on its way: (n, ...) -> (n, ...), (n,).

    Data of up to 8 numbers have the exact divergence.  For others it is estimated with one vector of random signs,
    the same for all data: unbiased for the log-density (Grathwohl et al. 2018, arXiv 1810.01367, section 3.1).
    """
    probes = probes_for(x)
    joined = lambda y, t: _with_divergence(v, y[:, :-1].view_as(x), t, probes)
    y = torch.cat([x.flatten(1), x.new_zeros(len(x), 1)], 1)
    y = solve(joined, y, levels, solver)
    return y[:, :-1].view_as(x), y[:, -1]


def probes_for(x: Tensor) -> Tensor:
    """Vectors e (k, ...) of which Σ eᵀ J e is the trace of J, or has it as its mean."""
    d = x[0].numel()
    if d <= EXACT:
        return torch.eye(d, device=x.device, dtype=x.dtype).view(d, *x.shape[1:])
    signs = torch.randint(2, (1, *x.shape[1:]), generator=torch.Generator().manual_seed(0))
    return (2 * signs - 1).to(x)


def _with_divergence(v: Field, x: Tensor, t: float, probes: Tensor) -> Tensor:
    """The velocity and its divergence side by side: (n, d + 1)."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        velocity = v(x, t)
        divergence = x.new_zeros(len(x))
        for e in probes:
            (gradient,) = torch.autograd.grad(velocity, x, e.expand_as(velocity), retain_graph=True)
            divergence = divergence + (gradient * e).flatten(1).sum(1)
    return torch.cat([velocity.detach().flatten(1), divergence[:, None]], 1)
