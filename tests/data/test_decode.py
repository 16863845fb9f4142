"""One image: each mode a file can hold becomes the channels that are wanted, and each conversion is named."""

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rivalry.data.readers.decode import DAMAGED, Look, decode, look, resize

RANDOM = np.random.default_rng(0)


def encoded(image: Image.Image, format: str = "PNG", **told) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, format, **told)
    file.seek(0)
    return file


def noise(*shape: int) -> np.ndarray:
    return RANDOM.integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)])
def test_the_four_modes_come_back_exactly(mode: str, channels: int) -> None:
    pixels = noise(5, 7, channels)
    file = encoded(Image.fromarray(pixels[..., 0] if channels == 1 else pixels, mode))
    assert look(file) == Look((5, 7), channels > 2, channels % 2 == 0)
    file.seek(0)
    got, done, _ = decode(file, channels, (5, 7))
    assert np.array_equal(got, pixels.transpose(2, 0, 1))
    assert done == []


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    pixels = np.array([[0, 127, 129, 257], [300, 32768, 65406, 65535]], np.uint16)
    got, done, _ = decode(encoded(Image.fromarray(pixels)), 1, (2, 4))
    assert got[0].tolist() == [[0, 0, 1, 1], [1, 128, 254, 255]]
    assert done == ["16-bit"]
    rounded = np.rint(np.arange(65536).reshape(256, 256) / 257)
    every = Image.fromarray(np.arange(65536, dtype=np.uint16).reshape(256, 256))
    assert np.array_equal(decode(encoded(every), 1, (256, 256))[0][0], rounded)


def test_sixteen_bit_tiff() -> None:
    pixels = np.array([[0, 65535], [32768, 257]], np.uint16)
    got, done, _ = decode(encoded(Image.fromarray(pixels), "TIFF"), 1, (2, 2))
    assert got[0].tolist() == [[0, 255], [128, 1]]
    assert done == ["16-bit"]


def test_floating_point_pixels_are_refused() -> None:
    file = encoded(Image.fromarray(np.ones((4, 4), np.float32)), "TIFF")
    with pytest.raises(ValueError, match="no known range"):
        decode(file, 1, (4, 4))


def test_a_palette_becomes_the_colors_it_names() -> None:
    image = Image.fromarray(np.array([[0, 1], [2, 0]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    assert look(encoded(image)) == Look((2, 2), True, False)
    got, done, _ = decode(encoded(image), 3, (2, 2))
    assert got.transpose(1, 2, 0).tolist() == [
        [[10, 20, 30], [40, 50, 60]],
        [[70, 80, 90], [10, 20, 30]],
    ]
    assert done == ["palette"]
    transparent = encoded(image, transparency=1)
    assert look(transparent).alpha
    transparent.seek(0)
    assert decode(transparent, 4, (2, 2))[0][3].tolist() == [[255, 0], [255, 255]]


def test_cmyk_becomes_rgb() -> None:
    file = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100)
    assert look(file) == Look((8, 8), True, False)
    file.seek(0)
    got, done, _ = decode(file, 3, (8, 8))
    assert np.abs(got.astype(int) - np.array([255, 0, 0])[:, None, None]).max() <= 4
    assert done == ["CMYK"]


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_frames_the_first(format: str) -> None:
    frames = [Image.new("RGB", (9, 8), color) for color in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    file = encoded(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
    got, done, _ = decode(file, 3, (8, 9))
    assert got[:, 0, 0].tolist() == [255, 0, 0]
    assert "several frames, first taken" in done


def test_one_bit_is_black_and_white() -> None:
    got, done, _ = decode(encoded(Image.fromarray(np.eye(4, dtype=bool))), 1, (4, 4))
    assert np.array_equal(got[0], 255 * np.eye(4))
    assert done == ["1-bit"]


def test_grey_in_a_colored_set_is_the_same_in_each_channel() -> None:
    pixels = noise(4, 4)
    got, done, _ = decode(encoded(Image.fromarray(pixels)), 4, (4, 4))
    assert np.array_equal(got, np.stack([pixels] * 3 + [np.full_like(pixels, 255)]))
    assert done == ["to RGBA"]


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_exif_orientation_is_honored(orientation: int, format: str) -> None:
    upright = noise(3, 5)
    back = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]  # which orientation undoes it
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    stored = Image.fromarray(upright).transpose(turn[back])
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encoded(stored, format, exif=exif)
    assert look(file).size == (3, 5)
    file.seek(0)
    got, *_ = decode(file, 1, (3, 5))
    assert np.array_equal(got[0], upright)


def test_another_aspect_is_cropped_around_its_center() -> None:
    pixels = np.zeros((10, 30), np.uint8)
    pixels[:, 10:20] = 200
    got, done, _ = decode(encoded(Image.fromarray(pixels)), 1, (10, 10))
    assert (got == 200).all()
    assert done == ["cropped", "resized"]


def test_shrinking_does_not_alias() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))  # at the limit of what 64 pixels can show
    got, done, _ = decode(encoded(Image.fromarray(stripes)), 1, (16, 16))
    assert np.abs(got[0, :, 2:-2].astype(int) - 127).max() <= 3
    assert done == ["resized"]


def test_transparent_pixels_do_not_bleed_their_color() -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, :8] = (255, 0, 0, 255)
    pixels[:, 8:] = (0, 255, 0, 0)  # green, but not to be seen
    got, *_ = decode(encoded(Image.fromarray(pixels)), 4, (8, 8))
    assert (got[1] * (got[3] > 0)).max() == 0


def test_a_large_photograph_is_the_same_whether_or_not_it_is_halved_while_decoded() -> None:
    across, down = np.meshgrid(np.linspace(0, 255, 640), np.linspace(0, 255, 480))
    smooth = np.stack([across, down, 255 - across], -1).astype(np.uint8)
    file = encoded(Image.fromarray(smooth), "JPEG", quality=95)
    got, *_ = decode(file, 3, (30, 40))
    plain = resize(smooth.transpose(2, 0, 1)[None], (30, 40))[0]
    assert np.abs(got.astype(int) - plain.astype(int)).max() <= 4


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_table_is_resized_as_its_images_are(channels: int) -> None:
    table = noise(2, channels, 12, 18)
    told = resize(table, (6, 6))
    for image, got in zip(table, told):
        pixels = image.transpose(1, 2, 0)
        file = encoded(Image.fromarray(pixels[..., 0] if channels == 1 else np.ascontiguousarray(pixels)))
        assert np.array_equal(got, decode(file, channels, (6, 6))[0])


SAMPLES = [
    encoded(Image.fromarray(noise(9, 11, 3)), format, **told).getvalue()
    for format, told in {"PNG": {}, "JPEG": {}, "GIF": {}, "WEBP": {}, "TIFF": {}, "BMP": {}}.items()
]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_bytes_raise_nothing_but_what_is_expected(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(0, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    for work in (lambda: look(io.BytesIO(cut)), lambda: decode(io.BytesIO(cut), 4, (9, 11))):
        with contextlib.suppress(DAMAGED):
            work()
