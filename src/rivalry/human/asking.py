"""Which question is worth a person's time, and when enough were asked.

Of pairs the one whose answer tells most about the strengths:

    I = H(E σ(θ_i - θ_j)) - E H(σ(θ_i - θ_j))        over the posterior of Bradley-Terry, taken as a Gaussian

the part of the answer's uncertainty that is ignorance of the strengths, and not the judge's own wavering (Houlsby et
al. 2011, arXiv 1112.5745).  Two players who are known to be equals have an answer that nobody can predict, and that
tells nothing.

Of images the one whose error rate is least known: the widest Beta posterior.  An image that was asked about less often
goes first whatever its posterior, because HYPE∞ is the mean over images: with the widest posterior alone the images
that people disagree on would be asked about more, and drag the error rate towards a half.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import entr, expit

from rivalry.human.ratings import PRIOR, fit
from rivalry.metrics.score import Score

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def next_pair(
    wins: np.ndarray,
    generator: np.random.Generator,
    last: tuple[int, int] | None = None,
    prior: float = PRIOR,
) -> tuple[int, int]:
    """The two players to compare next.

    Args:
        wins: (k, k), how often each beat each; k of 2 or more.
        generator: breaks ties.
        last: the pair that this judge has just compared, in any order: not asked again, unless there is no other.
        prior: as in `ratings.fit`.
    """
    gain = information(*fit(wins, prior))
    rows, columns = np.triu_indices(len(wins), 1)
    gains = gain[rows, columns]
    if last is not None and len(gains) > 1:
        gains[(rows == min(last)) & (columns == max(last))] = -1
    pick = _one_of(gains >= gains.max() - 1e-12, generator)
    return int(rows[pick]), int(columns[pick])


def information(strength: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(k, k): how many nats the answer about each pair is expected to tell about the strengths.

    Args:
        strength: (k,), the posterior's mean.
        covariance: (k, k).
    """
    apart = strength[:, None] - strength
    variance = covariance.diagonal()[:, None] + covariance.diagonal() - 2 * covariance
    spread = np.sqrt(variance.clip(min=0))
    p = expit(apart[..., None] + spread[..., None] * _NODES)  # (k, k, nodes)
    return _entropy(p @ _WEIGHTS) - _entropy(p) @ _WEIGHTS


def next_image(asked: np.ndarray, wrong: np.ndarray, generator: np.random.Generator) -> int:
    """The image to ask about next: of those asked about least, one with the widest posterior.

    Args:
        asked: (n,) how many answers there are about each, n of 1 or more.
        wrong: (n,) how many of them are wrong.
        generator: breaks ties.
    """
    a, b = 1 + np.asarray(wrong), 1 + np.asarray(asked) - np.asarray(wrong)  # Beta(1, 1) before any answer
    variance = a * b / (np.square(a + b) * (a + b + 1))
    least = asked == np.min(asked)
    return _one_of(least & (variance >= variance[least].max() - 1e-12), generator)


def enough(scores: Sequence[Score], width: float) -> bool:
    """Whether every score has a 95 % interval no wider than `width`, in the scores' own unit.

    To stop as soon as an interval is narrow favors answers that happened to agree: intervals are then a little too
    narrow.  The fewer the answers, the more.
    """
    intervals = [score.details.get("interval") for score in scores]
    return bool(scores) and all(i is not None and i[1] - i[0] <= width for i in intervals)


def _one_of(fitting: np.ndarray, generator: np.random.Generator) -> int:
    return int(generator.choice(np.flatnonzero(fitting)))


def _entropy(p: np.ndarray) -> np.ndarray:
    """Of a coin, in nats."""
    return entr(p) + entr(1 - p)
