"""A run's report, made from the files in its directory: during training, after its end, or after a failure.

The page is one file.  It fetches nothing and runs nothing: it has no script, no font and no link to other pages, and a
content security policy that forbids them.  All text of the run is escaped (see `markup`).
"""

import math
from datetime import datetime
from importlib import resources
from pathlib import Path

from rivalry.files import Folder
from rivalry.paths import without_places
from rivalry.report.axes import short
from rivalry.report.curves import BINS, chart, tradeoff
from rivalry.report.gallery import classes, final_picture, through_time
from rivalry.report.markup import Html, tag
from rivalry.report.messages import messages, warnings
from rivalry.report.record import Record, Series, number, read_record
from rivalry.report.tables import clipped, facts, metric_table

READING = f"""Over rounds.  The numbers above a plot are the last, or those under the pointer.  Where more
than {BINS} values were logged, a point is the mean of several and the pale band beneath is their range."""
CHARTS, METRIC_CHARTS = 40, 10  # a game may log any number of notes; the page shows so many
POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"


def write_report(run_dir: Path) -> Path:
    """Write `run_dir`/report.html from what lies in the directory, at any time: during training or after its end.

    Returns:
        The path of the page: one file of less than 5 MB that opens offline.

    Raises:
        BadRequest: `run_dir` holds no run, or one written by a newer rivalry.
        OSError: the page cannot be written; an older one is left as it was.
    """
    run_dir = Path(run_dir)
    page = _page(read_record(run_dir))
    with Folder(run_dir).writing("report.html") as file:
        file.write(page.encode("utf-8", errors="replace"))  # a lone surrogate must not raise an error
    return run_dir / "report.html"


def _page(record: Record) -> str:
    name, data = _names(record)
    return whole(
        f"{name} on {data}",
        _header(record),
        tag(
            "main",
            warnings(record),
            _opening(record),
            _metrics(record),
            through_time(record),
            classes(record),
            _curves(record),
            messages(record),
            _origin(record),
        ),
    )


def whole(title: str, *body: Html) -> str:
    """A page of this title: one file with its style, which fetches nothing and runs nothing."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(resources.files("rivalry.report").joinpath("style.css").read_text("utf-8"))),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"


def _names(record: Record) -> tuple[str, str]:
    data = without_places(record.about.get("data") or record.section("spec").get("name") or "?")
    return clipped(record.about.get("game", "?"), 120), clipped(data.removeprefix("./"), 120)


def _header(record: Record) -> Html:
    name, data = _names(record)
    state = record.ended or "no end recorded"
    recipe, seed = record.about.get("recipe"), record.about.get("seed")
    parts = [_date(record.about.get("started"))]
    parts += [f"recipe {clipped(recipe, 80)}"] if recipe else []
    parts += [f"seed {clipped(seed, 40)}"] if seed is not None else []
    badge = tag("span", state, class_=f"state {record.ended or 'open'}")
    return tag(
        "header",
        tag("h1", tag("bdi", name), tag("small", " on "), tag("bdi", data), " ", badge),
        tag("p", " · ".join(part for part in parts if part)),
    )


def _opening(record: Record) -> Html:
    """The last samples, and the rounds and the time that they took."""
    return tag("section", final_picture(record), facts(_cost(record)), class_="opening")


def _cost(record: Record) -> list[tuple[str, str]]:
    goal = record.section("goal")
    aims = {"rounds": "rounds", "samples": "samples", "seconds": "seconds"}
    goals = [
        f"{short(float(v))} {aims[k]}" for k, v in goal.items() if k in aims and isinstance(v, int | float)
    ]
    rows = [("Rounds", f"{record.rounds:,}"), ("Samples seen", short(record.samples))]
    rows.append(("Time", _duration(record.seconds)))
    if record.rounds and record.seconds:
        rows.append(("A round", f"{short(1000 * record.in_play / record.rounds)} ms"))
        overhead = 1 - record.in_play / record.seconds
        rows += [("Sheets and scores", f"{overhead:.0%} of the time")] if overhead > 0 else []
    rows.append(("Goal", ", ".join(goals) or "—"))
    rows.append(("Device", clipped(record.about.get("device", "—"))))
    rows.append(("Precision", clipped(record.about.get("precision", "—"))))
    if record.best is not None:
        rows.append(("Best checkpoint", f"round {record.best:,}"))
    return rows


def _metrics(record: Record) -> Html | None:
    reported = {name: scores for name, scores in record.metrics.items() if scores}
    if not reported:
        return None
    labels = record.section("spec").get("classes")
    table = metric_table(reported, [str(label) for label in labels] if isinstance(labels, list) else [])
    charts = []
    for name, scores in list(reported.items())[:METRIC_CHARTS]:
        series = _over_rounds(scores)
        if len(series.rounds) > 1:
            title = clipped(name, 60)
            charts.append(chart(title, {title: series}, record.rounds, _marks(record)))
        if name.startswith("prd-precision") and (curve := _of_shares(scores[-1][1])):
            charts.append(tradeoff(clipped(f"PRD curve, {name.removeprefix('prd-precision')}", 60), *curve))
    return tag("section", tag("h2", "Metrics"), table, tag("div", *charts, class_="charts"))


def _of_shares(score: dict[str, object]) -> tuple[list[float], list[float]] | None:
    """Recall and precision along the curve in a score's details; None if there is no curve."""
    details = score.get("details")
    if not isinstance(details, dict):
        return None
    recall, precision = (details.get(side) for side in ("recall", "precision"))
    if not isinstance(recall, list) or not isinstance(precision, list):
        return None
    return [number(value) for value in recall[:1000]], [number(value) for value in precision[:1000]]


def _over_rounds(scores: list[tuple[int, dict[str, object]]]) -> Series:
    latest = dict(scores)  # if a round was measured twice, the later score counts
    series = Series()
    for played in sorted(latest):
        series.rounds.append(played)
        series.values.append(number(latest[played].get("value")))
        series.spread.append(number(latest[played].get("spread")))
    return series


def _curves(record: Record) -> Html:
    players: dict[str, dict[str, dict[str, Series]]] = {}
    for name, series in record.notes.items():
        player, _, quantity = name.rpartition("/")
        players.setdefault(player, {}).setdefault(_family(quantity), {})[clipped(quantity, 60)] = series
    charts, left = [], CHARTS
    for player, families in players.items():
        shown = list(families.items())[:left]
        left -= len(shown)
        if shown:
            drawn = (
                chart(_title(family, lines), lines, record.rounds, _marks(record)) for family, lines in shown
            )
            charts.append(tag("h3", clipped(player or "the run", 80)))
            charts.append(tag("div", *drawn, class_="charts"))
    missing = sum(len(families) for families in players.values()) - CHARTS
    return tag(
        "section",
        tag("h2", "Curves"),
        tag(
            "p",
            READING,
            class_="quiet",
        )
        if charts
        else tag("p", "Nothing has been logged yet.", class_="quiet"),
        *charts,
        tag("p", f"{missing} further notes are in log.jsonl.", class_="quiet") if missing > 0 else None,
    )


def _family(quantity: str) -> str:
    """The name of a note's chart.  Notes about real and about fake data share one."""
    words = quantity.replace("_", " ").split()
    rest = [word for word in words if word not in ("real", "fake")]
    return quantity if len(rest) == len(words) else " ".join([*rest, "real and fake"])


def _title(family: str, lines: dict[str, Series]) -> str:
    return clipped(family, 60) if len(lines) > 1 else next(iter(lines))


def _marks(record: Record) -> list[tuple[float, str]]:
    shown = [event for event in record.events if event["event"] in ("rollback", "collapse")]
    return [(float(event["round"]), f"{event['event']} at round {event['round']}") for event in shown[:20]]


def _origin(record: Record) -> Html:
    """What is needed to start the run again."""
    spec, versions = record.section("spec"), record.section("versions")
    shape = spec.get("shape")
    size = " × ".join(str(v) for v in shape) if isinstance(shape, list) else "?"
    classes = spec.get("classes")
    data = [
        clipped(without_places(record.about.get("data", "?"))),
        f"{clipped(spec.get('kind', '?'), 40)} {clipped(size, 60)}",
    ]
    data += [f"{len(classes)} classes"] if isinstance(classes, list) and classes else []
    rows = [("Data", ", ".join(data)), ("Seed", clipped(record.about.get("seed", "—")))]
    rows += [(f"{clipped(key, 40)}", clipped(value)) for key, value in versions.items()]
    rows += [("Commit", clipped(record.about["commit"]))] if record.about.get("commit") else []
    rows += [
        ("Started", clipped(record.about.get("started", "—"))),
        ("Directory", record.path.resolve().name),
    ]
    settings = [(clipped(key, 80), clipped(value)) for key, value in record.section("settings").items()]
    return tag(
        "section",
        tag("h2", "Settings and origin"),
        tag(
            "pre", clipped(without_places(record.about.get("command", "the command was not recorded")), 2000)
        ),
        tag(
            "div",
            tag("div", tag("h3", "Settings"), facts(settings) if settings else tag("p", "the defaults")),
            tag("div", tag("h3", "Origin"), facts(rows)),
            class_="pair",
        ),
    )


def _date(started: object) -> str:
    try:
        moment = datetime.fromisoformat(str(started))
    except ValueError:
        return clipped(started, 60) if started else ""
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds) or seconds < 0:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    if minutes == 0:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
