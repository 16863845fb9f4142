"""NumPy archives (.npz) of images or points.  Nothing is unpickled; sizes are checked before arrays are read.

The key of images is `x` or `images`, that of labels `y`, `label` or `labels`.  With a split's name before or after it
(`train_images`, `x_test`), the archive has that split.  `arr_0` and `arr_1`, the names that `numpy.savez(path, images,
labels)` gives, are read too.  The keys `kind` and `about` say that the data are of another kind (see `named`).
"""

import math
import tokenize
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from rivalry.data.readers.budget import require_set
from rivalry.data.readers.decode import DAMAGED, DEEP, resize, white_of
from rivalry.data.readers.decoded import Size
from rivalry.data.readers.images import sort_classes
from rivalry.data.readers.members import open_regular
from rivalry.data.readers.named import KEYS, about_of, as_kind, text_of
from rivalry.data.readers.splits import canonical
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds import find_kind
from rivalry.kinds.kind import Kind

_DATA = ("x", "X", "images", "image", "imgs", "img", "pictures", "samples", "data", "arr_0")
_LABELS = ("y", "Y", "labels", "label", "targets", "target")
_SPLITS = ("train", "test", "val")
_DEMONSTRATIONS = frozenset(("observations", "actions", "rewards"))  # of demonstrations, among others
_RANGES = ((0, 1), (-1, 1), (0, 255))  # of floating-point pixels
_DARK = 16  # of 255: if no value is brighter, the range is another one
_BROKEN = (*DAMAGED, tokenize.TokenError, MemoryError)

Archive = tuple[Path, zipfile.ZipFile, dict[str, zipfile.ZipInfo]]  # its path, and its arrays by key


def open_npz(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A .npz archive as a table.

    Arrays of images are (n, h, w), (n, h, w, c) or (n, c, h, w) with c from 1 to 4.  Bytes stay as they are.  Whole
    numbers of 1, 10, 12 or 16 bits and numbers in [0, 1] or [-1, 1] are scaled; `facts["converted"]` counts them.  Up
    to 1 % of the values may lie outside of the range; they are clipped.  A floating-point array (n, d) is points.
    Labels are whole numbers or strings, (n,) or (n, 1).

    Args:
        size: height and width in pixels to crop and resize images to.

    Raises:
        BadRequest: the archive is damaged, needs pickle, lacks the split, or holds something else.
    """
    split = canonical(split)
    with _opened(path) as archive:
        if archive[2].keys() >= _DEMONSTRATIONS:
            return _open_episodes(path, archive, split, size)
        if archive[2].keys() >= {"indices", "indptr", "shape"}:
            from rivalry.data.readers.graphs import of_sparse

            return of_sparse(path, split, size, _read(archive, "indices"), _read(archive, "indptr"))
        splits = archive_splits([*archive[2]], path)
        if split not in splits:
            raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(splits)}")
        x = _read(archive, splits[split][0])
        labels = {name: _read(archive, key) for name, (_, key) in splits.items() if key}
        if splits[split] == ("arr_0", "") and "arr_1" in archive[2]:
            second = _read(archive, "arr_1")
            if x.ndim and second.dtype.kind in "biuU" and second.shape in ((len(x),), (len(x), 1)):
                splits["train"], labels["train"] = ("arr_0", "arr_1"), second
        kind, about = _kind_of(archive)
        others = [data for name, (data, _) in splits.items() if name != split]
        highest = _highest(archive, others, x) if kind is None else 0
    used = {*KEYS, *(key for keys in splits.values() for key in keys)}
    what, converted = f"{splits[split][0]} in {path}", dict[str, int]()
    if kind is not None:
        data = as_kind(x, kind, about, what)
    else:
        table, converted = as_table(x, what, highest)
        kind = find_kind("image" if table.dtype == np.uint8 else "points")
        data = torch.from_numpy(resize(table, size) if size and table.dtype == np.uint8 else table)
    classes: tuple[str, ...] = ()
    label = None
    if split in labels:
        named = {name: _as_names(values, f"{splits[name][1]} in {path}") for name, values in labels.items()}
        if len(named[split]) != len(data):
            raise BadRequest(
                f"{path} holds {len(data)} data and {len(named[split])} labels in split {split!r}"
            )
        classes = sort_classes({name for names in named.values() for name in names})
        number = {name: i for i, name in enumerate(classes)}
        label = torch.tensor([number[name] for name in named[split]])
    spec = Spec(path.resolve().stem, kind.name, tuple(data.shape[1:]), classes, about=about)
    facts = {
        "source": str(path),
        "splits": tuple(splits),
        "skipped": [],
        "converted": converted,
        "passed": {f"the array {key}": 1 for key in archive[2] if key not in used},
    }
    return Dataset(spec, data, label, facts)


def _kind_of(archive: Archive) -> tuple[Kind | None, dict[str, Any]]:
    """The kind that the archive names, and its `about`; None for pictures and points, which are told by their shape."""
    path, _, infos = archive
    if "kind" not in infos:
        return None, {}
    kind = find_kind(text_of(_read(archive, "kind"), f"kind in {path}"))
    if kind.axes == 2:  # their range of values has to be found out
        return None, {}
    about = f"about in {path}"
    return kind, about_of(text_of(_read(archive, "about"), about), about) if "about" in infos else {}


def _open_episodes(path: Path, archive: Archive, split: str, size: Size | None) -> Dataset:
    """Demonstrations of an agent, see `worlds.demonstrations`."""
    if size is not None:
        raise BadRequest(f"{path} holds episodes, which have no size in pixels; leave the size out")
    if split != "train":
        raise BadRequest(f"{path} has no split {split!r}; it has train")
    from rivalry.worlds.demonstrations import read

    return read(path, {key: _read(archive, key) for key in archive[2]})


def archive_splits(keys: list[str], path: Path) -> dict[str, tuple[str, str]]:
    """Split -> the keys of its data and of its labels ("" if it has none)."""

    def find(names: tuple[str, ...], split: str) -> str:
        candidates = [f"{split}_{name}" for name in names] + [f"{name}_{split}" for name in names]
        candidates += names if split == "train" else ()
        return next((key for key in candidates if key in keys), "")

    splits = {split: (find(_DATA, split), find(_LABELS, split)) for split in _SPLITS}
    splits = {split: found for split, found in splits.items() if found[0]}
    if not splits:
        raise BadRequest(
            f"{path} holds {', '.join(keys) or 'nothing'}; expected x or images, and y for labels"
        )
    return splits


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    """The archive and its arrays by key.  An archive that unpacks to far more bytes than it has is refused."""
    try:
        with open_regular(path) as file:
            if file.read(6) == b"\x93NUMPY":
                raise BadRequest(
                    f"{path} is a single array, not a .npz archive; save it with numpy.savez(path, x=array)"
                )
        archive = zipfile.ZipFile(path)
    except BadRequest:
        raise
    except DAMAGED as error:
        raise BadRequest(f"{path} is not a whole .npz archive: {error}") from error
    with archive:
        infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        packed = min(sum(info.compress_size for info in infos.values()), path.stat().st_size)
        require_set(sum(info.file_size for info in infos.values()), packed, path)
        yield path, archive, infos


def _read(archive: Archive, key: str) -> np.ndarray:
    path, opened, infos = archive
    try:
        with opened.open(infos[key]) as file:
            return _array(file, infos[key].file_size, f"{key} in {path}")
    except BadRequest:
        raise
    except _BROKEN as error:
        raise BadRequest(f"{key} in {path} is damaged: {str(error) or type(error).__name__}") from error


def _array(file: IO[bytes], size: int, what: str) -> np.ndarray:
    """The array of a .npy file of `size` bytes.  Memory is allocated only if the header agrees with this size."""
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise ValueError(f"version {version[0]}.{version[1]} of the format holds no plain numbers")
    shape, fortran, dtype = read_header(file)
    if dtype.hasobject:
        raise BadRequest(
            f"{what} holds Python objects, which need pickle, and unpickling can run any code; "
            "save it as numbers"
        )
    if min(shape, default=1) < 0 or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"{size - file.tell():,} bytes are no {dtype} of shape {shape}")
    values = np.frombuffer(bytearray(file.read()), dtype, math.prod(shape))
    return values.reshape(shape, order="F" if fortran else "C")


def _highest(archive: Archive, others: list[str], x: np.ndarray) -> int:
    """The highest value of the whole set.  Other splits are read only if their values can change the scale."""
    if x.dtype.kind not in "iu" or x.size == 0:
        return 0
    highest = int(x.max())
    for key in others:
        if white_of(highest) < DEEP and highest > 0:
            other = _read(archive, key)
            highest = max(highest, int(other.max()) if other.dtype.kind in "iu" and other.size else 0)
    return highest


def as_table(x: np.ndarray, what: str, highest: int) -> tuple[np.ndarray, dict[str, int]]:
    """The data as uint8 (n, c, h, w) or float32 (n, d), and the conversions that were made."""
    if x.dtype.kind not in "buif" or x.size == 0:
        raise BadRequest(f"{what} is {x.dtype} of shape {x.shape}; expected numbers, one row a datum")
    if x.dtype.kind == "f" and not (np.abs(x) <= np.finfo(np.float32).max).all():
        raise BadRequest(
            f"{what} holds numbers that are not finite, or beyond 3.4e38, the largest of float32"
        )
    if x.ndim == 2 and x.dtype.kind == "f":
        with np.errstate(over="ignore"):
            points = np.ascontiguousarray(x, np.float32)
        if not np.isfinite(points).all():
            raise BadRequest(f"{what} holds numbers beyond 3.4e38, the largest of float32; scale the data")
        return points, {}
    if x.ndim == 3:
        x = x[:, None]
    elif x.ndim == 4 and x.shape[3] <= 4:
        x = x.transpose(0, 3, 1, 2)
    elif x.ndim != 4 or x.shape[1] > 4:
        raise BadRequest(
            f"{what} has the shape {x.shape}; expected images (n, h, w), (n, h, w, c) or (n, c, h, w) "
            "with 1 to 4 channels, or points (n, d) in floating point"
        )
    scaled, how = (_from_floats if x.dtype.kind == "f" else _from_whole)(x, what, highest)
    return np.ascontiguousarray(scaled), {how: len(x)} if how else {}


def _from_floats(x: np.ndarray, what: str, _highest: int) -> tuple[np.ndarray, str]:
    """Scale floats by the narrowest range that holds at least 99 % of them; rounding may exceed its ends a little."""
    ends = float(x.min()), float(x.max())
    for low, high in _RANGES:
        more = 0.01 * (high - low)
        if low - more <= ends[0] and ends[1] <= high + more and not (high == 255 and ends[1] <= _DARK):
            unit = (np.clip(x, low, high) - low) * np.float32(255 / (high - low))
            return np.rint(unit).astype(np.uint8), f"from [{low}, {high}]" if high == 1 else f"from {x.dtype}"
    raise _no_range(what, *ends)


def _from_whole(x: np.ndarray, what: str, highest: int) -> tuple[np.ndarray, str]:
    """Bytes stay as they are.  Two values, or more than 8 bits, are scaled by the highest value of the whole set."""
    if x.dtype == np.bool_:
        return x.astype(np.uint8) * np.uint8(255), "from [0, 1]"
    low, high = int(x.min()), max(int(x.max()), highest)
    if -1 <= low < 0 and high <= 1:
        return np.array([0, 128, 255], np.uint8)[x.astype(np.int64) + 1], "from [-1, 1]"
    if low < 0 or high > DEEP:
        raise _no_range(what, low, high)
    white = white_of(high)
    if white == 1:
        return x.astype(np.uint8) * np.uint8(255), "from [0, 1]"
    if white == 255 or high == 0:
        return x.astype(np.uint8), "" if x.dtype == np.uint8 else f"from {x.dtype}"
    return ((x.astype(np.uint32) * 255 + white // 2) // white).astype(np.uint8), f"{white.bit_length()}-bit"


def _no_range(what: str, low: float, high: float) -> BadRequest:
    return BadRequest(
        f"{what} holds values from {low:g} to {high:g}; expected 0 to 255, 0 to 1 or -1 to 1, or whole numbers to 65535"
    )


def _as_names(labels: np.ndarray, what: str) -> list[str]:
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or flat.dtype.kind not in "biuU":
        raise BadRequest(
            f"{what} is {labels.dtype} of shape {labels.shape}; expected one whole number or string a datum"
        )
    try:
        return [str(name) for name in flat.tolist()]
    except DAMAGED as error:  # code points beyond Unicode
        raise BadRequest(f"{what} holds strings that are damaged: {error}") from error
