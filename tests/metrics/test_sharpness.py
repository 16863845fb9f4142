"""Fine detail against closed forms; blur takes it away, noise adds to it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.sharpness import detail, sharpness


def scenes(n, side=32, c=1, seed=0):
    """Random blocks, smoothed once: edges between flat parts."""
    coarse = torch.rand(n, c, 8, 8, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return blurred(F.interpolate(coarse, (side, side)))


def blurred(x, times=1):
    for _ in range(times):
        x = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    return x


def noisy(x, deviation, seed=9):
    return x + deviation * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


def as_data(x):
    return Dataset(Spec("scenes", "image", tuple(x.shape[1:])), ((x + 1) * 127.5).round().to(torch.uint8))


def test_a_checkerboard_holds_64_and_8_times_the_square_of_its_height():
    i, j = torch.meshgrid(torch.arange(10), torch.arange(12), indexing="ij")
    board = (0.5 * (-1.0) ** (i + j))[None, None]
    assert detail(board)[0].tolist() == pytest.approx([64 * 0.25, 8 * 0.25])


def test_white_noise_holds_20_and_4_times_its_variance():
    noise = 0.3 * torch.randn(200, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    assert detail(noise).mean(0).tolist() == pytest.approx([20 * 0.09, 4 * 0.09], rel=0.01)


def test_a_ramp_has_a_gradient_and_no_laplacian():
    i, j = torch.meshgrid(torch.arange(9), torch.arange(7), indexing="ij")
    assert detail((0.02 * i + 0.05 * j)[None, None])[0].tolist() == pytest.approx(
        [0, 0.02**2 + 0.05**2], abs=1e-9
    )


def test_color_is_measured_by_its_light():
    x = scenes(5)
    torch.testing.assert_close(detail(x.expand(5, 3, 32, 32)), detail(x), rtol=1e-5, atol=1e-9)


def test_samples_like_the_data_score_1_and_half_the_contrast_a_quarter():
    real = as_data(scenes(500))
    alike = sharpness(scenes(500, seed=1), real)
    assert alike.value == pytest.approx(1, abs=4 * alike.spread)
    assert alike.details["gradient"] == pytest.approx(1, abs=4 * alike.details["gradient spread"])
    faint = sharpness(0.5 * scenes(500), real)
    assert faint.value == pytest.approx(0.25, rel=0.01)
    assert faint.details["gradient"] == pytest.approx(0.25, rel=0.01)


def test_blur_lowers_it_step_by_step_and_noise_raises_it():
    x = scenes(200)
    real = as_data(x)
    values = [sharpness(blurred(x, times), real).value for times in (3, 2, 1, 0)]
    values += [sharpness(noisy(x, deviation), real).value for deviation in (0.02, 0.05, 0.1)]
    assert values == sorted(values)
    assert values[0] < 0.2 and values[3] == pytest.approx(1, abs=0.01) and values[-1] > 1.5


def test_blur_and_noise_that_cancel_in_the_laplacian_show_in_the_gradient():
    x = scenes(200)
    real = as_data(x)
    score = min(
        (sharpness(noisy(blurred(x), d), real) for d in np.linspace(0, 0.1, 11)),
        key=lambda s: abs(s.value - 1),
    )
    assert abs(score.value - 1) < 0.3
    assert score.details["gradient"] < 0.8


def test_the_spread_is_that_of_fresh_samples():
    real = as_data(scenes(400))
    fresh = [sharpness(scenes(50, seed=seed), real) for seed in range(1, 60)]
    moved = np.std([score.value for score in fresh], ddof=1)
    assert np.mean([score.spread for score in fresh]) == pytest.approx(moved, rel=0.3)


def test_the_score_tells_its_means_and_numbers():
    score = sharpness(scenes(30), as_data(scenes(40)), provenance={"split": "test"}, most=20)
    assert (score.name, score.n, score.better, score.provenance["n real"]) == ("sharpness", 20, "", 20)
    assert score.provenance["split"] == "test" and "ratio" in score.provenance["spread"]
    assert score.value == pytest.approx(
        score.details["laplacian of fakes"] / score.details["laplacian of reals"]
    )


def test_a_flat_sample_scores_0_and_flat_data_are_refused():
    flat = torch.zeros(4, 1, 32, 32)
    assert sharpness(flat, as_data(scenes(9))).value == 0
    with pytest.raises(BadRequest, match="images of 'scenes' are flat"):
        sharpness(scenes(4), as_data(flat))


def test_refuses_a_single_sample_and_other_shapes():
    with pytest.raises(BadRequest, match="at least 2 samples; got 1"):
        sharpness(scenes(1), as_data(scenes(9)))
    with pytest.raises(BadRequest, match="at least 3 x 3; these are 2 x 2"):
        sharpness(torch.zeros(4, 1, 2, 2), as_data(torch.zeros(4, 1, 2, 2)))
    with pytest.raises(BadRequest, match=r"images \(1, 32, 32\), 'scenes' holds \(3, 32, 32\)"):
        sharpness(scenes(4), as_data(scenes(9, c=3)))
