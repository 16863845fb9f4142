"""Precision and recall against closed forms, brute force, and what must be 0 or 1."""

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.neighbors import neighborhood
from rivalry.metrics.features.precision import precision_recall


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def values(real, fake, **more):
    precision, recall = precision_recall(real, fake, **more)
    assert (precision.name, recall.name) == ("precision[features]", "recall[features]")
    return precision.value, recall.value


@pytest.mark.parametrize("k", [1, 2, 3])
def test_on_a_line_two_sets_from_one_distribution_score_one_minus_four_to_the_minus_k(k):
    # A point is outside where no neighbor on either side has it among its own k nearest.  On one side that is so
    # where the next k + 1 gaps together are less than twice the first of them: for random points 2^-k.
    truth = 1 - 4.0**-k
    for found in values(draw(4000, 1), draw(4000, 1, 1), k=k):
        assert found == pytest.approx(truth, abs=4 * (truth * (1 - truth) / 4000) ** 0.5)


def test_one_distribution_in_many_dimensions_scores_high():
    assert min(values(draw(1000, 16), draw(1000, 16, 1))) > 0.7


def test_a_set_contains_itself():
    x = draw(200, 5)
    assert values(x, x) == (1, 1)


def test_fakes_collapsed_to_one_real_are_precise_and_recall_nothing():
    real = draw(500, 8, mean=100.0)  # far from the origin, where rounding is coarse
    assert values(real, real[:1].repeat(500, 1)) == (1, 1 / 500)


def test_disjoint_sets_score_nothing():
    assert values(draw(300, 4), draw(300, 4, 1, mean=50.0)) == (0, 0)


def test_half_of_the_modes_are_precise_and_recall_one_half():
    centers = torch.tensor([[0.0, 0], [100, 0]], dtype=torch.float64)
    label = torch.arange(1000) % 2
    real, fake = draw(1000, 2) + centers[label], draw(1000, 2, 1)
    precision, recall = values(real, fake)
    assert precision > 0.95
    assert recall == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_equals_brute_force_in_chunks_of_any_size(seed, chunk):
    x, y, k = draw(40, 3, 2 * seed), draw(31, 3, 2 * seed + 1, mean=0.7), 3
    ball = lambda points: [sorted(float((p - q).norm()) for q in points)[k] for p in points]
    covered = lambda p, points, reach: any(float((p - q).norm()) <= r for q, r in zip(points, reach))
    of_x, of_y = ball(x), ball(y)
    seen = neighborhood(x, y, k, k, chunk)
    assert seen.reals_inside.tolist() == [covered(p, y, of_y) for p in x]
    assert seen.fakes_inside.tolist() == [covered(p, x, of_x) for p in y]
    assert 0 < int(seen.reals_inside.sum()) < 40


def test_sides_are_cut_to_the_same_number_from_end_to_end():
    ends = torch.cat([draw(500, 4), draw(500, 4, 1, mean=30.0)])
    precision, recall = precision_recall(ends, draw(400, 4, 2, mean=30.0))
    assert (precision.n, recall.n, precision.provenance["n real"]) == (400, 400, 400)
    assert recall.value == pytest.approx(0.5, abs=0.1)  # the first 400 alone would recall nothing
    assert precision_recall(ends, ends, most=50)[0].n == 50


def test_refuses_fewer_samples_than_a_ball_needs():
    with pytest.raises(BadRequest, match="precision needs at least 4 fake samples; got 3"):
        precision_recall(draw(10, 3), draw(3, 3))
