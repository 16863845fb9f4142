"""NumPy archives (.npz) of images or points: never unpickled, checked key by key.

Images lie under `x` or `images`, labels under `y`, `label` or `labels`; with a split's name before or after
them (`train_images`, `x_test`), the archive has that split.
"""

import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from rivalry.data.decode import resize
from rivalry.data.decoded import Size
from rivalry.data.images import sort_classes
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

_DATA = ("x", "images", "image", "data", "arr_0")
_LABELS = ("y", "labels", "label", "targets")
_SPLITS = ("train", "test", "val")


def open_npz(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A .npz archive as a table.

    Arrays of images are (n, h, w), (n, h, w, c) or (n, c, h, w) with c from 1 to 4; bytes as they are, 16-bit
    numbers scaled, numbers in [0, 1] or [-1, 1] scaled and counted in `facts["converted"]`.  A floating-point
    array (n, d) is points.  Labels are whole numbers or strings, (n,) or (n, 1).

    Args:
        size: height and width in pixels to crop and resize images to.

    Raises:
        BadRequest: the archive is damaged, needs pickle, lacks the split, or holds something else.
    """
    with _open(path) as archive:
        splits = archive_splits(archive.files, path)
        if split not in splits:
            raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(splits)}")
        x = _read(archive, splits[split][0], path)
        labels = {name: _read(archive, key, path) for name, (_, key) in splits.items() if key}
    table, converted = _as_table(x, f"{splits[split][0]} in {path}")
    classes: tuple[str, ...] = ()
    label = None
    if split in labels:
        named = {name: _as_names(values, f"{splits[name][1]} in {path}") for name, values in labels.items()}
        if len(named[split]) != len(table):
            raise BadRequest(
                f"{path} holds {len(table)} data and {len(named[split])} labels in split {split!r}"
            )
        classes = sort_classes({name for names in named.values() for name in names})
        number = {name: i for i, name in enumerate(classes)}
        label = torch.tensor([number[name] for name in named[split]])
    kind = "image" if table.dtype == np.uint8 else "points"
    if size is not None and kind == "image":
        table = resize(table, size)
    spec = Spec(path.resolve().stem, kind, table.shape[1:], classes)
    facts = {"source": str(path), "splits": tuple(splits), "skipped": [], "converted": converted}
    return Dataset(spec, torch.from_numpy(table), label, facts)


def archive_splits(keys: list[str], path: Path) -> dict[str, tuple[str, str]]:
    """Split -> the keys of its data and of its labels ("" when it has none)."""

    def find(names: tuple[str, ...], split: str) -> str:
        told = [f"{split}_{name}" for name in names] + [f"{name}_{split}" for name in names]
        told += names if split == "train" else ()
        return next((key for key in told if key in keys), "")

    splits = {split: (find(_DATA, split), find(_LABELS, split)) for split in _SPLITS}
    splits = {split: found for split, found in splits.items() if found[0]}
    if not splits:
        raise BadRequest(
            f"{path} holds {', '.join(keys) or 'nothing'}; expected x or images, and y for labels"
        )
    return splits


def _open(path: Path) -> np.lib.npyio.NpzFile:
    try:
        archive = np.load(path, allow_pickle=False)
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise BadRequest(f"{path} is not a whole .npz archive: {error}") from error
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise BadRequest(
            f"{path} is a single array, not a .npz archive; save it with numpy.savez(path, x=array)"
        )
    return archive


def _read(archive: np.lib.npyio.NpzFile, key: str, path: Path) -> np.ndarray:
    try:
        return archive[key]
    except ValueError as error:
        if "pickle" not in str(error):
            raise BadRequest(f"{key} in {path} is damaged: {error}") from error
        raise BadRequest(
            f"{key} in {path} holds Python objects, which need pickle, and unpickling can run any code; "
            "save it as numbers"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise BadRequest(f"{key} in {path} is damaged: {error}") from error


def _as_table(x: np.ndarray, what: str) -> tuple[np.ndarray, dict[str, int]]:
    """uint8 (n, c, h, w) or float32 (n, d), and the conversions that it took."""
    if x.dtype.kind not in "buif" or x.size == 0:
        raise BadRequest(f"{what} is {x.dtype} of shape {x.shape}; expected numbers, one row a datum")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise BadRequest(f"{what} holds numbers that are not finite")
    if x.ndim == 2 and x.dtype.kind == "f":
        return np.ascontiguousarray(x, np.float32), {}
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[3] <= 4:
        x = x.transpose(0, 3, 1, 2)
    elif x.ndim != 4 or x.shape[1] > 4:
        raise BadRequest(
            f"{what} has the shape {x.shape}; expected images (n, h, w), (n, h, w, c) or (n, c, h, w) "
            "with 1 to 4 channels, or points (n, d) in floating point"
        )
    scaled, how = _as_bytes(x, what)
    return np.ascontiguousarray(scaled), {how: len(x)} if how else {}


def _as_bytes(x: np.ndarray, what: str) -> tuple[np.ndarray, str]:
    if x.dtype == np.uint8:
        return x, ""
    low, high = x.min(), x.max()
    if x.dtype == np.uint16 and high > 255:
        return ((x.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8), "16-bit"
    if x.dtype == np.bool_ or (x.dtype.kind == "f" and low >= 0 and high <= 1):
        return np.rint(x * np.float32(255)).astype(np.uint8), "from [0, 1]"
    if x.dtype.kind == "f" and low >= -1 and high <= 1:
        return np.rint((x + 1) * np.float32(127.5)).astype(np.uint8), "from [-1, 1]"
    if low >= 0 and high <= 255:
        return np.rint(x).astype(np.uint8), f"from {x.dtype}"
    raise BadRequest(f"{what} holds values from {low:g} to {high:g}; expected 0 to 255, 0 to 1 or -1 to 1")


def _as_names(labels: np.ndarray, what: str) -> list[str]:
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or flat.dtype.kind not in "biuU":
        raise BadRequest(
            f"{what} is {labels.dtype} of shape {labels.shape}; expected one whole number or string a datum"
        )
    return [str(name) for name in flat.tolist()]
