"""The Fréchet distance within each class; a distance over all classes together can hide a fault of one class.

A generator that draws every class well but mixes up which is which, or one class badly among many good ones, moves
the distance of all samples little (Miyato & Koyama 2018, "cGANs with Projection Discriminator", arXiv 1802.05637,
who average it over classes).
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.frechet import Moments, frechet_distance, frechet_of_few
from rivalry.metrics.score import Score


def intra_class_fid(
    real_features: Tensor,
    fake_features: Tensor,
    real_label: Tensor,
    asked: Tensor,
    *,
    features: str = "features",
    classes: tuple[str, ...] = (),
    provenance: dict[str, Any] | None = None,
    resamples: int = 10,
) -> Score:
    """The mean over classes of the Fréchet distance of samples asked for as a class from the data of that class.

    Its details hold the distance `by class`.  With few samples a class it is large for good samples too (see
    `frechet.fid`): compare at equal n.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        real_label: (n,) labels of the data.
        asked: (m,) labels that the samples were asked for.
        features: the extractor's name, for the score's.
        classes: names of the labels; 0, 1, ... where not given.
        resamples: bootstrap resamples, within each class, for the spread; 0 for none.

    Raises:
        BadRequest: a class of the data with fewer than 2 data or samples, or features that do not compare.
    """
    require_comparable("intra-class-fid", real_features, fake_features, least=2)
    names = classes or tuple(str(i) for i in range(int(real_label.max()) + 1))
    distances = []
    for k, name in enumerate(names):
        real, fake = real_features[real_label == k], fake_features[asked == k]
        if min(len(real), len(fake)) < 2:
            raise BadRequest(
                f"intra-class-fid needs at least 2 data and 2 samples of every class; of {name!r} there are "
                f"{len(real):,} data and {len(fake):,} samples"
            )
        distances.append(_distances(real, fake, resamples, seed=k))
    table = torch.tensor(distances, dtype=torch.float64)  # (classes, 1 + resamples)
    means = table.mean(0)
    spread = f"standard deviation over {resamples} bootstrap resamples of the fakes of each class"
    n = len(fake_features)
    return Score(
        f"intra-class-fid[{features}]",
        float(means[0]),
        n,
        float(means[1:].std()) if resamples > 1 else None,
        "low",
        {**(provenance or {}), "n real": len(real_features), "n fake": n, "spread": spread},
        {"by class": dict(zip(names, table[:, 0].tolist()))},
    )


def _distances(real: Tensor, fake: Tensor, resamples: int, seed: int) -> list[float]:
    """The distance of the fakes, then of resamples of them."""
    if max(len(real), len(fake)) <= real.shape[1]:
        distance = lambda some: frechet_of_few(real, some)
    else:
        of_real = Moments.of(real)
        distance = lambda some: frechet_distance(of_real, Moments.of(some))
    generator, n = torch.Generator().manual_seed(seed), len(fake)
    again = [fake[torch.randint(n, (n,), generator=generator)] for _ in range(resamples)]
    return [distance(some) for some in (fake, *again)]
