"""From what a person writes after --data to a table, or to one line that says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from rivalry.data import NAMES, _say_which, open_data
from rivalry.errors import BadRequest


def test_listing_names_needs_no_torch() -> None:
    code = "import sys, rivalry.data; print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    "name", [name for name, named in NAMES.items() if named.where not in ("fetched", "on disk")]
)
def test_every_name_opens_as_its_line_says(name: str) -> None:
    data = open_data(name)
    assert data.spec.name == name
    assert data.spec.kind == NAMES[name].kind
    assert data.x.shape[1:] == data.spec.shape
    assert data.x.is_contiguous()
    assert set(data.facts) >= {"source", "splits"}
    told = NAMES[name].what
    others = {split: open_data(name, split) for split in data.facts["splits"] if split != "train"}
    assert all(len(other) for other in others.values())
    if data.spec.kind == "image":
        c, h, w = data.spec.shape
        assert f"{len(data):,}" in told
        assert f"{h} x {w} {'grey' if c == 1 else 'RGB'}" in told
        assert f"{len(data.spec.classes)} classes" in told or (
            not data.spec.classes
            and any(words in told for words in ("1,000 modes", "4 of 48", "hue by pitch"))
        )
        if "test" in data.facts["splits"]:
            assert f"+ {len(others['test']):,}" in told
    for column, names in data.facts.get("attributes", {}).items():
        values = data.column(column, slice(None))
        assert values.dtype == torch.int64
        assert values.bincount().gt(0).tolist() == [True] * len(names)


def test_the_nearest_name_is_proposed() -> None:
    with pytest.raises(BadRequest, match=r"^no data set 'minst'; did you mean 'mnist'\?$"):
        open_data("minst")
    with pytest.raises(BadRequest, match=r"^no data set 'qqqqqq'; `rivalry list data` names them"):
        open_data("qqqqqq")


@pytest.mark.parametrize("path", ["./nowhere", "/no/such/folder", "a/b/c", "nothing.zip", "some/nothing.npz"])
def test_a_path_to_nothing(path: str) -> None:
    with pytest.raises(BadRequest, match=f"^no file or folder '{path}'$"):
        open_data(path)


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "one.png")
    with pytest.raises(BadRequest, match=r"one\.png is no data set; expected a folder of images, a \.zip"):
        open_data(str(tmp_path / "one.png"))


def test_a_name_hides_a_folder_of_the_same_name_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    _say_which.cache_clear()
    monkeypatch.chdir(tmp_path)
    assert open_data("digits").spec.shape == (1, 8, 8)
    assert capsys.readouterr().err == ""
    _say_which.cache_clear()
    (tmp_path / "digits").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "digits" / "1.png")
    assert open_data("digits").spec.shape == open_data("digits", "test").spec.shape == (1, 8, 8)
    assert capsys.readouterr().err.count("write ./digits") == 1
    assert open_data("./digits").spec.shape == (1, 9, 9)


def test_size_of_a_bundled_set() -> None:
    data = open_data("digits", size=(16, 12))
    assert data.spec.shape == (1, 16, 12)
    assert data.x.shape == (1500, 1, 16, 12)
    assert data.label is not None


def test_pairs_are_read_from_paths_alone(tmp_path: Path) -> None:
    Image.new("L", (16, 8)).save(tmp_path / "one.png")
    assert tuple(open_data(str(tmp_path), pairs=True).spec.extra) == ("source",)
    assert not open_data(str(tmp_path)).spec.extra
    assert (
        open_data("digits", pairs=True).spec == open_data("digits").spec
    )  # a game that needs pairs refuses it


def test_sizes_that_make_no_sense() -> None:
    with pytest.raises(BadRequest, match="'ring' holds points, which have no size in pixels"):
        open_data("ring", size=(8, 8))
    with pytest.raises(BadRequest, match="size 0 x 8 has no pixels"):
        open_data("digits", size=(0, 8))


@pytest.mark.parametrize(
    "name", [name for name, named in NAMES.items() if named.where not in ("fetched", "on disk")]
)
def test_a_split_that_is_not_there(name: str) -> None:
    with pytest.raises(BadRequest, match=f"{name!r} has no split 'validation'; it has train"):
        open_data(name, "validation")
