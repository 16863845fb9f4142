"""The geometry score: do fakes have holes of the same kind and number as the data?

    RLT(j) = share of α in [0, α_max] at which the complex of a few landmarks has j holes,        MRLT = E RLT
    score = Σ_j (MRLT_real(j) - MRLT_fake(j))²,        α_max = γ · the largest distance of a landmark from a datum

Khrulkov and Oseledets 2018, "Geometry Score: A Method for Comparing Generative Adversarial Networks" (arXiv
1802.02664).  Holes are those of one dimension (H1 over Z2) of the relaxed witness complex (de Silva and Carlsson 2004):
landmarks are drawn from the data, anew in each repetition, and a datum is a witness of the simplex of landmarks S at α
when its distance from all of S is at most α more than from any landmark outside of S.

Landmarks are a subset, drawn without replacement as the paper has it; the released code is known to draw some twice.
Distances are not squared, as there.

Blind to density, to connected components (H0), and to where in space a shape lies.  One outlier widens α_max for all,
and γ scales with the number of data: compare at equal n.  RLT(0) is large wherever holes fill up long before α_max.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.neighbors import CHUNK, evened, squared_distances
from rivalry.metrics.score import OVER_PARTS, Score

GAMMA, AT = 1 / 128, 5000  # γ of the paper, for so many data
RESAMPLES = 100
SPREAD = f"standard deviation over {RESAMPLES} bootstrap resamples of the repetitions"


def geometry_score(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    landmarks: int = 64,
    gamma: float | None = None,
    i_max: int = 100,
    repetitions: int = 1000,
    most: int = 5000,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> Score:
    """How differently the holes of reals and fakes live; 0 or more, lower is better.

    The details hold both MRLT, lists of i_max numbers that are the shares of 0, 1, 2, ... holes.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        landmarks: L0 of the paper.
        gamma: γ; 1/128 · n/5000 where not given.
        i_max: how many numbers of holes are counted separately, from 0.
        repetitions: draws of landmarks.
        most: how many a side are used at most, evenly spaced in their order; both are cut to the same number, and
            hold a matrix of its square in float64.
        progress: called with the name of the step, repetitions done and repetitions in all.

    Raises:
        BadRequest: fewer samples than landmarks, widths that differ, values not finite, constant real ones, a setting
            out of range, or gudhi not installed.
    """
    require_comparable("geometry-score", real_features, fake_features, least=max(landmarks, 4))
    real, fake = evened(real_features, fake_features, most)
    gamma = GAMMA * len(real) / AT if gamma is None else gamma
    times = [
        relative_living_times(
            x,
            landmarks=landmarks,
            gamma=gamma,
            i_max=i_max,
            repetitions=repetitions,
            seed=seed,
            progress=partial(progress, f"holes of {name}") if progress else None,
        )
        for name, x in (("data", real), ("samples", fake))
    ]
    mean_real, mean_fake = (rlt.mean(0) for rlt in times)
    facts = {
        **(provenance or {}),
        "n real": len(real),
        "n fake": len(fake),
        "landmarks": landmarks,
        "gamma": gamma,
        "i_max": i_max,
        "repetitions": repetitions,
        "spread": SPREAD,
    }
    return Score(
        f"geometry-score[{features}]",
        float((mean_real - mean_fake).square().sum()),
        len(fake),
        _spread(*times) if repetitions > 1 else None,
        "low",
        facts,
        {"real": mean_real.tolist(), "fake": mean_fake.tolist()},
        OVER_PARTS,
    )


def relative_living_times(
    x: Tensor,
    *,
    landmarks: int = 64,
    gamma: float | None = None,
    i_max: int = 100,
    repetitions: int = 1000,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """For each draw of landmarks the shares of α at which there are 0, 1, 2, ... holes: (repetitions, i_max) float64.

    Args:
        x: (n, d), n of `landmarks` or more; the rest as of `geometry_score`.

    Raises:
        BadRequest: as `geometry_score`.
    """
    gamma = GAMMA * len(x) / AT if gamma is None else gamma
    _require(len(x), landmarks, gamma, i_max, repetitions)
    apart = distances(x)
    generator = torch.Generator().manual_seed(seed)
    times = []
    for done in range(1, repetitions + 1):
        chosen = torch.randperm(len(x), generator=generator)[:landmarks].numpy()
        table = apart[chosen].T  # (n, landmarks)
        alpha = gamma * float(table.max())
        alive = (
            holes(table, alpha) if alpha > 0 else np.empty((0, 2))
        )  # none among data that are all the same
        times.append(living_times(alive, alpha, i_max))
        if progress:
            progress(done, repetitions)
    return torch.from_numpy(np.stack(times))


def distances(x: Tensor) -> np.ndarray:
    """Of each of x (n, d) from each: (n, n) float64, from products of the deviations from the mean."""
    x = x.double().cpu()
    x = x - x.mean(0)
    apart = torch.empty(len(x), len(x), dtype=torch.float64)
    for start in range(0, len(x), CHUNK):
        torch.sqrt(squared_distances(x[start : start + CHUNK], x), out=apart[start : start + CHUNK])
    return apart.numpy()


def holes(table: np.ndarray, alpha: float) -> np.ndarray:
    """When holes of one dimension are born and die: (k, 2), as α of the relaxed witness complex grows to `alpha`.

    A simplex has at most three landmarks here, and one of a witness's three nearest is outside of any that has a
    farther one: landmarks beyond the third nearest by more than α take no part and are left out.

    Args:
        table: (n, landmarks), the distance of each witness from each landmark; 3 landmarks or more.
    """
    order = np.argsort(table, axis=1)
    away = np.take_along_axis(table, order, axis=1)
    near = away <= away[:, 2:3] + alpha
    pairs = list(zip(order[near].tolist(), away[near].tolist()))
    ends = near.sum(1).cumsum().tolist()
    rows = [pairs[start:end] for start, end in zip([0, *ends], ends)]
    tree = _gudhi().WitnessComplex(rows).create_simplex_tree(max_alpha_square=alpha, limit_dimension=2)
    tree.compute_persistence(homology_coeff_field=2)
    return np.asarray(tree.persistence_intervals_in_dimension(1), dtype=float).reshape(-1, 2)


def living_times(intervals: np.ndarray, alpha: float, i_max: int) -> np.ndarray:
    """The share of [0, alpha] at which 0, 1, ..., i_max - 1 of the intervals (k, 2) are alive: (i_max,).

    Where alpha is 0 there are none all the time.
    """
    if not alpha > 0:
        return np.eye(1, i_max)[0]
    births, deaths = intervals.clip(0, alpha).T
    at = np.concatenate([[0.0], births, deaths])
    change = np.repeat([0, 1, -1], [1, len(births), len(deaths)])
    order = np.argsort(at, kind="stable")
    alive = (
        change[order].cumsum().clip(0)
    )  # where a birth and a death fall together the count may dip for no time
    lasting = np.diff(at[order], append=alpha)
    return np.bincount(alive, weights=lasting, minlength=i_max)[:i_max] / alpha


def _spread(real: Tensor, fake: Tensor) -> float:
    """Of the score, over repetitions (r, i_max) that are drawn again."""
    generator = torch.Generator().manual_seed(0)
    again = lambda rlt: rlt[torch.randint(len(rlt), (len(rlt),), generator=generator)].mean(0)
    scores = [(again(real) - again(fake)).square().sum() for _ in range(RESAMPLES)]
    return float(torch.stack(scores).std())


def _require(n: int, landmarks: int, gamma: float, i_max: int, repetitions: int) -> None:
    if not 4 <= landmarks <= n:
        raise BadRequest(
            f"geometry-score draws from 4 to all {n:,} of the samples as landmarks; got {landmarks}"
        )
    if not gamma > 0:
        raise BadRequest(f"geometry-score: gamma is above 0 (1/128 at 5,000 samples); got {gamma}")
    if i_max < 1 or repetitions < 1:
        raise BadRequest(
            f"geometry-score: i_max and repetitions are 1 or more; got {i_max} and {repetitions}"
        )
    _gudhi()


def _gudhi() -> Any:
    try:
        import gudhi
    except ImportError:
        raise BadRequest("geometry-score needs gudhi: pip install 'rivalry[metrics]'") from None
    return gudhi
