"""The sliced Wasserstein distance: how far features must be moved, seen along random lines.

    SW² = E_θ W²(θᵀ real, θᵀ fake),    W²(a, b) = ∫₀¹ (F_a⁻¹(u) - F_b⁻¹(u))² du

Rabin et al. 2011 and Bonneel et al. 2015; θ is uniform on the unit sphere.  Between N(0, I) and N(δ, I) it is |δ| / √d.
On features, not on patches of pyramids as in Karras et al. 2018.  Blind to copies; 0 only in the limit of many samples.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import evened
from rivalry.metrics.score import Score


def sliced_wasserstein(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    directions: int = 1000,
    most: int = 10_000,
    seed: int = 0,
) -> Score:
    """The root of the mean squared distance along lines, in the features' unit; lower is better.

    The spread is only over directions: it shows whether there are enough of them.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        directions: random lines.
        most: how many a side are used at most, evenly spaced; both sides are cut to the same number.
        seed: of the lines.

    Raises:
        BadRequest: fewer than 2 directions or samples a side, widths that differ, values not finite, constant real
            ones.
    """
    if directions < 2:
        raise BadRequest(f"swd needs 2 directions or more; got {directions}")
    require_comparable("swd", real_features, fake_features, least=2)
    real, fake = (x.double().cpu() for x in evened(real_features, fake_features, most))
    squares = along_lines(real, fake, directions, seed)
    value = float(squares.mean().sqrt())
    error = float(squares.std() / directions**0.5 / (2 * value)) if value else 0.0
    facts = {
        **(provenance or {}),
        "n real": len(real),
        "n fake": len(fake),
        "directions": directions,
        "seed": seed,
    }
    facts |= {"spread": "standard error over the directions, for these samples"}
    return Score(f"swd[{features}]", value, len(fake), error, "low", facts)


def along_lines(x: Tensor, y: Tensor, directions: int, seed: int = 0, chunk: int = 100) -> Tensor:
    """The squared Wasserstein distances of x (n, d) and y (n, d) along random lines: (directions,)."""
    generator = torch.Generator().manual_seed(seed)
    lines = torch.randn(directions, x.shape[1], dtype=x.dtype, generator=generator)
    lines = lines / lines.norm(dim=1, keepdim=True)
    apart = [
        ((part @ x.T).sort(1).values - (part @ y.T).sort(1).values).square().mean(1)
        for part in lines.split(chunk)
    ]
    return torch.cat(apart)
