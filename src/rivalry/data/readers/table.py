"""Tables of numbers, dates and categories: .csv, .tsv and .parquet files without pictures.

The delimiter, the encoding and the type of each column are found out.  A column is taken for

    dates        if all of its cells are dates of one format
    numbers      if all are numbers, and more than ten different ones
    categories   otherwise, and if it was told so

Empty cells stay empty (`MISSING` says what counts as empty).  A column of which nearly every cell is another text names
its rows and cannot be learned: it is refused until it is dropped.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import torch
from torch import Tensor

from rivalry.data.readers.members import open_regular
from rivalry.data.readers.splits import canonical
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.table import START, Place

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
DELIMITERS = (",", ";", "\t", "|")
FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
LARGEST = 1 << 28  # bytes of a file
FEW = 10  # different numbers that are categories
MOST = 1000  # categories of a column
LEAST = 10  # rows
HELD_OUT = 5  # every fifth row is in the split "test"
SPLITS = ("train", "test")
OF_SENTENCES = {"column", "tokens", "least", "longest", "over"}  # settings of the reader of sentences
SENTENCES = {"text", "sentence", "caption", "title", "review", "content"}  # columns that hold sentences
TARGETS = ("target", "label", "class")


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


def reader_of_table(path: Path, told: Collection[str] = ()) -> str:
    """The reader of tables, if this file is one: not pictures in columns, sentences, or a list of edges; else "".

    Args:
        told: names of settings; those of sentences say that it holds sentences.
    """
    ending = path.suffix.lower()
    if not path.is_file() or ending not in (".csv", ".tsv", ".parquet") or {*told} & OF_SENTENCES:
        return ""
    if ending == ".parquet":
        return "" if _parquet_holds_others(path) else "table:open_table"
    head = _text(path, 1 << 16)[0].splitlines()[:1]
    names = [name.strip().lower() for name in re.split(r"[,;\t|]", head[0].replace('"', ""))] if head else []
    sentences = _hold_sentences(names)
    edges = ending == ".tsv" and (len(names) < 3 or any(map(NUMBER.fullmatch, names)) or names[0][:1] == "#")
    return "" if sentences or edges else "table:open_table"


def _hold_sentences(names: Sequence[str]) -> bool:
    """Whether one of a few columns has a name that says it holds sentences."""
    return bool({*names} & SENTENCES) and len(names) <= 3


def open_table(
    path: Path,
    split: str = "train",
    size: tuple[int, int] | None = None,
    *,
    categorical: str = "",
    drop: str = "",
    target: str = "",
) -> Dataset:
    """Read a table.  Every fifth row is held out as the split "test".

    Settings:
        categorical: columns of categories, with + between them: categorical=ward+grade
        drop: columns to leave out, such as identifiers
        target: the column that is to be predicted; one named target, label or class by default

    Returns:
        float32 rows (n, p), as `kinds.table` says.  Labels, if the target is of categories.  The fact `notes` says what
        was decided.

    Raises:
        BadRequest: a size, no such split, or a file that holds no table that can be learned.
    """
    if size is not None:
        raise BadRequest(f"{path} is a table, which has no size in pixels; leave the size out")
    if canonical(split) not in SPLITS:
        raise BadRequest(f"{path} has no split {split!r}; it has train and test")
    read = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    _require_rows(read, path)
    told, left_out = _named(categorical, read, path), _named(drop, read, path)
    kept = [i for i, name in enumerate(read.names) if name not in left_out]
    if not kept:
        raise BadRequest(f"no column of {path} is left; drop fewer")
    names, columns = [read.names[i] for i in kept], [[row[i] for row in read.rows] for i in kept]
    target = target or next((name for name in TARGETS if name in names), "")
    if target and target not in names:
        raise BadRequest(f"the target {target!r} is no column of {path}; it has {', '.join(names)}")
    skipped = read.skipped if canonical(split) == "train" else []  # said once
    facts = {"source": str(path), "splits": SPLITS, "skipped": skipped, "converted": {}}
    dataset = from_columns(path.stem, names, columns, canonical(split), told, target, read.notes)
    return Dataset(dataset.spec, dataset.x, dataset.label, {**facts, **dataset.facts})


def from_columns(
    name: str,
    names: Sequence[str],
    columns: Sequence[Sequence[str]],
    split: str = "train",
    categorical: Sequence[str] = (),
    target: str = "",
    notes: Sequence[str] = (),
    test: Tensor | None = None,
) -> Dataset:
    """A table from its columns of texts.

    Args:
        columns: cells (n) of each column.
        categorical: names of columns that hold categories, whatever their cells are.
        target: the name of a column, or "".
        test: (n,) bool, the rows that are held out; every fifth by default.

    Raises:
        BadRequest: a column that cannot be learned.
    """
    n, said = len(columns[0]), [*notes]
    test = torch.arange(n) % HELD_OUT == HELD_OUT - 1 if test is None else test
    known, numbers = list[Place](), list[Tensor]()
    for column, cells in zip(names, columns):
        empty = [cell.strip().lower() in MISSING for cell in cells]
        places, values = _read(column, list(cells), empty, column in categorical, ~test, said)
        known += places
        numbers += values
    x = torch.stack(numbers, 1).float()
    label, classes = None, tuple[str, ...]()
    at = [place.name for place in known].index(target) if target else -1
    if at >= 0 and len(known[at].categories) > 1:
        classes, label = known[at].categories, x[:, at].long()
    about = {"columns": [p.to_json() for p in known], **({"target": target} if target else {})}
    rows = torch.nonzero(test if split == "test" else ~test).flatten()
    spec = Spec(name, "table", (x.shape[1],), classes, about=about)
    return Dataset(spec, x[rows], None if label is None else label[rows], {"notes": said})


def _read(
    name: str, cells: list[str], empty: list[bool], told: bool, train: Tensor, said: list[str]
) -> tuple[list[Place], list[Tensor]]:
    """One column: its places, and the numbers of each (n,)."""
    there = [cell.strip() for cell, gone in zip(cells, empty) if not gone]
    if not there or len(set(there)) == 1:
        said.append(f"{name!r} holds {'nothing' if not there else f'only {there[0]!r}'}; it is kept as it is")
        told = True
    if not told and (found := _dates(there) or _numbers(name, there, said)):
        return _measured(name, *found, empty, train, said)
    texts = ["" if gone else cell.strip() for cell, gone in zip(cells, empty)]
    counted = Counter(texts)
    if len(counted) > (MOST if told else min(MOST, max(20, len(texts) // 2))):
        raise BadRequest(
            f"column {name!r} has {len(counted):,} different texts in {len(texts):,} rows: an identifier or free text, "
            f"which names rows; leave it out with drop={name}"
        )
    categories = sorted(counted, key=lambda one: (_sort_key(one), one))
    number = {one: float(i) for i, one in enumerate(categories)}
    return [Place(name, "category", tuple(categories))], [torch.tensor([number[one] for one in texts])]


def _sort_key(cell: str) -> tuple[int, float]:
    return (0, float(cell)) if NUMBER.fullmatch(cell) else (1, 0.0)


def _dates(cells: list[str]) -> tuple[list[float], int | None, str] | None:
    """Seconds since 1970, and the format that all cells have."""
    for form in FORMATS:
        try:
            found = [(datetime.strptime(cell, form) - START).total_seconds() for cell in cells]
        except ValueError:
            continue
        if all(datetime.strptime(cell, form).strftime(form) == cell for cell in cells[:100]):
            return found, None, form
    return None


def _numbers(name: str, cells: list[str], said: list[str]) -> tuple[list[float], int | None, str] | None:
    """Numbers, and the most digits after a point; None if the cells are categories."""
    fit = [bool(NUMBER.fullmatch(cell)) and math.isfinite(float(cell)) for cell in cells]
    if not all(fit):
        if sum(fit) > len(fit) / 2:
            first = next(cell for cell, good in zip(cells, fit) if not good)
            if len(set(cells)) > max(20, len(cells) // 20):
                raise BadRequest(
                    f"column {name!r} mixes numbers and text ({first!r} is one of {len(fit) - sum(fit):,} texts): "
                    f"clean it, or tell categorical={name} or drop={name}"
                )
            said.append(
                f"{name!r} mixes numbers and text such as {first!r}; its cells are read as categories"
            )
        return None
    if len(set(cells)) <= FEW:
        return None
    whole = not any(set(cell) & set("eE") for cell in cells)
    decimals = max(len(cell.partition(".")[2]) for cell in cells) if whole else None
    found = [float(cell) for cell in cells]
    if decimals == 0 and len(set(cells)) == len(cells) and len(cells) > 20:
        said.append(
            f"every number of {name!r} is another one: if it names rows, leave it out with drop={name}"
        )
    return found, decimals if decimals is not None and decimals <= 12 else None, ""


def _measured(
    name: str,
    there: list[float],
    decimals: int | None,
    form: str,
    empty: list[bool],
    train: Tensor,
    said: list[str],
) -> tuple[list[Place], list[Tensor]]:
    """A column of numbers.  Empty cells get numbers drawn from the others, so that no distribution changes."""
    gone = torch.tensor(empty)
    value = torch.zeros(len(empty), dtype=torch.float64)
    value[~gone] = torch.tensor(there, dtype=torch.float64)
    seen = value[~gone & train] if bool((~gone & train).any()) else value[~gone]
    center, scale = float(seen.mean()), float(seen.std(correction=0)) or 1.0
    place = Place(
        name,
        "date" if form else "number",
        (),
        center,
        scale,
        float(seen.min()),
        float(seen.max()),
        decimals,
        form,
    )
    if not bool(gone.any()):
        return [place], [(value - center) / scale]
    draw = torch.Generator().manual_seed(0)
    value[gone] = seen[torch.randint(len(seen), (int(gone.sum()),), generator=draw)]
    return [place, Place(name, "missing")], [(value - center) / scale, gone.double()]


# ---------------------------------------------------------------------- files


def _csv(path: Path) -> Columns:
    text, encoding = _text(path)
    notes = [] if encoding == "UTF-8" else [f"the file is no UTF-8; it is read as {encoding}"]
    delimiter = max(DELIMITERS, key=lambda one: _steadiness(text, one))
    if delimiter != ",":
        notes.append(f"cells are separated by {'tabs' if delimiter == chr(9) else repr(delimiter)}")
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(row)]
    except csv.Error as error:
        raise BadRequest(f"{path} is no table of cells: {error}") from error
    if not rows:
        raise BadRequest(f"{path} is empty; expected a line of names and a line for each row")
    names, body = [name.strip() for name in rows[0]], rows[1:]
    if all(NUMBER.fullmatch(name) for name in names):
        notes.append("the first line holds numbers, so that columns are named by their number")
        names, body = [f"column {i + 1}" for i in range(len(names))], rows
    names = [name or f"column {i + 1}" for i, name in enumerate(names)]
    if delimiter != "," and any("," in cell for row in body[:100] for cell in row):
        body = [[re.sub(r"^([+-]?\d+),(\d+)$", r"\1.\2", cell.strip()) for cell in row] for row in body]
        notes.append("numbers have a comma before their decimals; it is written as a point")
    good = [row for row in body if len(row) == len(names)]
    skipped = [
        (f"row {i + 1}", f"{len(row)} cells; expected {len(names)}")
        for i, row in enumerate(body)
        if len(row) != len(names)
    ]
    return Columns(names, good, notes, skipped)


def _text(path: Path, most: int = LARGEST + 1) -> tuple[str, str]:
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


def _parquet_holds_others(path: Path) -> bool:
    """Whether it holds images or sentences, which readers of their own open."""
    from rivalry.data.readers.columns import choose_columns

    try:
        import pyarrow.parquet as parquet

        names = parquet.read_schema(path).names
        if _hold_sentences([name.lower() for name in names]):
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


def _named(told: str, read: Columns, path: Path) -> list[str]:
    """The columns that a setting names, with + between them."""
    names = [name for name in told.split("+") if name]
    if unknown := [name for name in names if name not in read.names]:
        raise BadRequest(f"{path} has no column {unknown[0]!r}; it has {', '.join(read.names)}")
    return names
