"""Read a run's directory without trust: a line may be incomplete, and a value may be of any type."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rivalry.errors import BadRequest
from rivalry.files import pointed_at

FORMAT = 2  # of a run on disk; 1 had no kinds of columns, and nothing about a kind
ENDS = ("done", "stopped", "failed")


@dataclass
class Series:
    """Values over rounds, as logged; `spread` is NaN where none is known."""

    rounds: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)


@dataclass
class Record:
    """One run, as read from its directory.

    Attributes:
        about: run.json.
        notes: the log's notes by name ("critic/gradient").
        metrics: every reported score by name, in the order of the log, as (round, Score.to_json()).
        events: the log's events in order, each with "round", "event" and "message".
        rounds, samples, seconds: the amount of training so far.
        in_play: seconds of the rounds alone, without sheets and scores; `seconds` in runs that did not count them.
        ended: "done", "stopped" or "failed"; None while it runs, and after it was killed.
        sheets: the sheets of samples by round.
        beside: the files beside a sheet by round: a sound, a text, an animation.
        best: the round of the best checkpoint, if one is kept.
        unreadable: the number of lines of the log that could not be read, without an incomplete last line.
        replayed: the number of reports that were made again after a restart or a rollback; only the last is kept.
    """

    path: Path
    about: dict[str, Any]
    notes: dict[str, Series] = field(default_factory=dict)
    metrics: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    rounds: int = 0
    samples: float = 0
    seconds: float = 0
    in_play: float = 0
    ended: str | None = None
    sheets: dict[int, Path] = field(default_factory=dict)
    beside: dict[int, list[Path]] = field(default_factory=dict)
    best: int | None = None
    unreadable: int = 0
    replayed: int = 0

    def section(self, name: str) -> dict[str, Any]:
        """A table inside run.json; empty if it is absent or another type."""
        section = self.about.get(name)
        return section if isinstance(section, dict) else {}


def number(value: object) -> float:
    """A float; NaN for other values and for numbers too large to draw, 0 for numbers too small to draw."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e30:
        return math.nan
    return 0.0 if abs(value) < 1e-30 else float(value)


def read_record(run_dir: Path) -> Record:
    """Read what lies in `run_dir`.

    Raises:
        BadRequest: it holds no run.json, or one that cannot be read or is of a newer format.
    """
    record = Record(run_dir, _about(run_dir))
    reports: list[tuple[int, dict[str, Any]]] = []
    for line in _lines(run_dir / "log.jsonl", record):
        _add(record, reports, line)
    for played, notes in reports:
        for name, value in notes.items():
            series = record.notes.setdefault(name, Series())
            series.rounds.append(played)
            series.values.append(number(value))
    record.sheets = {int(p.stem): p for p in sorted((run_dir / "samples").glob("*.png")) if _digits(p.stem)}
    for path in sorted((run_dir / "samples").glob("*")):
        if _digits(path.stem) and path.suffix != ".png":
            record.beside.setdefault(int(path.stem), []).append(path)
    record.best = _best(run_dir / "best")
    return record


def _about(run_dir: Path) -> dict[str, Any]:
    try:
        about = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BadRequest(f"no run at {str(run_dir)!r}: it holds no run.json") from None
    except (ValueError, RecursionError) as wrong:
        raise BadRequest(f"{str(run_dir / 'run.json')!r} cannot be read: {wrong}") from None
    if not isinstance(about, dict):
        raise BadRequest(f"{str(run_dir / 'run.json')!r} does not describe a run")
    if number(about.get("format", FORMAT)) > FORMAT:
        raise BadRequest(
            f"{str(run_dir)!r} was written by a newer rivalry (format {about['format']}; "
            f"this one reads {FORMAT}): upgrade rivalry"
        )
    return about


def _lines(path: Path, record: Record) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as log:
        for text in log:
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                line = None
            if isinstance(line, dict) and math.isfinite(number(line.get("round"))):
                yield line
            elif text.endswith("\n") and text.strip():  # else torn: a write that is, or was, under way
                record.unreadable += 1


def _add(record: Record, reports: list[tuple[int, dict[str, Any]]], line: dict[str, Any]) -> None:
    """Add one line to the record.  A report of a round that is there already replaces it and all later ones."""
    played = int(number(line["round"]))
    if isinstance(notes := line.get("notes"), dict):
        record.ended = None
        while reports and reports[-1][0] >= played:
            reports.pop()
            record.replayed += 1
            for name, scores in record.metrics.items():
                record.metrics[name] = [kept for kept in scores if kept[0] < played]
        reports.append((played, notes))
    if isinstance(metrics := line.get("metrics"), list):
        for score in metrics:
            if isinstance(score, dict) and isinstance(score.get("name"), str):
                record.metrics.setdefault(score["name"], []).append((played, score))
    else:  # a score may be of an older checkpoint: it says nothing about how far the run is
        record.rounds = played
        record.samples = _finite(line.get("samples"), record.samples)
        record.seconds = _finite(line.get("seconds"), record.seconds)
        record.in_play = _finite(line.get("in_play"), record.seconds)
    if "event" in line:
        record.events.append(line)
        record.ended = line["event"] if line["event"] in ENDS else record.ended


def _finite(value: object, otherwise: float) -> float:
    found = number(value)
    return found if math.isfinite(found) else otherwise


def _digits(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 16


def _best(link: Path) -> int | None:
    name = Path(pointed_at(link)).name
    return int(name) if _digits(name) else None
