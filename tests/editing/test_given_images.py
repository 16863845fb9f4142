"""Images that a person gives are changed only where that loses nothing, or is asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.data.source import Spec
from rivalry.editing.images import given_images, read, require_readable
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8

SIZE = (9, 12)  # height, width
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


def spec(mode: str, size: tuple[int, int] = SIZE) -> Spec:
    return Spec("pictures", "image", (CHANNELS[mode], *size))


def picture(
    mode: str, *, grey: bool = False, opaque: bool = False, size: tuple[int, int] = SIZE
) -> Image.Image:
    pixels = np.random.default_rng(0).integers(256, size=(*size, CHANNELS[mode]), dtype=np.uint8)
    if grey and mode.startswith("RGB"):
        pixels[..., :3] = pixels[..., :1]
    if opaque:
        pixels[..., -1] = 255
    return Image.fromarray(pixels.squeeze())


def load(path: Path, of: Spec, resize: bool = False) -> torch.Tensor:
    some = given_images([path])
    require_readable(some, of, resize)
    return read(some, of, resize)


@pytest.mark.parametrize("mode", CHANNELS)
def test_an_image_as_the_game_knows_it_is_read_byte_for_byte(mode: str, tmp_path: Path) -> None:
    image = picture(mode)
    image.save(tmp_path / "a.png")
    x = load(tmp_path / "a.png", spec(mode))
    bytes_of = torch.from_numpy(np.array(image)).view(*SIZE, -1).permute(2, 0, 1)
    assert torch.equal(to_uint8(x[0]), bytes_of)


@pytest.mark.parametrize(
    ("mode", "facts", "to"),
    [
        ("L", {}, "RGB"),
        ("L", {}, "RGBA"),
        ("LA", {}, "RGBA"),
        ("RGB", {"grey": True}, "L"),
        ("RGBA", {"opaque": True}, "RGB"),
        ("RGBA", {"grey": True, "opaque": True}, "L"),
        ("RGBA", {"grey": True}, "LA"),
    ],
)
def test_a_mode_that_is_changed_without_a_loss_is_changed(
    mode: str, facts: dict, to: str, tmp_path: Path
) -> None:
    image = picture(mode, **facts)
    image.save(tmp_path / "a.png")
    x = load(tmp_path / "a.png", spec(to))
    back = Image.fromarray(to_uint8(x[0]).permute(1, 2, 0).squeeze().numpy()).convert(mode)
    assert np.array_equal(np.asarray(back), np.asarray(image))


@pytest.mark.parametrize(
    ("mode", "to", "said"),
    [
        ("RGB", "L", r"a.png is RGB, 9 x 12; this game was trained on grey, 9 x 12: --resize converts it"),
        ("RGBA", "RGB", "is RGBA, 9 x 12; .* RGB"),
        ("LA", "L", "is grey with alpha"),
        ("LA", "RGB", "is grey with alpha"),
        ("RGBA", "LA", "on grey with alpha"),
    ],
)
def test_a_loss_is_refused_until_it_is_asked_for(mode: str, to: str, said: str, tmp_path: Path) -> None:
    picture(mode).save(tmp_path / "a.png")
    with pytest.raises(BadRequest, match=said):
        load(tmp_path / "a.png", spec(to))
    assert load(tmp_path / "a.png", spec(to), resize=True).shape == (1, *spec(to).shape)


def test_another_size_is_refused_until_it_is_asked_for(tmp_path: Path) -> None:
    picture("L", size=(18, 30)).save(tmp_path / "a.png")
    with pytest.raises(BadRequest, match="is grey, 18 x 30; this game was trained on grey, 9 x 12: --resize"):
        load(tmp_path / "a.png", spec("L"))
    x = load(tmp_path / "a.png", spec("L"), resize=True)
    assert x.shape == (1, 1, 9, 12)
    assert -1 <= x.min() < 0 < x.max() <= 1


def test_folders_give_all_their_images_in_order_under_their_own_names(tmp_path: Path) -> None:
    for name in ("b.png", "a.jpg", "deep/c.png", ".hidden/d.png", ".e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture("RGB").save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    found = given_images([tmp_path, tmp_path / "deep" / "c.png"])
    assert [str(one.name) for one in found] == ["a.jpg", "b.png", "deep/c.png", "c.png"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    picture("L").save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadRequest, match=r"b\.png cannot be read as an image"):
        require_readable(given_images([tmp_path]), spec("L"))
    with pytest.raises(BadRequest, match=r"no images in .*empty"):
        given_images([tmp_path / "empty"])
    with pytest.raises(BadRequest, match=r"no file or folder '.*nowhere'"):
        given_images([tmp_path / "nowhere"])
    with pytest.raises(BadRequest, match="no images were named"):
        given_images([])
    with pytest.raises(BadRequest, match="about images; the game was trained on points"):
        require_readable(given_images([tmp_path / "a.png"]), Spec("ring", "points", (2,)))
