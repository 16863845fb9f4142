"""Folders and zips: what is found, how it is labeled and split, what is skipped, what is refused."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.cache import cache_dir
from rivalry.data import open_data
from rivalry.data.readers import decoded, kept
from rivalry.data.source import Spec
from rivalry.errors import BadRequest


def draw(path: Path, value: int = 0, size: tuple[int, int] = (8, 8), mode: str = "L") -> Path:
    """A plain image of one value, in color where the mode has any; `size` being height and width."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = len(Image.new(mode, (1, 1)).getbands())
    fill = (value, value + mode.startswith("RGB"), value, value)[:bands]  # a color, and not opaque
    Image.new(mode, size[::-1], value if bands == 1 else fill).save(path)
    return path


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def values(dataset) -> list[int]:
    return dataset.x[:, 0, 0, 0].tolist()


@pytest.fixture(params=["folder", "zip"])
def packed(request):
    """The same set as a folder and as a zip of that folder."""
    return (lambda folder: folder) if request.param == "folder" else zipped


def test_folders_of_two_domains_are_splits_with_a_class_each(tmp_path: Path) -> None:
    for k, folder in enumerate(("trainA", "trainB", "testA", "testB")):
        draw(tmp_path / "horses" / folder / "1.png", 10 * k, (8, 8))
    train, test = (open_data(str(tmp_path / "horses"), split) for split in ("train", "test"))
    assert train.spec.classes == test.spec.classes == ("A", "B")
    assert (values(train), values(test)) == ([0, 10], [20, 30])
    assert train.label is not None and train.label.tolist() == [0, 1]


def test_a_folder_of_images_is_a_table_in_the_order_of_names(tmp_path: Path, packed) -> None:
    for i in range(5):
        draw(tmp_path / "pictures" / f"{i}.png", 10 * i, (9, 12))
    draw(tmp_path / "pictures" / ".hidden.png", 99)
    (tmp_path / "pictures" / "notes.txt").write_text("not an image")
    data = open_data(str(packed(tmp_path / "pictures")))
    assert values(data) == [0, 10, 20, 30, 40]
    assert data.spec == Spec("pictures", "image", (1, 9, 12))
    assert data.label is None
    assert data.x.dtype == torch.uint8
    assert data.facts["splits"] == ("train",)
    assert data.facts["skipped"] == []
    assert data.facts["converted"] == {}


def test_sub_folders_are_labels(tmp_path: Path, packed) -> None:
    for i, name in enumerate(["10", "9", "100", "9/deeper"]):
        draw(tmp_path / "d" / name / "a.png", i)
    data = open_data(str(packed(tmp_path / "d")))
    assert data.spec.classes == ("9", "10", "100")
    assert dict(zip(values(data), data.label.tolist())) == {0: 1, 1: 0, 2: 2, 3: 0}


def test_images_beside_sub_folders_have_no_labels(tmp_path: Path) -> None:
    for name in ("a/1.png", "b/2.png", "3.png"):
        draw(tmp_path / "d" / name)
    assert open_data(str(tmp_path / "d")).label is None


@pytest.mark.parametrize("header", ["file_name,label", "\ufeffFilename, Class"])
def test_a_table_gives_labels(tmp_path: Path, packed, header: str) -> None:
    for i in range(3):
        draw(tmp_path / "d" / "sub" / f"{i}.png", i)
    rows = ["sub/0.png,dog", "sub/2.png,dog", "sub/1.png,cat"]
    (tmp_path / "d" / "labels.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    draw(tmp_path / "d" / "other" / "3.png", 3)
    with (tmp_path / "d" / "labels.csv").open("a") as file:
        file.write("\nother/3.png,bird")
    data = open_data(str(packed(tmp_path / "d")))
    assert data.spec.classes == ("bird", "cat", "dog")
    assert dict(zip(values(data), data.label.tolist())) == {0: 2, 1: 1, 2: 2, 3: 0}


def test_a_table_of_other_columns(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "0.png")
    (tmp_path / "d" / "metadata.csv").write_text("file_name,text\n0.png,a black square\n")
    assert open_data(str(tmp_path / "d")).label is None
    (tmp_path / "d" / "labels.csv").write_text("file_name,text\n0.png,a black square\n")
    with pytest.raises(
        BadRequest, match=r"labels.csv needs the columns file_name and label .* has file_name, text"
    ):
        open_data(str(tmp_path / "d"))


def test_images_without_a_label_are_skipped_one_and_refused_more(tmp_path: Path) -> None:
    for i in range(4):
        draw(tmp_path / "d" / f"{i}.png", i)
    table = tmp_path / "d" / "labels.csv"
    table.write_text("file_name,label\n0.png,a\n1.png,b\n2.png,a\n")
    data = open_data(str(tmp_path / "d"))
    assert values(data) == [0, 1, 2]
    assert data.facts["skipped"] == [("3.png", "no label of this image")]
    table.write_text("file_name,label\n0.png,a\n1.png,b\n")
    with pytest.raises(BadRequest, match=r"2 images or labels .* are alone; the first, 2.png"):
        open_data(str(tmp_path / "d"))


def test_train_and_test_at_the_top_are_splits_with_the_same_classes(tmp_path: Path, packed) -> None:
    for name, value in {"train/b/1": 1, "train/c/2": 2, "test/c/3": 3, "test/a/4": 4, "extra/a/5": 5}.items():
        draw(tmp_path / "d" / f"{name}.png", value)
    where = str(packed(tmp_path / "d"))
    train, test = open_data(where), open_data(where, "test")
    assert train.spec.classes == test.spec.classes == ("a", "b", "c")
    assert dict(zip(values(train), train.label.tolist())) == {1: 1, 2: 2}
    assert dict(zip(values(test), test.label.tolist())) == {3: 2, 4: 0}
    assert train.facts["splits"] == ("train", "test")


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "1.png")
    with pytest.raises(BadRequest, match=r"d has no split 'test'; it has train$"):
        open_data(str(tmp_path / "d"), "test")


def test_the_richest_image_decides_the_channels(tmp_path: Path) -> None:
    for given, channels in [("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)]:
        draw(tmp_path / channels.__str__() / "grey.png", 7)
        draw(tmp_path / channels.__str__() / "rich.png", 9, mode=given)
        assert open_data(str(tmp_path / str(channels))).spec.shape == (channels, 8, 8)
    draw(tmp_path / "mixed" / "a.png", mode="LA")
    draw(tmp_path / "mixed" / "b.png", mode="RGB")
    data = open_data(str(tmp_path / "mixed"))
    assert data.spec.shape == (4, 8, 8)
    assert data.facts["converted"] == {"to RGBA": 2}


def test_the_most_common_size_decides_unless_one_is_given(tmp_path: Path) -> None:
    for i, size in enumerate([(8, 10), (8, 10), (20, 20), (16, 20)]):
        draw(tmp_path / "d" / f"{i}.png", 5, size)
    data = open_data(str(tmp_path / "d"))
    assert data.spec.shape == (1, 8, 10)
    assert data.facts["converted"] == {"cropped": 1, "resized": 2}
    assert (data.x == 5).all()
    assert open_data(str(tmp_path / "d"), size=(12, 9)).spec.shape == (1, 12, 9)


def test_every_odd_kind_of_image_together(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    draw(folder / "plain.png", 100, mode="RGB")
    draw(folder / "cmyk.jpg", 0, mode="CMYK")
    Image.fromarray(np.full((8, 8), 65535, np.uint16)).save(folder / "deep.png")
    draw(folder / "palette.png", 0, mode="P")
    frames = [Image.new("RGB", (8, 8), (v, v, v)) for v in (50, 60)]
    frames[0].save(folder / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    data = open_data(str(folder))
    assert dict(zip(["cmyk", "deep", "moving", "palette", "plain"], values(data))) == {
        "cmyk": 255,
        "deep": 255,
        "moving": 50,
        "palette": 0,
        "plain": 100,
    }
    assert data.facts["converted"] == {
        "CMYK": 1,
        "16-bit": 1,
        "palette": 1,
        "several frames, first taken": 1,
        "to RGB": 1,
    }


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_one_corrupt_image_among_good_ones_is_named_and_skipped(tmp_path: Path, packed, damage: str) -> None:
    for i in range(4):
        draw(tmp_path / "d" / "ab"[i % 2] / f"{i}.png", i, (64, 64))
    bad = tmp_path / "d" / "a" / "0.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 4), dtype=np.uint8)).save(bad)
    bad.write_bytes({"cut": bad.read_bytes()[:3000], "text": b"hello", "empty": b""}[damage])
    data = open_data(str(packed(tmp_path / "d")))
    # neither its header, which tells of RGBA, nor its label has a say
    assert data.spec.shape == (1, 64, 64)
    assert values(data) == [2, 1, 3]
    assert data.label.tolist() == [0, 1, 1]
    assert [name for name, _ in data.facts["skipped"]] == ["a/0.png"]


def test_one_percent_is_skipped_and_more_is_refused(tmp_path: Path) -> None:
    for i in range(200):
        draw(tmp_path / "d" / f"{i:03}.png", i)
    for i in range(2):
        (tmp_path / "d" / f"{i:03}.png").write_bytes(b"hello")
    data = open_data(str(tmp_path / "d"))
    assert len(data) == 198
    assert data.facts["skipped"] == [("000.png", "not an image"), ("001.png", "not an image")]
    (tmp_path / "d" / "002.png").write_bytes(b"hello")
    with pytest.raises(BadRequest, match=r"3 of 200 images .* more than 1 %.* 000.png: not an image"):
        open_data(str(tmp_path / "d"))


def test_all_corrupt(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "0.png").write_bytes(b"hello")
    with pytest.raises(
        BadRequest, match=r"none of the 1 images .* can be read; the first, 0.png: not an image"
    ):
        open_data(str(tmp_path / "d"))


def test_no_images(tmp_path: Path, packed) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "notes.md").write_text("nothing to see")
    with pytest.raises(BadRequest, match=r"no images in .*d"):
        open_data(str(packed(tmp_path / "d")))


def test_a_link_to_a_folder_is_followed_but_never_in_circles(tmp_path: Path) -> None:
    draw(tmp_path / "elsewhere" / "1.png", 1)
    draw(tmp_path / "d" / "b" / "2.png", 2)
    (tmp_path / "d" / "a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "d" / "b" / "up").symlink_to(tmp_path / "d")
    assert values(open_data(str(tmp_path / "d"))) == [1, 2]


# Zips


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil.png", "leads out of the archive"),
        ("a/../../evil.png", "leads out of the archive"),
        ("a\\..\\..\\evil.png", "leads out of the archive"),
        ("/etc/evil.png", "absolute path"),
        ("C:\\evil.png", "absolute path"),
    ],
)
def test_an_unsafe_member_refuses_the_whole_zip(tmp_path: Path, name: str, said: str) -> None:
    good = draw(tmp_path / "good.png").read_bytes()
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr("good.png", good)
        archive.writestr(zipfile.ZipInfo(name), good)
    with pytest.raises(BadRequest, match=said):
        open_data(str(tmp_path / "d.zip"))
    assert sorted(os.listdir(tmp_path)) == ["d.zip", "good.png"]


def test_a_symbolic_link_refuses_the_whole_zip(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadRequest, match=r"'link.png' is a symbolic link"):
        open_data(str(tmp_path / "d.zip"))


def test_a_truncated_zip(tmp_path: Path) -> None:
    draw(tmp_path / "d" / "1.png")
    path = zipped(tmp_path / "d")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadRequest, match=r"d.zip is not a whole zip"):
        open_data(str(path))


def test_a_member_whose_checksum_is_wrong_is_skipped(tmp_path: Path) -> None:
    for i in range(3):
        draw(tmp_path / "d" / f"{i}.png", i)
    path = zipped(tmp_path / "d")
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("d/1.png").header_offset
    raw = bytearray(path.read_bytes())
    raw[at + 60] ^= 0xFF
    path.write_bytes(raw)
    data = open_data(str(path))
    assert values(data) == [0, 2]
    assert data.facts["skipped"][0][0] == "1.png"


# The cache


def test_a_folder_is_decoded_once_and_again_when_it_changes(tmp_path: Path, monkeypatch) -> None:
    for i in range(3):
        draw(tmp_path / "d" / f"{i}.png", i)
    first = open_data(str(tmp_path / "d"))
    monkeypatch.setattr(decoded, "decode", None)  # a second decoding would fail
    assert torch.equal(open_data(str(tmp_path / "d")).x, first.x)
    monkeypatch.undo()
    monkeypatch.setenv("RIVALRY_CACHE", str(tmp_path / "cache"))
    draw(tmp_path / "d" / "1.png", 77)
    os.utime(tmp_path / "d" / "1.png", ns=(1, 1))
    assert values(open_data(str(tmp_path / "d"))) == [0, 77, 2]
    draw(tmp_path / "d" / "3.png", 3)
    assert values(open_data(str(tmp_path / "d"))) == [0, 77, 2, 3]


def test_a_large_table_stays_mapped_from_its_file(tmp_path: Path, monkeypatch) -> None:
    for i in range(3):
        draw(tmp_path / "d" / f"{i}.png", i)
    asked: list[str | None] = []
    load = np.load
    monkeypatch.setattr(kept.np, "load", lambda *a, **k: asked.append(k["mmap_mode"]) or load(*a, **k))
    small = open_data(str(tmp_path / "d"))
    monkeypatch.setattr(kept, "IN_MEMORY", 100)
    mapped = open_data(str(tmp_path / "d"))
    assert asked == [None, "c"]
    assert torch.equal(mapped.rows(torch.tensor([2, 0])), small.rows(torch.tensor([2, 0])))


def test_a_decoding_that_was_interrupted_leaves_nothing_that_counts(tmp_path: Path, monkeypatch) -> None:
    draw(tmp_path / "d" / "1.png", 5)

    def interrupted(*_args) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decoded, "_write_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_data(str(tmp_path / "d"))
    assert list(cache_dir("decoded").iterdir()) == []
    assert values(open_data(str(tmp_path / "d"))) == [5]


def test_a_disk_that_is_full_or_too_small_is_one_line(tmp_path: Path, monkeypatch) -> None:
    draw(tmp_path / "d" / "1.png", 5)

    def full(*_args) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(decoded, "_write_header", full)
        with pytest.raises(BadRequest, match="No space left on device; set RIVALRY_CACHE"):
            open_data(str(tmp_path / "d"))
    with monkeypatch.context() as patch:
        patch.setattr(decoded.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
        with pytest.raises(BadRequest, match="ask for a smaller size"):
            open_data(str(tmp_path / "d"))


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch) -> None:
    draw(tmp_path / "d" / "1.png", 5)
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("RIVALRY_CACHE", str(tmp_path / "file"))
    with pytest.raises(BadRequest, match=r"cannot write .*file.*; set RIVALRY_CACHE to a folder"):
        open_data(str(tmp_path / "d"))


def test_many_images_keep_their_order_in_threads(tmp_path: Path) -> None:
    path = tmp_path / "d.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(1000):
            file = io.BytesIO()
            Image.fromarray(np.full((8, 8), i % 251, np.uint8)).save(file, "PNG")
            archive.writestr(f"{i:04}.png", file.getvalue())
    assert values(open_data(str(path))) == [i % 251 for i in range(1000)]


def test_the_sheets_of_a_run_are_no_data(tmp_path: Path) -> None:
    draw(tmp_path / "pictures" / "1.png", 10)
    draw(tmp_path / "pictures" / "2.png", 20)
    draw(tmp_path / "pictures" / "runs" / "gan-0" / "samples" / "000100.png", 99)
    assert len(open_data(str(tmp_path / "pictures"))) == 3  # a folder like any other ...
    (tmp_path / "pictures" / "runs" / "gan-0" / "run.json").write_text("{}")
    assert values(open_data(str(tmp_path / "pictures"))) == [10, 20]  # ... until it says that it is a run
