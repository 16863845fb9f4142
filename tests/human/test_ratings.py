"""Bradley-Terry against closed forms, against Hunter's algorithm, and with players who never meet."""

import numpy as np
import pytest

from rivalry.errors import BadRequest
from rivalry.human.ratings import bradley_terry, fit, groups, tally

HARDLY = 1e-6  # a prior that is hardly there


def games(strength, n, seed, judges=20):
    """n comparisons of random pairs: left, right, outcome, judge."""
    generator = np.random.default_rng(seed)
    k = len(strength)
    left = generator.integers(k, size=n)
    right = (left + generator.integers(1, k, size=n)) % k
    p = 1 / (1 + np.exp(strength[right] - strength[left]))
    return left, right, (generator.random(n) < p).astype(float), np.arange(n) % judges


def hunter(wins, rounds=5000):
    """Strengths by the MM algorithm: π_i = W_i / Σ_j n_ij / (π_i + π_j)."""
    games = wins + wins.T
    pi = np.ones(len(wins))
    for _ in range(rounds):
        pi = wins.sum(1) / (games / (pi[:, None] + pi)).sum(1)
        pi /= pi.sum()
    return np.log(pi) - np.log(pi).mean()


def test_two_players_are_apart_by_the_log_odds():
    strength, covariance = fit(np.array([[0.0, 30], [10, 0]]), HARDLY)
    assert strength[0] - strength[1] == pytest.approx(np.log(3), abs=1e-6)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert variance == pytest.approx(1 / 30 + 1 / 10, rel=1e-5)


def test_on_a_star_each_ray_has_its_own_log_odds():
    wins = np.zeros((4, 4))
    wins[0, 1:], wins[1:, 0] = [8, 5, 2], [2, 5, 9]
    strength, _ = fit(wins, HARDLY)
    np.testing.assert_allclose(strength[0] - strength[1:], np.log([4, 1, 2 / 9]), atol=1e-5)


def test_agrees_with_the_algorithm_of_hunter():
    left, right, outcome, _ = games(np.array([-1.0, 0, 0.5, 2, -2]), 400, 0)
    wins = tally(left, right, outcome, 5)
    np.testing.assert_allclose(fit(wins, HARDLY)[0], hunter(wins), atol=1e-5)


def test_one_who_always_won_stands_where_the_prior_holds_him():
    """Of two, with n wins to none and a prior of c drawn games each: n σ(-δ) = c/2 tanh(δ/4)."""
    for n, c in ((5, 1), (100, 1), (20, 0.2)):
        strength, _ = fit(np.array([[0.0, n], [0, 0]]), c)
        apart = strength[0] - strength[1]
        assert n / (1 + np.exp(apart)) == pytest.approx(c / 2 * np.tanh(apart / 4), rel=1e-9)


def test_ties_are_half_a_win_for_each():
    wins = tally(np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([1, 0.5, 0]), 2)
    assert wins.tolist() == [[0, 2.5], [0.5, 0]]
    assert fit(tally(np.array([0]), np.array([1]), np.array([0.5]), 2))[0].tolist() == [0, 0]


def test_the_unbeaten_stay_finite_and_are_the_less_sure_of_it():
    strength, covariance = fit(np.array([[0.0, 10, 10], [0, 0, 10], [0, 0, 0]]))
    assert strength[0] > strength[1] > strength[2]
    assert np.abs(strength).max() < 6
    more = fit(np.array([[0.0, 1000, 1000], [0, 0, 1000], [0, 0, 0]]))[0]
    assert more[0] > strength[0]
    even = fit(np.full((3, 3), 5.0) - 5 * np.eye(3))[1]
    assert covariance[0, 0] > 3 * even[0, 0]


def test_a_weak_prior_does_not_move_what_is_known():
    wins = np.array([[0.0, 3000], [1000, 0]])
    strength, _ = fit(wins)
    assert strength[0] - strength[1] == pytest.approx(np.log(3), rel=1e-3)


def test_players_who_never_met_are_related_by_the_prior_and_it_is_said():
    left, right = np.array([0, 0, 0, 2, 2, 2]), np.array([1, 1, 1, 3, 3, 3])
    outcome = np.array([1, 1, 0, 1, 1, 0.0])
    scores = bradley_terry("abcd", left, right, outcome, np.zeros(6, int))
    assert scores[0].provenance["groups"] == [["a", "b"], ["c", "d"]]
    assert scores[0].value == pytest.approx(scores[2].value)
    together = bradley_terry(
        "abcd", np.append(left, 1), np.append(right, 2), np.append(outcome, 1), np.zeros(7)
    )
    assert "groups" not in together[0].provenance
    assert groups(np.zeros((2, 2))) == [[0], [1]]


def test_many_tables_are_fitted_as_one_by_one():
    tables = np.stack([tally(*games(np.array([0.0, 1, 2]), 50, seed)[:3], 3) for seed in range(5)])
    strengths, covariances = fit(tables)
    for table, strength, covariance in zip(tables, strengths, covariances):
        one, its = fit(table)
        np.testing.assert_allclose(one, strength, atol=1e-9)
        np.testing.assert_allclose(its, covariance, atol=1e-9)


def test_a_hopeless_table_is_still_fitted():
    """Far from where Newton's method begins, and nearly singular."""
    wins = np.zeros((6, 6))
    for i in range(5):
        wins[i, i + 1] = 10**6
    strength, covariance = fit(wins)
    assert np.isfinite(strength).all() and (np.diff(strength) < 0).all()
    assert (covariance.diagonal() > 0).all()


def test_the_unbeaten_are_not_certain_though_they_win_in_every_resample():
    left, right = np.repeat([0, 1], 10), np.repeat([1, 2], 10)
    best, middle, _ = bradley_terry("abc", left, right, np.ones(20), np.arange(20) % 5)
    low, high = best.details["interval"]
    assert high - low > 2 > 0.5 * middle.spread


TRUTH = np.array([-1.2, -0.3, 0.3, 1.2])


def test_errors_and_intervals_cover_known_strengths_in_about_95_of_100_studies():
    by_error, by_interval = [], []
    for seed in range(200):
        scores = bradley_terry("abcd", *games(TRUTH, 400, seed), resamples=200, seed=seed)
        for score, truth in zip(scores, TRUTH):
            low, high = score.details["interval"]
            by_error.append(abs(score.value - truth) < 1.96 * score.spread)
            by_interval.append(low <= truth <= high)
    assert 0.92 < np.mean(by_error) < 0.98
    assert 0.92 < np.mean(by_interval) < 0.98


def test_the_score_tells_wins_rank_and_what_was_resampled():
    left, right, outcome, judge = games(TRUTH, 600, 0)
    scores = bradley_terry("abcd", left, right, outcome, judge, provenance={"study": "faces"})
    assert [score.name for score in scores] == [f"strength[{name}]" for name in "abcd"]
    assert [score.details["rank"] for score in scores] == [4, 3, 2, 1]
    assert sum(score.n for score in scores) == 1200
    assert sum(score.details["wins"] for score in scores) == 600
    assert sum(score.value for score in scores) == pytest.approx(0, abs=1e-9)
    assert scores[0].provenance["study"] == "faces"
    assert scores[0].provenance["interval"] == "95 %, over 1,000 bootstrap resamples of the judges"
    one = bradley_terry("abcd", left, right, outcome, 0 * judge)
    assert one[0].provenance["interval"].endswith("of the comparisons")
    for score in (*scores, *one):
        low, high = score.details["interval"]
        assert high - low >= 2 * 1.96 * score.spread - 1e-12


def test_refuses_what_cannot_be_rated():
    empty = np.zeros(0, int)
    with pytest.raises(BadRequest, match="comparisons of 2 players or more; got 0 of 2"):
        bradley_terry("ab", empty, empty, empty, empty)
    with pytest.raises(BadRequest, match="the prior is above 0"):
        fit(np.zeros((2, 2)), 0)
