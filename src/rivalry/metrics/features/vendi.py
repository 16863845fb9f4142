"""The Vendi score: how many different samples there seem to be.

    VS = exp(-Σ_i λ_i log λ_i),    λ the eigenvalues of K / n,    K_ij = x_iᵀ x_j / |x_i| |x_j|

Friedman and Dieng 2023, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning" (arXiv 2210.02410), with
the cosine kernel of the paper.  It is 1 where all features point one way and n where no two have anything in common.
Blind to quality: noise is diverse.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import evened
from rivalry.metrics.score import Score


def vendi(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 10_000,
) -> Score:
    """The effective number of different fakes, from 1 to the smaller of n and d; the details hold that `of data`.

    Higher is more diverse; compare with the data's own number, at equal n.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        most: how many a side are used at most, evenly spaced; both sides are cut to the same number.

    Raises:
        BadRequest: fewer than 2 samples a side, widths that differ, values not finite, constant real ones.
    """
    require_comparable("vendi", real_features, fake_features, least=2)
    real, fake = evened(real_features, fake_features, most)
    facts = {**(provenance or {}), "n real": len(real), "n fake": len(fake), "kernel": "cosine"}
    details = {"of data": effective_number(real)}
    return Score(f"vendi[{features}]", effective_number(fake), len(fake), None, "high", facts, details)


def effective_number(x: Tensor) -> float:
    """exp of the entropy of the eigenvalues of the cosine kernel over n of x (n, d); rows of 0 are one kind more."""
    x = x.double().cpu()
    size = x.norm(dim=1, keepdim=True)
    empty = (size == 0).double()
    x = torch.cat([x / (size + empty), empty], 1)
    gram = x.T @ x if x.shape[1] < len(x) else x @ x.T  # both have the same eigenvalues above 0
    share = torch.linalg.eigvalsh(gram / len(x)).clamp(min=0)
    return float(torch.special.entr(share).sum().exp())
