"""The Fréchet distance between two sets of features, each taken as one Gaussian.

    d² = |μ₁ - μ₂|² + tr(S₁ + S₂ - 2 (S₁ S₂)^½)

Dowson and Landau 1982; Heusel et al. 2017 (arXiv 1706.08500), who name it FID on the features of
Inception.  Means and unbiased covariances are in float64.  No root of a matrix is taken: tr (S₁ S₂)^½ is
the sum of the roots of the eigenvalues of a symmetric matrix, which is faster and more exact than
`scipy.linalg.sqrtm`, whose roots of eigenvalues that are zero up to rounding add about 5e-6.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.halves import SPREAD_OF_HALVES, Halves, halvings
from rivalry.metrics.score import Score


@dataclass(frozen=True)
class Moments:
    """Number, mean and scatter of features; added up batch by batch or over processes with `+`.

    Attributes:
        n: how many features.
        mean: (d,) float64.
        scatter: (d, d) float64, the sum of (x - mean)(x - mean)ᵀ.
    """

    n: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, features: Tensor, chunk: int = 10_000) -> "Moments":
        """The moments of features (n, d), a chunk at a time in float64."""
        d = features.shape[1]
        moments = cls(0, torch.zeros(d, dtype=torch.float64), torch.zeros(d, d, dtype=torch.float64))
        for part in features.split(chunk):
            part = part.double().cpu()
            mean = part.mean(0)
            moments += cls(len(part), mean, (part - mean).T @ (part - mean))
        return moments

    def __add__(self, other: "Moments") -> "Moments":
        """The moments of both sets together (Chan, Golub and LeVeque 1979)."""
        n = self.n + other.n
        if n == 0:
            return self
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.n / n)
        scatter = self.scatter + other.scatter + torch.outer(apart, apart) * (self.n * other.n / n)
        return Moments(n, mean, scatter)

    @property
    def covariance(self) -> Tensor:
        """(d, d), unbiased: divided by n - 1.  Needs n of 2 or more."""
        return self.scatter / (self.n - 1)

    def state(self) -> dict[str, Tensor]:
        """As tensors, for a file."""
        return {"n": torch.tensor(self.n), "mean": self.mean, "scatter": self.scatter}

    @classmethod
    def from_state(cls, state: dict[str, Tensor]) -> "Moments":
        return cls(int(state["n"]), state["mean"], state["scatter"])


def frechet_distance(a: Moments, b: Moments) -> float:
    """The squared Fréchet distance of two Gaussians with these moments; symmetric, 0 for equal ones.

    Raises:
        BadRequest: fewer than 2 features on a side, or different widths.
    """
    if min(a.n, b.n) < 2:
        raise BadRequest(f"a Fréchet distance needs at least 2 samples a side; got {a.n} and {b.n}")
    if a.mean.shape != b.mean.shape:
        raise BadRequest(f"features of different widths have no distance: {len(a.mean)} and {len(b.mean)}")
    s, t = a.covariance, b.covariance
    apart = (a.mean - b.mean).square().sum() + s.trace() + t.trace()
    return max(0.0, float(apart - 2 * trace_of_root(s, t, rank=min(a.n, b.n) - 1)))


def trace_of_root(s: Tensor, t: Tensor, rank: int | None = None) -> Tensor:
    """tr (S T)^½ of two covariances (d, d) in float64.

    With S = L Lᵀ it is the sum of the roots of the eigenvalues of Lᵀ T L.  A unit that never varies on one
    side adds nothing, and is dropped because it would spoil the Cholesky factor.  Where neither matrix has
    such a factor, L = V Λ^½ from the eigenvectors of S.

    Args:
        rank: the largest rank that S T can have, if less than d: smaller eigenvalues are rounding, and the
            root of a rounding error of 1e-16 is no longer small.
    """
    varies = (s.diagonal() > 0) & (t.diagonal() > 0)
    s, t = s[varies][:, varies], t[varies][:, varies]
    if not len(s):
        return s.new_zeros(())
    root, other = _factor(s, t)
    eigenvalues = torch.linalg.eigvalsh(root.T @ other @ root)[-(rank or len(s)) :]
    return eigenvalues.clamp(min=0).sqrt().sum()


def _factor(s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """L with L Lᵀ equal to one of two covariances, and the other covariance."""
    for one, other in ((s, t), (t, s)):
        root, failed = torch.linalg.cholesky_ex(one)
        if not failed:
            return root, other
    values, vectors = torch.linalg.eigh(s)
    real = values > values[-1] * len(s) * torch.finfo(values.dtype).eps
    return vectors[:, real] * values[real].sqrt(), t


def frechet_of_few(x: Tensor, y: Tensor) -> float:
    """The squared Fréchet distance from features themselves, for n and m of no more than d.

    With X and Y centered, tr (S T)^½ = ‖X Yᵀ‖_* / √((n - 1)(m - 1)), the sum of singular values of an n by m
    matrix: exact where both covariances are singular, and no d by d matrix is ever made.

    Args:
        x: (n, d), n of 2 or more.
        y: (m, d), m of 2 or more.
    """
    x, y = x.double(), y.double()
    apart = (x.mean(0) - y.mean(0)).square().sum()
    x, y = ((z - z.mean(0)) / (len(z) - 1) ** 0.5 for z in (x, y))
    roots = torch.linalg.svdvals(x @ y.T).sum()
    return max(0.0, float(apart + x.square().sum() + y.square().sum() - 2 * roots))


def fid(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    splits: int | None = None,
) -> Score:
    """The Fréchet distance of fake from real features; 0 or more, lower is better.

    Grows as the number of samples falls, by about d(d + 1)/(4 n) for white features: compare at equal n.
    Blind to differences beyond mean and covariance, and to copies of the training data.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        splits: random half-samples for the spread; 64, 16 for features wider than 128, 4 wider than 512; 0 for none.

    Raises:
        BadRequest: fewer than 2 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("fid", real_features, fake_features, least=2)
    n, m, d = len(real_features), len(fake_features), real_features.shape[1]
    if splits is None:
        splits = 64 if d <= 128 else 16 if d <= 512 else 4
    few = max(n, m) <= d
    if few:
        value = frechet_of_few(real_features, fake_features)
    else:
        value = frechet_distance(Moments.of(real_features), Moments.of(fake_features))
    halves = None
    if splits > 1 and min(n, m) >= 4:
        halves = (halves_of_few if few else halves_of_moments)(real_features, fake_features, splits)
    facts = {"n real": n, "n fake": m, "spread": SPREAD_OF_HALVES}
    error = halves.error if halves else None
    return Score(f"fid[{features}]", value, m, error, "low", {**(provenance or {}), **facts}, halves=halves)


def halves_of_moments(real: Tensor, fake: Tensor, splits: int) -> Halves:
    """The Fréchet distance on half-samples, from the moments of groups of rows."""
    pairs = zip(in_halves(real, splits, 0), in_halves(fake, splits, 1))
    found = torch.tensor([frechet_distance(*pair) for pair in pairs], dtype=torch.float64)
    return Halves.of(found[::2], found[1::2], smooth=True, real=real)


def halves_of_few(real: Tensor, fake: Tensor, splits: int) -> Halves:
    """The same for fewer rows than features; at most 8 splits, since each takes singular values."""
    splits = min(splits, 8)
    rows = list(zip(halvings(len(real), splits), halvings(len(fake), splits, 1)))
    one = torch.tensor([frechet_of_few(real[r], fake[f]) for r, f in rows], dtype=torch.float64)
    other = torch.tensor([frechet_of_few(real[~r], fake[~f]) for r, f in rows], dtype=torch.float64)
    return Halves.of(one, other, smooth=True, real=real)


def in_halves(x: Tensor, splits: int, seed: int) -> Iterator[Moments]:
    """For each split the moments of one half of x (n, d), then those of the other.

    Rows are dealt at random to at most 64 groups, fewer where there are many features, and whole groups to halves:
    one pass over the rows serves all splits.
    """
    n, d = x.shape
    groups = min(n, 64 if d <= 256 else 16 if d <= 512 else 8)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
    middle = x.double().mean(0)
    parts = [x[rows].double().cpu() - middle for rows in order.tensor_split(groups)]
    number = torch.tensor([len(part) for part in parts], dtype=torch.float64)
    sums = torch.stack([part.sum(0) for part in parts])
    squares = torch.stack([part.T @ part for part in parts])
    for split in halvings(groups, splits, seed):
        for half in (split, ~split):
            k, total = number[half].sum(), sums[half].sum(0)
            scatter = squares[half].sum(0) - torch.outer(total, total) / k
            yield Moments(int(k), middle + total / k, scatter)
