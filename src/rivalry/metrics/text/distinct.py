"""How varied samples are: different n-grams among all, different sentences among all, and copies of the data.

    distinct-n = the number of different n-grams / the number of n-grams        (Li et al. 2015, arXiv 1510.03055)

It falls with the number of samples, since a language has only so many n-grams; compare scores of equal numbers.  Its
spread is that of the jackknife, which leaves out one sentence after the other.
"""

import math
from collections import Counter
from typing import Any

from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score
from rivalry.metrics.text.bleu import grams, rows_of

LENGTHS = (1, 2, 3)


def distinct(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """distinct-1, 2 and 3 of all samples; those of as many sentences of the data stand in the details.

    Args:
        fake: (n, t) tokens.

    Raises:
        BadRequest: data that are no sentences, or fewer than 2 samples.
    """
    rows, of_data = _checked("distinct", real, fake), rows_of(real.rows(slice(0, len(fake))))
    scores = []
    for n in LENGTHS:
        value, error = share_of_different(rows, n)
        details = {"of the data": share_of_different(of_data, n)[0], "sentences of the data": len(of_data)}
        scores.append(Score(f"distinct-{n}", value, len(rows), error, "high", provenance or {}, details))
    return scores


def share_of_different(rows: list[list[int]], n: int) -> tuple[float, float]:
    """The share of n-grams that are different, and its standard error by the jackknife over sentences."""
    own = [grams(row, n) for row in rows]
    counts = Counter(gram for mine in own for gram in mine)  # in how many sentences
    different, total = len(counts), sum(mine.total() for mine in own)
    if not total:
        return 0.0, 0.0
    left_out = [
        (different - sum(counts[gram] == 1 for gram in mine)) / max(1, total - mine.total()) for mine in own
    ]
    mean = sum(left_out) / len(rows)
    variance = (len(rows) - 1) / len(rows) * sum((value - mean) ** 2 for value in left_out)
    return different / total, math.sqrt(variance)


def unique(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """`unique`, the share of different sentences among the samples, and `copied`, the share that stand in the data.

    A good model of short sentences copies some by chance: the share of the data's own sentences that occur more than
    once stands in the details of `copied`.

    Raises:
        BadRequest: data that are no sentences, or fewer than 2 samples.
    """
    rows = [tuple(row) for row in _checked("unique", real, fake)]
    data = [tuple(row) for row in rows_of(real.rows(slice(None)))]
    counts, known = Counter(rows), Counter(data)
    n, facts = len(rows), provenance or {}
    alone = (
        sum(count == 1 for count in counts.values()) / n
    )  # what the number loses with a sentence that is left out
    copied = sum(row in known for row in rows) / n
    repeated = sum(known[row] > 1 for row in data) / len(data)
    return [
        Score("unique", len(counts) / n, n, math.sqrt(alone * (1 - alone) / n), "", facts),
        Score(
            "copied",
            copied,
            n,
            math.sqrt(copied * (1 - copied) / n),
            "",
            facts,
            {"of the data that occur more than once": repeated},
        ),
    ]


def _checked(who: str, real: Dataset, fake: Tensor) -> list[list[int]]:
    real.spec.require(who, kind="tokens")
    if len(fake) < 2:
        raise BadRequest(f"{who} needs at least 2 samples; got {len(fake)}")
    return rows_of(fake)
