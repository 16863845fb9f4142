"""Augmentation against what each transformation must do to known images, and ADA against its own rule."""

from math import exp, log, pi

import pytest
import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.maths.augment import ADA, DiffAugment, Nothing, _move, _stretch, _turn, _warp


def _images(n: int = 6, c: int = 3, h: int = 12, w: int = 16) -> Tensor:
    return 2 * torch.rand(n, c, h, w, generator=torch.Generator().manual_seed(0)) - 1


def _ada(p: float) -> ADA:
    ada = ADA()
    ada.p.fill_(p)
    return ada


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_nothing_is_the_identity():
    x = _images()
    assert Nothing()(x) is x
    Nothing().observe(torch.randn(6))


# ---------------------------------------------------------------- DiffAugment


@pytest.mark.parametrize("c", [1, 2, 3, 4])
def test_any_channels_and_sides_are_taken_and_changed(c):
    for augment in (DiffAugment(), _ada(1.0)):
        x = _images(c=c, h=9, w=14)
        y = augment(x)
        assert y.shape == x.shape
        assert y.isfinite().all()
        assert ((y - x).abs().flatten(1).amax(1) > 1e-3).all()


@pytest.mark.parametrize("c", [2, 4])
def test_color_leaves_alpha_alone(c):
    x = _images(c=c)
    y = DiffAugment(("color",))(x)
    assert torch.equal(y[:, -1], x[:, -1])
    assert not torch.allclose(y[:, 0], x[:, 0])
    x[:, -1] = 0.5  # a constant alpha, which no geometry changes either
    torch.testing.assert_close(_ada(1.0)(x)[:, -1], x[:, -1])


@pytest.mark.parametrize("c", [1, 3])
def test_color_moves_a_flat_gray_by_a_uniform_brightness_alone(c):
    shift = DiffAugment(("color",))(torch.full((20_000, c, 2, 2), 0.25)) - 0.25
    assert shift.flatten(1).std(1).max() < 1e-6
    shift = shift[:, 0, 0, 0]
    assert shift.abs().max() <= 0.5 + 1e-6
    assert shift.mean().item() == pytest.approx(0, abs=0.01)
    assert shift.var().item() == pytest.approx(1 / 12, rel=0.03)


def test_saturation_is_the_identity_on_one_channel_and_contrast_scales_by_a_half_to_three_halves():
    x = _images(500, 1)
    y = DiffAugment(("color",))(x)
    spread = (y.flatten(1).std(1) / x.flatten(1).std(1)).sort().values
    assert 0.5 - 1e-5 < spread[0] < 0.52
    assert 1.48 < spread[-1] < 1.5 + 1e-5
    x = x.expand(-1, 3, -1, -1)
    y = DiffAugment(("color",))(x)
    torch.testing.assert_close(y[:, 0], y[:, 2])  # gray stays gray


def _shifted(x: Tensor, down: int, right: int) -> Tensor:
    h, w = x.shape[1:]
    wide = torch.nn.functional.pad(x, (w, w, h, h))
    return wide[:, h - down : 2 * h - down, w - right : 2 * w - right]


def test_translation_is_a_shift_by_up_to_an_eighth_with_zeros_coming_in():
    x = _images(200, 2, 16, 24)
    y = DiffAugment(("translation",))(x)
    found = set()
    for before, after in zip(x, y):
        shifts = [
            (i, j) for i in range(-2, 3) for j in range(-3, 4) if torch.equal(after, _shifted(before, i, j))
        ]
        assert len(shifts) == 1
        found.add(shifts[0])
    assert {i for i, _ in found} == set(range(-2, 3))
    assert {j for _, j in found} == set(range(-3, 4))


def test_cutout_zeroes_one_window_of_half_the_sides_and_nothing_else():
    x = _images(300, 3, 10, 14).abs() + 0.1
    y = DiffAugment(("cutout",))(x)
    gone = (y == 0).all(1)
    assert torch.equal(y, x * ~gone[:, None])
    rows, columns = gone.any(2).sum(1), gone.any(1).sum(1)
    assert torch.equal(gone.sum((1, 2)), rows * columns)  # a rectangle
    assert rows.max() == 5
    assert columns.max() == 7
    assert rows.min() >= 2
    assert columns.min() >= 3


def test_each_image_has_its_own_draw():
    x = _images(1).expand(50, -1, -1, -1)
    for augment in (DiffAugment(("color",)), DiffAugment(("cutout",)), _ada(1.0)):
        assert len(augment(x).flatten(1).unique(dim=0)) > 25


def test_a_transformation_that_is_none_is_refused():
    with pytest.raises(BadRequest, match="did you mean 'color'"):
        DiffAugment(("colour",))
    with pytest.raises(ValueError, match="c from 1 to 4"):
        DiffAugment()(torch.zeros(1, 5, 8, 8))


@pytest.mark.parametrize("augment", [DiffAugment(), _ada(1.0), _ada(0.5)])
def test_the_gradient_and_its_gradient_are_those_of_finite_differences(augment):
    x = _images(1, 3, 4, 5).double().requires_grad_()

    def fixed(x: Tensor) -> Tensor:
        torch.manual_seed(3)
        return augment(x).pow(3)

    assert torch.autograd.gradcheck(fixed, (x,))
    assert torch.autograd.gradgradcheck(fixed, (x,))


def test_the_type_of_the_images_is_kept_and_autocast_changes_nothing():
    x = _images(4)
    for augment in (DiffAugment(), _ada(1.0)):
        torch.manual_seed(1)
        plain = augment(x)
        torch.manual_seed(1)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(augment(x), plain)
            assert augment(x.bfloat16()).dtype == torch.bfloat16


# ---------------------------------------------------------------- ADA


@pytest.mark.parametrize("c", [1, 2, 3, 4])
def test_at_p_0_the_images_come_back_bit_for_bit(c):
    x = _images(c=c)
    assert torch.equal(ADA()(x), x)
    assert not torch.equal(_ada(0.5)(x), x)


def test_the_share_of_images_that_nothing_struck():
    x = _images(1, 3, 8, 8).expand(20_000, -1, -1, -1)
    p = 0.1
    untouched = (_ada(p)(x) == x).flatten(1).all(1).float().mean().item()
    # A flip is none half of the time, a quarter turn one time in four, a shift of up to ±1 pixel one in four.
    geometry = (1 - p / 2) * (1 - 3 / 4 * p) * (1 - 3 / 4 * p) * (1 - p) ** 4
    color = (1 - p) ** 4 * (1 - p / 2)
    assert untouched == pytest.approx(geometry * color, abs=0.012)  # 0.332; the deviation is 0.0033


def test_the_geometry_of_known_maps():
    x = _images(2, 3, 8, 8)
    ones, zeros = torch.ones(2), torch.zeros(2)
    close = {"atol": 1e-5, "rtol": 0}
    torch.testing.assert_close(_warp(x, _stretch(-ones, ones)), x.flip(3), **close)
    quarter = _warp(x, _turn(ones * pi / 2))
    turned = [torch.rot90(x, k, (2, 3)) for k in (1, -1)]
    assert min((quarter - t).abs().max() for t in turned) < 1e-4
    right = _warp(x, _move(-2 * ones, zeros))  # read from 2 to the left: the image moves right
    torch.testing.assert_close(right[..., 2:], x[..., :-2], **close)
    torch.testing.assert_close(right[..., :2], x[..., :2].flip(3), **close)  # reflected in
    half = _warp(x, _move(zeros, 0.5 * ones))[:, :, :-1]
    torch.testing.assert_close(half, (x[:, :, 1:] + x[:, :, :-1]) / 2, **close)


def test_a_pixel_is_square_in_an_image_that_is_not():
    x = torch.zeros(1, 1, 9, 17)
    x[0, 0, 4, 10] = 1  # two pixels right of the center
    y = _warp(x, _turn(torch.tensor([pi / 2])))
    at = y[0, 0].flatten().argmax().item()
    assert (at // 17, at % 17) in {(2, 8), (6, 8)}  # two pixels above or below it
    assert y.max().item() == pytest.approx(1, abs=1e-4)


def test_geometry_leaves_a_flat_image_flat_and_color_leaves_gray_gray():
    x = _images(64, 1, 8, 8).expand(-1, 3, -1, -1)
    y = _ada(1.0)(x)
    torch.testing.assert_close(y[:, 0], y[:, 1], atol=1e-4, rtol=1e-4)
    flat = _ada(1.0)(torch.full((64, 1, 8, 8), 0.3))
    assert flat.flatten(1).std(1).max() < 1e-5


def test_the_moments_of_brightness_contrast_and_luma_flip():
    y = _ada(1.0)(torch.zeros(40_000, 1, 1, 1)).flatten()  # ± contrast · brightness
    assert y.mean().item() == pytest.approx(0, abs=0.005)
    contrast = exp(2 * (0.5 * log(2)) ** 2)  # E c² of a log-normal
    assert y.square().mean().item() == pytest.approx(0.04 * contrast, rel=0.05)


def test_hue_and_saturation_keep_the_gray_part_of_a_color():
    # With p = 1 the color is S H L C B x; its gray part is ± c (mean + b), whatever S and H draw.
    x = torch.tensor([0.9, -0.3, 0.0]).view(1, 3, 1, 1).expand(40_000, -1, -1, -1)
    y = _ada(1.0)(x)
    gray = y.mean(1).flatten()
    contrast = exp(2 * (0.5 * log(2)) ** 2)
    assert gray.square().mean().item() == pytest.approx(contrast * (0.2**2 + 0.2**2), rel=0.05)
    chroma = (y - y.mean(1, keepdim=True)).square().sum(1).flatten()
    before = (x[0, :, 0, 0] - 0.2).square().sum().item()
    assert (chroma / before).log().median().exp().item() == pytest.approx(
        1, rel=0.03
    )  # both factors symmetric
    direction = (y - y.mean(1, keepdim=True)).flatten(1)
    direction = direction / direction.norm(dim=1, keepdim=True)
    assert direction.mean(0).norm() < 0.02  # the hue is turned all around


def test_p_rises_where_the_critic_is_sure_of_the_reals_and_falls_where_it_is_not():
    ada = ADA(speed=1000)
    for _ in range(8):
        ada.observe(torch.full((10,), 5.0))  # r = 1 > 0.6, 80 images of 1,000
    assert ada.p.item() == pytest.approx(0.08)
    for _ in range(4):
        ada.observe(torch.tensor([5.0, -5.0] * 5))  # r = 0
    assert ada.p.item() == pytest.approx(0.04)
    for _ in range(8):
        ada.observe(torch.tensor([-1.0] * 10))
    assert ada.p == 0  # and not below
    for _ in range(200):
        ada.observe(torch.ones(10))
    assert ada.p == 1


def test_p_moves_at_every_fourth_batch_by_the_mean_of_the_four():
    ada = ADA(target=0.4, speed=400)
    for k, scores in enumerate(([9.0] * 10, [1.0] * 10, [-0.1] * 10, [2.0] * 10)):  # r = 0.5
        assert ada.p == 0, k
        ada.observe(torch.tensor(scores)[:, None])
    assert ada.p.item() == pytest.approx(0.1)
    lower = ADA(target=0.6, speed=400)
    lower.p.fill_(0.5)
    for scores in ([9.0] * 10, [1.0] * 10, [-0.1] * 10, [2.0] * 10):
        lower.observe(torch.tensor(scores)[:, None])
    assert lower.p.item() == pytest.approx(0.4)


def test_a_restored_ada_goes_on_where_it_was():
    one, other = ADA(speed=100), ADA(speed=100)
    for _ in range(6):
        one.observe(torch.ones(3))
    other.load_state_dict(one.state_dict())
    for ada in (one, other):
        ada.observe(-torch.ones(3))
        ada.observe(torch.ones(3))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))
    torch.manual_seed(5)
    first = one(_images())
    torch.manual_seed(5)
    assert torch.equal(other(_images()), first)


def test_a_speed_of_nothing_is_refused():
    with pytest.raises(BadRequest, match="above 0"):
        ADA(speed=0)
