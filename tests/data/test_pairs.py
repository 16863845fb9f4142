"""Aligned pairs: both layouts, what is split, skipped and refused, and that the two halves never mix."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rivalry.data import open_data
from rivalry.data.readers import decoded
from rivalry.data.source import Dataset, TableSource
from rivalry.errors import BadRequest

RANDOM = np.random.default_rng(0)


def write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def plain(value: int, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    return np.full(size, value)


def beside(path: Path, a: np.ndarray, b: np.ndarray) -> Path:
    return write(path, np.concatenate([a, b], axis=1))


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def pairs(folder: Path, split: str = "train", size: tuple[int, int] | None = None) -> Dataset:
    return open_data(str(folder), split, size, pairs=True)


def values(data: Dataset) -> list[tuple[int, int]]:
    """The first values of every A and its B."""
    return list(zip(data.others["source"][:, 0, 0, 0].tolist(), data.x[:, 0, 0, 0].tolist()))


@pytest.fixture(params=["folder", "zip"])
def packed(request):
    """The same set as a folder and as a zip of that folder."""
    return (lambda folder: folder) if request.param == "folder" else zipped


# Layouts


def test_pictures_side_by_side_are_parted_in_their_middle(tmp_path: Path, packed) -> None:
    a, b = RANDOM.integers(0, 256, (2, 4, 10, 9, 3))
    for i in range(4):
        beside(tmp_path / "d" / f"{i}.png", a[i], b[i])
    data = pairs(packed(tmp_path / "d"))
    assert data.spec.to_json() == {
        "name": "d",
        "kind": "image",
        "shape": (3, 10, 9),
        "classes": (),
        "extra": {"source": {"kind": "image", "shape": (3, 10, 9), "about": {}}},
        "about": {},
    }
    assert torch.equal(data.others["source"], torch.from_numpy(a.transpose(0, 3, 1, 2)).byte())
    assert torch.equal(data.x, torch.from_numpy(b.transpose(0, 3, 1, 2)).byte())
    assert data.facts["splits"] == ("train",)
    data.spec.require("pix2pix", kind="image", pairs=True)


def test_two_folders_are_paired_by_name_whatever_the_extension(tmp_path: Path, packed) -> None:
    for i, name in enumerate(["1", "10", "2", "deep/1"]):
        write(tmp_path / "d" / "A" / f"{name}.png", plain(i))
        write(tmp_path / "d" / "B" / f"{name}.bmp", plain(100 + i))
    assert sorted(values(pairs(packed(tmp_path / "d")))) == [(i, 100 + i) for i in range(4)]


@pytest.mark.parametrize("layout", ["{split}{side}", "{split}/{side}", "{side}/{split}"])
def test_splits_of_two_folders(tmp_path: Path, packed, layout: str) -> None:
    for k, split in enumerate(["train", "val", "test"]):
        for side, value in ("A", 10 * k), ("B", 10 * k + 1):
            write(tmp_path / "d" / layout.format(split=split, side=side) / "1.png", plain(value))
    where = packed(tmp_path / "d")
    assert [values(pairs(where, split)) for split in ("train", "val", "test")] == [
        [(0, 1)],
        [(10, 11)],
        [(20, 21)],
    ]
    assert pairs(where).facts["splits"] == ("train", "test", "val")


def test_splits_of_pictures_side_by_side(tmp_path: Path, packed) -> None:
    for k, split in enumerate(["train", "test"]):
        beside(tmp_path / "d" / split / "1.png", plain(k), plain(k + 50))
    where = packed(tmp_path / "d")
    assert values(pairs(where)) == [(0, 50)]
    assert values(pairs(where, "test")) == [(1, 51)]
    with pytest.raises(BadRequest, match=r"has no split 'val'; it has train, test$"):
        pairs(where, "val")


def test_batches_keep_pairs_together(tmp_path: Path) -> None:
    for i in range(20):
        beside(tmp_path / "d" / f"{i}.png", plain(i), plain(100 + i))
    source, x = TableSource(pairs(tmp_path / "d"), ("source", "x")).take(50)
    assert torch.allclose(x - source, torch.tensor(100 / 127.5))


# Modes and sizes


def test_both_pictures_get_the_richer_mode(tmp_path: Path) -> None:
    write(tmp_path / "d" / "A" / "1.png", plain(40))
    write(tmp_path / "d" / "B" / "1.png", np.full((8, 8, 3), (10, 20, 30)))
    data = pairs(tmp_path / "d")
    assert data.spec.shape == (3, 8, 8)
    assert data.others["source"][0, :, 0, 0].tolist() == [40, 40, 40]
    assert data.x[0, :, 0, 0].tolist() == [10, 20, 30]


def test_the_richest_pair_decides_for_all(tmp_path: Path) -> None:
    beside(tmp_path / "d" / "1.png", plain(40), plain(50))
    beside(tmp_path / "d" / "2.png", *np.full((2, 8, 8, 4), (10, 20, 30, 99)))
    data = pairs(tmp_path / "d")
    assert data.spec.shape == (4, 8, 8)
    assert data.others["source"][:, :, 0, 0].tolist() == [[40, 40, 40, 255], [10, 20, 30, 99]]


def test_halves_do_not_mix_when_they_are_resized(tmp_path: Path) -> None:
    whole = beside(tmp_path / "d" / "1.png", plain(255, (64, 64)), plain(0, (64, 64)))
    data = pairs(tmp_path / "d", size=(16, 16))
    assert data.spec.shape == (1, 16, 16)
    assert data.others["source"].eq(255).all()
    assert data.x.eq(0).all()
    mixed = np.asarray(Image.open(whole).resize((32, 16), Image.Resampling.LANCZOS))
    assert not np.isin(mixed, (0, 255)).all()  # as a filter over both would


@pytest.mark.parametrize("size", [(8, 20), (20, 8), (30, 40)])
def test_halves_are_cropped_alike(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = RANDOM.integers(0, 256, (24, 18, 3))
    beside(tmp_path / "d" / "1.png", picture, picture)
    data = pairs(tmp_path / "d", size=size)
    assert data.x.shape == (1, 3, *size)
    assert torch.equal(data.x, data.others["source"])


def test_pairs_of_different_sizes_need_a_size(tmp_path: Path) -> None:
    write(tmp_path / "d" / "A" / "1.png", plain(1))
    write(tmp_path / "d" / "B" / "1.png", plain(2, (16, 16)))
    with pytest.raises(
        BadRequest, match=r"B/1\.png holds a picture of 16 x 16, the first pair of 8 x 8; give one size"
    ):
        pairs(tmp_path / "d")
    assert values(pairs(tmp_path / "d", size=(8, 8))) == [(1, 2)]
    with pytest.raises(BadRequest, match=r"B/1\.png"):  # although a table of 8 x 8 lies in the cache by now
        pairs(tmp_path / "d")


def test_one_pair_of_another_size_is_named(tmp_path: Path) -> None:
    for i in range(300):
        beside(tmp_path / "d" / f"{i:03}.png", plain(i), plain(i))
    beside(tmp_path / "d" / "200.png", plain(1, (9, 10)), plain(1, (9, 10)))
    with pytest.raises(BadRequest, match=r"200\.png holds a picture of 9 x 10"):
        pairs(tmp_path / "d")


# The cache and damage


def test_pairs_are_decoded_once_and_again_when_one_changes(tmp_path: Path, monkeypatch) -> None:
    for side in "AB":
        write(tmp_path / "d" / side / "1.png", plain(5))
    first = pairs(tmp_path / "d")
    with monkeypatch.context() as patch:
        patch.setattr(decoded, "decode", None)  # a second decoding would fail
        assert torch.equal(pairs(tmp_path / "d").x, first.x)
    write(tmp_path / "d" / "B" / "1.png", plain(250))
    assert values(pairs(tmp_path / "d")) == [(5, 250)]


@pytest.mark.parametrize("damage", ["cut", "text"])
@pytest.mark.parametrize("side", ["A", "B"])
def test_a_pair_with_a_corrupt_half_is_skipped_whole(tmp_path: Path, packed, side: str, damage: str) -> None:
    for i in range(4):
        write(tmp_path / "d" / "A" / f"{i}.png", plain(i, (64, 64)))
        write(tmp_path / "d" / "B" / f"{i}.png", plain(100 + i, (64, 64)))
    bad = write(tmp_path / "d" / side / "2.png", RANDOM.integers(0, 256, (64, 64)))
    bad.write_bytes({"cut": bad.read_bytes()[:2000], "text": b"hello"}[damage])
    data = pairs(packed(tmp_path / "d"))
    assert values(data) == [(0, 100), (1, 101), (3, 103)]
    assert [name for name, _ in data.facts["skipped"]] == ["A/2.png and B/2.png"]


def test_one_percent_of_pairs_is_skipped_and_more_is_refused(tmp_path: Path) -> None:
    for i in range(200):
        beside(tmp_path / "d" / f"{i:03}.png", plain(i), plain(i))
    for i in range(2):
        (tmp_path / "d" / f"{i:03}.png").write_bytes(b"hello")
    data = pairs(tmp_path / "d")
    assert len(data) == len(data.others["source"]) == 198
    assert data.facts["skipped"] == [("000.png", "not an image"), ("001.png", "not an image")]
    (tmp_path / "d" / "002.png").write_bytes(b"hello")
    with pytest.raises(BadRequest, match=r"3 of 200 images .* more than 1 %.* 000.png: not an image"):
        pairs(tmp_path / "d")


def test_all_corrupt(tmp_path: Path) -> None:
    for side in "AB":
        write(tmp_path / "d" / side / "1.png", plain(1)).write_bytes(b"hello")
    with pytest.raises(BadRequest, match=r"none of the 1 images .* A/1\.png and B/1\.png: not an image"):
        pairs(tmp_path / "d")


# What is refused


def test_an_odd_width_has_no_middle(tmp_path: Path) -> None:
    beside(tmp_path / "d" / "1.png", plain(1), plain(2))
    write(tmp_path / "d" / "2.png", plain(3, (8, 17)))
    for size in (None, (8, 8)):
        with pytest.raises(BadRequest, match=r"2\.png is 17 pixels wide; .* an even number"):
            pairs(tmp_path / "d", size=size)


def test_images_without_a_partner_are_counted_and_named(tmp_path: Path, packed) -> None:
    for side, names in ("A", "1234"), ("B", "12"):
        for name in names:
            write(tmp_path / "d" / side / f"{name}.png", plain(1))
    with pytest.raises(
        BadRequest, match=r"2 of 4 images in A of .* no partner in B, .* the first is A/3\.png"
    ):
        pairs(packed(tmp_path / "d"))


def test_a_partner_may_be_missing_on_the_other_side(tmp_path: Path) -> None:
    for split, side, names in (
        ("train", "A", "1"),
        ("train", "B", "15"),
        ("test", "A", "1"),
        ("test", "B", "1"),
    ):
        for name in names:
            write(tmp_path / "d" / f"{split}{side}" / f"{name}.png", plain(1))
    with pytest.raises(
        BadRequest, match=r"1 of 2 images in B of .* no partner in A, .* the first is train/B/5\.png"
    ):
        pairs(tmp_path / "d")
    assert len(pairs(tmp_path / "d", "test")) == 1


def test_two_partners_are_one_too_many(tmp_path: Path) -> None:
    for name in ("A/1.png", "A/1.bmp", "B/1.png"):
        write(tmp_path / "d" / name, plain(1))
    with pytest.raises(BadRequest, match=r"A/1\.bmp and A/1\.png in .* have one partner; keep one of them"):
        pairs(tmp_path / "d")


@pytest.mark.parametrize("full", ["A", "trainB"])
def test_one_side_empty(tmp_path: Path, packed, full: str) -> None:
    for i in range(3):  # wide enough to be parted by mistake
        write(tmp_path / "d" / full / f"{i}.png", plain(1, (8, 16)))
    (tmp_path / "d" / full.translate(str.maketrans("AB", "BA"))).mkdir()
    with pytest.raises(BadRequest, match=r"has a folder A or B, but not images in both; pairs need both"):
        pairs(packed(tmp_path / "d"))


def test_one_side_empty_in_one_split(tmp_path: Path) -> None:
    for name in ("trainA/1.png", "trainA/2.png", "testB/1.png"):
        write(tmp_path / "d" / name, plain(1))
    with pytest.raises(BadRequest, match=r"has 2 images in A and none in B; pairs need both"):
        pairs(tmp_path / "d")


@pytest.mark.parametrize("size", [(8, 8), (16, 10)])
def test_a_folder_that_is_neither(tmp_path: Path, size: tuple[int, int]) -> None:
    for name in ("cat/1.png", "dog/1.png"):
        write(tmp_path / "d" / name, plain(1, size))
    with pytest.raises(
        BadRequest, match=r"cat/1\.png is .*; expected folders A and B, or two pictures side by side"
    ):
        pairs(tmp_path / "d")


@pytest.mark.parametrize("name", ["set.npz", "set.parquet"])
def test_tables_hold_no_pairs(tmp_path: Path, name: str) -> None:
    file = io.BytesIO()
    np.savez(file, x=np.zeros((2, 8, 16), np.uint8))
    (tmp_path / name).write_bytes(file.getvalue())
    with pytest.raises(BadRequest, match=rf"pairs are read from a folder or a \.zip; .*{name} is neither"):
        pairs(tmp_path / name)


def test_no_images(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(BadRequest, match=r"no images in .*d"):
        pairs(tmp_path / "d")


# The real ones


def test_facades(shared_data: Path) -> None:
    path = shared_data / "facades" / "facades.zip"
    if not path.is_file():
        pytest.skip("needs ../shared/data/facades/facades.zip")
    data = pairs(path, "val", (64, 64))
    assert data.spec.shape == (3, 64, 64)
    assert (len(data), data.facts["splits"], data.facts["skipped"]) == (100, ("train", "test", "val"), [])
    saturated = [(x.amax(1) - x.amin(1)).float().mean() for x in (data.others["source"], data.x)]
    assert saturated[1] > 3 * saturated[0]  # A is the photograph, B the map of its parts in pure colors
