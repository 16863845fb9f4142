"""Folders of moving pictures, and the set of moving shapes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.data import open_data
from rivalry.data.check import check
from rivalry.data.sets.moving_shapes import read_motion
from rivalry.errors import BadRequest


def frames(n: int, side: int = 12, first: int = 0) -> list[Image.Image]:
    """Frames of one grey each, of which every one is lighter than the one before."""
    return [Image.new("L", (side, side), 20 * (first + k)) for k in range(n)]


def gif(file: Path, pictures: list[Image.Image], duration: int | list[int] = 100) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pictures[0].save(file, save_all=True, append_images=pictures[1:], duration=duration)
    return file


def greys(x: torch.Tensor) -> list[list[int]]:
    """What grey each frame has, in the steps of `frames`."""
    return (x[:, :, 0, 5, 5].float() / 20).round().int().tolist()


def test_a_folder_of_gifs_is_clips_whose_folders_are_classes(tmp_path: Path) -> None:
    gif(tmp_path / "run/1.gif", frames(4))
    gif(tmp_path / "run/2.gif", frames(6, first=2))
    gif(tmp_path / "walk/1.gif", frames(5, 16))
    gif(tmp_path / "walk/2.gif", frames(3))
    gif(tmp_path / "walk/still.gif", frames(1))
    (tmp_path / "walk/corrupt.gif").write_bytes(b"GIF89a of nothing")
    (tmp_path / "walk/notes.txt").write_text("x")
    data = open_data(f"{tmp_path}:frames=4")
    assert (
        data.spec.kind == "clip" and data.spec.shape == (4, 3, 12, 12) and data.spec.about == {"rate": 10.0}
    )
    assert (
        data.spec.classes == ("run", "walk")
        and data.label is not None
        and data.label.tolist() == [0, 0, 1, 1]
    )
    assert greys(data.x) == [[0, 1, 2, 3], [2, 3, 4, 5], [0, 1, 2, 3], [0, 1, 2, 2]]  # cut, and padded
    assert data.facts["converted"] == {
        "resized": 1,
        "cut to 4 frames": 2,
        "padded with the last frame to 4 frames": 1,
    }
    why = dict(data.facts["skipped"])
    assert why.keys() == {"walk/corrupt.gif", "walk/still.gif"}
    assert (
        why["walk/still.gif"] == "1 frame; a clip has two or more"
        and why["walk/corrupt.gif"] == "not an image"
    )
    assert not check(f"{tmp_path}:frames=4").wrong  # both are left out
    assert data.facts["passed"] == {".txt": 1}
    assert open_data(tmp_path).spec.shape[0] == 4  # the median of 4, 6, 5 and 3, rounded down
    every = open_data(f"{tmp_path}:frames=3,every=1")
    assert greys(every.x)[:4] == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]] and len(every) == 2 + 4 + 3 + 1


def test_frames_are_those_that_are_shown_at_their_time(tmp_path: Path) -> None:
    gif(tmp_path / "a.gif", frames(4), [100, 300, 100, 100])  # a variable rate
    gif(tmp_path / "b.gif", frames(4), 200)
    data = open_data(f"{tmp_path}:rate=10,frames=6")
    assert greys(data.x) == [[0, 1, 1, 1, 2, 3], [0, 0, 1, 1, 2, 2]]
    assert data.facts["converted"]["to 10 frames per second"] == 2


def test_gifs_of_one_frame_are_pictures_and_one_alone_is_no_clip(tmp_path: Path) -> None:
    gif(tmp_path / "1.gif", frames(1))
    assert open_data(tmp_path).spec.kind == "image"
    with pytest.raises(BadRequest, match=r"none of 1 films .* 1.gif: 1 frame; a clip has two or more"):
        open_data(f"{tmp_path}:frames=4")


def test_folders_of_frames_and_strips(tmp_path: Path) -> None:
    for name in ("run/a", "run/b", "walk/c"):
        (tmp_path / "folders" / name).mkdir(parents=True)
        for k, one in enumerate(frames(3)):
            one.save(tmp_path / "folders" / name / f"{k}.png")
    (tmp_path / "folders/walk/d").mkdir()
    frames(1)[0].save(tmp_path / "folders/walk/d/0.png")
    data = open_data(f"{tmp_path / 'folders'}:layout=folders")
    assert greys(data.x) == [[0, 1, 2]] * 3 and data.spec.classes == ("run", "walk")
    assert data.facts["skipped"] == [("walk/d", "1 frame; a clip has two or more")]
    assert open_data(tmp_path / "folders").spec.kind == "image"  # nothing tells that they are frames
    (tmp_path / "strips").mkdir()
    Image.fromarray(np.concatenate([np.asarray(one) for one in frames(5)], 1)).save(tmp_path / "strips/1.png")
    Image.new("L", (30, 12)).save(tmp_path / "strips/2.png")
    data = open_data(f"{tmp_path / 'strips'}:layout=strips")
    assert greys(data.x) == [[0, 1, 2, 3, 4]]
    assert "no whole number of square frames" in data.facts["skipped"][0][1]


def test_videos_are_read_by_pyav(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        for one in frames(5, 16):
            container.mux(stream.encode(av.VideoFrame.from_image(one.convert("RGB"))))
        container.mux(stream.encode())
    (tmp_path / "b.mp4").write_bytes(b"nothing")
    (tmp_path / "list.mp4").write_text("#EXTM3U\n#EXTINF:1,\na.mp4\n#EXT-X-ENDLIST\n")
    data = open_data(tmp_path)
    assert data.spec.shape == (5, 3, 16, 16) and data.spec.about == {"rate": 10.0}
    assert greys(data.x) == [[0, 1, 2, 3, 4]]
    assert [name for name, _ in data.facts["skipped"]] == ["b.mp4", "list.mp4"]


def test_without_pyav_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rivalry.data.readers.films.find_spec", lambda name: None)
    (tmp_path / "a.mp4").write_bytes(b"0" * 100)
    with pytest.raises(BadRequest, match=r"a.mp4: pip install 'rivalry\[video\]' reads it"):
        open_data(tmp_path)


# ---------------------------------------------------------------------- moving shapes


@pytest.mark.parametrize("settings", ["", ":frames=12", ":turns=true"])
def test_the_rule_reads_what_moves(settings: str) -> None:
    data = open_data(f"moving-shapes{settings}", "test").only(torch.arange(200))
    found = read_motion(data.rows(slice(None)))
    assert torch.equal(found.direction, data.label)
    assert (found.color == data.others["color"][:, None]).all()
    assert (found.shape == data.others["shape"][:, None]).float().mean() > 0.99
    assert (found.mask == data.others["mask"]).float().mean() > 0.999
    noisy = read_motion(data.rows(slice(None)) + 0.1 * torch.randn(data.x.shape))
    assert (noisy.direction == data.label).float().mean() > 0.99
    still = read_motion(data.rows(slice(None))[:, :1].expand(-1, 4, -1, -1, -1))
    assert (still.direction == 2).all()


def test_nothing_moves_but_the_thing_and_no_frame_before_the_turn_tells_it() -> None:
    data = open_data("moving-shapes:turns=true", "test").only(torch.arange(200))
    x, other, turn = data.x, data.others["other"], data.others["turn"]
    ever = torch.nn.functional.max_pool2d(data.others["mask"].any(1).float(), 3, 1, 1) > 0
    assert (x.float().var(1)[(~ever)[:, None].expand(-1, 3, -1, -1)] == 0).all()
    apart = (x != other).flatten(2).any(2)
    assert torch.equal(apart.int().argmax(1), turn)  # equal before, and different from there on
    assert turn.unique().tolist() == [4, 5] and 0.4 < data.label.float().mean() < 0.6
    with pytest.raises(BadRequest, match="has 8 frames or more with turns; got 5"):
        open_data("moving-shapes:turns=true,frames=5")
