"""The Fréchet distance against closed forms, against another algorithm, and in its corners."""

import numpy as np
import pytest
import scipy.linalg
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.frechet import Moments, fid, frechet_distance, frechet_of_few


def gaussian(mean, covariance, n=10**6) -> Moments:
    """The exact moments of a Gaussian, as if from n samples."""
    mean, covariance = torch.as_tensor(mean).double(), torch.as_tensor(covariance).double()
    return Moments(n, mean, covariance * (n - 1))


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def mixed(n, d, seed):
    """Correlated features: noise through a random matrix."""
    return draw(n, d, seed) @ draw(d, d, seed + 1000) + draw(1, d, seed + 2000)


def scipy_distance(a: Moments, b: Moments) -> float:
    """As the peers compute it, with a root of the unsymmetric product."""
    s, t = a.covariance.numpy(), b.covariance.numpy()
    root = np.asarray(scipy.linalg.sqrtm(s @ t)).real
    return float((a.mean - b.mean).square().sum() + np.trace(s) + np.trace(t) - 2 * np.trace(root))


def test_commuting_gaussians_are_apart_by_the_roots_of_their_eigenvalues():
    rotation = torch.linalg.qr(draw(16, 16)).Q
    one, other = torch.rand(2, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) + 0.1
    a, b = (gaussian(torch.zeros(16), rotation @ torch.diag(v) @ rotation.T) for v in (one, other))
    assert frechet_distance(a, b) == pytest.approx(
        float((one.sqrt() - other.sqrt()).square().sum()), abs=1e-13
    )


def test_shifted_gaussians_are_apart_by_the_square_of_the_shift():
    covariance = Moments.of(mixed(100, 8, 0)).covariance
    a, b = gaussian(torch.zeros(8), covariance), gaussian(torch.full((8,), 0.5), covariance)
    assert frechet_distance(a, b) == pytest.approx(8 * 0.25, rel=1e-12)


@pytest.mark.parametrize("d", [3, 64, 256])
def test_agrees_with_sqrtm(d):
    a, b = Moments.of(mixed(4 * d, d, 1)), Moments.of(mixed(4 * d, d, 2))
    assert frechet_distance(a, b) == pytest.approx(scipy_distance(a, b), rel=1e-6)


def test_is_symmetric_and_zero_to_itself():
    a, b = Moments.of(mixed(200, 20, 3)), Moments.of(mixed(200, 20, 4))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-12)
    assert frechet_distance(a, a) < 1e-9 * a.covariance.trace()


def test_does_not_change_when_both_sides_turn():
    x, y, rotation = mixed(200, 20, 3), mixed(200, 20, 4), torch.linalg.qr(draw(20, 20)).Q
    turned = frechet_distance(Moments.of(x @ rotation), Moments.of(y @ rotation))
    assert turned == pytest.approx(frechet_distance(Moments.of(x), Moments.of(y)), rel=1e-10)


@pytest.mark.parametrize(("n", "expected", "within"), [(400, 0.740, 0.03), (3200, 0.0925, 0.005)])
def test_bias_at_few_samples_is_the_known_one(n, expected, within):
    """N(0, I) in 32 dimensions against its exact moments: d/n + d(d + 1)/(4n)."""
    exact = gaussian(torch.zeros(32), torch.eye(32))
    found = [frechet_distance(exact, Moments.of(draw(n, 32, seed))) for seed in range(8)]
    assert 32 / n + 32 * 33 / (4 * n) == pytest.approx(expected, abs=0.001)
    assert np.mean(found) == pytest.approx(expected, abs=within)


def test_units_that_never_vary_change_nothing_but_the_means():
    x, y = mixed(300, 10, 5), mixed(300, 10, 6)
    dead_x, dead_y = torch.zeros(300, 4).double(), torch.full((300, 4), 0.5).double()
    with_dead = frechet_distance(Moments.of(torch.cat([x, dead_x], 1)), Moments.of(torch.cat([y, dead_y], 1)))
    assert with_dead == pytest.approx(frechet_distance(Moments.of(x), Moments.of(y)) + 4 * 0.25, rel=1e-10)


def test_a_collapsed_side_is_apart_by_the_spread_of_the_other():
    x = mixed(300, 10, 7)
    one = x.mean(0, keepdim=True).expand(300, 10)
    assert frechet_distance(Moments.of(x), Moments.of(one)) == pytest.approx(float(x.var(0).sum()), rel=1e-10)


def test_dependent_units_that_no_cholesky_factor_can_hold():
    """The second half of the units repeats the first: the distance in the first half is doubled."""
    x, y = mixed(300, 10, 8), mixed(300, 10, 9)
    doubled = frechet_distance(*(Moments.of(torch.cat([z, z], 1)) for z in (x, y)))
    assert doubled == pytest.approx(2 * frechet_distance(Moments.of(x), Moments.of(y)), rel=1e-6)


@pytest.mark.parametrize(("n", "m"), [(20, 30), (30, 20), (40, 40)])
def test_few_samples_by_singular_values_and_by_moments_agree(n, m):
    x, y = mixed(n, 64, 10), mixed(m, 64, 11)
    assert frechet_of_few(x, y) == pytest.approx(frechet_distance(Moments.of(x), Moments.of(y)), rel=1e-6)


def test_two_points_a_side_by_hand():
    """On one line, deviations √2 and 2√2, means 3 apart: 9 + (√2 - 2√2)² = 11."""
    x = torch.tensor([[-1.0, 0, 0], [1, 0, 0]])
    y = torch.tensor([[1.0, 0, 0], [5, 0, 0]])
    assert frechet_of_few(x, y) == pytest.approx(11, abs=1e-12)


def test_moments_add_up_over_batches():
    x = mixed(1000, 12, 12) + 1e4  # a large mean, where sums of squares would cancel
    parts = Moments.of(x[:17]) + Moments.of(x[17:400]) + Moments.of(x[400:], chunk=50)
    torch.testing.assert_close(parts.mean, x.mean(0), rtol=1e-14, atol=0)
    torch.testing.assert_close(parts.covariance, torch.cov(x.T), rtol=1e-9, atol=1e-9)
    assert parts.n == 1000


def test_moments_come_back_from_their_state():
    a, b = Moments.of(mixed(50, 6, 0)), Moments.of(mixed(50, 6, 1))
    assert frechet_distance(Moments.from_state(a.state()), b) == frechet_distance(a, b)


def test_the_score_tells_its_features_numbers_and_spread():
    score = fid(draw(500, 4), draw(300, 4, 1), features="judge-x", provenance={"split": "test"})
    assert score.name == "fid[judge-x]"
    assert (score.n, score.provenance["n real"], score.provenance["split"]) == (300, 500, "test")
    assert "half-samples" in score.provenance["spread"]


def test_the_spread_is_about_that_of_fresh_samples():
    real = draw(2000, 4)
    fresh = [fid(real, draw(300, 4, seed, mean=0.5), splits=0).value for seed in range(1, 40)]
    told = fid(real, draw(300, 4, 99, mean=0.5), splits=60).spread
    assert told is not None
    assert 0.6 < told / np.std(fresh, ddof=1) < 1.6


@pytest.mark.parametrize(
    ("real", "fake", "says"),
    [
        (draw(50, 3), draw(1, 3), "at least 2 fake samples; got 1"),
        (draw(50, 3), draw(50, 4), "3 wide, fake ones 4"),
        (torch.ones(50, 3), draw(50, 3), "real features are all the same"),
        (
            draw(50, 3),
            draw(50, 3).index_fill(0, torch.tensor([2, 7]), float("nan")),
            "2 of 50 samples are not finite",
        ),
    ],
)
def test_refuses_in_one_line(real, fake, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        fid(real, fake)
    assert "\n" not in str(refusal.value)
