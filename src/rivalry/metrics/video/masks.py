"""Whether a generator's own mask lies on what moves in its clips."""

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Game, Layered
from rivalry.maths.chance import seeded
from rivalry.metrics.score import Score

CLIPS = 500  # clips that are made


def mask_iou(
    real: Dataset,
    layered: Layered,
    motion: Callable[[Tensor], Any],
    *,
    provenance: dict[str, Any] | None = None,
    n: int = CLIPS,
) -> Score:
    """Intersection over union of {m > ½} and of the pixels that move, the mean over clips; higher is better.

    The clips are drawn here, since their masks are made together with them.

    Args:
        motion: clips -> what moves in them, with `mask` (n, f, h, w).
        n: how many clips.
    """
    if n < 2:
        raise BadRequest(f"mask-iou needs 2 clips or more; got {n}")
    with torch.no_grad(), seeded(0, cast(Game, layered).device):
        x, share = layered.layers(layered.draw(n))
    each = overlap(share[:, :, 0].float().cpu() > 0.5, motion(x.float().cpu()).mask)
    error = float(each.std() / n**0.5)
    facts = {**(provenance or {}), "n fake": n}
    return Score("mask-iou", float(each.mean()), n, error, "high", facts, {"mask": float(share.mean())})


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of two sets of pixels for each clip, 0 where both are empty: (n, ...) bool -> (n,)."""
    both, either = (one.flatten(1).sum(1) for one in (a & b, a | b))
    return both / either.clamp(min=1)
