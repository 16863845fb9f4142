"""The share of samples that could be data of their kind at all."""

from typing import Any

from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score


def valid(validity: Tensor, *, provenance: dict[str, Any] | None = None) -> Score:
    """The share of samples that are valid data, as `Kind.valid` decides; higher is better.

    A sentence has one end and nothing after it; a graph has edges without direction and no loops; numbers are finite
    and in their range.  It says nothing about how well the samples resemble the data.

    Args:
        validity: (n,) bool, of each sample.

    Raises:
        BadRequest: no samples.
    """
    n = len(validity)
    if n < 1:
        raise BadRequest("valid needs at least 1 sample; got none")
    hits = int(validity.sum())
    facts = {**(provenance or {}), "n fake": n, "spread": SPREAD_OF_SHARE}
    return Score("valid", hits / n, n, wilson_error(hits, n), "high", facts, {"interval": wilson(hits, n)})
