"""For conditional games: the share of samples that the judge classifies as the label that was asked for."""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score


def accuracy(
    fake_logits: Tensor, asked: Tensor, *, features: str = "judge", provenance: dict[str, Any] | None = None
) -> Score:
    """The share of samples whose verdict is the label asked for; higher is better.

    Its details hold the 95 % `interval` (Wilson) and the share `by class`, None for a class never asked for.
    The judge's own accuracy on real data is the most that can be expected.

    Args:
        fake_logits: (n, k).
        asked: (n,) labels in 0 ... k - 1, in the order of the samples.
        features: the classifier's name, for the score's.

    Raises:
        BadRequest: no samples, another number of labels than samples, or a label that is no class.
    """
    n, k = fake_logits.shape
    asked = asked.to(fake_logits.device)
    if n < 1:
        raise BadRequest("accuracy needs at least 1 sample; got none")
    if asked.shape != (n,):
        raise BadRequest(f"accuracy needs one asked label a sample; got {len(asked):,} for {n:,} samples")
    low, high = int(asked.min()), int(asked.max())
    if low < 0 or high >= k:
        raise BadRequest(f"accuracy: classes are 0 ... {k - 1}; labels from {low} to {high} were asked for")
    right = fake_logits.argmax(1) == asked
    hits = int(right.sum())
    each = torch.stack([asked.bincount(minlength=k), asked[right].bincount(minlength=k)], 1).tolist()
    details = {"interval": wilson(hits, n), "by class": [hit / of if of else None for of, hit in each]}
    facts = {**(provenance or {}), "n fake": n, "spread": SPREAD_OF_SHARE}
    return Score(f"accuracy[{features}]", hits / n, n, wilson_error(hits, n), "high", facts, details)
