"""Rows of a table: (p,) numbers, one for each place.  `Column.about` holds `columns`, what each place is.

A column of the table takes one place, or two if cells of numbers may be empty:

    number, date   (value - center) / scale, so that every game sees numbers of about the size 1
    category       the number of the category, 0 to k - 1; an empty cell is a category of its own, ""
    missing        1 where the cell of the place before it is empty, else 0

What is stored is what games see.  What one game alone needs, such as the modes of a mixture, belongs to that game.
What is written gets its units back: center and scale, range, decimals, names of categories, empty cells.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import torch
from torch import Tensor

from rivalry.errors import BadRequest, unknown
from rivalry.kinds.kind import Example, Kind, is_number
from rivalry.kinds.spec import Column

HEIGHT, BAR = 32, 6  # pixels of a tile's bars
TYPES = ("number", "date", "category", "missing")
DAY = 86_400  # seconds
START = datetime(1970, 1, 1)
BESIDE = 1e-4  # of the scale, by which a number may lie beside its range


@dataclass(frozen=True)
class Place:
    """One number of a row.

    Attributes:
        name: of the column of the table.
        type: "number", "date", "category" or "missing".
        categories: the cells of a category, by number.
        center, scale: of a number as it is stored: (value - center) / scale.  A date is in seconds since 1970.
        low, high: the least and the greatest value, in the units of the table; None if unknown.
        decimals: digits after the point; None for seven digits in all.
        format: of a date, as `strftime` has it.
    """

    name: str
    type: str = "number"
    categories: tuple[str, ...] = ()
    center: float = 0.0
    scale: float = 1.0
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    format: str = ""

    @property
    def sorts(self) -> int:
        """The number of categories; 0 for numbers and dates."""
        return 2 if self.type == "missing" else len(self.categories)

    def to_json(self) -> dict[str, Any]:
        """What differs from the defaults, of JSON's types."""
        blank = Place(self.name)
        facts = {k: v for k, v in asdict(self).items() if k in ("name", "type") or v != getattr(blank, k)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items()}

    def range(self) -> tuple[float, float]:
        """The least and the greatest value as stored; infinite if unknown."""
        if self.sorts:
            return 0.0, self.sorts - 1.0
        low = -math.inf if self.low is None else (self.low - self.center) / self.scale
        return low, math.inf if self.high is None else (self.high - self.center) / self.scale

    def values(self, x: Tensor) -> Tensor:
        """Stored numbers (n,) in the units of the table, within the range and rounded: (n,) float64."""
        if self.sorts:
            return x.double().round().clamp(0, self.sorts - 1)
        value = x.double().clamp(*self.range()) * self.scale + self.center
        if self.type == "date" and "%H" not in self.format:
            return (value / DAY).round() * DAY
        return value if self.decimals is None else value.round(decimals=self.decimals)

    @property
    def _bounded(self) -> bool:
        return self.low is not None and self.high is not None

    def cells(self, x: Tensor) -> list[str]:
        """Stored numbers (n,) as they stand in a file."""
        values = self.values(x.nan_to_num())
        if self.type == "category":
            return [self.categories[int(v)] for v in values.tolist()]
        if self.type == "date":
            return [(START + timedelta(seconds=v)).strftime(self.format) for v in values.tolist()]
        if self.decimals is None:
            return [f"{v:.7g}" for v in values.tolist()]
        return [f"{v + 0.0:.{self.decimals}f}" for v in values.tolist()]

    def words(self) -> str:
        """The column in words: "whole numbers, 17 to 90"."""
        if self.type == "category":
            some = [one or "empty" for one in self.categories[:6]]
            more = f" and {len(self.categories) - 6:,} more" if len(self.categories) > 6 else ""
            return f"{len(self.categories):,} categories: {', '.join(some)}{more}"
        what = "dates" if self.type == "date" else "whole numbers" if self.decimals == 0 else "numbers"
        low, high = (self.cells(torch.tensor([end]).clamp(-1e30, 1e30))[0] for end in self.range())
        return f"{what}, {low} to {high}" if self._bounded else what


def places(column: Column) -> tuple[Place, ...]:
    """What each number of a row is.  A name alone stands for a number as it is."""
    told = column.about.get("columns", [f"column {i}" for i in range(column.shape[0])])
    return tuple(_place(one) for one in told)


def _place(told: Any) -> Place:
    """A place from JSON, which may come from somebody else's file.

    Raises:
        ValueError: it is no place.
    """
    if isinstance(told, str):
        return Place(told)
    if not isinstance(told, dict) or told.keys() - Place.__dataclass_fields__.keys():
        raise ValueError("a place is a table of its facts")
    place = Place(**{**told, "categories": tuple(told.get("categories", ()))})
    numbers = (place.center, place.scale, *(v for v in (place.low, place.high) if v is not None))
    texts = (place.name, place.type, place.format, *place.categories)
    if not all(isinstance(one, str) for one in texts) or not all(map(is_number, numbers)):
        raise ValueError("a name, a type and categories are texts, and a range is numbers")
    whole = place.decimals is None or (isinstance(place.decimals, int) and 0 <= place.decimals <= 20)
    if place.type not in TYPES or not all(map(math.isfinite, numbers)) or place.scale <= 0 or not whole:
        raise ValueError("no such type, or no such scale")
    if (place.type == "category") != bool(place.categories) or len(set(place.categories)) < len(
        place.categories
    ):
        raise ValueError("categories are different texts, and one at least")
    if place.type == "date":
        _ = place.cells(torch.zeros(1))
    return place


def header(column: Column) -> list[str]:
    """The names of the columns of the table, in their order."""
    return [place.name for place in places(column) if place.type != "missing"]


def target_of(column: Column) -> int:
    """The place of the column that is to be predicted; -1 if none was named."""
    names = [place.name for place in places(column)]
    return names.index(column.about["target"]) if column.about.get("target") in names else -1


def place_of(column: Column, name: str) -> int:
    """The place of the column of this name.

    Raises:
        BadRequest: there is none; names the nearest.
    """
    names = [place.name for place in places(column)]
    if name not in names:
        raise unknown("column", name, names, f"there are {', '.join(dict.fromkeys(names))}")
    return names.index(name)


def category_of(place: Place, cell: str) -> int:
    """The number of a category.

    Raises:
        BadRequest: the column holds no categories, or not this one.
    """
    if place.type != "category":
        raise BadRequest(
            f"{place.name!r} holds {place.words()}; only a column of categories can be asked for"
        )
    if cell not in place.categories:
        raise unknown(f"category of {place.name!r}", cell, place.categories, place.words())
    return place.categories.index(cell)


def values(x: Tensor, column: Column) -> Tensor:
    """Rows (n, p) in the units of the table, a number for each of its columns, NaN where a cell is empty: (n, c)."""
    found = list[Tensor]()
    for i, place in enumerate(places(column)):
        value = place.values(x[:, i])
        if place.type == "missing":
            found[-1] = torch.where(value > 0, math.nan, found[-1])
        else:
            found.append(value)
    return torch.stack(found, 1)


def cells(x: Tensor, column: Column) -> list[list[str]]:
    """Rows (n, p) as they stand in a file: a list for each column of the table."""
    found = list[list[str]]()
    for i, place in enumerate(places(column)):
        if place.type == "missing":
            empty = place.values(x[:, i]).tolist()
            found[-1] = ["" if gone else cell for cell, gone in zip(found[-1], empty)]
        else:
            found.append(place.cells(x[:, i]))
    return found


class TableKind(Kind):
    name, plural, raw = "table", "rows", "columns"

    def fits(self, shape: tuple[int, ...], about: dict[str, Any]) -> bool:
        if not super().fits(shape, about) or not isinstance(about.get("columns", []), list):
            return False
        try:
            found = places(Column("table", shape, about))
        except (ValueError, TypeError, OverflowError, ArithmeticError):
            return False
        first = bool(found) and found[0].type == "missing"
        return len(found) == shape[0] and not first and isinstance(about.get("target", ""), str)

    def valid(self, x: Tensor, column: Column) -> Tensor:
        """Numbers within their ranges, and categories that are whole numbers of one."""
        good = super().valid(x, column)
        for i, place in enumerate(places(column)):
            low, high = place.range()
            good &= (x[:, i] >= low - BESIDE) & (x[:, i] <= high + BESIDE)
            if place.sorts:
                good &= (x[:, i] - x[:, i].round()).abs() < BESIDE
        return good

    def words(self, column: Column) -> str:
        sorts = sum(place.type == "category" for place in places(column))
        return f"{len(header(column))} columns" + (f", {sorts} of them of categories" if sorts else "")

    def described(self, column: Column) -> list[str]:
        known = places(column)
        some = {known[i - 1].name for i, place in enumerate(known) if place.type == "missing"}
        return [
            f"{place.name}: {place.words()}" + (", some empty" if place.name in some else "")
            for place in known
            if place.type != "missing"
        ]

    def tiles(self, x: Tensor, column: Column) -> Tensor:
        """A bar for each place, scaled from its least to its greatest value in these rows: (n, p) -> (n, 1, h, w)."""
        x = x.detach().float().nan_to_num()
        low, high = x.amin(0), x.amax(0)
        share = ((x - low) / (high - low).clamp(min=1e-9)).clamp(0.03, 1)  # (n, p)
        level = torch.linspace(1, 0, HEIGHT)[:, None]
        dark = level <= share[:, None]  # (n, h, p)
        dark = dark.repeat_interleave(BAR, 2) & (torch.arange(x.shape[1] * BAR) % BAR > 0)
        return torch.where(dark, -0.6, 1.0)[:, None]

    def beside(self, x: Tensor, column: Column) -> dict[str, bytes]:
        file = io.BytesIO()
        _write_csv(x, column, file)
        return {".csv": file.getvalue()}

    def example(self, n: int, classes: int) -> Example:
        """Two numbers and their sum, the class, and a number that is missing where the first is large."""
        x = torch.randn(n, 2, generator=torch.Generator().manual_seed(0))
        label = torch.arange(n) % classes
        third = 0.5 * x[:, 0] + label
        rows = torch.stack([x[:, 0], x[:, 1], x.sum(1), label.float(), third, (x[:, 0] > 1).float()], 1)
        known = [
            *(Place(name, low=-10, high=10) for name in ("a", "b", "sum")),
            Place("class", "category", tuple(f"class {i}" for i in range(classes))),
            Place("c", center=10.0, scale=2.0, low=-90, high=110, decimals=1),
            Place("c", "missing"),
        ]
        return Example(
            "rows", rows, label, {"columns": [place.to_json() for place in known], "target": "class"}
        )


def _write_csv(x: Tensor, column: Column, file: BinaryIO) -> None:
    """A header and a line for each row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header(column))
    writer.writerows(zip(*cells(x, column)))
    file.write(text.getvalue().encode())


def _write_parquet(x: Tensor, column: Column, file: BinaryIO) -> None:
    """Columns of numbers and of texts; empty cells are null."""
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise BadRequest(
            "a .parquet needs pyarrow to be written: pip install pyarrow; or write a .csv"
        ) from error
    kinds = [place for place in places(column) if place.type != "missing"]
    typed = [_typed(some, place) for some, place in zip(cells(x, column), kinds)]
    parquet.write_table(pyarrow.table(typed, names=header(column)), file)


def _typed(some: Sequence[str], place: Place) -> list[Any]:
    turn: Any = str if place.type != "number" else int if place.decimals == 0 else float
    return [turn(cell) if cell else None for cell in some]


TableKind.writes = {".csv": _write_csv, ".parquet": _write_parquet}
TABLE = TableKind()
