"""Sheets: bytes are exact, pixels lie where they should, transparency and classes can be seen."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_image, to_uint8
from rivalry.show.scatter import BORDER, SIDE, TOP
from rivalry.show.sheets import GAP, LARGEST, MARGIN, SQUARE, sheet


def images(*shape: int, classes: tuple[str, ...] = ()) -> Spec:
    return Spec("pictures", "image", shape, classes)


def points(*classes: str) -> Spec:
    return Spec("dots", "points", (2,), classes)


def pixels(page: Image.Image) -> np.ndarray:
    return np.asarray(page.convert("RGB")).astype(int)


def noise(n: int, c: int, h: int, w: int) -> Tensor:
    return torch.rand(n, c, h, w, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_every_byte_survives_the_normalization_of_the_data() -> None:
    every = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    seen = Dataset(images(1, 16, 16), every).rows(slice(None))
    assert torch.equal(to_uint8(seen), every)


def test_what_lies_outside_the_range_is_clipped() -> None:
    x = torch.tensor([-7.0, float("-inf"), float("nan"), 1.5, float("inf")])
    assert to_uint8(x).tolist() == [0, 0, 0, 255, 255]


@pytest.mark.parametrize(("c", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_one_image_keeps_its_channels(c: int, mode: str) -> None:
    x = noise(1, c, 8, 11)[0]
    image = to_image(x)
    assert (image.mode, image.size) == (mode, (11, 8))
    assert np.array_equal(np.asarray(image).reshape(8, 11, c), to_uint8(x).permute(1, 2, 0).numpy())


@pytest.mark.parametrize("c", [1, 3])
def test_a_pixel_of_the_sheet_is_the_pixel_of_its_sample(c: int) -> None:
    x, factor = noise(12, c, 28, 20), 2
    page = pixels(sheet(x, images(c, 28, 20), columns=4))
    assert page.shape == (2 * MARGIN + 3 * (56 + GAP) - GAP, 2 * MARGIN + 4 * (40 + GAP) - GAP, 3)
    for i, y, across in [(0, 0, 0), (5, 13, 7), (11, 27, 19)]:
        row, column = divmod(i, 4)
        top, left = MARGIN + row * (56 + GAP) + factor * y, MARGIN + column * (40 + GAP) + factor * across
        told = to_uint8(x[i, :, y, across]).expand(3).tolist()
        assert page[top : top + factor, left : left + factor].reshape(-1, 3).tolist() == [told] * factor**2


def test_margins_and_gaps_are_white() -> None:
    page = pixels(sheet(torch.full((4, 1, 32, 32), -1.0), images(1, 32, 32), columns=2))
    side = 64
    page[MARGIN : MARGIN + side, MARGIN : MARGIN + side] = 255
    assert (page[: MARGIN + side + GAP, : MARGIN + side + GAP] == 255).all()
    assert (page == 0).any()


def test_transparent_shows_the_checkerboard_and_opaque_the_color() -> None:
    x = torch.full((1, 4, 64, 64), -1.0)
    x[:, 0] = 1  # red
    x[:, 3, :, 32:] = 1  # opaque on the right only
    tile = pixels(sheet(x, images(4, 64, 64)))[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert (tile[:, 32:] == [255, 0, 0]).all()
    assert tile[0, 0].tolist() == [255, 255, 255]
    assert tile[0, SQUARE].tolist() == [220, 220, 220]
    assert tile[SQUARE, SQUARE].tolist() == [255, 255, 255]


def test_grey_with_full_alpha_is_the_grey_image() -> None:
    grey = noise(6, 1, 16, 16)
    with_alpha = torch.cat([grey, torch.ones_like(grey)], dim=1)
    same = sheet(grey, images(1, 16, 16)), sheet(with_alpha, images(2, 16, 16))
    assert np.array_equal(pixels(same[0]), pixels(same[1]))


@pytest.mark.parametrize(("n", "h", "w"), [(64, 512, 512), (4, 3000, 40), (1000, 28, 28), (1, 8, 8)])
def test_no_sheet_is_too_large(n: int, h: int, w: int) -> None:
    assert max(sheet(torch.zeros(n, 1, h, w), images(1, h, w)).size) <= LARGEST


def test_each_class_begins_a_row_with_its_name() -> None:
    level = torch.tensor([0.5, -0.5, 0.5, -0.5, 0.5])  # label 1, 0, 1, 0, 1
    x = level.view(-1, 1, 1, 1).expand(-1, 1, 64, 64)
    page = pixels(sheet(x, images(1, 64, 64, classes=("cat", "dog")), labels=torch.tensor([1, 0, 1, 0, 1])))
    left = page.shape[1] - MARGIN - 3 * (64 + GAP) + GAP
    rows = page[MARGIN : MARGIN + 64, left:], page[MARGIN + 64 + GAP : -MARGIN, left:-MARGIN]
    assert (rows[0][:, : 2 * 64 + GAP] == 64).any(axis=2).sum() == 2 * 64 * 64
    assert (rows[0][:, 2 * (64 + GAP) :] == 255).all()  # the first class has but two
    assert (rows[1] == 191).all(axis=2).sum() == 3 * 64 * 64
    assert (page[:, : left - MARGIN].min(axis=2) < 100).any()  # dark letters at the left


def test_points_are_drawn_where_they_lie_on_equal_axes() -> None:
    corners = torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    page = pixels(sheet(torch.tensor([[0.5, 0.5]]), points(), real=corners))
    frame = page[TOP : TOP + SIDE, BORDER : BORDER + SIDE]
    y, x = np.argwhere(frame[:, :, 2] - frame[:, :, 0] > 60).mean(axis=0) - SIDE / 2
    unit = SIDE / 2 / 1.08  # the frame holds the data and 8 % more
    assert x == pytest.approx(unit / 2, abs=1)
    assert y == pytest.approx(-unit / 2, abs=1)  # upward


def test_points_that_cannot_be_shown_do_not_stop_the_picture() -> None:
    x = torch.tensor([[0.0, 0], [1, 1], [float("nan"), 0], [float("inf"), 0], [1e30, -1e30]])
    real = torch.rand(50, 2)
    finite = sheet(x[:2], points(), real=real)
    assert sheet(x, points(), real=real).size == finite.size
    assert sheet(x[2:3], points()).size == finite.size


def test_the_frame_is_the_same_for_every_picture_of_the_same_data() -> None:
    real, far = torch.rand(100, 2), torch.full((5, 2), 1e6)
    near, distant = (pixels(sheet(x, points(), real=real)) for x in (real[:1] * 0 + 0.5, far))
    assert np.array_equal(near[:, :48], distant[:, :BORDER])  # the vertical axis and its numbers


@pytest.mark.parametrize(
    ("x", "spec", "words"),
    [
        (torch.zeros(3, 5, 8, 8), images(5, 8, 8), "c in 1..4"),
        (torch.zeros(0, 1, 8, 8), images(1, 8, 8), "n >= 1"),
        (torch.zeros(3, 2, 2), points(), "points"),
    ],
)
def test_what_cannot_be_drawn_is_said(x: Tensor, spec: Spec, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        sheet(x, spec)


def test_labels_must_match_the_samples() -> None:
    with pytest.raises(BadRequest, match="one label a sample"):
        sheet(torch.zeros(3, 1, 8, 8), images(1, 8, 8), labels=[0, 1])
