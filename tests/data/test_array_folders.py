"""Folders of IDX files and of .npz archives."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rivalry.data import open_data
from rivalry.data.check import check, glance
from rivalry.errors import BadRequest


def write_idx(path: Path, values: np.ndarray) -> None:
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    raw = head + values.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    images = np.arange(5 * 9 * 8).reshape(5, 9, 8) % 256
    write_idx(folder / "train-images-idx3-ubyte.gz", images)
    write_idx(folder / "train-labels-idx1-ubyte.gz", np.array([3, 7, 3, 7, 3]))
    write_idx(folder / "t10k-images.idx3-ubyte", images[:2])
    write_idx(folder / "t10k-labels.idx1-ubyte", np.array([7, 9]))
    return folder


def test_idx_files_are_a_set_with_splits_and_labels(mnist: Path) -> None:
    train, test = open_data(mnist), open_data(mnist, "test")
    assert (train.spec.name, train.spec.shape, train.spec.classes) == ("letters", (1, 9, 8), ("3", "7", "9"))
    assert train.label is not None and test.label is not None
    assert (train.label.tolist(), test.label.tolist()) == ([0, 1, 0, 1, 0], [1, 2])
    assert train.x.flatten().tolist() == (np.arange(360) % 256).tolist()
    assert train.facts["splits"] == ("train", "test")
    assert open_data(mnist / "train-images-idx3-ubyte.gz").x.equal(train.x)  # one of its files
    assert open_data(mnist, size=(16, 16)).spec.shape == (1, 16, 16)


def test_a_check_reads_them_too(mnist: Path) -> None:
    for look in (check, glance):
        report = look(str(mnist))
        assert (report.n, report.splits, report.sizes) == (7, {"train": 5, "test": 2}, {(9, 8): 7})
        assert report.labels == {"3": 3, "7": 3, "9": 1}


def test_idx_files_that_do_not_fit_are_refused(mnist: Path) -> None:
    write_idx(mnist / "train-labels-idx1-ubyte.gz", np.array([3, 7]))
    with pytest.raises(BadRequest, match="expected one for each of the images"):
        open_data(mnist)
    with pytest.raises(BadRequest, match="no split 'val'"):
        open_data(mnist, "val")


def test_archives_of_a_folder_are_parts_or_splits(tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (6, 8, 8), dtype=np.uint8)
    parts, splits = tmp_path / "parts", tmp_path / "splits"
    for folder, names in ((parts, ("0", "1")), (splits, ("train", "test"))):
        folder.mkdir()
        np.savez(folder / f"{names[0]}.npz", X=x[:4], target=np.array(["a", "b", "a", "b"]))
        np.savez(folder / f"{names[1]}.npz", imgs=x[4:], Y=np.array(["c", "a"]))
    whole = open_data(parts)
    assert (whole.spec.name, len(whole), whole.spec.classes) == ("parts", 6, ("a", "b", "c"))
    assert whole.label is not None and whole.label.tolist() == [0, 1, 0, 1, 2, 0]
    assert np.array_equal(whole.x[:, 0].numpy(), x)
    assert len(open_data(splits)) == 4 and len(open_data(splits, "test")) == 2
    assert set(open_data(splits).facts["splits"]) == {"train", "test"}


def test_statistics_beside_pictures_make_no_set_of_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "statistics.npz", x=np.zeros((4, 2)))
    for name, color in (("1.png", 0), ("2.png", 9)):
        Image.new("L", (8, 8), color).save(tmp_path / name)
    assert (open_data(tmp_path).spec.kind, len(open_data(tmp_path))) == ("image", 2)
    (tmp_path / "cat").mkdir()
    for name in ("1.png", "2.png"):
        (tmp_path / name).rename(tmp_path / "cat" / name)
    assert len(open_data(tmp_path)) == 2


def test_archives_that_differ_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "0.npz", x=np.zeros((4, 8, 8), np.uint8))
    np.savez(tmp_path / "1.npz", x=np.zeros((4, 9, 9), np.uint8))
    with pytest.raises(BadRequest, match="the archives of"):
        open_data(tmp_path)
