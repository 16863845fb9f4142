"""Distances between features by chunks, and the balls that reach to a point's k-th neighbor.

One pass over the distances of reals from fakes serves precision, recall, density and coverage together; no more
than `chunk` rows of a distance matrix are held at a time.

Equal distances count as equal.  Features on a grid, as bits, counts and bytes are, become integers, whose distances are
exact.  Distances of all others differ by rounding, and two of them that differ by no more than that are a tie.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 1000
ROUNDING = {
    torch.float32: 2e-6,
    torch.float64: 1e-13,
}  # of |x|² + |y|²: the error of a squared distance by rounding
TIE = 8  # roundings of |x|² + |y|²: squared distances that differ by no more are the same
STEPS = (
    1 / 256,
    1 / 255,
)  # grids that features may lie on: bits, counts, halves; and bytes as [0, 1] or [-1, 1]


@dataclass(frozen=True)
class Neighborhood:
    """Neighbors within and between two sets of features.

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
        real: (n, d), float32 or float64; distances are computed in the same type.
        fake: (m, d) of the same type.
        closed: a closed ball reaches to this neighbor of its center, and holds its border (Kynkäänniemi et al.).
        opened: an open ball reaches to this neighbor of its center, and does not (Naeem et al.).
        chunk: rows of the distance matrix that are held at a time.
    """
    real, fake = centered(real, fake)
    to_closed, to_opened = radii(real, [closed, opened], chunk)
    (of_fake,) = radii(fake, [closed], chunk)
    off = TIE * torch.finfo(real.dtype).eps
    size_of_real, size_of_fake = real.square().sum(1), fake.square().sum(1)
    to_opened = to_opened - 2 * off * size_of_real
    fakes_inside = torch.zeros(len(fake), dtype=torch.bool, device=fake.device)
    balls = torch.zeros(len(fake), dtype=torch.int64, device=fake.device)
    reals_inside, covered = [], []
    parts = (x.split(chunk) for x in (real, size_of_real, to_closed, to_opened))
    for rows, size, near, far in zip(*parts):
        least = torch.addmm((1 - off) * (size[:, None] + size_of_fake), rows, fake.T, alpha=-2)
        fakes_inside |= (least <= near[:, None]).any(0)
        reals_inside.append((least <= of_fake).any(1))
        within = least.add_(2 * off * size_of_fake) < far[:, None]  # the most that the distance may be
        balls += within.sum(0)
        covered.append(within.any(1))
    return Neighborhood(fakes_inside, torch.cat(reals_inside), balls, torch.cat(covered))


def centered(first: Tensor, *others: Tensor) -> list[Tensor]:
    """Sets of features around the mean of the first: distances from products lose digits far from the origin.

    Where all lie on one grid they become whole numbers of its steps in float64: all their distances are exact, but in
    another unit.
    """
    sets = [first, *others]
    gridded = next(filter(None, (_steps(sets, step) for step in STEPS)), None)
    middle = gridded[0].mean(0).round() if gridded else first.mean(0)
    return [x - middle for x in gridded or sets]


def _steps(sets: list[Tensor], step: float) -> list[Tensor] | None:
    """Whole numbers of steps from the first value of all, float64; None where one value lies off this grid."""
    origin, counted = sets[0][0, 0].double(), []
    for x in sets:
        for rows in (x[:1], x):  # of features on no grid a row tells it, at no cost
            steps = (rows.double() - origin) / step
            off = 4 * torch.finfo(x.dtype).eps * float(rows.abs().max() + origin.abs()) / step
            whole = steps.round()
            if off > 0.01 or bool(((steps - whole).abs() > off).any()):
                return None
        counted.append(whole)
    return counted


def radii(x: Tensor, ks: Sequence[int], chunk: int = CHUNK) -> list[Tensor]:
    """The squared distance of each of x (n, d) from its k-th nearest among the others, for each k: (n,) each."""
    nearest = []
    for start in range(0, len(x), chunk):
        rows = x[start : start + chunk]
        apart = squared_distances(rows, x)
        apart.diagonal(start).fill_(float("inf"))  # of a point from itself
        near = apart.topk(max(ks), largest=False).indices
        nearest.append(torch.stack([(rows - x[row]).square().sum(1) for row in near.T], 1))
    every = torch.cat(nearest).sort(1).values  # (n, the largest k), rising
    return [every[:, k - 1] for k in ks]


def nearest(x: Tensor, y: Tensor, chunk: int = CHUNK) -> tuple[Tensor, Tensor]:
    """For each of x (n, d) the squared distance of the nearest of y (m, d), and its row: (n,) and (n,).

    The distance is the sum of squared differences, so that equal differences are at equal distances.
    """
    middle = y.mean(0)
    row = torch.cat([squared_distances(rows - middle, y - middle).argmin(1) for rows in x.split(chunk)])
    parts = zip(x.split(chunk), row.split(chunk))
    return torch.cat([(rows - y[at]).square().sum(1) for rows, at in parts]), row


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """(n, d), (m, d) -> (n, m); rows that differ by no more than rounding are at a distance of exactly 0."""
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
