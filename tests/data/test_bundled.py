"""What ships with the package is what its sources hold."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data import open_data
from rivalry.data.sets import bundled
from rivalry.errors import BadRequest

HERE = Path(bundled.__file__).parent


def test_mnist_is_mnist() -> None:
    train, test = open_data("mnist"), open_data("mnist", "test")
    assert (len(train), len(test)) == (60_000, 10_000)
    assert train.spec.shape == test.spec.shape == (1, 28, 28)
    # the mean and deviation that every tutorial normalizes by
    assert train.x.float().mean().item() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert train.x.float().std().item() / 255 == pytest.approx(0.3081, abs=5e-5)
    header = bytes.fromhex("00000803 0000ea60 0000001c 0000001c")
    assert hashlib.md5(header + train.x.numpy().tobytes()).hexdigest() == "6bbc9ace898e44ae57da46a324031adb"
    assert train.label[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.label[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert torch.bincount(train.label).tolist() == counts


def test_digits_are_those_of_scikit_learn() -> None:
    train, test = open_data("digits"), open_data("digits", "test")
    assert (len(train), len(test)) == (1500, 297)
    assert train.label[:10].tolist() == list(range(10))
    x = torch.cat([train.x, test.x])[:, 0]
    assert x[0, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]  # the source's 0 0 5 13 9 1 0 0, times 255 / 16
    assert (x.double() * 16 / 255).round().sum() == 561718  # the sum of the source


def test_tiles_are_colors_over_black_in_classes() -> None:
    tiles = open_data("tiles")
    assert tiles.spec.shape == (3, 32, 32)
    assert len(tiles) == 2630
    counts = dict(zip(tiles.spec.classes, torch.bincount(tiles.label).tolist()))
    assert len(counts) == 29
    assert min(counts.values()) >= 20
    assert counts["dngn-floor"] == 367
    assert len(torch.unique(tiles.x.flatten(1), dim=0)) == 2630  # no two are the same
    with pytest.raises(BadRequest, match="'tiles' has no split 'test'; it has train"):
        open_data("tiles", "test")


def test_a_half_transparent_pixel_is_half_as_bright(tmp_path: Path, monkeypatch) -> None:
    import zipfile

    from PIL import Image

    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[0, 0], pixels[0, 1], pixels[0, 2] = (200, 100, 50, 255), (200, 100, 51, 128), (200, 100, 50, 0)
    for name in ("a", "b"):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    with zipfile.ZipFile(tmp_path / "tiles.zip", "w") as archive:
        for name in ("a", "b"):
            archive.write(tmp_path / f"{name}.png", f"{name}/1.png")
    monkeypatch.setattr(bundled, "HERE", tmp_path)
    assert open_data("tiles").x[0, :, 0, :4].T.tolist() == [
        [200, 100, 50],
        [100, 50, 26],
        [0, 0, 0],
        [0, 0, 0],
    ]


def test_the_files_are_small_enough_for_the_wheel() -> None:
    assert sum(file.stat().st_size for file in HERE.iterdir() if file.is_file()) < 15_000_000


@pytest.mark.slow
def test_the_script_makes_these_files(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    root = Path(__file__).resolve().parents[2]
    made = tmp_path / "src" / "rivalry" / "data" / "sets" / "bundled"
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "bundle_data.py"
    script.write_bytes((root / "tools" / "bundle_data.py").read_bytes())
    subprocess.run([sys.executable, str(script), str(shared_data)], check=True, capture_output=True)
    names = {file.name for file in made.iterdir()}
    others = {"cora-ml.npz"}  # made by scripts of their own
    assert names == {file.name for file in HERE.iterdir() if file.suffix in (".gz", ".zip", ".npz")} - others
    for name in names - {"digits.npz"}:
        assert (made / name).read_bytes() == (HERE / name).read_bytes()
    with np.load(made / "digits.npz") as one, np.load(HERE / "digits.npz") as other:  # packed by any zlib
        assert np.array_equal(one["x"], other["x"])
        assert np.array_equal(one["y"], other["y"])
