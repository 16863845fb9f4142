"""BLEU of samples against the data: how many of a sentence's n-grams stand in some sentence of the data.

    BLEU-N = BP · exp( 1/N Σ_{n ≤ N} log p_n ),   BP = min(1, exp(1 - r / c))

p_n is the share of a sample's n-grams that the references hold, each counted at most as often as the one reference
that has it most often; c is the sample's length and r the nearest length of a reference.  (Papineni et al. 2002,
ACL; as a measure of generators Yu et al. 2017, arXiv 1609.05473.)  Where nothing of length n fits, p_n is
0.1 / the number of n-grams, which is "method 1" of Chen & Cherry 2014.

It measures only fluency: one good sentence repeated a thousand times has a high BLEU, and so has a copy of the data.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.tokens import length
from rivalry.metrics.score import Score

LENGTHS = (2, 3, 4, 5)
REFERENCES = 5000  # sentences of the data, evenly spread
SMALL = 0.1

Grams = Counter[tuple[int, ...]]


def bleu(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """BLEU-2 to 5, the mean over samples.

    Args:
        real: sentences, of which at most 5,000 are the references.
        fake: (n, t) tokens.

    Raises:
        BadRequest: data that are no sentences.
    """
    real.spec.require("bleu", kind="tokens")
    if len(fake) < 2:
        raise BadRequest(f"bleu needs at least 2 samples; got {len(fake)}")
    step = max(1, len(real) // REFERENCES)
    references = rows_of(real.rows(slice(0, None, step)))
    most = {n: most_often(references, n) for n in range(1, max(LENGTHS) + 1)}
    lengths = sorted({len(row) for row in references})
    values = [sentence_bleu(row, most, lengths) for row in rows_of(fake)]
    facts = {**(provenance or {}), "references": len(references)}
    return [mean_score("bleu", n, [value[n] for value in values], facts) for n in LENGTHS]


def sentence_bleu(row: Sequence[int], most: dict[int, Grams], lengths: Sequence[int]) -> dict[int, float]:
    """BLEU-N of one sentence for every N of `LENGTHS`.

    Args:
        most: for each n, how often the one reference that has an n-gram most often has it.
        lengths: of the references.
    """
    if not row:
        return dict.fromkeys(LENGTHS, 0.0)
    nearest = min(lengths, key=lambda r: (abs(r - len(row)), r))
    penalty = min(1.0, math.exp(1 - nearest / len(row)))
    logs, found = 0.0, {}
    for n in range(1, max(LENGTHS) + 1):
        own = grams(row, n)
        fitting = sum(min(count, most[n][gram]) for gram, count in own.items())
        logs += math.log((fitting or SMALL) / max(1, own.total()))
        found[n] = penalty * math.exp(logs / n)
    return {n: found[n] for n in LENGTHS}


def grams(row: Sequence[int], n: int) -> Grams:
    """The n-grams of a sentence, counted."""
    return Counter(tuple(row[i : i + n]) for i in range(len(row) - n + 1))


def most_often(references: Iterable[Sequence[int]], n: int) -> Grams:
    """How often each n-gram stands in the reference that has it most often."""
    most: Grams = Counter()
    for row in references:
        most |= grams(row, n)
    return most


def rows_of(x: Tensor) -> list[list[int]]:
    """The tokens of each sentence up to its end: (n, t) -> n lists."""
    return [row[: length(row)] for row in x.tolist()]


def mean_score(
    name: str, n: int, values: Sequence[float], facts: dict[str, Any], better: str = "high"
) -> Score:
    """The mean over samples, with its standard error."""
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return Score(f"{name}-{n}", mean, len(values), math.sqrt(variance / len(values)), better, facts)
