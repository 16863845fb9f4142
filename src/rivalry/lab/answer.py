"""The answer to a question of the laboratory: what an experiment returns, and the page that it becomes.

A page says the question, what was found in sentences made from the numbers, how it was measured, what became of the
control that must fail, and the tables and figures.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rivalry.files import Folder
from rivalry.report.axes import short
from rivalry.report.curves import chart
from rivalry.report.markup import Html, tag
from rivalry.report.question import section, table, write_question
from rivalry.report.record import Series

COLORS = 4  # lines that one chart can tell apart
Row = dict[str, Any]


@dataclass
class Answer:
    """What one experiment found.

    Attributes:
        question: as a sentence.
        found: sentences made from the numbers.
        method: how it was measured, a sentence each.
        control: what must fail, and whether it did, in sentences made from the numbers.
        sections: tables and figures.
        rows: one for each measurement and seed: `key`, "seed" and the columns.
        key: the column of the rows that names what was measured.
        columns: those of the table that is kept.
        under: with what: data, rounds, seeds.
        pictures: further files by name, as SVG.
    """

    question: str
    found: list[str]
    method: list[str]
    control: list[str]
    sections: list[Html]
    rows: list[Row]
    key: str
    columns: tuple[str, ...]
    under: str
    pictures: dict[str, Html] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write report.html and found.json into `folder`; the path of the page."""
        parts = (("Method", self.method), ("The control that must fail", self.control))
        before = [section(title, *sentences) for title, sentences in parts if sentences]
        data = {"found": self.found, "method": self.method, "control": self.control, "rows": self.rows}
        page = write_question(folder, self.question, self.found, [*before, *self.sections], data, self.under)
        for name, picture in self.pictures.items():
            with Folder(folder).writing(name) as file:
                file.write(picture.encode())
        return page


def over(rows: Sequence[Row], column: str, **fixed: object) -> list[float]:
    """The values of a column in the rows that have these values elsewhere: one for each seed; NaN is left out."""
    some = (row for row in rows if all(row.get(name) == value for name, value in fixed.items()))
    return [row[column] for row in some if row.get(column) is not None and not math.isnan(row[column])]


def mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else math.nan


def words(values: Sequence[float], form: str = ".3g") -> str:
    """A mean, with the standard deviation over seeds where there are several."""
    if not values:
        return "–"
    if any(math.isinf(v) for v in values):
        reached = [v for v in values if not math.isinf(v)]
        return f"never ({len(values) - len(reached)} of {len(values)})"
    said = f"{statistics.fmean(values):{form}}"
    if len(values) == 1:
        return said
    spread = statistics.stdev(values)
    return f"{said} ± {spread:,.0f}" if 100 <= spread < 1e6 else f"{said} ± {spread:.2g}"


def summary(rows: Sequence[Row], key: str, columns: Sequence[str]) -> Html:
    """A table of means and deviations over seeds, a line for each value of `key`."""
    names = list(dict.fromkeys(row[key] for row in rows))
    lines = [(str(name), *(words(over(rows, c, **{key: name})) for c in columns)) for name in names]
    return tag("div", table((key, *columns), lines), class_="scrolled")


def number(value: float) -> str:
    """A number of a table: three digits, a dash where there is none."""
    return "–" if math.isnan(value) else "never" if math.isinf(value) else short(float(f"{value:.3g}"))


def series_of(rows: Sequence[Row], x: str, y: str, **fixed: object) -> Series:
    """y over x, the mean over seeds, with the standard deviation as its band where there are several seeds."""
    at = sorted({row[x] for row in rows if y in row and all(row.get(k) == v for k, v in fixed.items())})
    values = [over(rows, y, **{x: each}, **fixed) for each in at]
    spread = [statistics.stdev(v) if len(v) > 1 else 0.0 for v in values]
    return Series([float(each) for each in at], [mean(v) for v in values], spread)


def figures(title: str, lines: Mapping[str, Series], across: str = "round") -> list[Html]:
    """Charts of these lines: as many as are needed so that colors tell the lines of one apart."""
    names, last = list(lines), max((max(s.rounds) for s in lines.values() if s.rounds), default=1.0)
    size = math.ceil(len(names) / max(math.ceil(len(names) / COLORS), 1))  # five lines are three and two
    parts = [names[i : i + size] for i in range(0, len(names), size)]
    return [chart(title, {name: lines[name] for name in part}, last, across=across) for part in parts]


def charts(*drawn: Html) -> Html:
    """Figures side by side."""
    return tag("div", *drawn, class_="charts")
