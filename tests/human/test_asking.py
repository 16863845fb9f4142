"""Asking what can be predicted least is worth more than asking at random, and asking is fair to every image."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from rivalry.human.asking import enough, information, next_image, next_pair
from rivalry.human.ratings import fit
from rivalry.metrics.score import Score

TRUTH = np.arange(8) * 0.9  # strengths of eight players


def at_random(wins, generator, last):
    return tuple(generator.choice(len(wins), 2, replace=False))


def ranked(ask, questions, seed):
    """Kendall's tau of the ranking with the truth, after every fourth of so many questions."""
    generator = np.random.default_rng(seed)
    wins, last, found = np.zeros((8, 8)), None, []
    for t in range(1, questions + 1):
        i, j = last = ask(wins, generator, last)
        p = 1 / (1 + np.exp(TRUTH[j] - TRUTH[i]))
        winner, loser = (i, j) if generator.random() < p else (j, i)
        wins[winner, loser] += 1
        if t % 4 == 0:
            found.append(kendalltau(fit(wins)[0], TRUTH).statistic)
    return np.array(found)


def questions_until(tau, ask, questions, seeds):
    """After how many questions the mean over studies is so good."""
    reached = np.mean([ranked(ask, questions, seed) for seed in seeds], axis=0) >= tau
    assert reached.any(), "never within so many questions"
    return 4 * (int(np.argmax(reached)) + 1)


def test_a_ranking_takes_fewer_questions_than_at_random():
    seeds = range(12)
    active = questions_until(0.9, next_pair, 60, seeds)
    random = questions_until(0.9, at_random, 120, seeds)
    assert active < 0.8 * random


def test_the_pair_that_nobody_compared_is_asked():
    wins = 20 * (np.ones((4, 4)) - np.eye(4))
    wins[3, :] = wins[:, 3] = 0
    assert 3 in next_pair(wins, np.random.default_rng(0))


def test_known_equals_tell_nothing_though_nobody_can_predict_them():
    """Players 0 and 1 drew a thousand games; 2 and 3 are as even, and hardly known."""
    wins = np.zeros((4, 4))
    wins[0, 1] = wins[1, 0] = 1000
    wins[2, 3] = wins[3, 2] = 1
    gain = information(*fit(wins))
    assert gain[2, 3] > 20 * gain[0, 1]
    assert 0 < gain[0, 1] < 1e-3


def test_what_an_answer_tells_is_what_the_posterior_loses_of_its_entropy():
    """Against the definition by enumeration: two players on a fine grid of their difference."""
    variance, mean = 1.3, 0.4
    d = np.linspace(-12, 12, 20001)
    prior = np.exp(-((d - mean) ** 2) / 2 / variance)
    prior /= prior.sum()
    p = 1 / (1 + np.exp(-d))
    entropy = lambda q: -(q * np.log(np.maximum(q, 1e-300))).sum()
    told = entropy(prior)
    for answer in (p, 1 - p):
        chance = (prior * answer).sum()
        told -= chance * entropy(prior * answer / chance)
    covariance = np.array([[variance, 0], [0, 0]])
    assert information(np.array([mean, 0]), covariance)[0, 1] == pytest.approx(told, abs=1e-5)


def test_a_pair_is_not_asked_twice_in_a_row_unless_it_is_the_only_one():
    generator, last = np.random.default_rng(0), None
    wins = np.zeros((3, 3))
    for _ in range(30):
        pair = next_pair(wins, generator, last)
        assert pair != last
        wins[pair] += 1
        last = pair
    assert next_pair(np.zeros((2, 2)), generator, (1, 0)) == (0, 1)


def test_ties_fall_by_the_generator_alone():
    first = [next_pair(np.zeros((5, 5)), np.random.default_rng(seed)) for seed in range(60)]
    assert first == [next_pair(np.zeros((5, 5)), np.random.default_rng(seed)) for seed in range(60)]
    assert len(set(first)) == 10


# ------------------------------------------------------------------ images


def widest(asked, wrong, generator):
    """The widest posterior, however often the image was asked about."""
    a, b = 1 + wrong, 1 + asked - wrong
    variance = a * b / ((a + b) ** 2 * (a + b + 1))
    return int(generator.choice(np.flatnonzero(variance >= variance.max() - 1e-12)))


def error_rate(ask, seed, questions=1500):
    """The share of wrong answers about images of which half deceive one in ten and half one in two: 0.3."""
    generator = np.random.default_rng(seed)
    p = np.repeat([0.1, 0.5], 30)
    asked, wrong = np.zeros(60, int), np.zeros(60, int)
    for _ in range(questions):
        i = ask(asked, wrong, generator)
        asked[i] += 1
        wrong[i] += generator.random() < p[i]
    return wrong.sum() / asked.sum()


def test_asking_does_not_move_the_error_rate_that_it_measures():
    assert np.mean([error_rate(next_image, seed) for seed in range(8)]) == pytest.approx(0.3, abs=0.015)


def test_asking_for_the_widest_posterior_alone_would():
    """The control: images that people disagree on are asked about more."""
    assert np.mean([error_rate(widest, seed) for seed in range(4)]) > 0.34


def test_of_images_asked_about_alike_the_one_with_the_widest_posterior_is_next():
    generator = np.random.default_rng(0)
    assert next_image(np.array([4, 4, 4, 5]), np.array([0, 2, 4, 2]), generator) == 1
    assert next_image(np.array([4, 4, 3]), np.array([2, 2, 0]), generator) == 2
    assert {next_image(np.zeros(5), np.zeros(5), generator) for _ in range(60)} == set(range(5))


# ------------------------------------------------------------------ enough


def score(low, high):
    return Score("x", 0.5, 10, details={"interval": (low, high)})


def test_enough_is_when_every_interval_is_narrow():
    assert enough([score(0.2, 0.3), score(0.45, 0.54)], 0.1 + 1e-9)
    assert not enough([score(0.2, 0.3), score(0.4, 0.6)], 0.1 + 1e-9)
    assert not enough([], 1)
    assert not enough([Score("x", 0.5, 10, details={"interval": None})], 1)
