"""Where things move, and whether they stay what they are, by a rule of the data that reads clips."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_COUNTS, SPREAD_OF_SHARE, spread_of_counts, wilson, wilson_error
from rivalry.metrics.score import Score

CHECKED = 1000  # real data that are read


def directions(
    real: Dataset,
    fake: Tensor,
    motion: Callable[[Tensor], Any],
    *,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """½ Σ |p - q| of the shares of directions in samples and in data, from 0 to 1; lower is better.

    One of the directions is "neither", of clips in which nothing moves far enough.  The details hold the shares.

    Args:
        fake: (n, f, c, h, w) in [-1, 1].
        motion: clips -> what moves in them, with `direction` (n,).

    Raises:
        BadRequest: no samples.
    """
    if not len(fake):
        raise BadRequest("directions needs at least 1 sample; got none")
    found, own = motion(fake).direction, motion(real.rows(slice(0, CHECKED))).direction
    kinds = 1 + max(len(real.spec.classes), int(found.max()), int(own.max()))
    of_fake, of_real = found.bincount(minlength=kinds), own.bincount(minlength=kinds)
    apart = lambda counts: float((counts / counts.sum() - of_real / of_real.sum()).abs().sum() / 2)
    facts = {**(provenance or {}), "n fake": len(fake), "spread": SPREAD_OF_COUNTS}
    details = {"shares": (of_fake / len(fake)).tolist(), "real": (of_real / len(own)).tolist()}
    return Score(
        "directions", apart(of_fake), len(fake), spread_of_counts(of_fake, apart), "low", facts, details
    )


def constant_content(
    real: Dataset,
    fake: Tensor,
    motion: Callable[[Tensor], Any],
    *,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The share of frames whose thing has the color and the shape of most frames of its clip; higher is better.

    The details hold the shares of the color and of the shape alone, and of the data as `real`.  Frames of one clip are
    not independent of each other; the spread is that of as many shares as there are clips.

    Raises:
        BadRequest: no samples.
    """
    if not len(fake):
        raise BadRequest("constant-content needs at least 1 sample; got none")
    color, shape = same_as_most(motion(fake))
    whole = (color & shape).float().mean(1)
    own_color, own_shape = same_as_most(motion(real.rows(slice(0, CHECKED))))
    value, n = float(whole.mean()), len(fake)
    hits = round(value * n)
    facts = {**(provenance or {}), "n fake": n, "spread": SPREAD_OF_SHARE}
    details = {
        "color": float(color.float().mean()),
        "shape": float(shape.float().mean()),
        "real": float((own_color & own_shape).float().mean()),
        "interval": wilson(hits, n),
    }
    return Score("constant-content", value, n, wilson_error(hits, n), "high", facts, details)


def same_as_most(found: Any) -> tuple[Tensor, Tensor]:
    """Whether each frame has the color, and the shape, of most frames of its clip: (n, f) and (n, f) bool."""
    color, shape = (each == each.mode(1, keepdim=True).values for each in (found.color, found.shape))
    return color, shape
