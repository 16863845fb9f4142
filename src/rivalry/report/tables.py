"""Tables of a report: names and values, and the metrics with their provenance."""

import json
import math
from typing import Any

from rivalry.report.axes import short
from rivalry.report.curves import bars
from rivalry.report.markup import Html, join, tag
from rivalry.report.record import number

ROWS, METRICS, PROVENANCE, DETAILS = 60, 24, 24, 4  # the most that is shown of each
DIRECTION = {"low": "lower is better", "high": "higher is better"}


def clipped(value: object, length: int = 400) -> str:
    """A value in words, not longer than `length`: strings as they are, the rest as JSON writes it."""
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return words if len(words) <= length else words[: length - 1] + "…"


def facts(pairs: list[tuple[str, str]]) -> Html:
    """Names and values, the first `ROWS` of them."""
    more = [("…", f"{len(pairs) - ROWS} more")] if len(pairs) > ROWS else []
    rows = (tag("div", tag("dt", name), tag("dd", value)) for name, value in [*pairs[:ROWS], *more])
    return tag("dl", *rows, class_="facts")


def metric_table(reported: dict[str, list[tuple[int, dict[str, Any]]]], classes: list[str]) -> Html:
    """The last value of every metric, with its spread and n; the provenance can be opened below it."""
    head = tag("tr", *(tag("th", word, scope="col") for word in ("metric", "value", "n", "round")))
    rows = [row for name, scores in list(reported.items())[:METRICS] for row in _rows(name, scores, classes)]
    return tag("table", tag("thead", head), tag("tbody", *rows), class_="metrics")


def _rows(name: str, scores: list[tuple[int, dict[str, Any]]], classes: list[str]) -> list[Html]:
    played, score = scores[-1]
    value, spread, n = number(score.get("value")), number(score.get("spread")), number(score.get("n"))
    row = tag(
        "tr",
        tag("th", tag("bdi", clipped(name, 120)), scope="row"),
        tag("td", short(value), tag("small", f" ± {spread:.2g}") if math.isfinite(spread) else None),
        tag("td", short(n) if math.isfinite(n) else "—"),
        tag("td", f"{played:,}"),
    )
    remarks = [DIRECTION[score["better"]]] if score.get("better") in ("low", "high") else []
    remarks += [best] if (best := _best(scores)) else []
    more = tag(
        "tr",
        tag("td", tag("span", "; ".join(remarks), class_="quiet"), _provenance(score, classes), colspan=4),
        class_="more",
    )
    return [row, more]


def _best(scores: list[tuple[int, dict[str, Any]]]) -> str:
    better = scores[-1][1].get("better")
    finite = [
        (number(s.get("value")), played) for played, s in scores if math.isfinite(number(s.get("value")))
    ]
    if better not in ("low", "high") or len(finite) < 2:
        return ""
    value, played = (min if better == "low" else max)(finite)
    return f"best {short(value)} at round {played:,}"


def _provenance(score: dict[str, Any], classes: list[str]) -> Html | None:
    parts = []
    if isinstance(provenance := score.get("provenance"), dict) and provenance:
        rows = list(provenance.items())[:PROVENANCE]
        parts.append(facts([(clipped(key, 80), clipped(value, 160)) for key, value in rows]))
    if isinstance(details := score.get("details"), dict):
        for key, value in list(details.items())[:DETAILS]:
            parts += [tag("p", clipped(key, 80), class_="quiet"), _detail(value, classes)]
    return tag("details", tag("summary", "where it comes from"), *parts) if parts else None


def _detail(value: object, classes: list[str]) -> Html:
    """A list of many numbers becomes a small chart; other details become text."""
    table: dict[str, Any] = {}
    if isinstance(value, dict):
        table = {clipped(key, 40): entry for key, entry in value.items()}
    elif isinstance(value, list):
        names = classes if len(classes) == len(value) else [str(k) for k in range(len(value))]
        table = dict(zip(names, value))
    heights = {name: number(entry) for name, entry in table.items()}
    if 3 <= len(heights) <= 64 and all(math.isfinite(v) and v >= 0 for v in heights.values()):
        return bars(heights)
    return join(tag("code", clipped(value)))
