"""Labels and sentences in a file next to the images.

labels.csv, metadata.csv   file_name,label             a header, then a line for each image
metadata.jsonl             {"file_name": ..., "label": ...}    an object on each line, as Hugging Face writes it
metadata.csv, .jsonl       file_name,text              a sentence for each image: the imagefolder of Hugging Face
dataset.json               {"labels": [[file_name, number], ...]}    as StyleGAN's dataset_tool writes it
"""

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Any

from rivalry.data.readers.decode import DAMAGED
from rivalry.data.readers.members import Member
from rivalry.errors import BadRequest

_FILE_COLUMNS = ("file_name", "filename", "file", "path", "image", "name")
_LABEL_COLUMNS = ("label", "labels", "class", "category", "target")
_TEXT_COLUMNS = ("text", "caption", "captions", "prompt", "sentence")


def read_labels(table: Member) -> dict[str, str] | None:
    """File name -> label.  Empty if the file says that there are no labels; None if it is not about labels.

    Raises:
        BadRequest: the file is damaged, or a labels.csv lacks a column.
    """
    return _read(table, _LABEL_COLUMNS, _in_dataset)


def read_captions(table: Member) -> dict[str, str] | None:
    """File name -> sentence; None if the file holds none.

    Raises:
        BadRequest: the file is damaged.
    """
    return _read(table, _TEXT_COLUMNS, lambda content: None)


def _read(
    table: Member, wanted: tuple[str, ...], of_dataset: Callable[[Any], dict[str, str] | None]
) -> dict[str, str] | None:
    name = table.name.rpartition("/")[2]
    try:
        with table.open() as file:
            text = file.read().decode("utf-8-sig")
        if name == "dataset.json":
            return of_dataset(json.loads(text))
        return _in_rows(_lines(text) if name.endswith(".jsonl") else _rows(text), table.name, wanted)
    except BadRequest:
        raise
    except (*DAMAGED, csv.Error) as error:
        raise BadRequest(f"{table.name} cannot be read as a table of labels: {error}") from error


def _rows(text: str) -> list[dict[Any, Any]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _lines(text: str) -> list[dict[Any, Any]]:
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("expected one object a line")
    return rows


def _in_rows(rows: list[dict[Any, Any]], table: str, wanted: tuple[str, ...]) -> dict[str, str] | None:
    columns = {str(name).strip().lower(): name for name in (rows[0] if rows else ())}
    file_column, label_column = (_first(names, columns) for names in (_FILE_COLUMNS, wanted))
    if file_column not in columns or label_column not in columns:
        if PurePosixPath(table).name != "labels.csv" or wanted != _LABEL_COLUMNS:
            return None
        came = ", ".join(columns) or "nothing"
        raise BadRequest(f"{table} needs the columns file_name and label in its first line; it has {came}")
    labels = {_text(row.get(columns[file_column])): _text(row.get(columns[label_column])) for row in rows}
    return {name: label for name, label in labels.items() if name and label}


def _first(names: Iterable[str], columns: dict[str, Any]) -> str:
    return next((name for name in names if name in columns), "")


def _text(value: Any) -> str:
    """A cell as text; "" for an empty cell, or one with several values."""
    return str(value).strip() if isinstance(value, str | int) else ""


def _in_dataset(content: Any) -> dict[str, str] | None:
    """Labels from StyleGAN's file: a list of pairs, or null for no labels.  Its folders are not labels."""
    if not isinstance(content, dict) or "labels" not in content:
        return None
    pairs = content["labels"]
    if pairs is None or pairs == []:
        return {}
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise ValueError("expected labels as [file name, whole number] for every image, or null")
    return {name.replace("\\", "/"): str(number) for name, number in pairs}


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], int)
