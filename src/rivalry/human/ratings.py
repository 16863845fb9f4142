"""Bradley-Terry: strengths from comparisons of pairs.

    P(i beats j) = σ(θ_i - θ_j)

Bradley and Terry 1952; fitted by Newton's method, as Hunter 2004 ("MM algorithms for generalized Bradley-Terry
models") discusses next to his own method.  A tie is half a win for each.  As a weak prior, every player has also drawn
one game with a player of strength 0.  The prior keeps strengths of unbeaten players finite, and relates players that no
chain of comparisons relates (the provenance then says so).  Strengths are log odds with mean 0; only their differences
have a meaning.

The model cannot express intransitive preferences (rock, paper, scissors), or differences between judges.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, stdtrit

from rivalry.errors import BadRequest
from rivalry.metrics.score import Score

PRIOR = 1.0  # games drawn with a player of strength 0
HALF = 1.96  # of the width of a 95 % interval, in standard errors
ROUNDS = 100  # of Newton's method at most; about 6 are taken


def bradley_terry(
    names: Sequence[str],
    left: np.ndarray,
    right: np.ndarray,
    outcome: np.ndarray,
    judge: np.ndarray,
    *,
    provenance: dict[str, Any] | None = None,
    prior: float = PRIOR,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Score]:
    """The strength of each player in log odds against the mean of all; high is better.

    The spread is the standard error from the Fisher information.  The details hold the 95 % `interval`: Student's, with
    the standard deviation over a bootstrap that resamples judges, or the comparisons of a single judge, and at least
    that error; `wins`, where a tie counts half; and `rank`, 1 for the strongest.  `n` counts a player's comparisons.
    If the players of one group were never compared with those of another, the provenance lists the `groups`.  Between
    groups only the prior decides.

    Args:
        names: of the k players.
        left, right: (n,) integers in 0..k-1, who met.
        outcome: (n,) 1 where the left one won, 0 where the right one did, 0.5 for a tie.
        judge: (n,) integers, who decided.
        prior: see `fit`.

    Raises:
        BadRequest: fewer than two players, no comparisons, or a prior that is not above 0.
    """
    k = len(names)
    if k < 2 or len(left) == 0:
        raise BadRequest(f"ratings need comparisons of 2 players or more; got {len(left)} of {k}")
    wins = tally(left, right, outcome, k)
    strength, covariance = fit(wins, prior)
    error = np.sqrt(covariance.diagonal())
    judges, number = np.unique(judge, return_inverse=True)
    by_judge = len(judges) > 1
    again = _again(
        left, right, outcome, number if by_judge else np.arange(len(left)), k, prior, resamples, seed
    )
    low, high = strength - np.maximum(again, HALF * error), strength + np.maximum(again, HALF * error)
    origin = {
        **(provenance or {}),
        "judges": len(judges),
        "comparisons": len(left),
        "prior": f"{prior:g} drawn games against a player of strength 0",
        "spread": "standard error from the Fisher information",
        "interval": f"95 %, over {resamples:,} bootstrap resamples of the {'judges' if by_judge else 'comparisons'}",
    }
    together = groups(wins)
    if len(together) > 1:
        origin["groups"] = [[names[i] for i in group] for group in together]
    rank = np.argsort(np.argsort(-strength, kind="stable"))
    games = (wins + wins.T).sum(1)
    return [
        Score(
            f"strength[{names[i]}]",
            float(strength[i]),
            int(games[i]),
            float(error[i]),
            "high",
            origin,
            {
                "interval": (float(low[i]), float(high[i])),
                "wins": float(wins[i].sum()),
                "rank": int(rank[i]) + 1,
            },
        )
        for i in range(k)
    ]


def tally(left: np.ndarray, right: np.ndarray, outcome: np.ndarray, k: int) -> np.ndarray:
    """(k, k): how often each beat each, a tie counting half for both."""
    wins = np.zeros((k, k))
    np.add.at(wins, (left, right), outcome)
    np.add.at(wins, (right, left), 1 - np.asarray(outcome, float))
    return wins


def fit(wins: np.ndarray, prior: float = PRIOR) -> tuple[np.ndarray, np.ndarray]:
    """Strengths (..., k) and their covariance (..., k, k), both against the mean of all players.

    Args:
        wins: (..., k, k), how often each beat each; many tables are fitted at once.
        prior: how many games each player has drawn with one of strength 0; above 0.

    Raises:
        BadRequest: the prior is not above 0.
    """
    if not prior > 0:
        raise BadRequest(f"the prior is above 0, or the unbeaten have no finite strength; got {prior}")
    wins = np.asarray(wins, float)
    strength = np.zeros(wins.shape[:-1])
    for _ in range(ROUNDS):
        slope, information = _slope(wins, strength, prior)
        step = np.linalg.solve(information, slope[..., None])[..., 0]
        # far from the maximum, a full Newton step may be too long
        step /= np.maximum(1, np.abs(step).max(-1, keepdims=True))
        strength = strength + step
        if np.abs(step).max() < 1e-10:
            break
    _, information = _slope(wins, strength, prior)
    k = wins.shape[-1]
    center = np.eye(k) - 1 / k
    return strength @ center, center @ np.linalg.inv(information) @ center


def _slope(wins: np.ndarray, strength: np.ndarray, prior: float) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of the log posterior, (..., k), and the Fisher information with the prior's, (..., k, k)."""
    games = wins + wins.swapaxes(-1, -2)
    p = expit(strength[..., :, None] - strength[..., None, :])
    slope = (wins - games * p).sum(-1) + prior * (0.5 - expit(strength))
    shared = games * p * (1 - p)
    own = shared.sum(-1) + prior * expit(strength) * expit(-strength)
    return slope, own[..., None] * np.eye(wins.shape[-1]) - shared


def _again(
    left: np.ndarray,
    right: np.ndarray,
    outcome: np.ndarray,
    unit: np.ndarray,
    k: int,
    prior: float,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Half the width (k,) of the 95 % interval of each strength, from a bootstrap over units.

    Args:
        unit: (n,) integers: the judge of each comparison, or its own number where comparisons are resampled.
    """
    units = int(unit.max()) + 1
    table = np.zeros((units, k, k))
    np.add.at(table, (unit, left, right), outcome)
    np.add.at(table, (unit, right, left), 1 - np.asarray(outcome, float))
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=resamples)
    strengths, _ = fit(np.tensordot(drawn.astype(float), table, axes=1), prior)
    freedom = max(1, units - 1)
    return stdtrit(freedom, 0.975) * np.sqrt(units / freedom) * strengths.std(0)


def groups(wins: np.ndarray) -> list[list[int]]:
    """Groups of players: two are in one group if a chain of comparisons relates them."""
    count, label = connected_components(wins + wins.T > 0, directed=False)
    return [np.flatnonzero(label == group).tolist() for group in range(count)]
