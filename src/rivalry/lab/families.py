"""Synthetic distributions of points, in families with one knob each, and what can be told of data before any training.

All data have mean 0 and deviation 1 over all their numbers, so that no feature is of the unit.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.stats import spearmanr
from torch import Tensor

from rivalry.data.sets.toys import triangles
from rivalry.data.source import Dataset, Spec

Draw = Callable[[int, float, torch.Generator], Tensor]  # n, the knob, random numbers -> (n, d)


class SyntheticFamily(NamedTuple):
    """Distributions that differ by one knob.

    Attributes:
        name: of what the knob changes.
        draw: samples of a distribution.
        knobs: the settings that are tried, three of them with `--quick`.
    """

    name: str
    draw: Draw
    knobs: tuple[float, ...]

    def data(self, knob: float, n: int, seed: int) -> Dataset:
        """`n` samples, with mean 0 and deviation 1; other seeds give other samples of the same distribution."""
        x = self.draw(n, knob, torch.Generator().manual_seed(seed))
        known = self.draw(4000, knob, torch.Generator().manual_seed(2**20))
        x = (x - known.mean(0)) / (known - known.mean(0)).square().mean().sqrt()
        return Dataset(Spec(f"{self.name} {knob:g}", "points", tuple(x.shape[1:])), x.float())


def components(n: int, k: float, generator: torch.Generator) -> Tensor:
    """So many narrow Gaussians, evenly on a circle."""
    angle = torch.randint(int(k), (n,), generator=generator) * (2 * math.pi / int(k))
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.03 * torch.randn(n, 2, generator=generator)


def dimension(n: int, m: float, generator: torch.Generator) -> Tensor:
    """The surface of a ball of so many dimensions, laid into eight, with a little noise."""
    on = torch.randn(n, int(m) + 1, generator=generator)
    turned = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1)))[0][: int(m) + 1]
    return (on / on.norm(dim=1, keepdim=True)) @ turned + 0.02 * torch.randn(n, 8, generator=generator)


def smoothness(n: int, waves: float, generator: torch.Generator) -> Tensor:
    """A sine of so many waves, with a little noise."""
    t = 2 * torch.rand(n, generator=generator) - 1
    curve = torch.stack([t, torch.sin(math.pi * waves * t)], 1)
    return curve + 0.02 * torch.randn(n, 2, generator=generator)


def connectedness(n: int, gap: float, generator: torch.Generator) -> Tensor:
    """Two disks whose edges are so many radii apart; below 0 they overlap."""
    angle, r = 2 * math.pi * torch.rand(n, generator=generator), torch.rand(n, generator=generator).sqrt()
    side = 2.0 * torch.randint(2, (n,), generator=generator) - 1
    return torch.stack([r * angle.cos() + side * (1 + gap / 2), r * angle.sin()], 1)


def pictures_of_triangles(n: int, side: float, generator: torch.Generator) -> Tensor:
    """White triangles on black, as so many pixels square."""
    seed = int(torch.randint(2**31, (), generator=generator))
    return triangles(n, seed, int(side)).x.flatten(1).float() / 127.5 - 1


FAMILIES = (
    SyntheticFamily("components", components, (1, 2, 4, 8, 16, 32)),
    SyntheticFamily("dimension", dimension, (1, 2, 3, 4, 5, 7)),
    SyntheticFamily("smoothness", smoothness, (0.5, 1, 2, 3, 5, 8)),
    SyntheticFamily("connectedness", connectedness, (-1, 0, 0.5, 1, 2, 4)),
    SyntheticFamily("triangles", pictures_of_triangles, (4, 5, 6, 7, 8, 10)),
)


# ---------------------------------------------------------------------- features, before any training


def features(x: Tensor) -> dict[str, float]:
    """Numbers that data x (n, d) have before any training, n about 1,000."""
    apart = torch.cdist(x.double(), x.double())
    spectrum, near = kernel_spectrum(apart), nearest(apart)
    return {
        "intrinsic dimension": intrinsic_dimension(apart),
        "longest gap": longest_gap(apart),
        "lasting components": float(lasting_components(apart)),
        "kernel rank": kernel_rank(spectrum),
        "kernel decay": kernel_decay(spectrum),
        "nearest neighbor": float(near.mean()),
        "evenness": float(near.std() / near.mean()),
        "numbers": math.log(x.shape[1]),
    }


def intrinsic_dimension(apart: Tensor) -> float:
    """By the ratio of the distances to the second and the first neighbor (Facco et al. 2017, arXiv 1803.06992).

    For data of dimension d locally uniform, P(ratio <= r) = 1 - r^-d; the estimate is that of greatest likelihood.
    """
    two = apart.topk(3, largest=False).values[:, 1:]
    ratio = (two[:, 1] / two[:, 0].clamp(min=1e-12)).clamp(min=1 + 1e-12, max=1e6)
    return float(len(ratio) / ratio.log().sum())


def deaths(apart: Tensor) -> np.ndarray:
    """When components merge as balls around the data grow: the persistent homology H0, ascending (n - 1,).

    They are the lengths of the minimum spanning tree.
    """
    return np.sort(minimum_spanning_tree(np.triu(apart.numpy() + 1e-12)).data)


def longest_gap(apart: Tensor) -> float:
    """The last merging of components, in units of the typical one: the logarithm of a ratio."""
    at = deaths(apart)
    return math.log(at[-1] / np.median(at))


def lasting_components(apart: Tensor) -> float:
    """The logarithm of the number of components alive before the widest jump between two mergings, by their ratio.

    Only mergings above the median count: those of neighbors within a component say nothing.
    """
    at = deaths(apart)
    late = at[len(at) // 2 :]
    jump = int(np.argmax(late[1:] / late[:-1]))
    return math.log(len(late) - jump)


def kernel_spectrum(apart: Tensor) -> Tensor:
    """The shares of the eigenvalues of a Gaussian kernel half as wide as the mean distance, descending: (n,)."""
    kernel = (-apart.square() / (2 * (apart.mean() / 2).square())).exp()
    centered = kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()
    values = torch.linalg.eigvalsh(centered).flip(0).clamp(min=0)
    return values / values.sum()


def kernel_rank(spectrum: Tensor) -> float:
    """The spectrum's entropy: the logarithm of how many directions hold the data."""
    return float(torch.special.entr(spectrum).sum())


def kernel_decay(spectrum: Tensor) -> float:
    """The slope of log eigenvalue against log number, over the first 30: steep for smooth data."""
    values = spectrum[:30].clamp(min=1e-12).log()
    number = torch.arange(1, len(values) + 1, dtype=torch.float64).log()
    number = number - number.mean()
    return float((number * (values - values.mean())).sum() / number.square().sum())


def nearest(apart: Tensor) -> Tensor:
    """The distance from each datum to the nearest other one: (n,)."""
    return apart.topk(2, largest=False).values[:, 1]


def rank_correlation(predicted: Tensor, truth: Tensor) -> float:
    """Spearman's; NaN where one of the two is constant."""
    if len(predicted) < 2 or predicted.std() == 0 or truth.std() == 0:
        return math.nan
    return float(spearmanr(predicted.numpy(), truth.numpy()).statistic)
