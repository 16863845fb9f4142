"""Tables of numbers, dates and categories: .csv, .tsv, .parquet and .xlsx files without pictures.

How files are read as texts is the matter of `cells`; the type of each column is found out here.  It is taken for

    dates        if all of its cells are dates of one format
    numbers      if all are numbers, and more than ten different ones
    categories   otherwise, and if it was told so

Empty cells stay empty (`MISSING` says what counts as empty).  A column of which nearly every cell is another text names
its rows and cannot be learned: it is refused until it is dropped.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

import torch
from torch import Tensor

from rivalry.data.readers.cells import (
    MISSING,
    NUMBER,
    holds_sentences,
    named_columns,
    parquet_holds_others,
    read_cells,
    text_of,
)
from rivalry.data.readers.splits import canonical
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.table import START, Place

FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
FEW = 10  # different numbers that are categories
MOST = 1000  # categories of a column
HELD_OUT = 5  # every fifth row is in the split "test"
SPLITS = ("train", "test")
ENDINGS = (".csv", ".tsv", ".parquet", ".xlsx")
OF_SERIES = {"window", "every", "shuffled"}  # settings of the reader of series
OF_SENTENCES = {
    "column",
    "tokens",
    "tokenizer",
    "least",
    "longest",
    "over",
}  # settings of the reader of sentences
TARGETS = ("target", "label", "class")


def reader_of_table(path: Path, told: Collection[str] = ()) -> str:
    """The reader of tables, if this file is one: not pictures in columns, sentences, or a list of edges; else "".

    Args:
        told: names of settings; those of sentences say that it holds sentences.
    """
    ending = path.suffix.lower()
    if not path.is_file() or ending not in ENDINGS or {*told} & OF_SENTENCES:
        return ""
    if {*told} & OF_SERIES:
        return "series:open_series"
    if ending == ".xlsx":
        return "table:open_table"
    if ending == ".parquet":
        return "" if parquet_holds_others(path) else "table:open_table"
    head = text_of(path, 1 << 16)[0].splitlines()[:1]
    names = [name.strip().lower() for name in re.split(r"[,;\t|]", head[0].replace('"', ""))] if head else []
    sentences = holds_sentences(names)
    edges = ending == ".tsv" and (len(names) < 3 or any(map(NUMBER.fullmatch, names)) or names[0][:1] == "#")
    return "" if sentences or edges else "table:open_table"


def open_table(
    path: Path,
    split: str = "train",
    size: tuple[int, int] | None = None,
    *,
    categorical: str = "",
    drop: str = "",
    target: str = "",
    sheet: str = "",
) -> Dataset:
    """Read a table.  Every fifth row is held out as the split "test".

    Settings:
        categorical: columns of categories, with + between them: categorical=ward+grade
        drop: columns to leave out, such as identifiers
        target: the column that is to be predicted; one named target, label or class by default
        sheet: of an .xlsx file; the first by default

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
    read = read_cells(path, sheet)
    told, left_out = named_columns(categorical, read, path), named_columns(drop, read, path)
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
    if all(place.sorts == 1 for place in known):
        raise BadRequest(
            f"every column of {name!r} holds a single value, or nothing; there is nothing to learn"
        )
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
    if not told and (found := dates_of(there) or _numbers(name, there, said)):
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


def dates_of(cells: list[str]) -> tuple[list[float], int | None, str] | None:
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
