"""MS-SSIM against its closed form for flat images, the definition spelled out, and what diversity must do to it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.ssim import WEIGHTS, ms_ssim, ms_ssim_diversity, scales


def flat(value, side):
    return torch.full((1, 1, side, side), value)


def clouds(n, side=32, c=1, seed=0):
    """Smooth random images in [-1, 1]."""
    coarse = torch.randn(n, c, 5, 5, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(coarse, (side, side), mode="bicubic").clamp(-1, 1)


def as_data(x, name="clouds"):
    bytes_ = ((x + 1) * 127.5).round().to(torch.uint8)
    return Dataset(Spec(name, "image", tuple(x.shape[1:])), bytes_)


def of_flat(a, b, weight):
    """Luminance alone, of values in [0, 1]."""
    return ((2 * a * b + 1e-4) / (a * a + b * b + 1e-4)) ** weight


def test_two_flat_images_score_the_luminance_of_the_last_scale():
    """Half of the range against six tenths of it, over five scales, odd ones among them."""
    for side in (161, 176):
        found = float(ms_ssim(flat(0.0, side), flat(0.2, side)))
        assert found == pytest.approx(0.997799, abs=6e-7)
        assert found == pytest.approx(of_flat(0.5, 0.6, 0.1333), abs=3e-7)


def test_smaller_flat_images_score_it_under_the_raised_weight_of_their_last_scale():
    raised = WEIGHTS[1] * sum(WEIGHTS) / sum(WEIGHTS[:2])
    assert float(ms_ssim(flat(-0.8, 32), flat(0.4, 32))) == pytest.approx(of_flat(0.1, 0.7, raised), abs=1e-6)


@pytest.mark.parametrize(
    ("side", "count"),
    [(161, 5), (160, 4), (81, 4), (80, 3), (64, 3), (32, 2), (28, 2), (21, 2), (20, 1), (11, 1)],
)
def test_every_scale_has_room_for_the_window(side, count):
    assert scales(side) == count
    assert np.ceil(side / 2 ** (count - 1)) >= 11


@pytest.mark.parametrize("shape", [(1, 1, 11, 14), (2, 3, 64, 64)])
def test_an_image_with_itself_is_1_and_the_measure_is_symmetric(shape):
    x, y = (torch.rand(shape, generator=torch.Generator().manual_seed(s)) * 2 - 1 for s in (0, 1))
    assert torch.equal(ms_ssim(x, x), torch.ones(len(x)))
    torch.testing.assert_close(ms_ssim(x, y), ms_ssim(y, x))
    assert (ms_ssim(x, y) < 0.5).all()


def parts(x, y):
    """The means of l c s and of c s of two images (h, w) in [0, 1], window by window."""
    at = np.arange(11) - 5
    window = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
    window /= window.sum()
    whole, structure = [], []
    for i in range(len(x) - 10):
        for j in range(len(x[0]) - 10):
            a, b = (z[i : i + 11, j : j + 11] for z in (x, y))
            mu, nu = (window * a).sum(), (window * b).sum()
            va, vb = (window * (a - mu) ** 2).sum(), (window * (b - nu) ** 2).sum()
            cs = (2 * (window * (a - mu) * (b - nu)).sum() + 9e-4) / (va + vb + 9e-4)
            structure.append(cs)
            whole.append(cs * (2 * mu * nu + 1e-4) / (mu**2 + nu**2 + 1e-4))
    return np.mean(whole), np.mean(structure)


def test_equals_the_definition_spelled_out_over_two_scales():
    x, other = clouds(1, 24, seed=1).double(), clouds(1, 24, seed=2).double()
    y = 0.7 * x + 0.3 * other
    a, b = (((z + 1) / 2)[0, 0].numpy() for z in (x, y))
    halved = lambda z: z.reshape(12, 2, 12, 2).mean((1, 3))
    up = sum(WEIGHTS) / sum(WEIGHTS[:2])
    truth = parts(a, b)[1] ** (WEIGHTS[0] * up) * parts(halved(a), halved(b))[0] ** (WEIGHTS[1] * up)
    assert 0.3 < truth < 0.95
    assert float(ms_ssim(x, y)) == pytest.approx(truth, rel=1e-12)
    assert float(ms_ssim(x.float(), y.float())) == pytest.approx(truth, rel=1e-5)


def test_the_channels_are_averaged_and_what_no_screen_shows_is_clipped():
    x, y = clouds(3, c=3), clouds(3, c=3, seed=1)
    each = torch.stack([ms_ssim(x[:, i : i + 1], y[:, i : i + 1]) for i in range(3)])
    torch.testing.assert_close(ms_ssim(x, y), each.mean(0))
    assert float(ms_ssim(flat(1.0, 32), flat(3.0, 32))) == 1


def test_one_image_over_and_over_scores_1_and_likeness_falls_with_diversity():
    real = as_data(clouds(200))
    one, few, many = (clouds(k, seed=3).repeat(200 // k, 1, 1, 1) for k in (1, 4, 200))
    found = [ms_ssim_diversity(x, real, pairs=300).value for x in (one, few, many)]
    assert found[0] == 1 > found[1] > found[2]


def test_samples_like_the_data_come_down_to_the_data_and_noise_below_them():
    real = as_data(clouds(600))
    alike = ms_ssim_diversity(clouds(600, seed=1), real)
    white = torch.rand(600, 1, 32, 32, generator=torch.Generator().manual_seed(2)) * 2 - 1
    noise = ms_ssim_diversity(white, real)
    within = 4 * (alike.spread**2 + alike.details["real spread"] ** 2) ** 0.5
    assert alike.value == pytest.approx(alike.details["real"], abs=within)
    assert noise.value < alike.value - 4 * alike.spread


def test_the_score_tells_its_scales_pairs_and_spread():
    score = ms_ssim_diversity(clouds(20), as_data(clouds(30)), pairs=50, seed=7, provenance={"split": "test"})
    told = score.provenance
    assert (score.name, score.n, score.better) == ("ms-ssim", 20, "low")
    assert (told["scales"], told["pairs"], told["seed"], told["n real"], told["split"]) == (
        2,
        50,
        7,
        30,
        "test",
    )
    assert "standard error" in told["spread"]


def test_the_spread_is_about_that_of_fresh_samples():
    real = as_data(clouds(4))
    fresh = [ms_ssim_diversity(clouds(60, seed=s), real, pairs=30, seed=s) for s in range(40)]
    moved = np.std([score.value for score in fresh], ddof=1)
    assert np.mean([score.spread for score in fresh]) == pytest.approx(moved, rel=0.4)


@pytest.mark.parametrize(
    ("fake", "real", "says"),
    [
        (clouds(3), clouds(9), "at least 4 samples; got 3"),
        (clouds(9), clouds(3), "at least 4 data; got 3"),
        (clouds(9, 10), clouds(9, 10), "at least 11 x 11; these are 10 x 10"),
        (clouds(9, 32), clouds(9, 40), r"samples are images \(1, 32, 32\), 'clouds' holds \(1, 40, 40\)"),
        (
            clouds(9).index_fill(0, torch.tensor([2]), float("nan")),
            clouds(9),
            "1 of 9 samples are not finite",
        ),
        (clouds(9).flatten(1), clouds(9), r"needs images.*got float32 \(9, 1024\)"),
        (clouds(9).to(torch.uint8), clouds(9), "got uint8"),
    ],
)
def test_refuses_in_one_line(fake, real, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        ms_ssim_diversity(fake, as_data(real))
    assert "\n" not in str(refusal.value)


def test_refuses_one_pair_and_images_of_two_shapes():
    with pytest.raises(BadRequest, match="at least 2 pairs; got 1"):
        ms_ssim_diversity(clouds(9), as_data(clouds(9)), pairs=1)
    with pytest.raises(BadRequest, match="images of one shape"):
        ms_ssim(clouds(2, 32), clouds(2, 40))
