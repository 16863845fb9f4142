"""Measured rows, kept as JSON and as a table: benchmarks/results/<name>.json and .md."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
CERTIFICATE = ("hardware", "torch", "python", "commit", "date", "command")

Row = dict[str, Any]


def record(
    name: str, rows: Sequence[Row], key: str, columns: Sequence[str], says: Sequence[str] = ()
) -> None:
    """Write rows, and a table of means and standard deviations over the seeds of each `key`.

    Args:
        rows: each with `key`, "seed", the columns, and the values of `certificate`.
        says: lines under the table.
    """
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"rows": list(rows)}, indent=1) + "\n")
    lines = [f"| {key} | seeds | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for value in dict.fromkeys(row[key] for row in rows):
        mine = [row for row in rows if row[key] == value]
        cells = [in_words([row.get(column) for row in mine]) for column in columns]
        lines.append(f"| {value} | {len(mine)} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {line}" for line in says)]
    for what in CERTIFICATE:
        lines.append(f"- {what}: " + ", ".join(dict.fromkeys(f"`{row[what]}`" for row in rows)))
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")


def recorded(name: str) -> list[Row]:
    """The rows that were measured before under this name."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text())["rows"] if file.exists() else []


def recorded_with(row: Row, name: str, key: str) -> list[Row]:
    """The rows that were measured before, with this one in the place of the one of its `key` and seed."""
    rows, same = recorded(name), lambda r: (r[key], r["seed"]) == (row[key], row["seed"])
    return [row if same(r) else r for r in rows] if any(map(same, rows)) else [*rows, row]


def in_words(values: Sequence[Any]) -> str:
    """A mean, with the standard deviation over seeds where there are several; a text as it is."""
    there = [v for v in values if v is not None]
    if not there or isinstance(there[0], str):
        return ", ".join(dict.fromkeys(there)) or "–"
    mean = f"{statistics.mean(there):.4g}"
    return mean if len(there) == 1 else f"{mean} ± {statistics.stdev(there):.2g}"
