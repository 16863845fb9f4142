"""The report of `rivalry lab tradeoffs`."""

import math
from collections.abc import Sequence
from pathlib import Path

from rivalry.lab.tradeoffs import QUESTION, Finding, Plan
from rivalry.lab.tradeoffs_found import conclusions, growth, more_compute
from rivalry.report.axes import short
from rivalry.report.curves import chart
from rivalry.report.markup import Html, tag
from rivalry.report.question import section, table, write_question
from rivalry.report.record import Series

SCORES = {
    "fid": "Fréchet distance",
    "precision": "precision",
    "recall": "recall",
    "judge": "the judge is sure",
}
LINES = 4  # in one chart


def write(folder: Path, findings: Sequence[Finding], plan: Plan, data: str, skipped: Sequence[str]) -> Path:
    """Write the report and all numbers into `folder`; the path of the page."""
    left = [f"Not in this catalog, so left out: {', '.join(skipped)}."] if skipped else []
    return write_question(
        folder,
        QUESTION,
        [*conclusions(findings), *left],
        [_models(findings), _over_time(findings), _times(findings), *_odena(findings)],
        {"plan": vars(plan), "data": data, "findings": [f.to_json() for f in findings]},
        f"{data}; {plan.seconds:g} s of the processor each; {plan.n:,} samples a score; seed {plan.seed}",
    )


def _models(findings: Sequence[Finding]) -> Html:
    head = ("model", "game", "parameters", "rounds", *SCORES.values(), "likelihood", "bits/dim", "inverted")
    rows = [
        (
            f.family,
            f.game,
            f"{f.parameters:,}",
            f"{f.rounds:,}",
            *(_number(f.last(score)) for score in SCORES),
            f.likelihood,
            _number(f.bits),
            _number(f.inverted),
        )
        for f in findings
    ]
    note = (
        "Scores at the end.  Bits per dimension of held-out data, images spread over 256 levels; inverted: the error "
        "of held-out images turned into codes and back, in deviations of the data."
    )
    return section("The models", note, table(head, rows))


def _over_time(findings: Sequence[Finding]) -> Html:
    charts = []
    for score, title in SCORES.items():
        known = [f for f in findings if not math.isnan(f.last(score))]
        for some in (known[i : i + LINES] for i in range(0, len(known), LINES)):
            lines = {f.family: _series(f, score) for f in some}
            last = max(f.seconds for f in some)
            charts.append(chart(title, lines, last, across="second"))
    return section("Quality over seconds of training", tag("div", *charts, class_="charts"))


def _series(finding: Finding, score: str) -> Series:
    points = [p for p in finding.curve if score in p]
    return Series([p["seconds"] for p in points], [p[score] for p in points])


def _times(findings: Sequence[Finding]) -> Html:
    sides = sorted({side for f in findings for side in f.latency})
    head = (
        "model",
        *(f"one, {s} x {s}" for s in sides),
        *(f"1,000, {s} x {s}" for s in sides),
        "grows as pixels to the",
    )
    rows = [
        (
            f.family,
            *(f"{1000 * f.latency[s][0]:.3g} ms" for s in sides),
            *(f"{f.latency[s][1]:.3g} s" for s in sides),
            f"{growth(f):.2f}",
        )
        for f in findings
        if f.latency
    ]
    note = "Seconds of the processor, of networks of the same settings that are not trained."
    return section("The time of a sample", note, table(head, rows))


def _odena(findings: Sequence[Finding]) -> list[Html]:
    by = {f.family: f for f in findings}
    if not {"flow", "GAN"} <= by.keys():
        return []
    rows = [
        (_number(fid), _number(mine), _number(theirs), _number(mine / theirs))
        for fid, mine, theirs in more_compute(by["flow"], by["GAN"])
    ]
    head = ("Fréchet distance", "seconds of the flow", "seconds of the GAN", "ratio")
    return [section("How much more compute does a flow need than a GAN?", table(head, rows))]


def _number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return "never" if math.isinf(value) else short(float(f"{value:.3g}"))
