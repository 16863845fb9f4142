"""A time series of a table: each row is a step, and a datum is a window of some steps in a row.

    prices.csv:window=24                 a window begins at every row; the last fifth of the time is held out
    prices.csv:window=24,every=24        windows that share no row
    prices.csv:window=24,shuffled=true   every fifth window is held out, wherever in the time it lies

Columns of dates are left out, since rows are in their order as they stand.  All others are numbers.  A window with an
empty cell is left out.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from rivalry.data.readers.cells import MISSING, NUMBER, named_columns, read_cells
from rivalry.data.readers.splits import canonical
from rivalry.data.readers.table import dates_of
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.kinds.table import Place
from rivalry.settings import Count

SPLITS = ("train", "test")
HELD_OUT = 5  # the last fifth, or every fifth window
MOST = 1 << 28  # numbers of all windows


def open_series(
    path: Path,
    split: str = "train",
    size: tuple[int, int] | None = None,
    *,
    window: Count = 24,
    every: Count = 1,
    shuffled: bool = False,
    drop: str = "",
    sheet: str = "",
) -> Dataset:
    """Read windows of a table of numbers, as episodes without an agent.

    Settings:
        window: steps of a datum
        every: rows from the beginning of a window to that of the next
        shuffled: hold out every fifth window; windows that share rows then lie in both splits, so that copies are
            taken for skill.  Without it the last fifth of the rows is held out, and no row is in both
        drop: columns to leave out, with + between them
        sheet: of an .xlsx file; the first by default

    Returns:
        float32 (n, window, columns + 1): (value - center) / scale of the rows that are learned, and 1 at the end of
        each step, as `kinds.episode` has it.  `about` says what each number is, so that samples get its units back.

    Raises:
        BadRequest: a size, no such split, columns that hold no numbers, or fewer rows than a window.
    """
    if size is not None:
        raise BadRequest(f"{path} holds series, which have no size in pixels; leave the size out")
    split = canonical(split)
    if split not in SPLITS:
        raise BadRequest(f"{path} has no split {split!r}; it has train and test")
    read = read_cells(path, sheet)
    left_out, notes = named_columns(drop, read, path), [*read.notes]
    columns = {name: [row[i].strip() for row in read.rows] for i, name in enumerate(read.names)}
    values = {n: _numbers(n, cells, notes) for n, cells in columns.items() if n not in left_out}
    kept = {name: found for name, found in values.items() if found is not None}
    if not kept:
        raise BadRequest(f"no column of {path} is left; a series needs one of numbers")
    x = torch.stack([numbers for numbers, _ in kept.values()], 1)  # (rows, columns)
    begins = _beginnings(path, len(x), window, every, shuffled, split, x.shape[1])
    learned = x if shuffled else x[: len(x) - len(x) // HELD_OUT]
    places = [_place(name, learned[:, i], kept[name][1]) for i, name in enumerate(kept)]
    center, scale = (torch.tensor([getattr(p, what) for p in places]) for what in ("center", "scale"))
    steps = ((x - center) / scale).unfold(0, window, 1)[begins].transpose(1, 2)  # (n, window, columns)
    whole = ~steps.isnan().flatten(1).any(1)
    if not bool(whole.any()):
        raise BadRequest(
            f"every window of {path} has an empty cell; fill them, or drop the columns that have them"
        )
    steps = steps[whole].float()
    about = {"observation": len(places), "columns": [p.to_json() for p in places]}
    spec = Spec(path.stem, "episode", (window, len(places) + 1), about=about)
    facts = {"source": str(path), "splits": SPLITS, "skipped": read.skipped, "converted": {}, "notes": notes}
    facts["passed"] = {"windows with an empty cell": int((~whole).sum())} if not bool(whole.all()) else {}
    return Dataset(spec, torch.cat([steps, torch.ones(*steps.shape[:2], 1)], 2), None, facts)


def _numbers(name: str, cells: Sequence[str], notes: list[str]) -> tuple[Tensor, int | None] | None:
    """The numbers of a column (n,), NaN where a cell is empty, and their decimals; None for dates.

    Raises:
        BadRequest: the column holds texts.
    """
    there = [cell for cell in cells if cell.lower() not in MISSING]
    if there and dates_of(there):
        notes.append(f"{name!r} holds dates; steps are in the order of the rows")
        return None
    if texts := [cell for cell in there if not NUMBER.fullmatch(cell)]:
        raise BadRequest(f"column {name!r} holds texts such as {texts[0]!r}; leave it out with drop={name}")
    plain = not any({*cell} & {*"eE"} for cell in there)
    decimals = max((len(cell.partition(".")[2]) for cell in there), default=0) if plain else None
    numbers = [float(cell) if cell.lower() not in MISSING else math.nan for cell in cells]
    if any(map(math.isinf, numbers)):
        raise BadRequest(f"column {name!r} holds numbers that are too large")
    return torch.tensor(numbers, dtype=torch.float64), decimals if (decimals or 0) <= 12 else None


def _place(name: str, values: Tensor, decimals: int | None) -> Place:
    """What the numbers of a column are, from those that are learned."""
    there = values[~values.isnan()]
    if not len(there):
        raise BadRequest(
            f"column {name!r} is empty in the rows that are learned; leave it out with drop={name}"
        )
    return Place(
        name,
        center=float(there.mean()),
        scale=float(there.std(correction=0)) or 1.0,
        low=float(there.min()),
        high=float(there.max()),
        decimals=decimals,
    )


def _beginnings(
    path: Path, rows: int, window: int, every: int, shuffled: bool, split: str, columns: int
) -> Tensor:
    """The first row of each window of the split.

    Raises:
        BadRequest: there is none, or too many.
    """
    cut = rows if shuffled else rows - rows // HELD_OUT
    first, last = (0, cut) if split == "train" or shuffled else (cut, rows)
    begins = torch.arange(first, max(last - window + 1, first), every)
    if shuffled:
        out = torch.arange(len(begins)) % HELD_OUT == HELD_OUT - 1
        begins = begins[out if split == "test" else ~out]
    if not len(begins):
        part = "" if shuffled else f", of which {last - first:,} are those of {split!r}"
        raise BadRequest(f"{path} has {rows:,} rows{part}; a window of {window} needs more: window=N")
    if len(begins) * window * columns > MOST:
        raise BadRequest(
            f"{path} makes {len(begins):,} windows of {window} steps, too many: every=N takes fewer"
        )
    return begins
