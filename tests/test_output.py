"""Files appear whole or not at all."""

from pathlib import Path

import pytest

from rivalry.errors import BadRequest
from rivalry.show.output import require_ending, written


def test_a_file_and_its_folders_are_made(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "x.png"
    with written(place) as file:
        file.write(b"whole")
        assert not place.exists()
    assert place.read_bytes() == b"whole"
    assert [p.name for p in place.parent.iterdir()] == ["x.png"]


@pytest.mark.parametrize("there", [True, False])
def test_a_mistake_on_the_way_changes_nothing(tmp_path: Path, there: bool) -> None:
    place = tmp_path / "a" / "x.png"
    if there:
        place.parent.mkdir()
        place.write_bytes(b"before")

    def begin() -> None:
        with written(place) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        begin()
    left = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert [p.read_bytes() for p in left] == ([b"before"] if there else [])
    assert (tmp_path / "a").exists() == there


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(BadRequest, match=r"cannot write .*x\.png: No space left"),
        written(tmp_path / "x.png"),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place, said in ((tmp_path / "file" / "x.png", "cannot write"), (tmp_path, "it is a folder")):
        with pytest.raises(BadRequest, match=said), written(place):
            raise AssertionError("no work is begun")


def test_endings() -> None:
    require_ending(Path("a.PNG"), (".png",))
    with pytest.raises(BadRequest, match=r"to a \.png or \.gif; got a\.jpg"):
        require_ending(Path("a.jpg"), (".png", ".gif"))
