"""The kernel distance against its closed form, brute force, and what an unbiased estimate must do."""

import numpy as np
import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.kid import kid, kid_of_subsets, squared_mmd, with_halves


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def expected_kernel(mu, nu):
    """E (xᵀy/d + 1)³ for independent x ~ N(μ, I), y ~ N(ν, I)."""
    d, c = len(mu), float(mu @ nu)
    a = float(mu @ mu + nu @ nu) + d
    return 1 + 3 * c / d + 3 * (c**2 + a) / d**2 + (c**3 + 3 * c * a + 6 * c) / d**3


def closed_form(mu, nu):
    return expected_kernel(mu, mu) + expected_kernel(nu, nu) - 2 * expected_kernel(mu, nu)


def test_shifted_gaussians_score_the_closed_form():
    truth = closed_form(torch.zeros(8), torch.full((8,), 0.5))
    score = kid(draw(4000, 8), draw(4000, 8, 1, mean=0.5))
    value, error = score.value, score.spread
    assert truth == pytest.approx(1.117, abs=5e-4)
    assert value == pytest.approx(truth, abs=4 * error)
    assert error < 0.1


def test_equals_the_sums_over_all_pairs_and_not_over_chunks():
    x, y = draw(37, 5), draw(23, 5, 1, mean=0.2)
    k = lambda a, b: (a @ b.T / 5 + 1) ** 3
    off = lambda m: (m.sum() - m.trace()) / (len(m) * (len(m) - 1))
    truth = off(k(x, x)) + off(k(y, y)) - 2 * k(x, y).mean()
    for chunk in (1, 10, 100):
        assert squared_mmd(x, y, chunk) == pytest.approx(float(truth), rel=1e-12)


def test_is_unbiased_where_both_sides_are_alike():
    found = [squared_mmd(draw(60, 4, 2 * i), draw(60, 4, 2 * i + 1)) for i in range(300)]
    assert min(found) < 0 < max(found)
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(300)


def test_the_standard_error_is_that_of_fresh_samples():
    fresh, told = zip(
        *(with_halves(draw(200, 4, 2 * i), draw(200, 4, 2 * i + 1, mean=0.5)) for i in range(200))
    )
    assert np.mean([halves.error for halves in told]) == pytest.approx(np.std(fresh), rel=0.2)


def test_the_value_with_halves_is_that_without():
    x, y = draw(300, 5), draw(270, 5, 1, mean=0.2)
    assert with_halves(x, y)[0] == pytest.approx(squared_mmd(x, y), rel=1e-10)


def test_spaced_rows_reach_both_ends_of_sorted_data():
    ends = torch.cat([draw(500, 4), draw(500, 4, 1, mean=3.0)])
    assert kid(ends, draw(500, 4, 2), most=100).value > 1  # the first hundred alone would look alike
    assert kid(ends, draw(500, 4, 2), most=100).provenance["n real"] == 100


def test_refuses_a_single_sample():
    with pytest.raises(BadRequest, match="at least 2 fake samples; got 1"):
        kid(draw(10, 3), draw(1, 3))


def test_subsets_of_shifted_gaussians_score_the_closed_form_in_the_mean():
    x, y = draw(4000, 8), draw(4000, 8, 1, mean=0.5)
    whole, score = squared_mmd(x, y), kid_of_subsets(x, y, subsets=30)
    truth = closed_form(torch.zeros(8), torch.full((8,), 0.5))  # 1.117
    assert score.spread is not None
    assert score.value == pytest.approx(whole, abs=4 * score.details["deviation"] / 30**0.5)
    assert score.value == pytest.approx(truth, abs=4 * score.spread)


def test_a_subset_of_all_samples_is_scored_as_by_the_whole_estimate():
    x, y = draw(200, 5), draw(200, 5, 1, mean=0.2)
    score = kid_of_subsets(x, y, subsets=3, size=200)
    assert score.value == pytest.approx(kid(x, y).value, rel=1e-10)
    assert score.details["deviation"] == pytest.approx(0, abs=1e-12)
    assert score.spread == pytest.approx(kid(x, y).spread, rel=1e-6)


def test_the_deviation_over_subsets_is_no_standard_error():
    """It stays as it is when there are more subsets; the spread falls to the error of all samples."""
    x, y = draw(1000, 4), draw(1000, 4, 1, mean=0.5)
    few, many = (kid_of_subsets(x, y, subsets=n, size=100) for n in (50, 400))
    error = kid(x, y).spread
    assert few.details["deviation"] == pytest.approx(many.details["deviation"], rel=0.4)
    assert many.details["deviation"] > 2 * error
    assert few.spread > many.spread > error
    assert many.spread**2 == pytest.approx(error**2 + many.details["deviation"] ** 2 / 400, rel=1e-6)


def test_refuses_fewer_samples_than_a_subset():
    with pytest.raises(BadRequest, match="kid-subsets needs at least 1000 fake samples; got 999"):
        kid_of_subsets(draw(1000, 3), draw(999, 3))
    with pytest.raises(BadRequest, match="size >= 2; got 100 and 1"):
        kid_of_subsets(draw(10, 3), draw(10, 3), size=1)
