"""The LQG game: a linear generator, Gaussian data and a quadratic critic; its solution is the principal components.

    min_A max_M  ½ E‖A z‖² + ½ E‖x‖² - ½ E[xᵀ M x] - ½ E[(A z)ᵀ M⁻¹ (A z)],      M ⪰ δ I,  A (d, r)

is the dual of ½ W₂² with the convex critic ψ(x) = ½ xᵀ M x and its conjugate (Feizi et al. 2017, "Understanding GANs:
the LQG Setting", arXiv 1710.10793).  At the solution A Aᵀ is the covariance K of the data in its r largest principal
components, and W₂² is the sum of the eigenvalues that are discarded.

Expectations of a quadratic function of a Gaussian are known, so nothing is drawn but the starts; all starts are played
at once.  The critic moves several times a turn, and a start whose gradient is longer than 1 is scaled to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LAMBDA = (4.0, 3.0, 2.0, 1.0, 0.7, 0.5, 0.3, 0.2)
RANK = 3
FLOOR = 0.05  # δ


@dataclass(frozen=True)
class Solved:
    """Where each start ended.

    Attributes:
        residual: W₂² over the sum of the discarded eigenvalues: (starts,).
        angle: the largest principal angle to the principal components, in degrees: (starts,).
    """

    residual: Tensor
    angle: Tensor


def covariance(seed: int, values: tuple[float, ...] = LAMBDA) -> tuple[Tensor, Tensor]:
    """K (d, d) with these eigenvalues, and its eigenvectors (d, d), the largest first."""
    generator = torch.Generator().manual_seed(seed)
    d = len(values)
    Q = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))[0]
    return Q @ torch.tensor(values, dtype=torch.float64).diag() @ Q.T, Q


def wasserstein(A: Tensor, K: Tensor) -> Tensor:
    """W₂² of N(0, A Aᵀ) and N(0, K), by Bures: tr A Aᵀ + tr K - 2 tr (K^½ A Aᵀ K^½)^½; A (n, d, r) -> (n,)."""
    values, Q = torch.linalg.eigh(K)
    root = Q @ values.clamp(min=0).sqrt().diag() @ Q.T
    singular = torch.linalg.svdvals(root @ A)  # the roots of the eigenvalues of K^½ A Aᵀ K^½
    return A.square().sum((1, 2)) + K.trace() - 2 * singular.sum(1)


def angles(A: Tensor, components: Tensor) -> Tensor:
    """The largest principal angle, in degrees, between the columns of A (n, d, r) and orthonormal ones (d, r): (n,)."""
    U = torch.linalg.svd(A, full_matrices=False)[0]
    least = torch.linalg.svdvals(components.T @ U).amin(1).clamp(max=1)
    return torch.rad2deg(torch.arccos(least))


def play(
    starts: int,
    seed: int,
    rounds: int,
    *,
    critic_steps: int = 5,
    rates: tuple[float, float] = (0.02, 0.1),
    critic: bool = True,
    progress: Callable[[int], None] = lambda t: None,
) -> Solved:
    """Play from so many starts.

    Args:
        rates: the step sizes of the generator and of the critic.
        critic: whether the critic moves; the control is one that does not.
    """
    K, Q = covariance(seed)
    generator = torch.Generator().manual_seed(seed + 1)
    draw = lambda *shape: torch.randn(starts, *shape, generator=generator, dtype=torch.float64)
    d, I = len(K), torch.eye(len(K), dtype=torch.float64)
    A, L = draw(d, RANK), I + 0.3 * draw(d, d)
    for t in range(rounds):
        for _ in range(critic_steps if critic else 0):
            inverse = torch.linalg.inv(L @ L.mT + FLOOR * I)
            L = L - rates[1] * scaled((K - inverse @ (A @ A.mT) @ inverse) @ L)
        A = A - rates[0] * scaled(A - torch.linalg.solve(L @ L.mT + FLOOR * I, A))
        progress(t)
    discarded = sum(LAMBDA[RANK:])
    return Solved(wasserstein(A, K) / discarded, angles(A, Q[:, :RANK]))


def scaled(gradient: Tensor) -> Tensor:
    """Each start's gradient (n, ...), no longer than 1."""
    return gradient / gradient.flatten(1).norm(dim=1).clamp(min=1).view(-1, 1, 1)
