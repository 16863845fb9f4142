"""A generator's defects in order: the direction in which its samples differ most from data, then the next, and so on.

    1. train a critic to tell real from fake features
    2. the direction along which its verdict changes most is the defect
    3. project the features onto the space orthogonal to it, and begin again

(After the question of Odena 2019, "Open Questions about Generative Adversarial Networks", Distill, and the
orthogonalization of Gram and Schmidt.)  Features are first reduced to their principal components and whitened, so
that "orthogonal" means uncorrelated in the data.  The direction is the first eigenvector of E[∇f ∇fᵀ], with f the
critic's verdict: the most active direction (Constantine et al. 2014, arXiv 1304.2070).

How well real and fake can be told apart is measured on held-out rows, in nats: log 2 less the critic's cross
entropy, 0 for what cannot be told apart and log 2 for what always can.
"""

from dataclasses import dataclass
from math import log
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import evened
from rivalry.metrics.score import Score

LEAST = 40  # samples a side


@dataclass(frozen=True)
class Defect:
    """One direction on which samples differ from data.

    Attributes:
        direction: (d,) in the space of the features: how far a row goes along it is `row @ direction`.
        share: of the separation of real and fake, how much is lost with this direction.
        low, high: rows of the fakes that lie furthest along it on either side, the extreme one first.
        shift: how far the mean of the fakes lies from that of the data along it, in standard deviations of the data.
        stretch: the fakes' standard deviation along it over that of the data.
    """

    direction: Tensor
    share: float
    low: list[int]
    high: list[int]
    shift: float
    stretch: float


def defects(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    count: int = 5,
    components: int = 32,
    most: int = 10_000,
    seed: int = 0,
) -> Score:
    """How well real and fake can be told apart, in nats from 0 to log 2 (low is better), and along what.

    Its details hold the `defects` in order: share, shift, stretch, and the rows of samples at both ends (see
    `find_defects` for the directions themselves).

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        count: how many defects are looked for at most.
        components: principal components of the data that are looked at.
        most: how many a side are used at most.

    Raises:
        BadRequest: fewer than 40 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("defects", real_features, fake_features, least=LEAST)
    real, fake = evened(real_features, fake_features, most)
    rows = torch.linspace(0, len(fake_features) - 1, len(fake)).long()
    told_apart, error, found = find_defects(real, fake, count, components, seed)
    listed = [
        {
            "share": one.share,
            "shift": one.shift,
            "stretch": one.stretch,
            "low": [int(rows[i]) for i in one.low],
            "high": [int(rows[i]) for i in one.high],
        }
        for one in found
    ]
    facts: dict[str, Any] = {"n real": len(real), "n fake": len(fake), "seed": seed, "components": components}
    facts["spread"] = "standard error over held-out rows"
    return Score(
        f"defects[{features}]",
        told_apart,
        len(fake),
        error,
        "low",
        {**(provenance or {}), **facts},
        {"most possible": log(2), "defects": listed},
    )


def find_defects(
    real: Tensor, fake: Tensor, count: int = 5, components: int = 32, seed: int = 0, ends: int = 16
) -> tuple[float, float, list[Defect]]:
    """The separation of real and fake in nats, its standard error, and the defects, until little separation is left.

    Args:
        real: (n, d).
        fake: (n, d).
        ends: how many rows are named at either end of a defect.
    """
    mean, whiten = whitening(real, components)
    x, y = ((side - mean).double() @ whiten for side in (real, fake))  # (n, k)
    left = torch.eye(
        x.shape[1], dtype=torch.float64
    )  # columns span the directions that are not yet projected out
    first_separation, error, critic = told_apart(x, y, seed)
    separation = first_separation
    found: list[Defect] = []
    while separation > 2 * error and len(found) < count and left.shape[1] > 1:
        inside = most_active(critic, torch.cat([x @ left, y @ left]))
        direction = left @ inside
        left = left @ complement(inside)
        next_separation, error, critic = told_apart(x @ left, y @ left, seed)
        along, of_real = y @ direction, x @ direction
        order = along.argsort()
        found.append(
            Defect(
                (whiten @ direction).to(real),
                (separation - max(0.0, next_separation)) / first_separation,
                order[:ends].tolist(),
                order.flip(0)[:ends].tolist(),
                float((along.mean() - of_real.mean()) / of_real.std()),
                float(along.std() / of_real.std()),
            )
        )
        separation = max(0.0, next_separation)
    return max(0.0, first_separation), error, found


def whitening(x: Tensor, components: int) -> tuple[Tensor, Tensor]:
    """Mean (d,) and a matrix (d, k) under which the first principal components of x have variance 1 each."""
    mean = x.double().mean(0)
    _, values, axes = torch.linalg.svd(x.double() - mean, full_matrices=False)
    kept = min(components, int((values > 1e-6 * values[0]).sum()))
    return mean.to(x), axes[:kept].T / (values[:kept] / (len(x) - 1) ** 0.5)


def told_apart(x: Tensor, y: Tensor, seed: int) -> tuple[float, float, nn.Module]:
    """Nats by which a critic trained on one half tells x from y (n, k) on the other, the error, and the critic."""
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    half = len(x) // 2
    rows = torch.cat([x[order], y[order]]).float()
    truth = torch.cat([torch.ones(len(x)), torch.zeros(len(y))])
    trained = torch.cat([torch.arange(half), torch.arange(half) + len(x)])
    held = torch.ones(len(rows), dtype=torch.bool)
    held[trained] = False
    critic = train_critic(rows[trained], truth[trained], seed)
    with torch.no_grad():
        loss = F.binary_cross_entropy_with_logits(
            critic(rows[held]).squeeze(1), truth[held], reduction="none"
        )
    return log(2) - float(loss.mean()), float(loss.std() / len(loss) ** 0.5), critic


def train_critic(x: Tensor, truth: Tensor, seed: int, steps: int = 150, width: int = 32) -> nn.Module:
    """A small perceptron by full-batch Adam, with weight decay: it must not learn its rows by heart."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        critic = nn.Sequential(nn.Linear(x.shape[1], width), nn.Softplus(), nn.Linear(width, 1))
    optimizer = torch.optim.AdamW(critic.parameters(), lr=0.02, weight_decay=0.05)
    for _ in range(steps):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(critic(x).squeeze(1), truth).backward()
        optimizer.step()
    return critic


def most_active(critic: nn.Module, x: Tensor) -> Tensor:
    """The unit vector (k,) along which the critic's verdict on x (n, k) changes most."""
    x = x.float().requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x)
    return torch.linalg.eigh(slope.double().T @ slope.double()).eigenvectors[:, -1]


def complement(direction: Tensor) -> Tensor:
    """An orthonormal basis (k, k - 1) of the space orthogonal to a unit vector (k,)."""
    whole = torch.linalg.qr(direction[:, None], mode="complete").Q
    return whole[:, 1:]
