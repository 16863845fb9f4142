"""The classifier two-sample test where the best accuracy is known, and where nothing is to be found."""

from math import erf, sqrt

import numpy as np
import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.c2st import c2st, p_value, standardized
from rivalry.metrics.features.frechet import fid


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + mean


def best_possible(shift):
    """Φ(δ/2): no classifier can beat it for N(0, I) against N(δ, I)."""
    return (1 + erf(shift / 2 / sqrt(2))) / 2


@pytest.mark.parametrize("shift", [0, 0.5, 1, 2, 4])
def test_gaussians_are_told_apart_nearly_as_well_as_the_best_rule_does(shift):
    toward = shift * torch.eye(10)[0]
    pairs = [(draw(3000, 10, seed), draw(3000, 10, seed + 1) + toward) for seed in (0, 10, 20)]
    accuracies = [c2st(real, fake).value for real, fake in pairs]
    # A test half of 3,000 moves one accuracy by .009, and so the mean of three by .005.
    assert sum(accuracies) / 3 == pytest.approx(best_possible(shift), abs=0.015)


def test_of_two_classifiers_the_one_that_sees_more_speaks():
    ring = draw(1500, 2, 1) * 3  # same mean: a line sees nothing
    seen = {name: c2st(draw(1500, 2), ring, classifier=name).value for name in ("logistic", "mlp", "chosen")}
    assert seen["logistic"] < 0.6 < 0.75 < seen["mlp"] == seen["chosen"]


@pytest.mark.parametrize("classifier", ["chosen", "mlp", "knn"])
def test_shifted_gaussians_are_told_apart_as_well_as_can_be(classifier):
    truth = best_possible(1)
    score = c2st(draw(4000, 4), draw(4000, 4, 1, mean=0.5), classifier=classifier)  # δ = |(½, ½, ½, ½)| = 1
    assert truth == pytest.approx(0.691, abs=5e-4)
    assert score.value == pytest.approx(truth, abs=0.03)
    assert score.details["held_out"] == 4000 and score.details["p"] < 1e-9


@pytest.mark.parametrize(("classifier", "repeats"), [("chosen", 16), ("knn", 200)])
def test_one_distribution_is_rejected_no_more_often_than_promised(classifier, repeats):
    p = np.array(
        [
            c2st(draw(150, 2, 2 * i), draw(150, 2, 2 * i + 1), classifier=classifier).details["p"]
            for i in range(repeats)
        ]
    )
    assert p.mean() == pytest.approx(0.5, abs=4 * sqrt(1 / 12 / repeats))
    assert (p < 0.1).sum() <= 0.1 * repeats + 4 * sqrt(0.09 * repeats)
    assert (p < 0.3).any()


@pytest.mark.parametrize("classifier", ["chosen", "logistic", "mlp", "knn"])
def test_disjoint_sets_are_told_apart_without_fail(classifier):
    score = c2st(draw(200, 3), draw(200, 3, 1, mean=20.0), classifier=classifier)
    assert (score.value, score.details["real"], score.details["fake"]) == (1, 1, 1)
    assert score.spread is not None and score.spread > 0


def test_sees_what_moments_do_not_show():
    """The four points (±1, ±1) against N(0, I), of the same mean and covariance."""
    corners = torch.randint(2, (2000, 2), generator=torch.Generator().manual_seed(1)) * 2.0 - 1
    assert fid(draw(2000, 2), corners, splits=0).value < 0.02
    assert c2st(draw(2000, 2), corners).value > 0.8


def test_the_larger_side_is_cut_so_that_guessing_it_gains_nothing():
    score = c2st(draw(6000, 3), draw(400, 3, 1))  # of all samples 94 % are real
    assert (score.n, score.provenance["n real"], score.details["held_out"]) == (400, 400, 400)
    assert score.value == pytest.approx(0.5, abs=0.12)


def test_a_unit_of_another_scale_does_not_hide_the_others():
    scale = torch.tensor([1.0, 1e5])
    real, fake = draw(1000, 2), draw(1000, 2, 1) + torch.tensor([2.0, 0])
    plain, scaled = (c2st(real * s, fake * s, classifier="knn").value for s in (torch.ones(2), scale))
    assert scaled == pytest.approx(plain, abs=0.005)


def test_units_are_those_of_the_training_half_alone():
    train, test = standardized(torch.tensor([[1.0, 5], [3, 5], [5, 5]]), torch.tensor([[7.0, 6]]))
    assert train.tolist() == [[-1, 0], [0, 0], [1, 0]]
    assert test.tolist() == [[2, 1]]


def test_p_values_are_the_normal_tail():
    assert p_value(0.5, 100) == 0.5
    assert p_value(0.5 + 1.959964 / (2 * sqrt(400)), 400) == pytest.approx(0.025, rel=1e-5)
    assert p_value(0.4, 400) == pytest.approx(1 - p_value(0.6, 400))


def test_the_same_seed_gives_the_same_score_and_leaves_other_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    scores = [c2st(draw(100, 3), draw(100, 3, 1, mean=0.3), seed=5) for _ in range(2)]
    assert scores[0] == scores[1]
    assert torch.equal(torch.rand(1), expected)


def test_refuses_an_unknown_classifier_and_too_few_samples():
    with pytest.raises(BadRequest, match="did you mean 'knn'"):
        c2st(draw(50, 3), draw(50, 3), classifier="nn")
    with pytest.raises(BadRequest, match="c2st needs at least 20 fake samples; got 19"):
        c2st(draw(50, 3), draw(19, 3))
