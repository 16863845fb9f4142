"""How alike the patterns of 2 x 2 tiles are: a Kullback-Leibler divergence between their shares.

    KL = 1/2 Σ p log(p / q) + 1/2 Σ q log(q / p)

p the shares in the data and q those in samples, each count raised by 1e-6 so that a pattern that one of them lacks
costs much and not everything (Lucas & Volz 2019, "Tile Pattern KL-Divergence for Analysing and Evolving Game Levels",
arXiv 1905.05077, with w = 1/2).
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.tiles import patterns
from rivalry.metrics.score import Score

SMALL = 1e-6


def pattern_divergence(fake: Tensor, real: Dataset, *, provenance: dict[str, Any] | None = None) -> Score:
    """0 or more, in nats; lower is better.  The details hold that of samples whose columns are shuffled.

    A half of the data against the other half is near 0; the columns of levels in another order keep each column and
    lose what stands beside it.

    Args:
        fake: (n, h, w) numbers of tiles.

    Raises:
        BadRequest: no samples.
    """
    if not len(fake):
        raise BadRequest("tile-patterns needs at least 1 sample; got none")
    value = divergence(real.x, fake)
    details = {"shuffled columns": divergence(real.x, shuffled(fake))}
    facts = {**(provenance or {}), "n fake": len(fake), "n real": len(real)}
    return Score("tile-patterns", value, len(fake), None, "low", facts, details)


def divergence(x: Tensor, y: Tensor) -> float:
    """The mean of both divergences between the patterns of levels (n, h, w) and (m, h, w), in nats."""
    one, other = patterns(x.cpu()).flatten(), patterns(y.cpu()).flatten()
    every, place = torch.cat([one, other]).unique(return_inverse=True)
    counts = [
        place[: len(one)].bincount(minlength=len(every)),
        place[len(one) :].bincount(minlength=len(every)),
    ]
    p, q = ((count + SMALL) / (count + SMALL).sum() for count in (c.double() for c in counts))
    return float(0.5 * ((p - q) * (p / q).log()).sum())


def shuffled(x: Tensor, seed: int = 0) -> Tensor:
    """Levels with their columns in a random order, another for each: (n, h, w) -> the same."""
    order = torch.rand(len(x), x.shape[2], generator=torch.Generator().manual_seed(seed)).argsort(1)
    return x.cpu().gather(2, order[:, None].expand(-1, x.shape[1], -1))
