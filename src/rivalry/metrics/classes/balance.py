"""Are the classes there in the proportions of the data?

    TV = ½ Σ_k |share of fakes seen as k - share of reals seen as k|

with a test of homogeneity (Pearson's χ² on the two rows of counts).  The classifier's own confusions are the same on
both sides, so they cancel where samples look like data.
"""

from typing import Any

import torch
from scipy.stats import chi2
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_COUNTS, spread_of_counts
from rivalry.metrics.score import Score


def balance(
    fake_logits: Tensor,
    real_logits: Tensor,
    *,
    features: str = "judge",
    classes: tuple[str, ...] = (),
    provenance: dict[str, Any] | None = None,
) -> Score:
    """The total variation distance of the classes seen in samples from those seen in data: 0 to 1, lower is better.

    Its details hold the `p` of the test that both are drawn from the same proportions, its `chi2` and degrees of
    freedom, and the `histogram` of both.  Also 0 is a rare find: of n samples of k even classes it is about
    √(k / (2 π n)).

    Args:
        fake_logits: (n, k).
        real_logits: (m, k).
        features: the classifier's name, for the score's.
        classes: k names for the histogram.

    Raises:
        BadRequest: no samples.
    """
    n, k = fake_logits.shape
    if n < 1:
        raise BadRequest("balance needs at least 1 sample; got none")
    counts = [logits.argmax(1).bincount(minlength=k).cpu() for logits in (fake_logits, real_logits)]
    of_fake, of_real = counts
    expected = of_real.double() / of_real.sum()
    distance = lambda seen: float((seen.double() / seen.sum() - expected).abs().sum() / 2)
    statistic, freedom = homogeneity(of_fake, of_real)
    names = classes or tuple(map(str, range(k)))
    return Score(
        f"balance[{features}]",
        distance(of_fake),
        n,
        spread_of_counts(of_fake, distance),
        "low",
        {**(provenance or {}), "n fake": n, "n real": int(of_real.sum()), "spread": SPREAD_OF_COUNTS},
        {
            "p": float(chi2.sf(statistic, freedom)) if freedom else 1.0,
            "chi2": statistic,
            "degrees of freedom": freedom,
            "histogram": {
                name: [int(a), int(b)] for name, a, b in zip(names, of_fake.tolist(), of_real.tolist())
            },
        },
    )


def homogeneity(a: Tensor, b: Tensor) -> tuple[float, int]:
    """Pearson's χ² that counts (k,) and (k,) come from one distribution, and its degrees of freedom."""
    table = torch.stack([a, b]).double()
    table = table[:, table.sum(0) > 0]
    expected = table.sum(1, keepdim=True) * table.sum(0) / table.sum()
    return float(((table - expected).square() / expected).sum()), table.shape[1] - 1
