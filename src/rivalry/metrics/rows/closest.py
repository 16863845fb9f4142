"""Are samples copies of training rows?

The distance of two rows is the mean over columns of |a - b| in shares of the column's range, and 0 or 1 for categories.

    closer-to-training    share of samples that are nearer to a training row than to any of as many held-out rows;
                          .5 where nothing is copied, ± 1.5/√n
    copies                share of samples that are written as a training row is
    membership            area under ROC of telling training rows from held-out ones by the nearest sample; .5 if none
    membership-advantage  the most that true alarms exceed false ones at any distance, max (TPR - FPR); about 0 if none
                          (Yeom et al. 2018, arXiv 1709.01604)
    neighbor-ratio        median of d₁/d₂ to the two nearest training rows, beside that of held-out rows; 0 for copies

A bootstrap of n training rows leaves out 1/e of them: membership 1 - 1/(2e) = .816, advantage 1 - 1/e = .632.

These find copies.  They bound no attack: never say "private" for them.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.kinds.spec import Column
from rivalry.kinds.table import cells, places
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.ranking import area_under_roc
from rivalry.metrics.score import Score

ROWS = 4000  # of each sort, at most


def closest(
    real: Dataset, held_out: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None
) -> list[Score]:
    """See the file; lower is better for all but the two ratios, which are to be alike.

    Args:
        real: the rows that the game was trained on.
    """
    n = min(len(real), len(held_out), ROWS)
    some = lambda data: data.rows(spaced(torch.arange(len(data)), n))
    column, train, other, made = real.spec.x, some(real), some(held_out), fake[:ROWS]
    scale = as_distances(real.rows(slice(None)), column, None)[1]
    a, b, c = (as_distances(x, column, scale)[0] for x in (train, other, made))
    to_train, to_other = nearest(c, a, 2), nearest(c, b)
    closer = (to_train[:, 0] < to_other[:, 0]).double() + 0.5 * (to_train[:, 0] == to_other[:, 0]).double()
    known = set(zip(*cells(real.rows(slice(None)), column)))
    copied = sum(row in known for row in zip(*cells(made, column))) / len(made)
    mine, others = nearest(a, c)[:, 0].double(), nearest(b, c)[:, 0].double()
    member = area_under_roc(-mine, -others)
    facts = {**(provenance or {}), "compared with": n}
    return [
        Score(
            "closer-to-training",
            float(closer.mean()),
            len(made),
            float(closer.std() / len(made) ** 0.5),
            "low",
            facts,
        ),
        Score("copies", copied, len(made), None, "low", facts),
        Score("membership", member, len(made), None, "low", facts),
        Score("membership-advantage", advantage(mine, others), len(made), None, "low", facts),
        Score("neighbor-ratio", neighbor_ratio(to_train), len(made), None, "", facts),
        Score("neighbor-ratio[held-out]", neighbor_ratio(nearest(b, a, 2)), n, None, "", facts),
    ]


def advantage(members: Tensor, others: Tensor) -> float:
    """The most that the share of members (n,) within a distance exceeds that of others (m,), over all distances."""
    at = torch.cat([members, others])
    within = lambda some: torch.searchsorted(some.sort().values, at, right=True) / len(some)
    return max(0.0, float((within(members) - within(others)).max()))


def neighbor_ratio(to_train: Tensor) -> float:
    """The median of d₁/d₂, from the distances of the two nearest training rows (n, 2)."""
    if to_train.shape[1] < 2:
        return 1.0
    return float((to_train[:, 0] / to_train[:, 1].clamp(min=1e-9)).median())


def as_distances(x: Tensor, column: Column, scale: Tensor | None) -> tuple[Tensor, Tensor]:
    """Rows as vectors whose L1 distance is that of the rows, and the ranges (p,) that numbers are divided by."""
    known = places(column)
    scale = (x.amax(0) - x.amin(0)).clamp(min=1e-6) if scale is None else scale
    each = list[Tensor]()
    for i, place in enumerate(known):
        if place.sorts:
            number = x[:, i].round().long().clamp(0, place.sorts - 1)
            each.append(torch.nn.functional.one_hot(number, place.sorts).float() / 2)
        else:
            each.append((x[:, i] / scale[i]).float()[:, None])
    return torch.cat(each, 1) / len(known), scale


def nearest(a: Tensor, b: Tensor, k: int = 1) -> Tensor:
    """Distances of each row of a from its k nearest of b: (n, k)."""
    found = [torch.cdist(some, b, p=1).topk(min(k, len(b)), largest=False).values for some in a.split(500)]
    return torch.cat(found)
