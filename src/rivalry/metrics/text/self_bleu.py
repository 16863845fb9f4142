"""Self-BLEU: how much of each sample stands in the other samples.  High for a generator that repeats itself.

    Self-BLEU-N = the mean over samples x of BLEU-N of x against all other samples

(Zhu et al. 2018, "Texygen", arXiv 1802.01886.)  It grows with the number of samples, since more of them hold more
n-grams; compare scores of equal numbers.  The data's own value for as many sentences stands in the details.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score
from rivalry.metrics.text.bleu import LENGTHS, SMALL, Grams, grams, mean_score, rows_of

MOST = 1000  # samples


class Most(NamedTuple):
    """How often an n-gram stands in the one sentence that has it most often, which that is, and the next number."""

    times: int
    where: int
    second: int


def self_bleu(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """Self-BLEU-2 to 5 of at most 1,000 samples, each against all others.

    Args:
        real: sentences, for comparison.
        fake: (n, t) tokens.

    Raises:
        BadRequest: data that are no sentences, or fewer than 2 samples.
    """
    real.spec.require("self-bleu", kind="tokens")
    if len(fake) < 2:
        raise BadRequest(f"self-bleu needs at least 2 samples; got {len(fake)}")
    n = min(len(fake), MOST)
    values = against_each_other(rows_of(fake[:n]))
    some = torch.linspace(0, len(real) - 1, min(n, len(real))).long()
    of_data = against_each_other(rows_of(real.rows(some))) if len(some) > 1 else []
    scores = [mean_score("self-bleu", k, [v[k] for v in values], provenance or {}, "low") for k in LENGTHS]
    for score, k in zip(scores, LENGTHS):
        if of_data:
            score.details["of the data"] = sum(v[k] for v in of_data) / len(of_data)
    return scores


def against_each_other(rows: Sequence[Sequence[int]]) -> list[dict[int, float]]:
    """BLEU-N of each sentence against all others, for every N of `LENGTHS`, in one pass over the n-grams."""
    logs, lengths = [0.0] * len(rows), [len(row) for row in rows]
    found: list[dict[int, float]] = [{} for _ in rows]
    known = Counter(lengths)
    for n in range(1, max(LENGTHS) + 1):
        own = [grams(row, n) for row in rows]
        most = _most(own)
        for i, mine in enumerate(own):
            fitting = sum(min(count, _of_others(most[gram], i)) for gram, count in mine.items())
            logs[i] += math.log((fitting or SMALL) / max(1, mine.total()))
            if n in LENGTHS:
                found[i][n] = _brevity(lengths[i], known) * math.exp(logs[i] / n)
    return found


def _most(own: Sequence[Grams]) -> dict[tuple[int, ...], Most]:
    most: dict[tuple[int, ...], Most] = {}
    for i, mine in enumerate(own):
        for gram, count in mine.items():
            best = most.get(gram, Most(0, -1, 0))
            most[gram] = (
                Most(count, i, best.times)
                if count > best.times
                else best._replace(second=max(best.second, count))
            )
    return most


def _of_others(most: Most, i: int) -> int:
    return most.second if most.where == i else most.times


def _brevity(length: int, known: Counter[int]) -> float:
    """The penalty of a sentence that is shorter than the nearest of the others; 0 for an empty one."""
    if not length:
        return 0.0
    others = [r for r, count in known.items() if count > (r == length)]
    nearest = min(others, key=lambda r: (abs(r - length), r))
    return min(1.0, math.exp(1 - nearest / length))
