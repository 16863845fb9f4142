"""Tables with a column of encoded images: Parquet files, and data sets of the Hugging Face Hub.

A cell of the image column holds the bytes of an image file, either directly or in a struct {bytes, path}.
"""

import io
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import torch

from rivalry.data.readers.budget import require_set
from rivalry.data.readers.decode import DAMAGED
from rivalry.data.readers.decoded import Encoded, Size, decode_once
from rivalry.data.readers.images import sort_classes
from rivalry.data.readers.members import open_regular
from rivalry.data.readers.splits import canonical
from rivalry.data.readers.text import TEXTS, columns_of, of_pairs, require_no_size
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

_IMAGES = ("image", "img", "images", "picture", "photo")
_LABELS = ("label", "labels", "class", "fine_label", "target")


def open_parquet(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A Parquet file as a table, decoded once into the cache.  Its only split is "train".

    A file without images that has a column of sentences is read as `text.open_csv` reads a CSV.

    Args:
        size: height and width in pixels; the most common size by default.

    Raises:
        BadRequest: pyarrow is missing, the file is damaged, or has no column of images.
    """
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise BadRequest(f"{path} needs pyarrow to be read: pip install pyarrow") from error
    try:
        open_regular(path).close()
        status = path.stat()
        with parquet.ParquetFile(path) as file:
            schema = file.schema_arrow
            if not set(_IMAGES) & set(schema.names) and set(TEXTS) & set(schema.names):
                return _sentences(file, path, split, size)
            if canonical(split) != "train":
                raise BadRequest(
                    f"{path} has no split {split!r}; a Parquet file of images is the split train"
                )
            image, label = choose_columns(schema.names, str(path))
            require_set(_unpacked(file.metadata), status.st_size, path)
            table = file.read(columns=[image, *([label] if label else [])])
        labels = table.column(label).to_pylist() if label else None
    except BadRequest:
        raise
    except (pyarrow.ArrowException, *DAMAGED) as error:
        raise BadRequest(f"{path} is not a whole Parquet file: {_first_line(error)}") from error
    cells = table.column(image)
    return _as_dataset(
        path.resolve().stem,
        [partial(_open_cell, cells, i) for i in range(len(cells))],
        labels,
        _class_names(schema.metadata, label),
        size,
        key=[str(path.resolve()), status.st_size, status.st_mtime_ns],
        facts={"source": str(path), "splits": ("train",)},
    )


def _sentences(file: Any, path: Path, split: str, size: Size | None) -> Dataset:
    """A Parquet file with a column of sentences in place of images, and their classes where there are any."""
    require_no_size(path, size)
    require_set(_unpacked(file.metadata), path.stat().st_size, path)
    text, label = columns_of(file.schema_arrow.names, str(path))
    table = file.read(columns=[text, *([label] if label else [])])
    lines = ["" if one is None else str(one) for one in table.column(text).to_pylist()]
    kinds = ["" if one is None else str(one) for one in table.column(label).to_pylist()] if label else None
    return of_pairs(path.stem, str(path), zip(lines, kinds or [""] * len(lines)), split)


def open_hub(name: str, split: str = "train", size: Size | None = None) -> Dataset:
    """A data set of the Hugging Face Hub ("owner/name"), fetched by the Hub's client and decoded once.

    Args:
        size: height and width in pixels; the most common size by default.

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
        split = next((one for one in splits if canonical(one) == canonical(split)), split)
        table = datasets.load_dataset(name, split=split) if split in splits else None
    except Exception as error:  # the client raises any error of its transport
        raise BadRequest(f"the Hugging Face Hub did not give {name!r}: {_first_line(error)}") from error
    if table is None:
        raise BadRequest(f"{name} has no split {split!r}; it has {', '.join(splits)}")
    image, label = choose_columns(table.column_names, name)
    table = table.cast_column(image, datasets.Image(decode=False))
    files = [Path(one["filename"]) for one in table.cache_files]
    return _as_dataset(
        name,
        [partial(_open_cell, table, i, image) for i in range(len(table))],
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
    cells: list[Callable[[], BinaryIO]],
    labels: list[Any] | None,
    class_names: tuple[str, ...],
    size: Size | None,
    *,
    key: list[Any],
    facts: dict[str, Any],
) -> Dataset:
    """A table of the rows that have a label, or of all rows if none has one."""
    named = None if labels is None else named_labels(labels, class_names, name)
    has = [i for i in range(len(cells)) if named and named[i] is not None]
    rows = has or list(range(len(cells)))
    images = [Encoded(f"row {i}", cells[i]) for i in rows]
    decoded = decode_once(images, size, key=key, where=name)
    facts |= {"skipped": decoded.skipped, "converted": decoded.converted, "other_size": decoded.other_size}
    facts["passed"] = {"rows without a label": len(cells) - len(rows)} if len(rows) < len(cells) else {}
    shape = tuple(decoded.x.shape[1:])
    if not (named and has):
        return Dataset(Spec(name, "image", shape), decoded.x, None, facts)
    class_names = class_names or sort_classes({one for one in named if one is not None})
    number = {one: i for i, one in enumerate(class_names)}
    label = torch.tensor([number[str(named[rows[i]])] for i in decoded.kept])
    return Dataset(Spec(name, "image", shape, class_names), decoded.x, label, facts)


def named_labels(labels: list[Any], class_names: tuple[str, ...], where: str) -> list[str | None]:
    """The label of each row by name; None for a row without one.  The Hub writes -1 for these if classes have names.

    Raises:
        BadRequest: the labels are not whole numbers or strings, or a number has no name.
    """
    if any(not isinstance(one, int | str | None) for one in labels):
        raise BadRequest(f"the labels of {where} are not all whole numbers or strings")
    if not class_names:
        return [None if one is None else str(one) for one in labels]
    named: list[str | None] = []
    for i, one in enumerate(labels):
        if (isinstance(one, int) and one >= len(class_names)) or (
            isinstance(one, str) and one not in class_names
        ):
            raise BadRequest(
                f"row {i} of {where} has the label {one!r}; there are {len(class_names)} names of classes"
            )
        absent = one is None or (isinstance(one, int) and one < 0)
        named.append(None if absent else class_names[one] if isinstance(one, int) else one)
    return named


def _unpacked(metadata: Any) -> int:
    """The unpacked bytes of all columns, according to the file's metadata."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    return sum(group.column(i).total_uncompressed_size for group in groups for i in range(group.num_columns))


def choose_columns(columns: Sequence[str], where: str) -> tuple[str, str]:
    """The names of the image column and of the label column; "" if there are no labels."""
    image = next((name for name in _IMAGES if name in columns), None)
    if image is None:
        raise BadRequest(f"{where} has the columns {', '.join(columns)}; expected one named image, and label")
    return image, next((name for name in _LABELS if name in columns), "")


def _class_names(metadata: dict[bytes, bytes] | None, label: str) -> tuple[str, ...]:
    """The names of numbered labels, if the `datasets` library wrote them into the metadata."""
    try:
        described = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        names = tuple(described["info"]["features"][label]["names"])
        return names if all(isinstance(one, str) for one in names) and len(set(names)) == len(names) else ()
    except DAMAGED:
        return ()


def _open_cell(cells: Any, i: int, column: str = "") -> BinaryIO:
    """The bytes of a cell.  A path in their place is opened only if the Hub's client wrote it."""
    cell = cells[i][column] if column else cells[i].as_py()
    content = cell.get("bytes") if isinstance(cell, dict) else cell
    if content is None and column and cell.get("path"):
        return open_regular(cell["path"])
    if not isinstance(content, bytes):
        raise ValueError(f"expected the bytes of an image, got {type(content).__name__}")
    return io.BytesIO(content)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
