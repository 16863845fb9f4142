"""Choosing the next question of a study, and deciding when to stop.

For pairs: the pair whose answer is expected to give most information about the strengths,

    I = H(E σ(θ_i - θ_j)) - E H(σ(θ_i - θ_j))        over the posterior of Bradley-Terry, taken as a Gaussian

the part of the answer's uncertainty that comes from not knowing the strengths, and not from the judge (Houlsby et al.
2011, arXiv 1112.5745).  If two players are known to be equal, the answer cannot be predicted, but it gives no
information.

For images: the image whose error rate is least known, by the widest Beta posterior.  Images with fewer answers come
first, whatever their posterior, because HYPE∞ is the mean over images.  With the posterior as the only rule, images
on which people disagree would get more answers, and would move the error rate towards a half.
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
        last: the pair that this judge has just compared, in any order.  It is not chosen, unless there is no other.
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
    """The expected information, in nats, of an answer about each pair: (k, k).

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
    """The index of the next image: of those with the fewest answers, one with the widest posterior.

    Args:
        asked: (n,) the number of answers about each image, n >= 1.
        wrong: (n,) the number of these that are wrong.
        generator: breaks ties.
    """
    a, b = 1 + np.asarray(wrong), 1 + np.asarray(asked) - np.asarray(wrong)  # Beta(1, 1) before any answer
    variance = a * b / (np.square(a + b) * (a + b + 1))
    least = asked == np.min(asked)
    return _one_of(least & (variance >= variance[least].max() - 1e-12), generator)


def enough(scores: Sequence[Score], width: float) -> bool:
    """Whether every score has a 95 % interval of at most `width`, in the scores' unit.

    Stopping as soon as an interval is narrow favors answers that agree by chance.  The final intervals are therefore a
    little too narrow, the more so with few answers.
    """
    intervals = [score.details.get("interval") for score in scores]
    return bool(scores) and all(i is not None and i[1] - i[0] <= width for i in intervals)


def _one_of(fitting: np.ndarray, generator: np.random.Generator) -> int:
    return int(generator.choice(np.flatnonzero(fitting)))


def _entropy(p: np.ndarray) -> np.ndarray:
    """The entropy of a yes/no answer with probability p, in nats."""
    return entr(p) + entr(1 - p)
