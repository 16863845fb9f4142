"""`actions` and `sprites`: sets of clips that are read from a copy on disk, toys of them and the copies themselves."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.data import open_data
from rivalry.data.sets.sprites import CLASSES, GROUND, PARTS, called
from rivalry.errors import BadRequest


def strip(file: Path, action: int, number: int, frames: int = 10) -> None:
    """Frames whose red says the action, whose green says the film and whose blue says the frame."""
    file.parent.mkdir(parents=True, exist_ok=True)
    x = np.zeros((16, frames, 16, 3), np.uint8)
    x[..., 0], x[..., 1], x[..., 2] = 40 * action, 20 * number, 10 * np.arange(frames)[None, :, None]
    Image.fromarray(x.reshape(16, -1, 3)).save(file, "png")


def test_actions_are_cut_into_clips_and_the_last_film_of_each_is_held_out(tmp_path: Path) -> None:
    for action in (0, 1, 3, 4):
        for number in range(3):
            strip(tmp_path / f"actions/{action}/{number:08d}.jpg", action, number)
    (tmp_path / "actions/4/00000009.jpg").write_bytes(b"no picture")
    strip(tmp_path / "actions/2/00000000.jpg", 2, 0)  # no action of the set
    given = f"actions:path={tmp_path},frames=4,every=3,side=8"
    train, test = open_data(given), open_data(given, "test")
    assert train.spec.shape == (4, 3, 8, 8) and train.label.bincount().tolist() == [6, 6, 6, 9]
    assert {tuple(one) for one in train.x[:, 0, :2, 4, 4].tolist()} >= {(0, 0), (40, 20), (120, 0), (160, 40)}
    assert train.x[:3, :, 2, 4, 4].tolist() == [[0, 10, 20, 30], [30, 40, 50, 60], [60, 70, 80, 90]]
    assert test.x[:, 0, 1].unique().tolist() == [40] and test.label.tolist() == [0] * 3 + [1] * 3 + [2] * 3
    assert [name for name, _ in test.facts["skipped"]] == ["actions/4/00000009.jpg"]
    with pytest.raises(BadRequest, match=r"actions:path=FOLDER.*mocogan"):
        open_data("actions")
    with pytest.raises(BadRequest, match="no films such as"):
        open_data(f"actions:path={tmp_path / 'actions/2'}")


def test_the_copy_of_actions_is_nine_people(shared_data: Path) -> None:
    path = shared_data / "weizmann_actions" / "actions.zip"
    test = open_data(f"actions:path={path},side=8", "test")
    assert test.label.unique().tolist() == [0, 1, 2, 3] and not test.facts["skipped"]
    with zipfile.ZipFile(path) as copy:
        assert len(copy.namelist()) == 36


def sheet(file: Path, shade: int, left: int, right: int) -> None:
    """Cells whose green says the row and whose blue the column, opaque from one column of pixels to another."""
    file.parent.mkdir(parents=True, exist_ok=True)
    x = np.zeros((21, 64, 13, 64, 4), np.uint8)
    x[..., 0] = shade
    x[..., 1], x[..., 2] = (
        10 * np.arange(21)[:, None, None, None],
        10 * np.arange(13)[None, None, :, None],
    )
    x[..., left:right, 3] = 255
    Image.fromarray(x.reshape(21 * 64, 13 * 64, 4)).save(file)


@pytest.fixture
def sheets(tmp_path: Path) -> Path:
    """Two of each part: the body covers three quarters, the hair a quarter of it."""
    for k, (part, right) in enumerate(zip(PARTS, (48, 0, 0, 16))):
        for which in range(2):
            sheet(tmp_path / f"lpc/{part}/male/{which}_male.png", 40 * k + 20 * which, 0, right)
    (tmp_path / "lpc/hair/male/damaged.png").write_bytes(b"no picture")
    sheet(tmp_path / "lpc/hair/male/plain/shadows-lightbody.png", 255, 0, 64)
    return tmp_path


def test_sprites_are_the_frames_of_their_class_under_their_hair(sheets: Path) -> None:
    given = f"sprites:path={sheets},side=8"
    train, test = open_data(given), open_data(given, "test")
    assert train.spec.shape == (8, 3, 8, 8) and train.spec.classes == CLASSES
    assert [name for name, _ in train.facts["skipped"]] == ["lpc/hair/male/damaged.png"]
    x, body, hair = train.x, train.others["body"], train.others["hair"]
    right = train.label == CLASSES.index("walks right")
    assert (x[right][:, :, 1, 0, 0] == 110).all()  # row 11
    assert (x[right][:, :, 2, 0, 0] == 10 * torch.arange(1, 9)).all()  # without the cell in which they stand
    slashing = train.label == CLASSES.index("slashes left")
    assert (x[slashing][:, :, 2, 0, 0] == torch.tensor([0, 10, 20, 30, 40, 50, 50, 50])).all()
    assert torch.equal(x[:, 0, 0, 0, 0].long(), 120 + 20 * hair)  # hair is over the body
    assert torch.equal(x[:, 0, 0, 0, 4].long(), 20 * body) and (x[..., 7] == GROUND).all()
    figures = [set(zip(*(data.others[part].tolist() for part in PARTS))) for data in (train, test)]
    assert figures[0] and figures[1] and not figures[0] & figures[1]


def test_what_a_layer_is_called() -> None:
    assert called("male/plain/dark-blonde") == "plain dark-blonde"
    assert called("shirts/longsleeve/male/brown_longsleeve") == "brown longsleeve"
    assert called("armor/male/metal_pants_male") == "armor metal pants"


@pytest.mark.parametrize(
    ("settings", "says"),
    [("", "path=FOLDER.*CC BY-SA"), (":side=12", "64, 32, 16 or 8"), (":path=/nowhere", "is not there")],
)
def test_sprites_refuse_in_a_line(settings: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        open_data(f"sprites{settings}")


def test_the_copy_of_sprites_has_every_part(shared_data: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(shared_data / "lpc_sprites" / "lpc_sprites.zip") as copy:
        some = ("body/male/light", "legs/pants/male/red_pants_male", "hair/male/plain/blue")
        for name in (*some, "torso/plate/chest_male"):
            copy.extract(f"{name}.png", tmp_path)
    data = open_data(f"sprites:path={tmp_path},side=8")
    assert [names[0] for names in data.facts["attributes"].values()] == [
        "light",
        "red pants",
        "plate chest",
        "plain blue",
    ]
    assert data.x.float().std(1).mean() > 1 and len(data.x[:, 0].flatten(1).unique(dim=0)) == 9
