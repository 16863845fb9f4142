"""FID at an unlimited number of fakes: the Fréchet distance, extrapolated.

    FID_N ≈ FID_∞ + a / N        a line through N = N₁ ... N₁₅ in 1/N; its intercept is the score

Chong and Forsyth 2020, "Effectively Unbiased FID and Inception Score and where to find them" (arXiv 1911.07023).
The bias of FID falls as 1/N with a factor a that is the generator's own, so that FID at equal N can still put
two generators in the wrong order.  It is blind where FID is.  Only the bias of the fakes is taken out: that
of the real set stays, and so does the bias that is left where N₁ is not far above d, for there the points curve upwards
and the intercept comes out too low.

Deviations: fakes are used as they come, where the paper also draws their latents from a Sobol sequence.  Each subset
holds the smaller ones, where the paper's code draws each by itself: every fake is then read once and not eight times,
and the intercept scatters by about 5 % more.  The interval, which the paper does not give.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from scipy.special import stdtrit
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import require_comparable
from rivalry.metrics.features.frechet import Moments, frechet_distance, frechet_of_few
from rivalry.metrics.score import Score


def fid_infinity(
    real_features: Tensor,
    fake_features: Tensor,
    *,
    features: str = "features",
    provenance: dict[str, Any] | None = None,
    points: int = 15,
    least: int = 5000,
    resamples: int | None = None,
    seed: int = 0,
) -> Score:
    """The Fréchet distance that unlimited fakes would have; lower is better.

    Around 0, and at times below it, for fakes like the data.  Its details hold the `sizes`, their `fids`, the
    `slope` a of the line and a 95 % `interval`.  Subsets are nested, so that the residuals of the line do not show
    how uncertain its intercept is: the whole procedure, subsets included, is repeated on bootstrap resamples.

    Args:
        real_features: (n, d).
        fake_features: (m, d).
        features: the extractor's name, for the score's.
        points: how many sizes, evenly spaced from the smallest to m; at each a random subset of the fakes,
            without replacement.
        least: the smallest size, or a tenth of the fakes where that is less: with fewer than 50,000 fakes.
        resamples: for spread and interval; 20, or 5 for features wider than 512, and 0 for none.
        seed: of subsets and resamples.

    Raises:
        BadRequest: fewer than 3 points, fewer fakes than twice the points or than 20, widths that differ,
            values not finite, constant real ones.
    """
    n, d = fake_features.shape
    if points < 3 or least < 2:
        raise BadRequest(f"fid-infinity needs points >= 3 and least >= 2; got {points} and {least}")
    if n < (needed := max(20, 2 * points)):
        raise BadRequest(f"fid-infinity needs at least {needed} fake samples for {points} sizes; got {n}")
    require_comparable("fid-infinity", real_features, fake_features, least=2)
    if resamples is None:
        resamples = 20 if d <= 512 else 5
    sizes = np.linspace(min(least, n // 10), n, points).astype(int).tolist()
    distances = _distances_to(real_features, n)
    generator = torch.Generator().manual_seed(seed)
    fids = distances(fake_features[torch.randperm(n, generator=generator)], sizes)
    value, slope = intercept_and_slope(sizes, fids)
    again = []
    for _ in range(resamples):
        drawn = fake_features[torch.randint(n, (n,), generator=generator)]
        again.append(intercept_and_slope(sizes, distances(drawn, sizes))[0])
    spread = float(np.std(again, ddof=1)) if resamples > 1 else None
    facts = {
        "n real": len(real_features),
        "n fake": n,
        "seed": seed,
        "spread": f"standard deviation over {resamples} bootstrap resamples of the fakes, each extrapolated anew",
    }
    found = {
        "sizes": sizes,
        "fids": fids,
        "slope": slope,
        "interval": None if spread is None else _interval(value, spread, resamples),
    }
    return Score(f"fid-infinity[{features}]", value, n, spread, "low", {**(provenance or {}), **facts}, found)


def _distances_to(real: Tensor, most: int) -> Callable[[Tensor, list[int]], list[float]]:
    """The distances from these reals (n, d), whose moments are taken once, of the first N of fakes in random order.

    Args:
        most: how many fakes there are; the last of the rising sizes N.
    """
    if max(len(real), most) <= real.shape[1]:
        return lambda fake, sizes: [frechet_of_few(real, fake[:size]) for size in sizes]
    moments = Moments.of(real)
    growing = lambda fake, sizes: accumulate(map(Moments.of, fake.tensor_split(sizes[:-1])))
    return lambda fake, sizes: [frechet_distance(moments, first) for first in growing(fake, sizes)]


def intercept_and_slope(sizes: list[int], fids: list[float]) -> tuple[float, float]:
    """The line through FID against 1/N by least squares: its value at 1/N = 0, and its slope."""
    slope, intercept = np.polyfit(1 / np.array(sizes), fids, 1)
    return float(intercept), float(slope)


def _interval(value: float, spread: float, resamples: int) -> list[float]:
    """95 % by Student's t: a deviation over few resamples is itself uncertain."""
    reach = float(stdtrit(resamples - 1, 0.975)) * spread
    return [value - reach, value + reach]
