"""Authenticity against closed forms of points that are each other's nearest, brute force and known cases."""

from math import pi, sqrt

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.authenticity import authenticity, reach_of
from rivalry.metrics.features.neighbors import radii


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def even(n, d, seed):
    return torch.rand(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("d", "mutual"), [(1, 2 / 3), (2, 6 * pi / (8 * pi + 3 * sqrt(3)))])
def test_fresh_samples_fail_where_they_and_a_neighbor_are_each_others_nearest(d, mutual):
    """For points thrown evenly on a line two in three have such a neighbor; in the plane 62 %."""
    found = authenticity(even(4000, d, 0), even(4000, d, 1))
    assert found.value == pytest.approx(1 - mutual, abs=4 * sqrt(0.24 / 4000))


def test_fresh_samples_copies_and_a_few_copies_are_told_apart():
    """Known answers in 8 dimensions with 2,000 training rows: 0.60, 0 and 0.54."""
    train, fresh = draw(2000, 8), draw(2000, 8, 1)
    found = authenticity(train, fresh)
    assert found.value == pytest.approx(0.60, abs=0.04)
    assert authenticity(train, train).value == 0
    few = authenticity(train, torch.cat([train[:200], fresh[200:]])).value
    assert few == pytest.approx(0.54, abs=0.04)
    assert few == pytest.approx(0.9 * authenticity(train, fresh[200:]).value)


def test_copies_in_single_precision_far_from_the_origin_score_zero():
    train = draw(500, 8, mean=100.0).float()
    assert authenticity(train, train.flip(0)).value == 0


def test_noise_far_from_the_data_scores_one():
    """What the score is blind to: it says nothing of quality."""
    assert authenticity(draw(500, 8), draw(500, 8, 1, mean=20.0)).value == 1


@pytest.mark.parametrize("seed", range(5))
def test_equals_brute_force(seed):
    real, fake = draw(40, 3, 2 * seed), draw(31, 3, 2 * seed + 1)
    authentic = []
    for y in fake:
        i = min(range(40), key=lambda i: float((real[i] - y).norm()))
        reach = min(float((real[i] - real[j]).norm()) for j in range(40) if j != i)
        authentic.append(float((real[i] - y).norm()) > reach)
    assert authenticity(real, fake).value == pytest.approx(sum(authentic) / 31)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_reach_is_the_radius_to_the_first_neighbor(chunk):
    x, rows = draw(50, 3), torch.tensor([3, 17, 49])
    assert torch.allclose(reach_of(x, rows, chunk), radii(x, [1])[0][rows], rtol=1e-12)


def test_fakes_alone_are_cut_and_the_training_data_never():
    train = draw(600, 4)
    found = authenticity(train, train, most=50, features="judge-x")
    assert (found.name, found.n, found.provenance["n real"]) == ("authenticity[judge-x]", 50, 600)
    assert found.value == 0 and found.better == ""
    assert found.spread is not None and found.spread > 0


def test_refuses_a_single_sample():
    with pytest.raises(BadRequest, match="authenticity needs at least 2 fake samples; got 1"):
        authenticity(draw(10, 3), draw(1, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_tie_is_not_further(dtype):
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randint(2, (200, 20), generator=generator) for _ in range(2))
    apart = (fake[:, None] - real).square().sum(2)
    within = (real[:, None] - real).square().sum(2).fill_diagonal_(1000).amin(1)
    away = apart.amin(1)
    reaches = [within[row == least] for row, least in zip(apart, away)]
    assert all(len(reach) for reach in reaches)  # of several nearest rows any may be asked
    low = sum(bool((a > r).all()) for a, r in zip(away, reaches)) / 200
    high = sum(bool((a > r).any()) for a, r in zip(away, reaches)) / 200
    for unit in (1, 0.3):
        assert low <= authenticity(real.to(dtype) * unit, fake.to(dtype) * unit).value <= high
