"""Distances between features by chunks, and the balls that reach to a point's k-th neighbor.

One pass over the distances of reals from fakes serves precision, recall, density and coverage together; no more
than `chunk` rows of a distance matrix are held at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 1000
ROUNDING = {torch.float32: 2e-6, torch.float64: 1e-13}  # of |x|² + |y|²: what a squared distance may be off


@dataclass(frozen=True)
class Neighborhood:
    """What two sets of features see of each other.

    Attributes:
        fakes_inside: (m,) bool, which fakes lie in a closed ball around a real.
        reals_inside: (n,) bool, which reals lie in a closed ball around a fake.
        balls: (m,) int64, in how many open balls around reals each fake lies.
        covered: (n,) bool, which reals have a fake in their open ball.
    """

    fakes_inside: Tensor
    reals_inside: Tensor
    balls: Tensor
    covered: Tensor


def neighborhood(real: Tensor, fake: Tensor, closed: int, opened: int, chunk: int = CHUNK) -> Neighborhood:
    """Look at every pair of a real and a fake once.

    Args:
        real: (n, d), float32 or float64, which is what the distances are computed in.
        fake: (m, d) of the same type.
        closed: a closed ball reaches to this neighbor of its center, and holds its border (Kynkäänniemi et al.).
        opened: an open ball reaches to this neighbor of its center, and does not (Naeem et al.).
        chunk: rows of the distance matrix that are held at a time.
    """
    middle = real.mean(0)  # distances from products lose digits far from the origin
    real, fake = real - middle, fake - middle
    to_closed, to_opened = radii(real, [closed, opened], chunk)
    (of_fake,) = radii(fake, [closed], chunk)
    fakes_inside = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    balls = torch.zeros(len(fake), dtype=torch.int64, device=fake.device)
    reals_inside, covered = [], []
    for rows, near, far in zip(real.split(chunk), to_closed.split(chunk), to_opened.split(chunk)):
        apart = squared_distances(rows, fake)
        fakes_inside |= (apart <= near[:, None]).any(0)
        reals_inside.append((apart <= of_fake).any(1))
        within = apart < far[:, None]
        balls += within.sum(0)
        covered.append(within.any(1))
    return Neighborhood(fakes_inside, torch.cat(reals_inside), balls, torch.cat(covered))


def radii(x: Tensor, ks: Sequence[int], chunk: int = CHUNK) -> list[Tensor]:
    """The squared distance of each of x (n, d) from its k-th nearest among the others, for each k: (n,) each."""
    nearest = []
    for start in range(0, len(x), chunk):
        apart = squared_distances(x[start : start + chunk], x)
        apart.diagonal(start).fill_(float("inf"))  # of a point from itself
        nearest.append(apart.topk(max(ks), largest=False).values)
    every = torch.cat(nearest)  # (n, the largest k), rising
    return [every[:, k - 1] for k in ks]


def nearest(x: Tensor, y: Tensor, chunk: int = CHUNK) -> tuple[Tensor, Tensor]:
    """For each of x (n, d) the squared distance of the nearest of y (m, d), and its row: (n,) and (n,)."""
    middle = y.mean(0)
    found = [squared_distances(rows - middle, y - middle).min(1) for rows in x.split(chunk)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """(n, d), (m, d) -> (n, m); what differs by no more than rounding is at a distance of exactly 0."""
    sizes = x.square().sum(1)[:, None] + y.square().sum(1)
    apart = torch.addmm(sizes, x, y.T, alpha=-2)
    return apart.masked_fill_(apart <= ROUNDING[x.dtype] * sizes, 0)


def spaced(rows: Tensor, most: int) -> Tensor:
    """At most `most` rows, evenly spaced: data that lie sorted by class are still drawn from all of them."""
    return rows if len(rows) <= most else rows[torch.linspace(0, len(rows) - 1, most).long()]


def evened(real: Tensor, fake: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Both cut to the same number, no more than `most`: balls shrink as samples grow in number."""
    n = min(len(real), len(fake), most)
    return spaced(real, n), spaced(fake, n)
