"""Whether a background stands still: change over time where nothing ever moves, by that where something does.

    mean of var_t x over pixels that no moving thing comes near, by the same over pixels that one covers at some time

A rule of the data finds the moving thing in the samples themselves, so that no true clip is needed.  0 for a background
that is one picture, about 1 for noise; a clip in which nothing is found says nothing, and such clips are counted.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score


def still_background(
    real: Dataset,
    fake: Tensor,
    motion: Callable[[Tensor], Any],
    *,
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The variance over time outside of what moves, by that inside; lower is better.

    Args:
        real: data, of which the details hold the same as `real`.
        fake: (n, f, c, h, w) in [-1, 1].
        motion: clips -> what moves in them, see `data.sets.moving_shapes.read_motion`.

    Raises:
        BadRequest: in no sample, or everywhere in all samples, something moves.
    """
    outside, inside = changes(fake, motion(fake).mask)
    if not len(inside):
        raise BadRequest("still-background: nothing moves in any of the samples, or no place is free of it")
    value = float(outside.mean() / inside.mean())
    ratio = outside - value * inside  # first order: the error of a ratio of two means
    error = float(ratio.std() / len(ratio) ** 0.5 / inside.mean()) if len(ratio) > 1 else None
    own = real.rows(slice(0, 500))
    of_real = [float(part.mean()) for part in changes(own, motion(own).mask)]
    facts = {**(provenance or {}), "n fake": len(fake), "n with motion": len(inside)}
    details = {"real": of_real[0] / of_real[1], "with motion": len(inside) / len(fake)}
    return Score("still-background", value, len(fake), error, "low", facts, details)


def changes(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The variance over time outside of the mask and a pixel around it, and inside, of clips that have both.

    Args:
        x: (n, f, c, h, w).
        mask: (n, f, h, w) bool.

    Returns:
        (m,) and (m,) with m of at most n.
    """
    inside = mask.any(1)  # (n, h, w)
    outside = F.max_pool2d(inside[:, None].float(), 3, 1, 1)[:, 0] == 0
    variance = x.var(1, correction=0).mean(1)
    some = inside.flatten(1).any(1) & outside.flatten(1).any(1)
    means = (
        torch.where(where, variance, 0.0).sum((1, 2)) / where.sum((1, 2)).clamp(min=1)
        for where in (outside, inside)
    )
    first, second = (mean[some] for mean in means)
    return first, second
