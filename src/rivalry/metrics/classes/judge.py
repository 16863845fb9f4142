"""Samples under the in-domain judge: how sure it is, and which classes it sees."""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import CONFIDENT
from rivalry.metrics.interval import SPREAD_OF_COUNTS, SPREAD_OF_SHARE, spread_of_counts, wilson_error
from rivalry.metrics.score import Score


def verdicts(
    fake_logits: Tensor,
    real_logits: Tensor | None = None,
    *,
    features: str = "judge",
    classes: tuple[str, ...] = (),
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """Two scores of samples, from the verdicts of a classifier.

    - "confident[...]": the share of samples with a confidence max_y p(y | x) of at least 0.9.  Its details
      hold the mean `confidence`, the mean `entropy` of the verdicts in nats, and the same share for `real`
      data: the control that samples can at best come up to.
    - "classes[...]": how many classes hold at least one confident sample.  Its details hold the `histogram`
      of all verdicts by class, that of real data as `real histogram`, and its `entropy` in nats (log k when even).

    A classifier can be sure of an image that is none of its classes: read it together with a distance.

    Args:
        fake_logits: (n, k).
        real_logits: (m, k) of real data, the control.
        features: the classifier's name, for the scores'.
        classes: k names for the histogram; 0, 1, ... where not given.

    Raises:
        BadRequest: no samples, or logits that are not finite.
    """
    n, k = fake_logits.shape
    if n < 1:
        raise BadRequest("judge needs at least 1 sample; got none")
    if not fake_logits.isfinite().all():
        raise BadRequest("judge: some logits are not finite")
    p = fake_logits.double().softmax(1)
    confidence, verdict = p.max(1)
    sure = confidence >= CONFIDENT
    counts = verdict.bincount(minlength=k)
    seen = (verdict + 1).mul(sure).bincount(minlength=k + 1)  # bin 0 holds the unsure
    present = lambda seen: int((seen[1:] > 0).sum())
    hits = int(sure.sum())
    facts = {**(provenance or {}), "n fake": n, "confident from": CONFIDENT}
    by_share, by_counts = (facts | {"spread": s} for s in (SPREAD_OF_SHARE, SPREAD_OF_COUNTS))
    how_sure = {
        "confidence": float(confidence.mean()),
        "entropy": float(torch.special.entr(p).sum(1).mean()),
        "real": None if real_logits is None else confident_share(real_logits),
    }
    histogram = dict(zip(classes or map(str, range(k)), counts.tolist()))
    balance = {
        "of": k,
        "histogram": histogram,
        "entropy": float(torch.special.entr(counts.double() / n).sum()),
    }
    if real_logits is not None:
        of_real = real_logits.argmax(1).bincount(minlength=k)
        balance["real histogram"] = dict(zip(histogram, of_real.tolist()))
    moves = spread_of_counts(seen, present)
    return [
        Score(f"confident[{features}]", hits / n, n, wilson_error(hits, n), "high", by_share, how_sure),
        Score(f"classes[{features}]", present(seen), n, moves, "high", by_counts, balance),
    ]


def confident_share(logits: Tensor) -> float:
    """The share of verdicts (n, k) with a confidence of at least 0.9."""
    return float((logits.double().softmax(1).amax(1) >= CONFIDENT).double().mean())
