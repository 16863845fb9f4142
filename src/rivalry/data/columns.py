"""Tables with a column of encoded images: Parquet files, and data sets of the Hugging Face Hub.

A cell of the image column holds the bytes of a file, alone or as a struct {bytes, path}.
"""

import io
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import torch

from rivalry.data.decoded import Encoded, Size, decode_once
from rivalry.data.images import sort_classes
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

_IMAGES = ("image", "img", "images", "picture", "photo")
_LABELS = ("label", "labels", "class", "fine_label", "target")


def open_parquet(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A Parquet file as a table, decoded once into the cache; it is the split "train".

    Args:
        size: height and width in pixels; left out, the most common size.

    Raises:
        BadRequest: pyarrow is missing, the file is damaged, or has no column of images.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise BadRequest(f"{path} needs pyarrow to be read: pip install pyarrow") from error
    if split != "train":
        raise BadRequest(f"{path} has no split {split!r}; a Parquet file is the split train")
    try:
        schema = parquet.read_schema(path)
        image, label = _choose(schema.names, str(path))
        table = parquet.read_table(path, columns=[image, *([label] if label else [])])
    except (pyarrow.ArrowException, OSError) as error:
        raise BadRequest(f"{path} is not a whole Parquet file: {str(error).splitlines()[0]}") from error
    told = path.stat()
    cells = table.column(image)
    return _as_dataset(
        path.resolve().stem,
        [Encoded(f"row {i}", partial(_open_cell, cells, i)) for i in range(len(cells))],
        table.column(label).to_pylist() if label else None,
        _class_names(schema.metadata, label),
        size,
        key=[str(path.resolve()), told.st_size, told.st_mtime_ns],
        facts={"source": str(path), "splits": ("train",)},
    )


def open_hub(name: str, split: str = "train", size: Size | None = None) -> Dataset:
    """A data set of the Hugging Face Hub ("owner/name"), fetched by its own client and decoded once.

    Args:
        size: height and width in pixels; left out, the most common size.

    Raises:
        BadRequest: the client is missing or could not fetch it, no such split, no column of images.
    """
    try:
        import datasets
    except ImportError as error:
        raise BadRequest(
            f"no folder {name!r} here, and as a Hugging Face data set it needs: pip install 'rivalry[hub]'"
        ) from error
    try:
        splits = tuple(datasets.get_dataset_split_names(name))
        table = datasets.load_dataset(name, split=split) if split in splits else None
    except Exception as error:  # the client raises whatever its transport raises
        raise BadRequest(f"the Hugging Face Hub did not give {name!r}: {_first_line(error)}") from error
    if table is None:
        raise BadRequest(f"{name} has no split {split!r}; it has {', '.join(splits)}")
    image, label = _choose(table.column_names, name)
    table = table.cast_column(image, datasets.Image(decode=False))
    files = [Path(one["filename"]) for one in table.cache_files]
    return _as_dataset(
        name,
        [Encoded(f"row {i}", partial(_open_cell, table, i, image)) for i in range(len(table))],
        list(table[label]) if label else None,
        tuple(getattr(table.features[label], "names", ())) if label else (),
        size,
        key=[
            name,
            split,
            len(table),
            [[str(one), one.stat().st_size, one.stat().st_mtime_ns] for one in files],
        ],
        facts={"source": name, "splits": splits},
    )


def _as_dataset(
    name: str,
    images: list[Encoded],
    labels: list[Any] | None,
    class_names: tuple[str, ...],
    size: Size | None,
    *,
    key: list[Any],
    facts: dict[str, Any],
) -> Dataset:
    if labels is not None and any(not isinstance(one, int | str) for one in labels):
        raise BadRequest(f"the labels of {name} are not all whole numbers or strings")
    decoded = decode_once(images, size, key=key, where=name)
    label = None
    if labels is not None:
        named = [class_names[one] if class_names and isinstance(one, int) else str(one) for one in labels]
        class_names = class_names or sort_classes(set(named))
        number = {one: i for i, one in enumerate(class_names)}
        label = torch.tensor([number[named[i]] for i in decoded.kept])
    spec = Spec(name, "image", tuple(decoded.x.shape[1:]), class_names if labels is not None else ())
    facts |= {"skipped": decoded.skipped, "converted": decoded.converted}
    return Dataset(spec, decoded.x, label, facts)


def _choose(columns: Sequence[str], where: str) -> tuple[str, str]:
    """The column of images and that of labels, "" where there are no labels."""
    image = next((name for name in _IMAGES if name in columns), None)
    if image is None:
        raise BadRequest(f"{where} has the columns {', '.join(columns)}; expected one named image, and label")
    return image, next((name for name in _LABELS if name in columns), "")


def _class_names(metadata: dict[bytes, bytes] | None, label: str) -> tuple[str, ...]:
    """The names of numbered labels, where the `datasets` library left them in the metadata."""
    try:
        told = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        return tuple(told["info"]["features"][label]["names"])
    except (ValueError, KeyError, TypeError):
        return ()


def _open_cell(cells: Any, i: int, column: str = "") -> BinaryIO:
    """The bytes of a cell; a path instead of them is followed only where the Hub's client laid it."""
    cell = cells[i][column] if column else cells[i].as_py()
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if content is None and column and cell.get("path"):
        return open(cell["path"], "rb")
    if not isinstance(content, bytes):
        raise ValueError(f"expected the bytes of an image, got {type(content).__name__}")
    return io.BytesIO(content)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
