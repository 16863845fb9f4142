"""Data-copying: do samples lie nearer to the training data than held-out data do?

    C_T = Σ_π P(π) Z(π) / Σ_π P(π),    Z = (U - mn/2) / √(mn(m + n + 1)/12)

In each cell π, U counts the pairs of one of m fakes and one of n held-out rows in which the fake lies further from
its nearest training row of that cell (Mann and Whitney); P(π) is the cell's share of the held-out rows.  Meehan,
Chaudhuri and Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying in Generative Models" (arXiv 2004.05675).
Cells come from k-means on the training data, after their 64 leading principal components where they are wider
(as dgm-eval and fls do).  Blind to a few copies among samples that are otherwise too spread out, for the two cancel,
and to copies that the features do not recognize.
"""

from math import sqrt
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.frechet import Moments
from rivalry.metrics.features.neighbors import nearest
from rivalry.metrics.score import Score

RESAMPLES = 100


def data_copying(
    real_features: Tensor,
    held_out_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    cells: int = 3,
    components: int = 64,
    least: int = 20,
    seed: int = 0,
) -> Score:
    """C_T in standard deviations: far below 0 for copies, around 0 for fresh samples, above 0 for ones too far.

    Grows with the root of the number of samples: compare at equal numbers.  Its details hold the `cells` with
    their numbers and `z`, and the `null deviation` that the score has for fakes like held-out data, at most 1.

    Args:
        real_features: (l, d) of the data that the generator was trained on; all are used.
        held_out_features: (n, d) of data from the same source that it was not trained on.
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        cells: how many parts the training data are cut into.
        components: principal components that wider features are cut down to.
        least: a cell counts if it holds more fakes and more held-out rows than this.
        seed: of k-means and of the bootstrap.

    Raises:
        BadRequest: fewer training rows than cells, no cell that counts, widths that differ, values not finite,
            constant real ones.
    """
    if cells < 1 or least < 1 or components < 1:
        raise BadRequest(
            f"copying needs cells, least and components >= 1; got {cells}, {least} and {components}"
        )
    require_comparable("copying", real_features, fake_features, least=max(2, cells))
    require_comparable("copying against held-out data", held_out_features, fake_features, least=least + 1)
    sets = reduced((real_features, held_out_features, fake_features), components)
    centers = k_means(sets[0], cells, seed)
    found = _in_cells(sets, centers, least, torch.Generator().manual_seed(seed))
    counted = [row for row in found if row["z"] is not None]
    if not counted:
        raise BadRequest(
            f"copying: no cell holds more than {least} fakes and {least} held-out rows; give more, or cells=1"
        )
    weight = torch.tensor([row["n held out"] for row in counted], dtype=torch.float64)
    weight /= weight.sum()
    z, moves = (torch.tensor([row[key] for row in counted], dtype=torch.float64) for key in ("z", "spread"))
    facts = {
        "n real": len(real_features),
        "n held out": len(held_out_features),
        "n fake": len(fake_features),
        "components": sets[0].shape[1],
        "seed": seed,
        "spread": f"standard deviation over {RESAMPLES} bootstrap resamples of fakes and held-out rows in their cells",
    }
    return Score(
        f"copying[{features}]",
        float(weight @ z),
        len(fake_features),
        float((weight * moves).norm()),
        "",
        {**(provenance or {}), **facts},
        {"cells": found, "null deviation": float(weight.norm())},
    )


def reduced(sets: tuple[Tensor, ...], components: int) -> list[Tensor]:
    """Float64 sets of features (n, d), cut down to the principal components of the first where d is larger."""
    if sets[0].shape[1] <= components:
        return [x.double().cpu() for x in sets]
    moments = Moments.of(sets[0])
    leading = torch.linalg.eigh(moments.covariance).eigenvectors[:, -components:]
    return [(x.double().cpu() - moments.mean) @ leading for x in sets]


def k_means(x: Tensor, k: int, seed: int = 0, rounds: int = 300) -> Tensor:
    """Centers (k, d) of x (n, d) by Lloyd's algorithm, begun as in k-means++ (Arthur and Vassilvitskii 2007).

    Fewer than k where x has fewer different rows.
    """
    generator = torch.Generator().manual_seed(seed)
    centers = x[torch.randint(len(x), (1,), generator=generator)]
    while len(centers) < k and (away := nearest(x, centers)[0]).any():
        centers = torch.cat([centers, x[torch.multinomial(away, 1, generator=generator)]])
    cell = nearest(x, centers)[1]
    for _ in range(rounds):
        members = cell.bincount(minlength=len(centers))[:, None]
        sums = torch.zeros_like(centers).index_add_(0, cell, x)
        centers = torch.where(members > 0, sums / members.clamp(min=1), centers)
        before, cell = cell, nearest(x, centers)[1]
        if bool((cell == before).all()):
            break
    return centers


def _in_cells(
    sets: list[Tensor], centers: Tensor, least: int, generator: torch.Generator
) -> list[dict[str, Any]]:
    """For each cell its numbers of rows, and its `z` and `spread`, None where it does not count."""
    places = [nearest(x, centers)[1] for x in sets]
    found = []
    for cell in range(len(centers)):
        train, held_out, fake = (x[place == cell] for x, place in zip(sets, places))
        row: dict[str, Any] = {"n real": len(train), "n held out": len(held_out), "n fake": len(fake)}
        row |= {"z": None, "spread": None}
        if len(train) and min(len(held_out), len(fake)) > least:
            of_fake, of_held_out = nearest(fake, train)[0], nearest(held_out, train)[0]
            row["z"] = z_of_ranks(of_fake, of_held_out)
            row["spread"] = _spread(of_fake, of_held_out, generator)
        found.append(row)
    return found


def z_of_ranks(x: Tensor, y: Tensor) -> float:
    """Mann and Whitney's U of x (m,) over y (n,) as a z-score: below 0 where x tend to be smaller.

    The reference adds a continuity correction of ½ to U; the paper does not.
    """
    m, n, rising = len(x), len(y), y.sort().values
    below = torch.searchsorted(rising, x) + torch.searchsorted(rising, x, right=True)
    u = float(below.sum()) / 2  # a tie counts one half
    return (u - m * n / 2) / sqrt(m * n * (m + n + 1) / 12)


def _spread(x: Tensor, y: Tensor, generator: torch.Generator) -> float:
    draw = lambda z: z[torch.randint(len(z), (len(z),), generator=generator)]
    again = [z_of_ranks(draw(x), draw(y)) for _ in range(RESAMPLES)]
    return float(torch.tensor(again, dtype=torch.float64).std())
