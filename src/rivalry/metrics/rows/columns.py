"""Is each column, and each pair of columns, distributed as in the data?

    column    1 - sup |F - G| for numbers (Kolmogorov & Smirnov),   1 - ½ Σ |p - q| for categories (total variation)
    pair      1 - ½ |ρ - ρ'| for two numbers,   1 - ½ Σ |p - q| over the cross table otherwise, numbers in ten bins

Both are 1 for equal distributions.  Where most pairs are independent, the mean over pairs is high for anything, so that
it is to be read beside that of independent columns.
"""

from itertools import combinations
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.kinds.spec import Column
from rivalry.kinds.table import Place, places
from rivalry.metrics.score import Score

BINS = 10


class Part(NamedTuple):
    """A place of the rows, with its values (n,) in the units of the table: NaN where a cell is empty."""

    place: Place
    values: Tensor

    @property
    def name(self) -> str:
        return f"{self.place.name} (empty)" if self.place.type == "missing" else self.place.name

    @property
    def there(self) -> Tensor:
        return self.values[~self.values.isnan()]


def parts_of(x: Tensor, column: Column) -> list[Part]:
    """The places of rows (n, p)."""
    found = list[Part]()
    for i, place in enumerate(places(column)):
        value = place.values(x[:, i].cpu())
        if place.type == "missing":
            found[-1] = Part(found[-1].place, torch.where(value > 0, torch.nan, found[-1].values))
        found.append(Part(place, value))
    return found


def columns(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> Score:
    """The mean over columns of the likeness of their distributions, 0 to 1; `details` names each."""
    ours, theirs = parts_of(fake, real.spec.x), parts_of(real.rows(slice(None)), real.spec.x)
    each = {b.name: likeness(b, a) for a, b in zip(ours, theirs)}
    mean = sum(each.values()) / len(each)
    return Score("columns", mean, len(fake), None, "high", provenance or {}, {"columns": each})


def pairs(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> Score:
    """The mean over pairs of columns of the likeness of their association, 0 to 1; `details` names the five worst."""
    ours, theirs = parts_of(fake, real.spec.x), parts_of(real.rows(slice(None)), real.spec.x)
    index = list(combinations(range(len(ours)), 2))
    if not index:
        return Score("pairs", 1.0, len(fake), None, "high", provenance or {})
    mine, true = _correlations(ours), _correlations(theirs)
    binned = [_binned(a, b) for a, b in zip(ours, theirs)]
    each = dict[str, float]()
    for i, j in index:
        if theirs[i].place.sorts or theirs[j].place.sorts:
            like = _cross(binned[i], binned[j])
        else:
            like = 1 - 0.5 * abs(float(mine[i, j] - true[i, j]))
        each[f"{theirs[i].name}, {theirs[j].name}"] = like
    worst = dict(sorted(each.items(), key=lambda one: one[1])[:5])
    mean = sum(each.values()) / len(each)
    return Score("pairs", mean, len(fake), None, "high", provenance or {}, {"worst": worst})


def likeness(real: Part, fake: Part) -> float:
    """How alike two columns are distributed, 0 to 1."""
    a, b = real.there, fake.there
    if not len(a) or not len(b):
        return float(len(a) == len(b))
    if real.place.sorts:
        p, q = (one.long().bincount(minlength=real.place.sorts) / len(one) for one in (a, b))
        return 1 - 0.5 * float((p - q).abs().sum())
    every, a, b = torch.cat([a, b]), a.sort().values, b.sort().values
    F, G = (torch.searchsorted(one, every, right=True) / len(one) for one in (a, b))
    return 1 - float((F - G).abs().max())


def _correlations(some: list[Part]) -> Tensor:
    """ρ of each pair of places, empty cells at the mean; 0 where a place does not vary: (p, p)."""
    filled = torch.stack(
        [one.values.nan_to_num(float(one.there.mean()) if len(one.there) else 0.0) for one in some]
    )
    away = filled - filled.mean(1, keepdim=True)
    unit = away / away.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return unit @ unit.T


def _binned(fake: Part, real: Part) -> tuple[Tensor, Tensor, int]:
    """The bins (n,) of both, and how many there are; an empty cell has a bin of its own."""
    if real.place.sorts:
        return fake.values.long(), real.values.long(), real.place.sorts
    there = real.there if len(real.there) else torch.zeros(1, dtype=torch.float64)
    edges = torch.linspace(float(there.min()), float(there.max()), BINS + 1, dtype=torch.float64)[1:-1]
    put = lambda v: torch.where(v.isnan(), BINS, torch.bucketize(v.nan_to_num(), edges))
    return put(fake.values), put(real.values), BINS + 1


def _cross(a: tuple[Tensor, Tensor, int], b: tuple[Tensor, Tensor, int]) -> float:
    size = a[2] * b[2]
    p, q = ((x * b[2] + y).bincount(minlength=size) / len(x) for x, y in zip(a[:2], b[:2]))
    return 1 - 0.5 * float((p - q).abs().sum())
