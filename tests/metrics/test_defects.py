"""Known differences are found, in their order, and what is no difference is not."""

from math import log

import pytest
import torch

from rivalry.metrics.features.defects import complement, defects, find_defects, told_apart, whitening


def draw(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_one_distribution_has_no_defects():
    score = defects(draw(3000, 8), draw(3000, 8, 1))
    assert score.value < 0.01
    assert score.details["defects"] == []


def test_what_always_tells_them_apart_is_worth_a_bit():
    assert defects(draw(1000, 4), draw(1000, 4, 1) + 20).value == pytest.approx(log(2), abs=0.01)


def test_two_defects_are_found_the_greater_first():
    real, fake = draw(4000, 6), draw(4000, 6, 1)
    fake[:, 2] += 1.5  # a shift of the mean
    fake[:, 4] *= 1.8  # and a wider spread, elsewhere
    _, _, found = find_defects(real, fake, count=3)
    first, second = found[:2]
    assert abs(first.direction[2]) / first.direction.norm() > 0.95
    assert abs(second.direction[4]) / second.direction.norm() > 0.9
    assert abs(first.shift) == pytest.approx(1.5, abs=0.15)
    assert second.stretch == pytest.approx(1.8, abs=0.15)
    assert first.share > second.share > 0.05
    assert sum(one.share for one in found) <= 1.001


def test_the_ends_are_the_samples_that_lie_furthest():
    real, fake = draw(2000, 3), draw(2000, 3, 1)
    fake[:, 0] *= 3
    (first, *_) = find_defects(real, fake, count=1)[2]
    extremes = fake[:, 0].argsort()
    both = set(first.low[:5] + first.high[:5])
    assert len(both & {*extremes[:16].tolist(), *extremes[-16:].tolist()}) >= 9


def test_rows_are_told_in_the_numbers_of_the_samples_given():
    real, fake = draw(100, 3), draw(5000, 3, 1) + 4
    listed = defects(real, fake).details["defects"]
    assert max(max(one["low"] + one["high"]) for one in listed) > 100


def test_whitened_data_have_variance_one_in_every_direction():
    x = draw(5000, 5) @ torch.diag(torch.tensor([1.0, 2, 3, 4, 0])) + 7
    mean, whiten = whitening(x, 32)
    white = (x - mean).double() @ whiten
    assert whiten.shape == (5, 4)  # one unit never varies
    assert torch.allclose(white.T.cov(), torch.eye(4, dtype=torch.float64), atol=1e-6)


def test_a_complement_is_orthogonal():
    u = torch.nn.functional.normalize(draw(1, 6).double())[0]
    basis = complement(u)
    assert torch.allclose(basis.T @ basis, torch.eye(5, dtype=torch.float64))
    assert (basis.T @ u).abs().max() < 1e-12


def test_a_critic_that_learned_its_rows_by_heart_would_be_found_out():
    told, error, _ = told_apart(draw(60, 8).double(), draw(60, 8, 1).double(), 0)
    assert told < 2 * error  # measured on rows that it did not see
