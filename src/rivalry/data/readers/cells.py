"""A table of a file as texts: .csv, .tsv, .parquet and .xlsx.  The delimiter and the encoding are found out."""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

from rivalry.data.readers.budget import require_set
from rivalry.data.readers.decode import DAMAGED
from rivalry.data.readers.members import open_regular
from rivalry.errors import BadRequest

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
DELIMITERS = (",", ";", "\t", "|")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA = re.compile(r"^([+-]?\d+),(\d+)$")  # before decimals
LARGEST = 1 << 28  # bytes of a file
SAVE = "save it as UTF-8"
LEAST = 10  # rows
WIDEST = 4096  # columns of a sheet
SENTENCES = {"text", "sentence", "caption", "title", "review", "content"}  # columns that hold sentences


@dataclass
class Columns:
    """A file as texts.

    Attributes:
        names: of the columns.
        rows: a list of cells for each row.
        notes: what was decided, in words.
        skipped: (row, reason) of rows that have too few or too many cells.
    """

    names: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def read_cells(path: Path, sheet: str = "") -> Columns:
    """The cells of a file, by its ending.

    Args:
        sheet: the name of one of an .xlsx file; the first by default.

    Raises:
        BadRequest: no table, too few rows, or columns that cannot be told apart.
    """
    ending = path.suffix.lower()
    if sheet and ending != ".xlsx":
        raise BadRequest(f"{path} has no sheets; leave sheet={sheet} out")
    if ending == ".xlsx":
        read = _xlsx(path, sheet)
    else:
        read = _parquet(path) if ending == ".parquet" else _csv(path)
    _require_rows(read, path)
    return read


def _csv(path: Path) -> Columns:
    text, encoding = text_of(path)
    notes = (
        []
        if encoding == "UTF-8"
        else [f"the file is no UTF-8; it is read as {encoding}: if letters look wrong, {SAVE}"]
    )
    delimiter = max(DELIMITERS, key=lambda one: _steadiness(text, one))
    if delimiter != ",":
        notes.append(f"cells are separated by {'tabs' if delimiter == chr(9) else repr(delimiter)}")
    try:
        rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as error:
        raise BadRequest(f"{path} is no table of cells: {error}") from error
    if delimiter != "," and any(COMMA.fullmatch(cell.strip()) for row in rows[:100] for cell in row):
        rows = [[COMMA.sub(r"\1.\2", cell.strip()) for cell in row] for row in rows]
        notes.append("numbers have a comma before their decimals; it is written as a point")
    return _with_names(path, rows, notes)


def _with_names(path: Path, rows: list[list[str]], notes: list[str]) -> Columns:
    """The first row as names, unless it holds numbers alone; rows of another length are skipped.

    Raises:
        BadRequest: no cell of the file, or none below the names, holds anything.
    """
    there = [row for row in rows if any(map(str.strip, row))]
    if not there:
        raise BadRequest(f"{path} is empty; expected a line of names and a line for each row")
    names, body = [name.strip() for name in there[0]], there[1:]
    if not body and len(rows) > len(there):
        raise BadRequest(f"every cell of {path} is empty below its line of names")
    if gone := sum(map(bool, rows)) - len(there):
        notes.append(f"rows without any cell, left out: {gone:,}")
    if all(NUMBER.fullmatch(name) for name in names):
        notes.append("the first line holds numbers, so that columns are named by their number")
        names, body = [f"column {i + 1}" for i in range(len(names))], there
    names = [name or f"column {i + 1}" for i, name in enumerate(names)]
    good = [row for row in body if len(row) == len(names)]
    skipped = [
        (f"row {i + 1}", f"{len(row)} cells; expected {len(names)}")
        for i, row in enumerate(body)
        if len(row) != len(names)
    ]
    return Columns(names, good, notes, skipped)


def _xlsx(path: Path, sheet: str) -> Columns:
    """A sheet of a workbook; formulas have the value that was saved with them."""
    try:
        import openpyxl
    except ImportError:
        raise BadRequest(f"{path} needs openpyxl: pip install 'rivalry[excel]'; or save it as .csv") from None
    try:
        with zipfile.ZipFile(open_regular(path)) as packed:
            require_set(sum(one.file_size for one in packed.infolist()), path.stat().st_size, path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except BadRequest:
        raise
    except (*DAMAGED, KeyError, openpyxl.utils.exceptions.InvalidFileException) as error:
        raise BadRequest(f"{path} is not a whole .xlsx file: {error}") from error
    names = [one.title for one in book.worksheets]
    if not names or (sheet and sheet not in names):
        raise BadRequest(f"{path} has no sheet {sheet!r}; it has {', '.join(names) or 'none'}")
    rows = list[list[str]]()
    try:
        for row in book.worksheets[names.index(sheet) if sheet else 0].iter_rows(values_only=True):
            if len(row) > WIDEST:
                raise BadRequest(f"{path} has {len(row):,} columns; at most {WIDEST:,} are read")
            rows.append([_written(cell) for cell in row])
    except (*DAMAGED, KeyError, TypeError) as error:
        raise BadRequest(f"{path} is not a whole .xlsx file: {error}") from error
    finally:
        book.close()
    others = len(names) - 1
    notes = (
        [f"sheet {sheet or names[0]!r} is read; sheet=NAME reads another of {len(names)}"] if others else []
    )
    return _with_names(path, rows, notes)


def _written(cell: Any) -> str:
    """A cell of a sheet as it would stand in a .csv; whole numbers without a point, days without a time."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d}" if cell.time() == time() else f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def text_of(path: Path, most: int = LARGEST + 1) -> tuple[str, str]:
    """The file as text, and its encoding."""
    with open_regular(path) as file:
        raw = file.read(most)
    if len(raw) > LARGEST:
        raise BadRequest(f"{path} is larger than {LARGEST >> 20} MiB; take a part of it")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace"), "UTF-16"
    if b"\0" in raw[:4096]:
        raise BadRequest(f"{path} is no text: it holds zero bytes")
    try:
        return raw.decode("utf-8-sig", errors="strict" if most > LARGEST else "ignore"), "UTF-8"
    except UnicodeDecodeError:
        return _older(raw)


def _older(raw: bytes) -> tuple[str, str]:
    """A text of before UTF-8: Chinese if all bytes above 127 come in pairs that are characters, else Western."""
    runs = re.findall(rb"[\x80-\xff]+", raw)
    if all(len(run) % 2 == 0 for run in runs):
        try:
            return raw.decode("gb18030"), "GB18030"
        except UnicodeDecodeError:
            pass
    return raw.decode("cp1252", errors="replace"), "Windows-1252"


def _steadiness(text: str, delimiter: str) -> float:
    """How many cells lines have, by the share of lines that have as many as the first."""
    lines = [line for line in text[:100_000].splitlines()[:50] if line.strip()]
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0.0
    if not counts or counts[0] < 2:
        return 0.0
    return counts[0] * sum(count == counts[0] for count in counts) ** 2 / len(counts) ** 2


def holds_sentences(names: Sequence[str]) -> bool:
    """Whether one of a few columns has a name that says it holds sentences."""
    return bool({*names} & SENTENCES) and len(names) <= 3


def parquet_holds_others(path: Path) -> bool:
    """Whether it holds images or sentences, which readers of their own open."""
    from rivalry.data.readers.columns import choose_columns

    try:
        import pyarrow.parquet as parquet

        names = parquet.read_schema(path).names
        if holds_sentences([name.lower() for name in names]):
            return True
        choose_columns(names, str(path))
    except BadRequest:
        return False
    except Exception:  # no pyarrow, or no whole file: the reader of images says so
        return True
    return True


def _parquet(path: Path) -> Columns:
    import pyarrow
    import pyarrow.parquet as parquet

    try:
        open_regular(path).close()
        if path.stat().st_size > LARGEST:
            raise BadRequest(f"{path} is larger than {LARGEST >> 20} MiB; take a part of it")
        table = parquet.read_table(path)
        columns = [
            ["" if one is None else str(one) for one in column.to_pylist()] for column in table.columns
        ]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise BadRequest(f"{path} is not a whole Parquet file: {str(error).splitlines()[0]}") from error
    return Columns(list(table.column_names), [list(row) for row in zip(*columns)])


def _require_rows(read: Columns, path: Path) -> None:
    """Refuse a table that is too small, or whose columns cannot be told apart.

    Raises:
        BadRequest: says what was found.
    """
    if twice := [name for name, n in Counter(read.names).items() if n > 1]:
        raise BadRequest(f"{path} has two columns named {twice[0]!r}; give each a name of its own")
    if len(read.skipped) > max(1, len(read.rows) // 100):
        row, why = read.skipped[0]
        raise BadRequest(f"{len(read.skipped):,} rows of {path} do not fit its header ({row} has {why})")
    if len(read.rows) < LEAST:
        n = len(read.rows)
        what = "only a line of names" if not n else f"{n} row{'s' if n > 1 else ''}"
        raise BadRequest(f"{path} holds {what}; expected {LEAST} rows or more below a line of names")
    if len(read.names) == 1:
        read.notes.append("there is one column; cells are separated by , or ; or tabs or |")


def named_columns(told: str, read: Columns, path: Path) -> list[str]:
    """The columns that a setting names, with + between them."""
    names = [name for name in told.split("+") if name]
    if unknown := [name for name in names if name not in read.names]:
        raise BadRequest(f"{path} has no column {unknown[0]!r}; it has {', '.join(read.names)}")
    return names
