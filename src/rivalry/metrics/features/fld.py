"""FLD: the feature likelihood divergence, which sees fidelity, diversity and copies of the training data at once.

    p(x) = 1/m Σ_j N(x | y_j, σ_j² I),    σ = argmax Σ_{x in train} log p(x)
    value = -100/d E_{x held out} log p(x) - C

Jiralerspong et al. 2023, "Feature Likelihood Divergence: Evaluating the Generalization of Generative Models Using
Samples" (arXiv 2302.04440).  A Gaussian stands around each fake; its width is fitted to the training data, and the
mixture is judged by the likelihood of held-out data.  A copy lies on a training row, so its width shrinks to nothing,
and it is of no use to held-out data.

Features are scaled to mean 0 and deviation 1 by the training data.  C is the same number for a mixture of Gaussians
around half of the training data, fitted to the other half: a perfect generator scores around 0.
Deviation: C is computed from the data at hand, where the paper has a constant; differences between generators are
unchanged by it.  Blind to differences that the features do not show; compare at equal n.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.maths.optimizers import adam
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import spaced, squared_distances
from rivalry.metrics.score import Score

STEPS, RATE = 200, 0.1
LEAST = -12.0  # log σ² of a copy: a width of nothing


def fld(
    real_features: Tensor,
    held_out_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    most: int = 2000,
) -> Score:
    """Feature likelihood divergence; lower is better, around 0 for fresh data, far above for noise and for copies.

    The details hold the `gap`: how much more likely the training data are than held-out data, above 0 for copies.

    Args:
        real_features: (l, d) that the generator was trained on.
        held_out_features: (n, d) from the same source that it was not trained on.
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        most: how many of each are used at most, evenly spaced.

    Raises:
        BadRequest: fewer than 20 rows of one kind, widths that differ, values not finite, constant real ones.
    """
    require_comparable("fld", real_features, fake_features, least=20)
    require_comparable("fld against held-out data", held_out_features, fake_features, least=20)
    mean, deviation = real_features.double().mean(0), real_features.double().std(0)
    deviation[deviation == 0] = 1
    scaled = lambda x: (x.double().cpu() - mean) / deviation
    train, held, fake = (scaled(spaced(x, most)) for x in (real_features, held_out_features, fake_features))
    n = min(len(train) // 2, len(fake))
    every = scaled(spaced(real_features, 2 * n))
    of_held, of_train = log_likelihoods(fake, train, held)
    ideal, _ = log_likelihoods(every[::2], every[1::2], held)
    unit = 100 / train.shape[1]
    facts = {**(provenance or {}), "n real": len(train), "n held out": len(held), "n fake": len(fake)}
    facts |= {"spread": "standard error over the held-out data"}
    error = unit * float((of_held - ideal.mean()).std() / len(held) ** 0.5)
    value = unit * float(ideal.mean() - of_held.mean())
    gap = unit * float(of_train.mean() - of_held.mean())
    return Score(f"fld[{features}]", value, len(fake), error, "low", facts, {"gap": gap})


def log_likelihoods(centers: Tensor, train: Tensor, held_out: Tensor) -> tuple[Tensor, Tensor]:
    """Of held-out data (n,) and of training data (l,), under Gaussians around `centers` (m, d) fitted to the latter."""
    apart = squared_distances(train, centers)
    d = train.shape[1]
    with torch.enable_grad():
        start = (apart.amin(0) / d).clamp(min=1e-4).log()
        width = start.clone().requires_grad_()
        optimizer = adam(RATE)([width])
        for _ in range(STEPS):
            optimizer.descend(-mixture(apart, width.clamp(min=LEAST), d).mean())
    width = width.detach().clamp(min=LEAST)
    return mixture(squared_distances(held_out, centers), width, d), mixture(apart, width, d)


def mixture(apart: Tensor, width: Tensor, d: int) -> Tensor:
    """log 1/m Σ_j N(x | y_j, e^width_j I) from squared distances (n, m): (n,), without the constant of (2π)^(d/2)."""
    of_each = -0.5 * apart * (-width).exp() - 0.5 * d * width
    return of_each.logsumexp(1) - torch.tensor(float(apart.shape[1])).log()
