"""`check` finds what is in a set and what is wrong with it."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import rivalry.data.check as checking
from rivalry.data.check import check, render
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest


@dataclass
class Entry:
    name: str
    needs: tuple[str, ...]
    kinds: tuple[str, ...] = ("image",)


GAMES = [
    Entry("dcgan", ()),
    Entry("cgan", ("labels",)),
    Entry("cyclegan", ("domains",)),
    Entry("pix2pix", ("pairs",)),
    Entry("ring-gan", (), ("points",)),
]


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    for i in range(6):
        folder = tmp_path / "d" / ("train" if i < 4 else "test") / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((10, 12), 40 * (i // 2), np.uint8)).save(folder / f"{i}.png")
    Image.new("P", (9, 9)).save(tmp_path / "d" / "train" / "a" / "palette.png")
    (tmp_path / "d" / "train" / "b" / "bad.png").write_bytes(b"hello")
    return tmp_path / "d"


def test_what_is_in_a_messy_folder(messy: Path) -> None:
    report = check(str(messy), GAMES)
    assert report.n == 7
    assert report.splits == {"train": 6, "test": 2}
    assert report.sizes == {(10, 12): 6, (9, 9): 1}
    assert report.channels == 1  # the palette is grey
    assert report.labels == {"a": 4, "b": 3}
    assert report.corrupt == [("train/b/bad.png", "not an image")]
    pairs = [("train/a/0", "train/b/1"), ("train/a/2", "train/b/3"), ("test/a/4", "test/b/5")]
    assert report.duplicates == [[f"{one}.png", f"{other}.png"] for one, other in pairs]
    assert report.converted == {"palette": 1, "to L": 1}
    assert report.suits == ["dcgan", "cgan", "cyclegan"]
    assert report.pairs == ""
    assert report.wrong == []


def test_the_text_tells_all_of_it(messy: Path) -> None:
    told = render(check(str(messy), GAMES)).splitlines()
    assert told == [
        f"{messy}: 7 images that can be used",
        "splits      train 6, test 2",
        "sizes       10 x 12 (6), 9 x 9 (1)",
        "channels    1 (grey)",
        "labels      a (4), b (3)",
        "converted   palette (1), to L (1)",
        "duplicates  3 with exactly the pixels of another, as train/a/0.png = train/b/1.png",
        "corrupt     train/b/bad.png: not an image",
        "suits       dcgan, cgan, cyclegan",
    ]


def test_what_is_refused_is_said_to_be_wrong(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("1.png", "2.png"):
        (tmp_path / "d" / name).write_bytes(b"hello")
    report = check(str(tmp_path / "d"), GAMES)
    assert report.wrong == ["nothing in it can be read"]
    assert report.suits == []
    Image.new("L", (8, 8)).save(tmp_path / "d" / "3.png")
    assert check(str(tmp_path / "d"), GAMES).wrong == ["2 of 3 cannot be used, and more than 1 % is refused"]


def test_nothing_is_kept_in_the_cache(messy: Path) -> None:
    check(str(messy))
    assert not (Path(os.environ["RIVALRY_CACHE"]) / "decoded").exists()


def test_an_archive_and_a_name(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (5, 8, 9), dtype=np.uint8)
    x[3] = x[1]
    np.savez(tmp_path / "set.npz", x=x, y=np.array([1, 1, 2, 1, 2]))
    report = check(str(tmp_path / "set.npz"), GAMES)
    assert (report.n, report.sizes, report.labels) == (5, {(8, 9): 5}, {"1": 3, "2": 2})
    assert report.duplicates == [["train 1", "train 3"]]
    report = check("digits", GAMES)
    assert (report.n, report.splits, report.suits) == (1797, {"train": 1500, "test": 297}, ["dcgan", "cgan"])
    report = check("swiss-roll", GAMES)
    assert (report.kind, report.channels, report.suits) == ("points", 2, ["ring-gan"])
    assert "dimensions  2" in render(report)


def layout(folder: Path, names: str, size: tuple[int, int] = (8, 8)) -> str:
    for i, name in enumerate(names.split()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full(size, i, np.uint8)).save(folder / f"{name}.png")
    return str(folder)


def test_two_domains_and_pairs_are_told_apart(tmp_path: Path) -> None:
    aligned = check(
        layout(tmp_path / "aligned", "train/A/1 train/B/1 test/A/2 test/B/2 test/A/3 test/B/3"), GAMES
    )
    assert aligned.pairs == "3, of one name in the folders A and B"
    assert aligned.suits == ["dcgan", "cgan", "cyclegan", "pix2pix"]
    assert "pairs       3, of one name in the folders A and B" in render(aligned).splitlines()
    unaligned = check(layout(tmp_path / "unaligned", "A/1 A/2 B/1 B/3"), GAMES)
    assert (unaligned.pairs, unaligned.suits) == ("", ["dcgan", "cgan", "cyclegan"])
    three = check(layout(tmp_path / "three", "a/1 b/1 c/1"), GAMES)
    assert (three.pairs, three.suits) == ("", ["dcgan", "cgan"])
    one = check(layout(tmp_path / "one", "1 2"), GAMES)
    assert (one.pairs, one.suits) == ("", ["dcgan"])


def test_pictures_twice_as_wide_as_tall_are_perhaps_pairs(tmp_path: Path) -> None:
    report = check(layout(tmp_path / "wide", "1 2", (8, 16)), GAMES)
    assert report.pairs == "perhaps side by side: every image is twice as wide as tall"
    assert report.suits == ["dcgan", "pix2pix"]
    layout(tmp_path / "wide", "3", (8, 17))
    assert check(str(tmp_path / "wide"), GAMES).suits == ["dcgan"]


def test_a_named_set_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = Spec("few", "image", (1, 8, 8), extra=("source",))
    x = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    few = Dataset(spec, x, None, {"splits": ("train",)}, {"source": x})
    monkeypatch.setattr(checking, "open_data", lambda name, split="train": few)
    report = check("emoji", GAMES)
    assert report.pairs == "each with the image that it is made from"
    assert report.suits == ["dcgan", "pix2pix"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no file or folder"):
        check(str(tmp_path / "nowhere"))
    with pytest.raises(BadRequest, match="no images in"):
        check(str(tmp_path))
