"""The Inception Score: are samples told apart with confidence, and are all classes there?

    IS = exp E_x KL(p(y | x) ‖ p(y))        p(y) = E_x p(y | x)

Salimans et al. 2016 (arXiv 1606.03498).  1 at worst, the number of classes at best.  Blind to collapse
within a class, and meaningful only for a classifier of the data at hand.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.score import Score


def inception_score(
    logits: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    splits: int = 10,
    seed: int | None = 0,
) -> Score:
    """The mean over `splits` equal parts of the samples; higher is better, in [1, k].

    Small parts bias it: with k classes and s samples a part, perfect samples of k classes score below k.

    Args:
        logits: (n, k), of a classifier.
        features: the classifier's name, for the score's.
        splits: parts, each scored by itself; the spread is their deviation (divided by `splits`).
        seed: of the shuffle before the split; None keeps the order.

    Raises:
        BadRequest: fewer samples than splits, or logits that are not finite.
    """
    n = len(logits)
    if n < splits:
        raise BadRequest(f"inception-score needs at least {splits} samples, one a split; got {n}")
    if not logits.isfinite().all():
        raise BadRequest("inception-score: some logits are not finite")
    if seed is not None:
        logits = logits[torch.randperm(n, generator=torch.Generator().manual_seed(seed))]
    scores = torch.stack([_score(part) for part in logits.tensor_split(splits)])
    told = {"n fake": n, "splits": splits, "spread": f"standard deviation over {splits} splits"}
    spread = float(scores.std(correction=0)) if splits > 1 else None
    return Score(
        f"inception-score[{features}]",
        float(scores.mean()),
        n,
        spread,
        "high",
        {**(provenance or {}), **told},
    )


def _score(logits: Tensor) -> Tensor:
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    marginal = p.mean(0)
    entropy = torch.special.entr(p).sum(1).mean()
    return (torch.special.entr(marginal).sum() - entropy).exp()  # E KL = H(p(y)) - E H(p(y | x))
