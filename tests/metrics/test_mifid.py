"""The memorization-informed FID: punishes copies, in the right direction, and nothing else."""

import numpy as np
import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.frechet import fid
from rivalry.metrics.features.mifid import cosine_distances, mifid


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def plain(real, fake):
    return fid(real, fake, splits=0).value


def test_honest_samples_score_the_plain_distance():
    real, fake = draw(1000, 64), draw(500, 64, 1, mean=0.1)
    score = mifid(real, fake, resamples=0)
    assert score.details["m"] > 0.5 and score.details["within"] == 0
    assert score.value == pytest.approx(plain(real, fake), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_copies_of_a_few_training_rows_are_found(dtype):
    real = draw(1000, 64).to(dtype)
    fake = real[:20].repeat(50, 1)
    score = mifid(real, fake, resamples=0)
    assert (score.details["m"], score.details["within"]) == (0, 1)
    assert score.value == pytest.approx(plain(real, fake) * 1e14, rel=1e-6)


def test_the_minimum_over_fakes_for_each_training_row_would_not_find_them():
    """The other direction, as in torchmetrics: far above eps, and so no penalty at all."""
    real = draw(1000, 64)
    assert float(cosine_distances(real, real[:20]).mean()) == pytest.approx(0.717, abs=0.03)


def test_near_copies_are_divided_by_their_mean_distance():
    real = draw(500, 16)
    fake = real + 0.2 * draw(500, 16, 1)
    score = mifid(real, fake, resamples=0)
    assert 0.005 < score.details["m"] < 0.1
    assert score.value == pytest.approx(score.details["fid"] / score.details["m"], rel=1e-9)
    assert score.details["fid"] == pytest.approx(plain(real, fake), rel=1e-12)


def test_half_of_copies_go_unpunished_and_only_the_share_tells():
    real, fresh = draw(1000, 64), draw(250, 64, 1)
    score = mifid(real, torch.cat([real[:250], fresh]), resamples=0)
    assert score.value == pytest.approx(score.details["fid"], rel=1e-12)
    assert score.details["within"] == 0.5


def test_stretched_and_negated_copies_point_the_same_way():
    real = draw(200, 8)
    assert cosine_distances(real * 3, real).max() == pytest.approx(0, abs=1e-13)
    assert cosine_distances(-real, real).max() == pytest.approx(0, abs=1e-13)


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_distances_equal_brute_force_in_chunks_of_any_size(chunk):
    x, y = draw(31, 5), draw(40, 5, 1)
    truth = [min(1 - abs(float(a @ b / (a.norm() * b.norm()))) for b in y) for a in x]
    assert cosine_distances(x, y, chunk).tolist() == pytest.approx(truth, abs=1e-12)


def test_samples_of_all_zeros_are_near_nothing():
    real = draw(300, 8).index_fill(0, torch.tensor([5]), 0)
    score = mifid(real, torch.zeros(100, 8, dtype=torch.float64))
    assert score.details["m"] == 1
    assert score.value == pytest.approx(score.details["fid"], rel=1e-12)


def test_the_spread_is_that_of_fresh_samples_where_copies_are_punished():
    real = draw(2000, 8)
    near = lambda seed: real[torch.randperm(2000, generator=torch.Generator().manual_seed(seed))[:300]] * 1.3
    moved = lambda seed: near(seed) + 0.3 * draw(300, 8, seed)
    fresh = np.array([mifid(real, moved(seed), resamples=0).value for seed in range(1, 41)])
    score = mifid(real, moved(99), resamples=60, features="judge-x", provenance={"split": "train"})
    assert score.details["m"] < 0.05 and score.spread is not None
    assert 0.6 < score.spread / fresh.std(ddof=1) < 1.6
    assert (score.name, score.provenance["split"], score.n) == ("mifid[judge-x]", "train", 300)
    assert "60 bootstrap" in score.provenance["spread"]


@pytest.mark.parametrize("eps", [0.0, -0.1, 1.5])
def test_refuses_a_threshold_that_is_no_distance(eps):
    with pytest.raises(BadRequest, match=r"eps in \(0, 1\]"):
        mifid(draw(50, 3), draw(50, 3), eps=eps)


def test_refuses_a_single_sample():
    with pytest.raises(BadRequest, match="mifid needs at least 2 fake samples; got 1"):
        mifid(draw(50, 3), draw(1, 3))
