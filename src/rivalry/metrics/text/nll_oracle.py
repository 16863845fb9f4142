"""How likely samples are in the synthetic language that the data are drawn from, in nats for each token.

    nll-oracle = E_G[ -log p(x) ] / t

(Yu et al. 2016, arXiv 1609.05473, section 4.1.)  p is the language itself, so its own sentences score its entropy.

Blind to diversity: the likeliest sentence, repeated, scores far below the entropy, and so does every sampler that is
colder than the model.  Read it beside `nll` of held-out sentences and `distinct`, and beside the maximum likelihood
baseline at several temperatures.
"""

import math
from typing import Any

from torch import Tensor

from rivalry.data.sets.oracle import FIRST, Oracle
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score

SOME = 2000  # sentences of the data that the entropy is estimated on


def nll_oracle(
    real: Dataset, fake: Tensor, oracle: Oracle, *, provenance: dict[str, Any] | None = None
) -> Score:
    """The mean of -log p over the tokens of samples; the entropy of the language stands in the details.

    Args:
        real: sentences of the language.
        fake: (n, t) tokens.

    Raises:
        BadRequest: samples that hold tokens which the language does not have.
    """
    foreign = int((fake < FIRST).any(1).sum())
    if foreign:
        raise BadRequest(
            f"{foreign:,} of {len(fake):,} samples hold an end or an unknown token; the language has none"
        )
    length = fake.shape[1]
    values = -oracle.log_prob(fake.cpu() - FIRST) / length
    error = float(values.std() / math.sqrt(len(values))) if len(values) > 1 else None
    entropy = float(oracle.entropy(real.rows(slice(0, SOME)).cpu() - FIRST).mean()) / length
    facts = {**(provenance or {}), "unit": "nats for each token"}
    return Score("nll-oracle", float(values.mean()), len(fake), error, "low", facts, {"entropy": entropy})
