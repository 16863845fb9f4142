"""Folders of arrays: IDX files, as MNIST and its kin come, and .npz files.

mnist/train-images-idx3-ubyte.gz  mnist/train-labels-idx1-ubyte.gz     IDX, gzipped or not
mnist/t10k-images-idx3-ubyte.gz   mnist/t10k-labels-idx1-ubyte.gz      t10k is the split "test"
set/train.npz  set/test.npz                                            an archive for each split, or
set/0.npz  set/1.npz  set/2.npz                                        parts, in the order of their names
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from rivalry.data.readers.arrays import as_table, open_npz
from rivalry.data.readers.decode import resize
from rivalry.data.readers.decoded import Size
from rivalry.data.readers.idx import read_idx
from rivalry.data.readers.images import EXTENSIONS, sort_classes
from rivalry.data.readers.splits import SPLITS, canonical
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

_IDX = re.compile(
    r"(?P<split>t10k|[a-z]+?)[-_.]?(?P<what>images?|labels?)[-_.]?.*(?:idx\d|ubyte).*", re.IGNORECASE
)


def reader_of_arrays(path: Path) -> str:
    """The reader for a folder of arrays, or for an IDX file of one; "" for others.

    A folder that holds pictures or folders beside .npz files is none: what such archives hold are statistics.
    """
    if path.is_file():
        return "array_folders:open_idx" if _IDX.fullmatch(path.name) else ""
    try:
        inside = [one for one in path.iterdir() if not one.name.startswith(".")]
    except OSError:  # the reader of pictures says why
        return ""
    if any(_IDX.fullmatch(one.name) for one in inside):
        return "array_folders:open_idx"
    endings = {one.suffix.lower() for one in inside}
    if ".npz" in endings and not endings & EXTENSIONS and not any(one.is_dir() for one in inside):
        return "array_folders:open_archives"
    return ""


def open_idx(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """IDX files of images, and of labels if there are any, as a table.

    Args:
        path: the folder, or one of the files, whose folder is then read.
        size: height and width in pixels to crop and resize images to.

    Raises:
        BadRequest: no such split, a damaged file, or another number of labels than of images.
    """
    folder = path if path.is_dir() else path.parent
    found = _idx_files(folder)
    split = canonical(split)
    splits = [name for name, files in found.items() if "images" in files]
    if split not in splits:
        raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(splits) or 'no images'}")
    files = found[split]
    table, converted = as_table(read_idx(files["images"]), files["images"].name, 0)
    x = torch.from_numpy(resize(table, size) if size else table)
    names = _read_labels(files["labels"], len(x)) if "labels" in files else []
    every = [_read_labels(some["labels"]) for some in found.values() if "labels" in some]
    classes = sort_classes({name for some in every for name in some}) if names else ()
    number = {name: i for i, name in enumerate(classes)}
    label = torch.tensor([number[name] for name in names]) if names else None
    facts = {
        "source": str(path),
        "splits": tuple(splits),
        "skipped": [],
        "converted": converted,
        "passed": {},
    }
    return Dataset(Spec(folder.resolve().name, "image", tuple(x.shape[1:]), classes), x, label, facts)


def open_archives(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """The .npz archives of a folder as one table; see `arrays.open_npz` for each.

    Archives that are named for splits are those splits.  Else they are parts of one set.

    Raises:
        BadRequest: no such split, an archive that cannot be read, or parts that differ in kind or shape.
    """
    files = sorted(one for one in path.iterdir() if one.suffix.lower() == ".npz" and one.is_file())
    named = {canonical(one.stem): one for one in files if one.stem.lower() in SPLITS}
    split = canonical(split)
    if "train" in named:
        if split not in named:
            raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(named)}")
        whole = open_npz(named[split], size=size)
        facts = {**whole.facts, "splits": tuple(named), "source": str(path)}
    else:
        whole = _joined([open_npz(one, split, size) for one in files], path)
        facts = {**whole.facts, "source": str(path)}
    return replace(whole, spec=replace(whole.spec, name=path.resolve().name), facts=facts)


def _idx_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Split -> "images" and "labels" -> the file; train first."""
    found: dict[str, dict[str, Path]] = {}
    for one in sorted(folder.iterdir(), key=lambda one: (not one.name.lower().startswith("train"), one.name)):
        if one.is_file() and (match := _IDX.fullmatch(one.name)):
            split = "test" if match["split"].lower() == "t10k" else canonical(match["split"])
            what = "images" if match["what"].lower().startswith("image") else "labels"
            found.setdefault(split, {}).setdefault(what, one)
    return found


def _read_labels(path: Path, n: int | None = None) -> list[str]:
    labels = read_idx(path)
    if labels.ndim != 1 or (n is not None and len(labels) != n):
        raise BadRequest(f"{path} holds labels of shape {labels.shape}; expected one for each of the images")
    return [str(value) for value in labels.tolist()]


def _joined(parts: Sequence[Dataset], path: Path) -> Dataset:
    """The parts one after the other, with the classes of all of them."""
    first = parts[0]
    for part in parts:
        if (part.spec.kind, part.spec.shape) != (first.spec.kind, first.spec.shape):
            raise BadRequest(
                f"the archives of {path} differ: {first.spec.name} holds {first.spec.meaning.plural} of "
                f"{first.spec.words}, {part.spec.name} {part.spec.meaning.plural} of {part.spec.words}"
            )
    if len({bool(part.spec.classes) for part in parts}) > 1:
        raise BadRequest(f"some archives of {path} have labels and some have none")
    classes = sort_classes({name for part in parts for name in part.spec.classes})
    number = {name: i for i, name in enumerate(classes)}
    labels: list[Tensor] = [
        torch.tensor([number[name] for name in part.spec.classes])[part.label]
        for part in parts
        if part.label is not None
    ]
    spec = replace(first.spec, classes=classes)
    x = torch.cat([part.x for part in parts])
    return Dataset(spec, x, torch.cat(labels) if labels else None, first.facts)
