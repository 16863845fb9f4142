"""Whether the right sentence can be told from a sample, among twenty.

    retrieval-20    the share of samples that lie nearer to the real picture of their own sentence than to those of 19
                    other sentences, drawn at random; 1 in 20 by chance

Pictures are compared by the cosine of their colors in 8 x 8 fields, from which the mean real picture is taken away:
this needs no network, and sees color and coarse shape only.  What samples reach that were made for other sentences
stands in the details, as `shuffled`.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score

AMONG, FIELDS = 20, 8


def retrieval(
    real: Dataset, fake: Tensor, rows: Tensor, captions: Tensor, *, provenance: dict[str, Any] | None = None
) -> list[Score]:
    """The share of samples whose sentence is found; higher is better.

    Args:
        real: pictures with sentences.
        fake: (n, c, h, w) in [-1, 1].
        rows: (n,) the row of `real` for whose sentence each sample was made.
        captions: (m, t) the sentences of `real`.

    Raises:
        BadRequest: fewer than 20 different sentences.
    """
    sentence = torch.unique(captions.cpu(), dim=0, return_inverse=True)[1]  # (m,) its number
    known = int(sentence.max()) + 1
    if known < AMONG:
        raise BadRequest(f"retrieval chooses among {AMONG} sentences; {real.spec.name!r} has {known}")
    found, n = nearest(real, fake, rows, sentence), len(fake)
    hits = int(found.sum())
    shuffled = nearest(
        real, fake.roll(n // 2, 0), rows, sentence
    )  # neighbors may be of one sentence, or alike
    facts = {**(provenance or {}), "n fake": n, "spread": SPREAD_OF_SHARE}
    details = {"interval": wilson(hits, n), "chance": 1 / AMONG, "shuffled": float(shuffled.float().mean())}
    return [Score(f"retrieval-{AMONG}", hits / n, n, wilson_error(hits, n), "high", facts, details)]


def nearest(real: Dataset, fake: Tensor, rows: Tensor, sentence: Tensor) -> Tensor:
    """Whether each sample is nearer to its own row than to rows of 19 other sentences: (n,) bool."""
    rows, draw = rows.cpu(), torch.Generator().manual_seed(0)
    pictures = fields(real.rows(slice(None)))
    mean = pictures.mean(0)
    seen, known = (F.normalize(x - mean, dim=1) for x in (fields(fake.cpu()), pictures))
    others = torch.stack([_others(int(sentence[row]), sentence, draw) for row in rows])  # (n, 19)
    own = (seen * known[rows]).sum(1)  # (n,)
    return own > torch.einsum("nd,nkd->nk", seen, known[others]).amax(1)


def fields(x: Tensor) -> Tensor:
    """The mean colors in 8 x 8 fields: (n, c, h, w) -> (n, 64 c)."""
    return F.adaptive_avg_pool2d(x.float(), FIELDS).flatten(1)


def _others(own: int, sentence: Tensor, draw: torch.Generator) -> Tensor:
    """Rows of 19 different sentences that are not this one."""
    order = torch.randperm(len(sentence), generator=draw)
    order = order[sentence[order] != own]
    first = torch.full((int(sentence.max()) + 1,), len(order))
    first.scatter_reduce_(
        0, sentence[order], torch.arange(len(order)), "amin"
    )  # where each sentence comes first
    return order[first.sort().values[: AMONG - 1]]
