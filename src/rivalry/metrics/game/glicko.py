"""Glicko-2: how strong players are, how sure that is, and how much their strength moves.

    μ' = μ + φ'² Σ_j g(φ_j) (s_j - E_j),        E_j = 1 / (1 + exp(-g(φ_j) (μ - μ_j))),        g(φ) = 1 / √(1 + 3 φ²/π²)
    1 / φ'² = 1 / (φ² + σ'²) + 1 / v,            1 / v = Σ_j g(φ_j)² E_j (1 - E_j)

with ratings on the scale of Elo, 1500 + 173.7178 μ (Glickman 2013, "Example of the Glicko-2 system"; the idea: Glickman
1999, "Parameter estimation in large dynamic paired comparison experiments").  Ratings are relative: only differences
within one tournament mean anything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, log, pi, sqrt

from rivalry.errors import BadRequest

MIDDLE, SCALE = 1500.0, 173.7178
EXACT = 1e-6  # to which the logarithm of the volatility is found; ε of the paper


@dataclass(frozen=True)
class Rating:
    """The rating of a player and its uncertainty; the defaults are those of one who has not played.

    Attributes:
        rating: strength; 400 above another is a chance to win of 10 in 11, if both are surely known.
        deviation: standard deviation of the rating: the strength lies within two of it at 95 %.
        volatility: by how much the strength is expected to move from one period to the next, on the scale of μ.
    """

    rating: float = MIDDLE
    deviation: float = 350.0
    volatility: float = 0.06


def update(player: Rating, opponents: Sequence[Rating], scores: Sequence[float], tau: float = 0.5) -> Rating:
    """A player's rating after one period, in which all games count as played at once.

    Args:
        opponents: of each game, rated as before the period; none at all leaves the rating and widens its deviation.
        scores: of each game, in [0, 1]: 1 is won, 0 lost; a value between is a draw, or a share of points.
        tau: how readily the volatility moves; reasonable from 0.3 to 1.2.

    Raises:
        BadRequest: not a score for each opponent, one outside of [0, 1], or a tau of 0 or less.
    """
    _require(opponents, scores, tau)
    mu, phi = (player.rating - MIDDLE) / SCALE, player.deviation / SCALE
    if not opponents:
        return Rating(player.rating, SCALE * sqrt(phi**2 + player.volatility**2), player.volatility)
    weights = [_weight(other.deviation / SCALE) for other in opponents]
    rivals = [(other.rating - MIDDLE) / SCALE for other in opponents]
    expected = [1 / (1 + exp(-g * (mu - rival))) for g, rival in zip(weights, rivals)]
    precision = sum(g * g * e * (1 - e) for g, e in zip(weights, expected))
    surprise = sum(g * (s - e) for g, s, e in zip(weights, scores, expected))
    sigma = _volatility(phi, player.volatility, 1 / precision, surprise / precision, tau)
    new = 1 / sqrt(1 / (phi**2 + sigma**2) + precision)
    return Rating(MIDDLE + SCALE * (mu + new**2 * surprise), SCALE * new, sigma)


def _weight(phi: float) -> float:
    """g(φ): how much a game against a player of this deviation tells."""
    return 1 / sqrt(1 + 3 * phi**2 / pi**2)


def _volatility(phi: float, sigma: float, v: float, delta: float, tau: float) -> float:
    """σ': the root of f in step 5 of the paper, by its Illinois variant of regula falsi."""
    start = log(sigma**2)

    def f(x: float) -> float:
        rest = phi**2 + v + exp(x)
        return exp(x) * (delta**2 - rest) / (2 * rest**2) - (x - start) / tau**2

    low, high = start, _beyond(f, start, delta**2 - phi**2 - v, tau)
    at_low, at_high = f(low), f(high)
    while abs(high - low) > EXACT:
        x = low + (low - high) * at_low / (at_high - at_low)
        at_x = f(x)
        if at_x * at_high <= 0:
            low, at_low = high, at_high
        else:
            at_low /= 2
        high, at_high = x, at_x
    return exp(low / 2)


def _beyond(f: Callable[[float], float], start: float, excess: float, tau: float) -> float:
    """A point on the other side of the root than `start`."""
    if excess > 0:
        return log(excess)
    k = 1
    while f(start - k * tau) < 0:
        k += 1
    return start - k * tau


def _require(opponents: Sequence[Rating], scores: Sequence[float], tau: float) -> None:
    if len(opponents) != len(scores):
        raise BadRequest(f"a score for each game: {len(opponents)} opponents, {len(scores)} scores")
    if bad := [s for s in scores if not 0 <= s <= 1]:
        raise BadRequest(f"the score of a game lies in [0, 1]; got {bad[0]}")
    if not tau > 0:
        raise BadRequest(f"tau is above 0 (0.5, say: higher lets the volatility move more); got {tau}")
