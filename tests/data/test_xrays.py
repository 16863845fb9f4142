"""The archive of X-rays is read with the names of its classes; a variant of it and other archives are told."""

from pathlib import Path

import numpy as np
import pytest

from rivalry.data import open_data
from rivalry.errors import BadRequest


def archive(path: Path, side: int = 28, classes: int = 2) -> Path:
    draw = np.random.default_rng(0)
    pictures = lambda n: draw.integers(0, 256, (n, side, side)).astype(np.uint8)
    parts = {f"{split}_images": pictures(n) for split, n in (("train", 8), ("val", 4), ("test", 624))}
    labels = {f"{k.split('_')[0]}_labels": np.arange(len(x))[:, None] % classes for k, x in parts.items()}
    np.savez(path, **parts, **labels)
    return path


def test_classes_have_names_and_a_variant_says_that_it_is_one(tmp_path: Path) -> None:
    archive(tmp_path / "pneumoniamnist.npz")
    train, test = (open_data(f"chest-xrays:path={tmp_path}", split) for split in ("train", "test"))
    assert train.spec.classes == ("normal", "pneumonia") and train.spec.shape == (1, 28, 28)
    assert train.label is not None and train.label.tolist() == [0, 1] * 4
    assert "8 pictures, where 4,708 were published" in train.facts["remarks"][0]
    assert test.facts["remarks"] == []


def test_without_the_archive_it_is_said_where_it_is(tmp_path: Path) -> None:
    for given, said in (("", "path=FILE"), (f":path={tmp_path}/none.npz", "none.npz is not there")):
        with pytest.raises(BadRequest, match=rf"{said}.*medmnist\.com"):
            open_data(f"chest-xrays{given}")
    for other in ({"side": 8}, {"classes": 3}):
        file = archive(tmp_path / "other.npz", **other)
        with pytest.raises(BadRequest, match="expected 28 x 28 grey, of classes 0 and 1"):
            open_data(f"chest-xrays:path={file}")
