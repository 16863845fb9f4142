"""Whether samples show what they were asked to show, by a rule that reads attributes from pixels.

For data whose attributes are known by construction (`captioned-shapes`): the rule of the data reads every attribute of
each sample, and what it reads is compared with the attribute of the row whose sentence the sample was made for.  The
rule needs no training.  Its own accuracy on the data stands in the details, as `real`.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score

Reader = Callable[[Tensor], dict[str, Tensor]]

CHECKED = 1000  # real data on which the rule itself is checked, evenly spread


def attributes(
    real: Dataset,
    fake: Tensor,
    rows: Tensor,
    reader: Reader,
    *,
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """The share of samples that are right in all attributes, and in each of them; higher is better.

    Args:
        real: data with a column for each attribute.
        fake: (n, c, h, w) in [-1, 1].
        rows: (n,) the row of `real` that each sample was asked to be like.
        reader: pictures (n, c, h, w) -> the numbers of their attributes (n,), by name.

    Raises:
        BadRequest: no samples, or another number of rows than samples.
    """
    if len(fake) < 1 or rows.shape != (len(fake),):
        raise BadRequest(
            f"attributes needs a row for each sample; got {len(rows):,} for {len(fake):,} samples"
        )
    right = _right(real, reader(fake), rows)
    own = torch.linspace(0, len(real) - 1, min(CHECKED, len(real))).long()
    of_real = _right(real, reader(real.rows(own)), own)
    facts = {**(provenance or {}), "n fake": len(fake), "spread": SPREAD_OF_SHARE}
    return [_share(name, right[name], of_real[name], facts) for name in right]


def _right(real: Dataset, read: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """Whether what was read are the attributes of these rows: "all", then each by name, bool (n,)."""
    each = {name: values.cpu() == real.others[name][rows] for name, values in read.items()}
    return {"all": torch.stack([*each.values()]).all(0), **each}


def _share(name: str, right: Tensor, of_real: Tensor, facts: dict[str, Any]) -> Score:
    n, hits = len(right), int(right.sum())
    details = {"interval": wilson(hits, n), "real": float(of_real.float().mean())}
    return Score(f"attributes-{name}", hits / n, n, wilson_error(hits, n), "high", facts, details)
