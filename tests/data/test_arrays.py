"""Archives of arrays: layouts, ranges, splits, labels, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data import open_data
from rivalry.errors import BadRequest

BYTES = np.random.default_rng(0).integers(0, 256, (6, 9, 12, 3), dtype=np.uint8)


def saved(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path / "set.npz", **arrays)
    return str(path / "set.npz")


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        (BYTES, (3, 9, 12)),
        (BYTES.transpose(0, 3, 1, 2), (3, 9, 12)),
        (BYTES[..., :1], (1, 9, 12)),
        (BYTES[..., 0], (1, 9, 12)),
    ],
)
def test_layouts(tmp_path: Path, x: np.ndarray, shape: tuple[int, ...]) -> None:
    data = open_data(saved(tmp_path, x=x))
    assert data.spec.shape == shape
    assert np.array_equal(data.x.numpy(), BYTES.transpose(0, 3, 1, 2)[:, : shape[0]])
    assert data.label is None


@pytest.mark.parametrize(
    ("scale", "how"),
    [
        (lambda b: b / 255, "from [0, 1]"),
        (lambda b: (b / 127.5 - 1).astype(np.float32), "from [-1, 1]"),
        (lambda b: b.astype(np.uint16) * 257, "16-bit"),
        (lambda b: b.astype(np.int64), "from int64"),
        (lambda b: b.astype(np.float32), "from float32"),
    ],
)
def test_every_range_comes_back_to_the_same_bytes(tmp_path: Path, scale, how: str) -> None:
    data = open_data(saved(tmp_path, images=scale(BYTES)))
    assert np.array_equal(data.x.numpy(), BYTES.transpose(0, 3, 1, 2))
    assert data.facts["converted"] == {how: 6}


def test_labels_are_named_and_numbered_over_all_splits(tmp_path: Path) -> None:
    where = saved(
        tmp_path,
        train_images=BYTES,
        train_labels=np.array([[3], [10], [3], [3], [10], [3]]),
        test_images=BYTES[:2],
        test_labels=np.array([[7], [10]]),
    )
    train, test = open_data(where), open_data(where, "test")
    assert train.spec.classes == test.spec.classes == ("3", "7", "10")
    assert train.label.tolist() == [0, 2, 0, 0, 2, 0]
    assert test.label.tolist() == [1, 2]
    assert train.facts["splits"] == ("train", "test")
    with pytest.raises(BadRequest, match=r"has no split 'val'; it has train, test"):
        open_data(where, "val")


def test_strings_are_labels(tmp_path: Path) -> None:
    data = open_data(saved(tmp_path, x=BYTES[:3], y=np.array(["dog", "cat", "dog"])))
    assert data.spec.classes == ("cat", "dog")
    assert data.label.tolist() == [1, 0, 1]


def test_rows_of_numbers_are_points(tmp_path: Path) -> None:
    points = np.random.default_rng(1).normal(size=(20, 5))
    data = open_data(saved(tmp_path, x=points))
    assert data.spec.kind == "points"
    assert data.spec.shape == (5,)
    assert torch.equal(data.x, torch.from_numpy(points).float())


def test_images_are_resized(tmp_path: Path) -> None:
    assert open_data(saved(tmp_path, x=BYTES), size=(8, 10)).x.shape == (6, 3, 8, 10)


def test_a_truncated_archive(tmp_path: Path) -> None:
    where = Path(saved(tmp_path, x=BYTES))
    whole = where.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        where.write_bytes(whole[:length])
        with pytest.raises(BadRequest, match=r"set\.npz") as error:
            open_data(str(where))
        assert "\n" not in str(error.value)


def test_an_archive_with_a_damaged_array(tmp_path: Path) -> None:
    where = Path(saved(tmp_path, x=BYTES))
    raw = bytearray(where.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    where.write_bytes(raw)
    with pytest.raises(BadRequest, match=r"x in .*set\.npz is damaged"):
        open_data(str(where))


def test_an_archive_that_needs_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(ran), "w"))

    where = saved(tmp_path, x=np.array([Evil()], dtype=object))
    with pytest.raises(BadRequest, match=r"x in .*set\.npz holds Python objects, which need pickle"):
        open_data(where)
    assert not ran.exists()


def test_a_single_array_or_a_pickle_under_the_name_of_an_archive(tmp_path: Path) -> None:
    with (tmp_path / "set.npz").open("wb") as file:
        np.save(file, BYTES)
    with pytest.raises(BadRequest, match="is a single array"):
        open_data(str(tmp_path / "set.npz"))
    (tmp_path / "set.npz").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(BadRequest, match="is not a whole"):
        open_data(str(tmp_path / "set.npz"))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"weights": BYTES}, "holds weights; expected x or images"),
        ({"x": np.zeros((4, 9, 9, 9), np.uint8)}, r"shape \(4, 9, 9, 9\); expected images"),
        ({"x": np.zeros((4, 9), np.uint8)}, "expected images"),
        ({"x": np.zeros(0)}, "expected numbers, one row a datum"),
        ({"x": np.array(["a"])}, "expected numbers"),
        ({"x": np.full((2, 8, 8), np.nan)}, "not finite"),
        ({"x": np.full((2, 8, 8), 70000)}, "holds values from 70000 to 70000; expected 0 to 255"),
        ({"x": BYTES, "y": np.zeros(5, int)}, "holds 6 data and 5 labels"),
        ({"x": BYTES, "y": np.eye(6)}, "expected one whole number or string"),
    ],
)
def test_what_cannot_be_used(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        open_data(saved(tmp_path, **arrays))


def test_medical_images(shared_data: Path) -> None:
    data = open_data(str(shared_data / "pneumoniamnist" / "pneumoniamnist.npz"))
    assert data.spec.shape == (1, 28, 28)
    assert len(data) == 3882
    assert torch.bincount(data.label)[0] == 388


def test_points_beyond_float32_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.full((4, 2), 1e300))
    with pytest.raises(BadRequest, match=r"beyond 3\.4e38, the largest of float32"):
        open_data(str(tmp_path / "set.npz"))


@pytest.mark.parametrize("labels", [np.arange(3), np.int64(1), np.array(["a"])])
def test_a_single_number_is_no_table_of_images(tmp_path: Path, labels: np.ndarray) -> None:
    np.savez(tmp_path / "one.npz", np.float32(1), labels)  # arr_0, and what may be labels beside it
    with pytest.raises(BadRequest, match=r"arr_0 in .*one\.npz has the shape \(\); expected images"):
        open_data(str(tmp_path / "one.npz"))
