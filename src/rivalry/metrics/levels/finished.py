"""The share of levels that an agent can finish."""

from typing import Any

from torch import Tensor

from rivalry.data.source import Column, Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.tiles import text
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score
from rivalry.worlds.platformer import finish

DATA = 500  # levels of the data that the agent plays, at most


def finished(fake: Tensor, real: Dataset, *, provenance: dict[str, Any] | None = None) -> Score:
    """The share of samples that an A* agent finishes; higher is better, and as high as of data is as good as can be.

    The details hold the share of 500 windows of the data, spread over them.

    Args:
        fake: (n, h, w) numbers of tiles.

    Raises:
        BadRequest: no samples.
    """
    n = len(fake)
    if n < 1:
        raise BadRequest("finished needs at least 1 sample; got none")
    rows = [*range(0, len(real), max(1, len(real) // DATA))][:DATA]
    known = sum(plays(one, real.spec.x) for one in real.x[rows])
    hits = sum(plays(one, real.spec.x) for one in fake)
    facts = {**(provenance or {}), "n fake": n, "n real": len(rows), "spread": SPREAD_OF_SHARE}
    details = {"interval": wilson(hits, n), "real": known / len(rows)}
    return Score("finished", hits / n, n, wilson_error(hits, n), "high", facts, details)


def plays(level: Tensor, column: Column) -> bool:
    """Whether the agent finishes a level (h, w)."""
    return finish(text(level, column).splitlines()) is not None
