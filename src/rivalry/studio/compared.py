"""Runs side by side: sheets at equal rounds, curves, scores with their spread, and the settings that differ."""

from bisect import bisect_right
from typing import Any

from rivalry.errors import BadRequest
from rivalry.runs.comparison import compare
from rivalry.studio.shelf import Shelf

MOST = 6
SAMPLES = 1000  # of each run, when they are measured anew


def beside(shelf: Shelf, names: list[str]) -> dict[str, Any]:
    """The records of these runs, the rounds at which each has a sheet, and the settings that differ.

    Raises:
        BadRequest: fewer than two runs, or too many.
    """
    records = [shelf.record(name) for name in _several(names)]
    return {
        "runs": records,
        "rows": equal_rounds([record["sheets"] for record in records]),
        "different": differences([flat(record["about"]) for record in records]),
    }


def _several(names: list[str]) -> list[str]:
    if not 2 <= len(set(names)) <= MOST:
        raise BadRequest(f"two to {MOST} runs are compared")
    return list(dict.fromkeys(names))


def equal_rounds(sheets: list[list[int]]) -> list[list[int]]:
    """A row for each sheet of the run with the fewest: its round, and the round of the others' last sheet until then.

    Args:
        sheets: the rounds at which each run has one, ascending.
    """
    fewest = min(sheets, key=len)
    rows = [
        [some[bisect_right(some, at) - 1] if some and some[0] <= at else -1 for some in sheets]
        for at in fewest
    ]
    return [row for row in rows if min(row) >= 0]


def flat(about: dict[str, Any]) -> dict[str, str]:
    """What a run was asked for, one level deep: "lr", "data", ... as texts."""
    settings = about.get("settings") or {}
    top = {key: value for key, value in about.items() if key not in ("settings", "spec")}
    return {name: str(value) for name, value in {**top, **settings}.items() if value is not None}


def differences(runs: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The settings that are not the same in all runs, with the value of each; "" where a run has none."""
    names = dict.fromkeys(name for run in runs for name in run)
    rows = {name: [run.get(name, "") for run in runs] for name in names}
    return [{"name": name, "values": values} for name, values in rows.items() if len(set(values)) > 1]


def measured(shelf: Shelf, names: list[str]) -> dict[str, Any]:
    """Scores of all runs on the same data, measured now as `rivalry compare` does; `noise` where a difference is none.

    Raises:
        BadRequest: the runs cannot be compared.
    """
    runs = {name: shelf.run(name) for name in _several(names)}
    return compare(dict(runs), metrics="quick", n=SAMPLES, real_n=SAMPLES).to_json()
