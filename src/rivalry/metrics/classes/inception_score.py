"""The Inception Score: are samples told apart with confidence, and are all classes there?

    IS = exp E_x KL(p(y | x) ‖ p(y))        p(y) = E_x p(y | x)

Salimans et al. 2016 (arXiv 1606.03498).  1 at worst, the number of classes at best.  Blind to collapse
within a class, and meaningful only for a classifier of the data at hand.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.features.halves import SPLITS, Halves
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
        splits: parts, each scored by itself.  The details hold their `deviation` (divided by `splits`), as it is
            usually reported; the spread is the standard error of the mean.
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
    facts = {"n fake": n, "splits": splits, "spread": "standard error, from random half-samples"}
    halves = halves_of_verdicts(logits, splits) if n >= 2 * splits and n >= 4 else None
    return Score(
        f"inception-score[{features}]",
        float(scores.mean()),
        n,
        halves.error if halves else None,
        "high",
        {**(provenance or {}), **facts},
        {"deviation": float(scores.std(correction=0))},
        halves=halves,
    )


def halves_of_verdicts(logits: Tensor, splits: int) -> Halves:
    """The score on half-samples, each in half as many parts, so that a part is about as large as it was.

    Rows are put together to at most 8 groups a part, and whole groups dealt to halves and to parts of them: one pass
    over the rows serves all half-samples.
    """
    groups, parts = min(len(logits), max(64, 8 * splits)), max(1, splits // 2)
    verdicts, entropy, number = in_groups(logits, groups)
    of = lambda which: torch.stack(
        [
            torch.special.entr(verdicts[g].sum(0) / number[g].sum()).sum()
            - entropy[g].sum() / number[g].sum()
            for g in which.tensor_split(parts)
        ]
    )
    orders = [torch.randperm(groups, generator=torch.Generator().manual_seed(i)) for i in range(SPLITS)]
    both = torch.stack([of(half).exp().mean() for order in orders for half in order.chunk(2)])
    return Halves.of(
        both[::2], both[1::2], smooth=False
    )  # a mean over parts, which are as many as samples allow


def in_groups(logits: Tensor, groups: int) -> tuple[Tensor, Tensor, Tensor]:
    """The sums of verdicts (groups, k) and of their entropies (groups,) over groups of rows, and the rows of each."""
    each = []
    for part in logits.tensor_split(groups):
        p = part.double().softmax(1)
        each.append(
            (p.sum(0), torch.special.entr(p).sum(), torch.tensor(float(len(part)), dtype=torch.float64))
        )
    verdicts, entropy, number = (torch.stack(some) for some in zip(*each))
    return verdicts, entropy, number


def _score(logits: Tensor) -> Tensor:
    log_p = logits.double().log_softmax(1)
    p = log_p.exp()
    marginal = p.mean(0)
    entropy = torch.special.entr(p).sum(1).mean()
    return (torch.special.entr(marginal).sum() - entropy).exp()  # E KL = H(p(y)) - E H(p(y | x))
