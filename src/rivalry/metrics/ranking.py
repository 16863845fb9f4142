"""How well scores put one group of data above another: the area under the ROC curve, the average precision."""

import torch
from torch import Tensor


def area_under_roc(positive: Tensor, negative: Tensor) -> float:
    """P(a positive score is higher than a negative one) + half of P(they are equal)."""
    order = negative.sort().values
    below, upto = torch.searchsorted(order, positive), torch.searchsorted(order, positive, right=True)
    return float((below + upto).double().mean() / (2 * len(negative)))


def average_precision(positive: Tensor, negative: Tensor) -> float:
    """Σ (recall_k - recall_{k-1}) · precision_k over the thresholds, highest first; equal scores share a threshold."""
    scores = torch.cat([positive, negative])
    hit = torch.cat([torch.ones_like(positive), torch.zeros_like(negative)])
    order = scores.argsort(descending=True)
    hits = hit[order].cumsum(0)
    last = torch.ones(len(order), dtype=torch.bool)
    last[:-1] = scores[order][:-1] != scores[order][1:]
    hits, counted = hits[last], torch.arange(1, len(order) + 1)[last]
    gained = torch.diff(hits, prepend=torch.zeros(1, dtype=hits.dtype))
    return float((gained * hits / counted).sum() / len(positive))
