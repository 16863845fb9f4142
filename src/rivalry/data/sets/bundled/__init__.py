"""The data sets that ship with the package.  NOTICE tells their sources and licenses.

tools/bundle_data.py of the repository makes the files of this folder.
"""

from pathlib import Path

import numpy as np
import torch

from rivalry.data.readers.idx import read_idx
from rivalry.data.readers.images import open_images
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

HERE = Path(__file__).parent
DIGITS_TRAIN = 1500  # rows; the rest are the test split


def open_bundled(name: str, split: str = "train") -> Dataset:
    """The bundled data set "mnist", "tiles" or "digits".

    Raises:
        BadRequest: it has no such split.
    """
    splits = ("train",) if name == "tiles" else ("train", "test")
    if split not in splits:
        raise BadRequest(f"{name!r} has no split {split!r}; it has {' and '.join(splits)}")
    dataset = {"mnist": _mnist, "tiles": _tiles, "digits": _digits}[name](split)
    dataset.facts |= {"source": "bundled", "splits": splits}
    return dataset


def _mnist(split: str) -> Dataset:
    """MNIST (LeCun, Cortes, Burges 1998): 60,000 training and 10,000 test images, uint8 (n, 1, 28, 28)."""
    stem = "train" if split == "train" else "t10k"
    x = read_idx(HERE / f"{stem}-images-idx3-ubyte.gz")
    label = read_idx(HERE / f"{stem}-labels-idx1-ubyte.gz")
    return _numbered("mnist", x, label, {"license": "CC BY-SA 3.0"})


def _digits(split: str) -> Dataset:
    """1,797 digits, uint8 (n, 1, 8, 8), from scikit-learn: the test set of UCI's optical digits.

    The source has no split: the first 1,500 rows train, the last 297 test.
    """
    rows = slice(None, DIGITS_TRAIN) if split == "train" else slice(DIGITS_TRAIN, None)
    with np.load(HERE / "digits.npz", allow_pickle=False) as archive:
        return _numbered("digits", archive["x"][rows], archive["y"][rows], {"license": "CC BY 4.0"})


def _tiles(split: str) -> Dataset:
    """Dungeon Crawl sprites over black, uint8 (n, 3, 32, 32); the label is the sources' folder."""
    dataset = open_images(HERE / "tiles.zip", split)
    color, alpha = dataset.x[:, :3].int(), dataset.x[:, 3:].int()
    x = ((color * alpha + 127) // 255).byte()
    spec = Spec("tiles", "image", (3, 32, 32), dataset.spec.classes)
    return Dataset(spec, x, dataset.label, {"license": "CC0 1.0"})


def _numbered(name: str, x: np.ndarray, label: np.ndarray, facts: dict[str, object]) -> Dataset:
    spec = Spec(name, "image", (1, *x.shape[1:]), tuple(str(i) for i in range(10)))
    return Dataset(spec, torch.from_numpy(x)[:, None], torch.from_numpy(label.astype(np.int64)), facts)
