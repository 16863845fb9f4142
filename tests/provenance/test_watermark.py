"""The mark in the pixels: it survives JPEG, is not seen where it is not, and cannot be forged by chance."""

import io

import numpy as np
import pytest
from PIL import Image

from rivalry.provenance.watermark import BITS, ENOUGH, TAG, mark, read, room


def picture(seed: int, side: int = 128, channels: int = 3) -> np.ndarray:
    """Blurred noise with hard edges: uint8 (side, side, channels)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(256, size=(side // 16, side // 16, channels))
    soft = coarse.repeat(16, 0).repeat(16, 1) + rng.normal(0, 12, (side, side, channels))
    return np.clip(soft, 0, 255).astype(np.uint8)


def jpeg(x: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(x).save(file, "jpeg", quality=quality)
    return np.array(Image.open(file))


@pytest.mark.parametrize(
    "x",
    [picture(0), picture(1)[..., 0], np.full((128, 96, 3), 255, np.uint8)],
    ids=["color", "grey", "white"],
)
def test_all_bits_survive_jpeg_at_quality_80_and_the_change_is_small(x: np.ndarray) -> None:
    marked = mark(x)
    error = np.square(marked.astype(float) - x).mean()
    assert 10 * np.log10(255**2 / error) > 40
    for seen in (marked, jpeg(marked, 80)):
        assert read(seen) == (TAG, BITS, True)


def test_other_bits_are_read_as_they_were_written_and_are_not_the_tag() -> None:
    assert read(mark(picture(3), 0x0F0F_1234)).bits == 0x0F0F_1234
    assert not read(mark(picture(3), 0x0F0F_1234)).found


def test_alpha_and_what_lies_beyond_the_last_blocks_stay_as_they_are() -> None:
    x = picture(4, 112, 4)[:109]
    marked = mark(x)
    assert np.array_equal(marked[..., 3], x[..., 3]) and np.array_equal(marked[104:], x[104:])
    assert read(marked).found


def test_clean_pictures_are_not_marked() -> None:
    agree = np.array([read(picture(seed)).agree for seed in range(60)])
    assert agree.max() < ENOUGH - 2
    assert abs(agree.mean() - BITS / 2) < 2  # as of coins


def test_a_picture_without_room_says_nothing() -> None:
    small = picture(0, 64)
    assert not room((64, 64)) and room((96, 96))
    assert read(small) == (0, 0, False)
    with pytest.raises(ValueError, match="too few blocks"):
        mark(small)
