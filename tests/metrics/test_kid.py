"""The kernel distance against its closed form, brute force, and what an unbiased estimate must do."""

import numpy as np
import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.kid import kid, squared_mmd


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
    value, error = squared_mmd(draw(4000, 8), draw(4000, 8, 1, mean=0.5))
    assert truth == pytest.approx(1.117, abs=5e-4)
    assert value == pytest.approx(truth, abs=4 * error)
    assert error < 0.1


def test_equals_the_sums_over_all_pairs_and_not_over_chunks():
    x, y = draw(37, 5), draw(23, 5, 1, mean=0.2)
    k = lambda a, b: (a @ b.T / 5 + 1) ** 3
    off = lambda m: (m.sum() - m.trace()) / (len(m) * (len(m) - 1))
    truth = off(k(x, x)) + off(k(y, y)) - 2 * k(x, y).mean()
    for chunk in (1, 10, 100):
        assert squared_mmd(x, y, chunk)[0] == pytest.approx(float(truth), rel=1e-12)


def test_is_unbiased_where_both_sides_are_alike():
    found = [squared_mmd(draw(60, 4, 2 * i), draw(60, 4, 2 * i + 1))[0] for i in range(300)]
    assert min(found) < 0 < max(found)
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(300)


def test_the_standard_error_is_that_of_fresh_samples():
    fresh, told = zip(
        *(squared_mmd(draw(200, 4, 2 * i), draw(200, 4, 2 * i + 1, mean=0.5)) for i in range(200))
    )
    assert np.mean(told) == pytest.approx(np.std(fresh), rel=0.2)


def test_spaced_rows_reach_both_ends_of_sorted_data():
    ends = torch.cat([draw(500, 4), draw(500, 4, 1, mean=3.0)])
    assert kid(ends, draw(500, 4, 2), most=100).value > 1  # the first hundred alone would look alike
    assert kid(ends, draw(500, 4, 2), most=100).provenance["n real"] == 100


def test_refuses_a_single_sample():
    with pytest.raises(BadRequest, match="at least 2 fake samples; got 1"):
        kid(draw(10, 3), draw(1, 3))
