"""Real or fake?  The error rate of people, and the exposure that they need.

    HYPE∞ = ½ (share of fakes taken for real + share of reals taken for fake)
    HYPE-time = mean over judges of the exposure that a staircase shows most often, in ms

Zhou et al. 2019, "HYPE: A Benchmark for Human eYe Perceptual Evaluation of Generative Models" (arXiv 1904.01121).
At 50 % people cannot distinguish fakes from reals; above it fakes look more real than the reals.  Neither measures
diversity: a generator that makes only one perfect image gets the best score.

Deviations.  The paper counts errors over 50 reals and 50 fakes for each judge.  The mean of both shares is the same
number there, and it stays correct if one side was asked about more often.  The paper's interval resamples judges; here
images are resampled as well, since another study would show other images.  The paper's staircase is "raised at 10 ms
increments and reduced at 30 ms decrements, following the 3-up/1-down approach, which theoretically leads to 75 %
accuracy".  Taken literally, it settles where 25 % of the answers are right, which is at the shortest exposure for
everyone.  It settles at 75 % if steps up are three times the steps down (Kaernbach 1991), so that is used here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from rivalry.errors import BadRequest
from rivalry.metrics.interval import wilson
from rivalry.metrics.score import Score

# ------------------------------------------------------------------ without a limit of time


def hype_infinity(
    judge: np.ndarray,
    item: np.ndarray,
    real: np.ndarray,
    wrong: np.ndarray,
    *,
    source: str = "fakes",
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """Three error rates in [0, 1]: on both sides with equal weight, on fakes, and on reals.  High means realistic.

    The spread is that of a bootstrap over judges and images at once; see `error_variance`.  The details hold the 95 %
    `interval` (Wilson's, at the number of independent answers that would be as uncertain; wider by Student's t where
    judges are few) and that number, `independent answers`.  `n` counts answers.

    Args:
        judge: (n,) integers, who answered.
        item: (n,) integers, about which image.
        real: (n,) bool, whether the image is real.
        wrong: (n,) bool, whether the answer is.
        source: of the fakes, for the scores' names.

    Raises:
        BadRequest: no answers about reals, or about fakes.
    """
    real, wrong = np.asarray(real, bool), np.asarray(wrong, bool)
    for side, some in (("real", real), ("fake", ~real)):
        if not some.any():
            raise BadRequest(f"an error rate needs answers about {side} images; there are none yet")
    several = len(np.unique(judge)) > 1
    origin = {
        **(provenance or {}),
        "judges": len(np.unique(judge)),
        "n real": len(np.unique(np.asarray(item)[real])),
        "n fake": len(np.unique(np.asarray(item)[~real])),
        "spread": f"standard error of a bootstrap over {'judges and images' if several else 'the images alone'},"
        " in closed form",
    }
    shares = {True: wrong[real].mean(), False: wrong[~real].mean()}
    pull = np.where(real, (wrong - shares[True]) / real.sum(), (wrong - shares[False]) / (~real).sum())
    parts = (
        ("hype-infinity", (shares[True] + shares[False]) / 2, pull / 2, np.ones(len(real), bool)),
        ("hype-infinity-fakes", shares[False], pull, ~real),
        ("hype-infinity-reals", shares[True], pull, real),
    )
    found = []
    for name, share, pulls, some in parts:
        by_judge, by_item = np.asarray(judge)[some], np.asarray(item)[some]
        error, interval, independent = _spread(float(share), pulls[some], by_judge, by_item)
        details = {"interval": interval, "independent answers": independent}
        found.append(
            Score(f"{name}[{source}]", float(share), int(some.sum()), error, "high", origin, details)
        )
    return found


def _spread(
    share: float, pull: np.ndarray, judge: np.ndarray, item: np.ndarray
) -> tuple[float, tuple[float, float], float]:
    """Standard error and 95 % interval of a share, and how many independent answers would have them."""
    variance = error_variance(pull, judge, item)
    independent = share * (1 - share) / variance if variance > 0 else float(len(pull))
    groups = [count for by in (judge, item) if (count := len(np.unique(by))) > 1]
    z = float(stdtrit(min(groups) - 1, 0.975)) if groups else 1.96
    low, high = wilson(share * independent, independent, 1.0)
    return (high - low) / 2, wilson(share * independent, independent, z), independent


def error_variance(pull: np.ndarray, judge: np.ndarray, item: np.ndarray) -> float:
    """The variance of a mean of answers, if other judges had looked at other images.

        Σ_judges (Σ e)² + Σ_images (Σ e)² - Σ e²

    is the limit of a bootstrap that resamples judges and images independently, minus the noise of single answers, which
    it counts three times (Owen 2007, "The pigeonhole bootstrap", arXiv 0712.1111).  It is no smaller than for
    independent answers.  A single judge says nothing about others: then only the images vary.

    Args:
        pull: (n,) e, by how much each answer changes the mean; they sum to 0.
        judge, item: (n,) integers.
    """
    once = float(np.square(pull).sum())
    return max(once, _between(pull, judge, once) + _between(pull, item, once) - once)


def _between(pull: np.ndarray, group: np.ndarray, once: float) -> float:
    """Σ over groups of their squared sum of e, unbiased for a small number of groups; `once` for one group."""
    sums = np.bincount(np.unique(group, return_inverse=True)[1], pull)
    k = len(sums)
    return float(k / (k - 1) * np.square(sums).sum()) if k > 1 else once


# ------------------------------------------------------------------ with one


@dataclass(frozen=True)
class Staircase:
    """The exposure of the next image: shorter after a right answer, longer after a wrong one.

    It converges to the exposure at which a share up / (up + down) of the answers is right: 75 %.

    Attributes:
        start: the exposure of the first image of a block, in ms.
        shortest, longest: the limits, in ms.
        up: the increase after a wrong answer, in ms.
        down: the decrease after a right answer, in ms.
        block: the number of images in one staircase.
    """

    start: int = 500
    shortest: int = 100
    longest: int = 1000
    up: int = 30
    down: int = 10
    block: int = 150

    def after(self, exposure: int, right: bool) -> int:
        """The exposure after an answer at this exposure."""
        moved = exposure - self.down if right else exposure + self.up
        return min(max(moved, self.shortest), self.longest)

    def next(self, exposures: Sequence[int], rights: Sequence[bool]) -> int:
        """The exposure of the image after these answers; every block begins at `start`."""
        if len(exposures) % self.block == 0:
            return self.start
        return self.after(exposures[-1], rights[-1])

    def blocks(self, exposures: Sequence[int]) -> list[list[int]]:
        """The completed blocks of one judge."""
        ends = range(self.block, len(exposures) + 1, self.block)
        return [list(exposures[end - self.block : end]) for end in ends]


def modal(exposures: Sequence[int]) -> float:
    """The exposure that was shown most often; the mean if there are several."""
    values, counts = np.unique(exposures, return_counts=True)
    return float(values[counts == counts.max()].mean())


def hype_time(
    judges: Sequence[Sequence[Sequence[int]]],
    *,
    source: str = "fakes",
    provenance: dict[str, Any] | None = None,
    resamples: int = 10_000,
    seed: int = 0,
) -> Score:
    """The exposure at which people begin to tell fakes from reals, in ms; high means realistic.

    The modal exposure of each block is averaged over a judge's blocks, and then over judges.  The details hold the
    95 % `interval`, percentiles of a bootstrap over judges (None for one judge), and the threshold `by judge`.  `n`
    counts answers.

    Args:
        judges: for each judge a list of blocks; a block is the exposures of its images in ms.  Judges without a block
            are left out.
        source: of the fakes, for the score's name.
        resamples: the number of resamples of the bootstrap; the default is the paper's.

    Raises:
        BadRequest: no judge has completed a block.
    """
    blocks = [some for some in judges if some]
    if not blocks:
        raise BadRequest("an exposure needs a judge who has ended a block; there is none yet")
    thresholds = np.array([np.mean([modal(block) for block in some]) for some in blocks])
    origin = {**(provenance or {}), "judges": len(blocks), "blocks": sum(map(len, blocks))}
    details: dict[str, Any] = {"interval": None, "by judge": thresholds.tolist()}
    spread = None
    if len(blocks) > 1:
        drawn = np.random.default_rng(seed).integers(len(blocks), size=(resamples, len(blocks)))
        again = thresholds[drawn].mean(1)
        spread = float(again.std(ddof=1))
        details["interval"] = tuple(map(float, np.percentile(again, [2.5, 97.5])))
    origin["spread"] = f"standard deviation over {resamples:,} bootstrap resamples of the judges"
    n = sum(len(block) for some in blocks for block in some)
    return Score(f"hype-time[{source}]", float(thresholds.mean()), n, spread, "high", origin, details)
