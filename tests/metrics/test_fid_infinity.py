"""The extrapolated Fréchet distance where its limit is known, and whether its spread is honest."""

import numpy as np
import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.fid_infinity import fid_infinity, intercept_and_slope
from rivalry.metrics.features.frechet import fid


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def exact(d):
    """Data with the sample mean and covariance of N(0, I) to rounding: no bias from the real side."""
    x = draw(4 * d, d, 999)
    x = x - x.mean(0)
    root = torch.linalg.cholesky(torch.cov(x.T))
    return torch.linalg.solve_triangular(root, x.T, upper=False).T


def values(n, d, seeds, mean=0.0):
    real = exact(d)
    return [fid_infinity(real, draw(n, d, seed, mean), resamples=0).value for seed in seeds]


def test_a_line_in_one_over_n_is_read_off_exactly():
    sizes = [10, 20, 50, 200]
    assert intercept_and_slope(sizes, [3 + 50 / n for n in sizes]) == pytest.approx((3, 50), rel=1e-12)


def test_takes_the_known_bias_of_few_samples_away():
    """FID at 20,000 samples in 32 dimensions is d/n + d(d + 1)/(4n) = 0.0148; its limit is 0."""
    real = exact(32)
    found = [fid_infinity(real, draw(20_000, 32, seed), resamples=0) for seed in range(4)]
    assert np.mean([s.details["fids"][-1] for s in found]) == pytest.approx(0.0148, abs=0.002)
    assert np.mean([s.value for s in found]) == pytest.approx(0, abs=0.003)
    assert np.mean([s.details["slope"] for s in found]) == pytest.approx(32 + 32 * 33 / 4, rel=0.1)


def test_a_shift_leaves_the_square_of_the_shift():
    found = values(2000, 8, range(25), mean=0.5)
    assert np.mean(found) == pytest.approx(8 * 0.25, abs=4 * np.std(found) / 5)


@pytest.mark.parametrize("mean", [0.0, 0.5])
def test_the_spread_is_that_of_fresh_samples(mean):
    fresh = np.std(values(2000, 8, range(1, 41), mean), ddof=1)
    told = fid_infinity(exact(8), draw(2000, 8, 99, mean), resamples=60).spread
    assert told is not None
    assert 0.6 < told / fresh < 1.6


def test_the_residuals_of_the_line_would_claim_too_little():
    """The error of ordinary least squares, which takes nested subsets for independent: the control."""
    fresh = np.std(values(2000, 8, range(1, 41), mean=0.5), ddof=1)
    claimed = []
    for seed in range(1, 21):
        details = fid_infinity(exact(8), draw(2000, 8, seed, mean=0.5), resamples=0).details
        x = np.stack([np.ones(15), 1 / np.array(details["sizes"])], 1)
        residual = details["fids"] - x @ np.linalg.lstsq(x, details["fids"])[0]
        claimed.append(np.sqrt(np.linalg.inv(x.T @ x)[0, 0] * (residual**2).sum() / 13))
    assert np.mean(claimed) < 0.75 * fresh


def test_comes_out_too_low_where_the_smallest_subset_is_no_larger_than_the_width():
    """The bias is 9 γ + γ² + ... with γ = 32/N, here from 0.1 to 1: the line through it meets γ = 0 at -0.18, and
    further terms put it lower."""
    assert np.mean(values(320, 32, range(10))) < -0.18


@pytest.mark.parametrize(("n", "d"), [(300, 4), (40, 64)])
def test_the_largest_subset_has_the_plain_distance(n, d):
    real, fake = draw(n, d), draw(n, d, 1, mean=0.3)
    score = fid_infinity(real, fake, resamples=0)
    assert score.details["fids"][-1] == pytest.approx(fid(real, fake, splits=0).value, rel=1e-9)
    assert score.spread is None and score.details["interval"] is None


def test_sizes_go_evenly_from_a_tenth_or_from_the_least_to_all():
    score = fid_infinity(draw(500, 3), draw(1000, 3, 1), resamples=0)
    assert (score.details["sizes"][0], score.details["sizes"][-1], score.n) == (100, 1000, 1000)
    assert len(set(np.diff(score.details["sizes"]) // 10)) == 1
    assert fid_infinity(draw(500, 3), draw(1000, 3, 1), least=50, resamples=0).details["sizes"][0] == 50


def test_the_interval_is_wider_than_normal_for_a_deviation_over_few_resamples():
    score = fid_infinity(draw(500, 3), draw(300, 3, 1), features="judge-x", provenance={"split": "test"})
    low, high = score.details["interval"]
    assert score.spread is not None
    assert (high - low) / 2 == pytest.approx(2.093024 * score.spread, rel=1e-6)  # Student's t of 19 degrees
    assert (high + low) / 2 == pytest.approx(score.value)
    assert score.name == "fid-infinity[judge-x]"
    assert score.provenance["split"] == "test" and "20 bootstrap" in score.provenance["spread"]


def test_the_same_seed_gives_the_same_score_and_another_another():
    real, fake = draw(500, 3), draw(300, 3, 1)
    assert fid_infinity(real, fake, seed=1) == fid_infinity(real, fake, seed=1)
    assert fid_infinity(real, fake, seed=1).value != fid_infinity(real, fake, seed=2).value


@pytest.mark.parametrize(
    ("n", "options", "says"),
    [
        (29, {}, "at least 30 fake samples for 15 sizes; got 29"),
        (19, {"points": 3}, "at least 20 fake samples for 3 sizes; got 19"),
        (100, {"points": 2}, "points >= 3"),
        (100, {"least": 1}, "least >= 2"),
    ],
)
def test_refuses_too_few_samples_and_lines_through_nothing(n, options, says):
    with pytest.raises(BadRequest, match=says):
        fid_infinity(draw(50, 3), draw(n, 3), **options)
