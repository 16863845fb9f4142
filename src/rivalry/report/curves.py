"""Curves as inline SVG: lines over rounds, averaged if there are too many points; hovering shows the values."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rivalry.report.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Array, Frame, powers, short, ticks
from rivalry.report.markup import Html, join, tag
from rivalry.report.record import Series

BINS = 120  # more points than this are drawn as so many means, with the range of each beneath
BANDS = 48  # places where hovering tells the values
BEYOND = 30  # pixels; if a range leaves the frame by more, a remark says so


@dataclass(frozen=True)
class Line:
    """One line as drawn: `y`, its range `low`..`high`, NaN where there is no finite value."""

    name: str
    x: Array
    y: Array
    low: Array
    high: Array
    pooled: int  # logged values a point
    missing: Array  # rounds whose value was not finite


def chart(
    title: str,
    series: dict[str, Series],
    last: float,
    marks: Sequence[tuple[float, str]] = (),
    across: str = "round",
) -> Html:
    """A figure: the lines of `series` over rounds 0..`last`, and in words how they were averaged.

    Args:
        title: of the figure.
        series: by name; the first is drawn in the first color.  Where a spread is known, it is the band.
        last: the right end of the axis, the same for all charts of a report.
        marks: (round, what happened): dashed vertical lines.
        across: what the axis counts, where it is not rounds.
    """
    lines = [_line(name, one) for name, one in series.items()]
    frame = _frame(lines, max(last, 1.0))
    if frame is None:
        picture = tag("p", "no finite value was logged", class_="none")
    else:
        picture = tag(
            "svg",
            tag("title", _summary(title, lines)),
            _axes(frame),
            *(_mark(frame, at, what) for at, what in marks),
            *(_drawn(frame, line, k) for k, line in enumerate(lines)),
            _readings(frame, lines, across),
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
        )
    legend = [tag("span", name, class_=f"key k{k % 4}") for k, name in enumerate(series)]
    remarks = _remarks(lines, frame)
    return tag(
        "figure",
        tag("figcaption", tag("b", title), *(legend if len(legend) > 1 else ())),
        picture,
        tag("p", remarks, class_="remark") if remarks else None,
        class_="chart",
    )


def bars(values: dict[str, float]) -> Html:
    """A histogram: small bars from zero, with the name under each.  Values must be finite and >= 0."""
    most, n = max([*values.values(), 1e-12]), len(values)
    step = min(26.0, 640 / n)
    drawn = []
    for k, (name, value) in enumerate(values.items()):
        height = 60 * value / most
        drawn.append(
            tag(
                "g",
                tag("title", f"{name}: {short(value)}"),
                tag("rect", x=f"{k * step:.1f}", y=f"{62 - height:.1f}", width=f"{step - 3:.1f}",
                    height=f"{height:.1f}", class_="bar"),
                tag("text", name, x=f"{k * step + step / 2 - 1.5:.1f}", y=75, text_anchor="middle")
                if n <= 24 and len(name) <= 4 else None,
            )
        )  # fmt: skip
    width = n * step
    return tag("svg", *drawn, viewBox=f"0 0 {width:.0f} 80", class_="bars", style=f"max-width:{width:.0f}px")


def tradeoff(title: str, recall: Sequence[float], precision: Sequence[float]) -> Html:
    """A figure: precision (vertical) over recall, both from 0 to 1; other points are left out."""
    frame = Frame(0, 1, 0, 1, log=False)
    points = [(a, b) for a, b in zip(recall, precision) if 0 <= a <= 1 and 0 <= b <= 1]
    x, y = (np.asarray([point[i] for point in points], dtype=np.float64) for i in (0, 1))
    picture = tag(
        "svg",
        tag("title", f"{title}: precision upward over recall"),
        _axes(frame),
        tag("path", d=f"M{_path(frame.x(x), frame.y(y))}", class_="line k0") if points else None,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )
    remark = tag("p", "precision upward over recall", class_="remark")
    return tag("figure", tag("figcaption", tag("b", title)), picture, remark, class_="chart")


def _line(name: str, series: Series) -> Line:
    x, y = np.asarray(series.rounds, dtype=np.float64), np.asarray(series.values, dtype=np.float64)
    missing = x[~np.isfinite(y)]
    if len(series.spread) == len(x):
        around = np.nan_to_num(np.asarray(series.spread, dtype=np.float64))
        return Line(name, x, y, y - around, y + around, 1, missing)
    if len(x) <= BINS:
        return Line(name, x, y, y, y, 1, missing)
    parts = [(px, py[np.isfinite(py)]) for px, py in zip(np.array_split(x, BINS), np.array_split(y, BINS))]
    pooled = [(px.mean(), py.mean(), py.min(), py.max()) if len(py) else (px.mean(), *[math.nan] * 3)
              for px, py in parts]  # fmt: skip
    at, mean, low, high = np.asarray(pooled).T
    return Line(name, at, mean, low, high, round(len(x) / BINS), missing)


def _frame(lines: list[Line], last: float) -> Frame | None:
    """Axes that show nearly all values: the highest peaks may lie outside of the frame, means do not."""
    y = np.concatenate([line.y for line in lines] or [np.empty(0)])
    edges = np.concatenate([edge for line in lines for edge in (line.low, line.high)] or [np.empty(0)])
    y, edges = y[np.isfinite(y)], edges[np.isfinite(edges)]
    if len(y) == 0:
        return None
    low, high = np.quantile(edges, (0.02, 0.98)) if len(edges) > 80 else (edges.min(), edges.max())
    low, high = min(float(low), float(y.min())), max(float(high), float(y.max()))
    if low > 0 and high / low > 300:
        return Frame(0, last, low / 1.3, high * 1.3, log=True)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return Frame(0, last, low - room, high + room, log=False)


def _axes(frame: Frame) -> Html:
    drawn = []
    for value in powers(frame) if frame.log else ticks(frame.y0, frame.y1, 4):
        y = f"{float(frame.y(value)):.1f}"
        drawn.append(tag("path", d=f"M{LEFT} {y}H{WIDTH - RIGHT}", class_="rule"))
        drawn.append(tag("text", short(value), x=LEFT - 5, y=y, dy="0.32em", text_anchor="end"))
    for value in ticks(frame.x0, frame.x1, 4):
        drawn.append(tag("text", short(value), x=f"{float(frame.x(value)):.1f}", y=HEIGHT - 5,
                         text_anchor="start" if value == 0 else "middle"))  # fmt: skip
    return join(*drawn)


def _mark(frame: Frame, at: float, what: str) -> Html:
    return tag(
        "path", tag("title", what), d=f"M{float(frame.x(at)):.1f} {TOP}V{HEIGHT - BOTTOM}", class_="mark"
    )


def _drawn(frame: Frame, line: Line, k: int) -> Html:
    x, y, low, high = frame.x(line.x), frame.y(line.y), frame.y(line.low), frame.y(line.high)
    parts = []
    for run in _runs(np.isfinite(line.y)):
        if np.any(line.high[run] > line.low[run]):
            there, back = _path(x[run], high[run]), _path(x[run][::-1], low[run][::-1])
            parts.append(tag("path", d=f"M{there}L{back}Z", class_=f"band k{k % 4}"))
        parts.append(tag("path", d=f"M{_path(x[run], y[run])}", class_=f"line k{k % 4}"))
    if len(line.x) <= 24:
        parts += [tag("circle", cx=f"{a:.1f}", cy=f"{b:.1f}", r=2.2, class_=f"dot k{k % 4}")
                  for a, b in zip(x, y) if math.isfinite(b)]  # fmt: skip
    for at in frame.x(line.missing[:: max(1, len(line.missing) // BINS)]):
        parts.append(tag("path", d=f"M{at:.1f} {HEIGHT - BOTTOM}v-6", class_="missing"))
    # A nested svg cuts off what leaves the frame, without an id that two charts could share.
    box = {"x": LEFT, "y": TOP, "width": WIDTH - LEFT - RIGHT, "height": HEIGHT - TOP - BOTTOM}
    return tag("svg", *parts, viewBox=" ".join(str(v) for v in box.values()), **box)


def _runs(finite: NDArray[np.bool_]) -> list[slice]:
    """Stretches of finite values: a line breaks where a value is missing."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(int)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]


def _path(x: Array, y: Array) -> str:
    return "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y))


def _readings(frame: Frame, lines: list[Line], across: str) -> Html:
    """The last values above the plot; under the pointer the values of that place, by style sheets alone."""
    groups = [_values(lines, [_last_finite(line) for line in lines], "now", across)]
    edges = np.linspace(frame.x0, frame.x1, BANDS + 1)
    for a, b in itertools.pairwise(edges.tolist()):
        picked = [_nearest(line, a, b) for line in lines]
        if all(i is None for i in picked):
            continue
        left, right = float(frame.x(a)), float(frame.x(b))
        middle = f"M{(left + right) / 2:.1f} {TOP}V{HEIGHT - BOTTOM}"
        groups.append(
            tag(
                "g",
                tag("rect", x=f"{left:.1f}", y=0, width=f"{right - left:.1f}", height=HEIGHT),
                tag("path", d=middle),
                _values(lines, picked, "then", across),
                class_="at",
            )
        )
    return join(*groups)


def _values(lines: list[Line], picked: list[int | None], class_: str, across: str) -> Html:
    values = [
        tag("tspan", f"  {short(float(line.y[i]))}", class_=f"k{k % 4}")
        for k, (line, i) in enumerate(zip(lines, picked))
        if i is not None
    ]
    rounds = [float(line.x[i]) for line, i in zip(lines, picked) if i is not None]
    where = f"{across} {round(rounds[0]):,}" if rounds else ""
    return tag("text", where, *values, x=WIDTH - RIGHT, y=12, text_anchor="end", class_=class_)


def _last_finite(line: Line) -> int | None:
    finite = np.flatnonzero(np.isfinite(line.y))
    return int(finite[-1]) if len(finite) else None


def _nearest(line: Line, a: float, b: float) -> int | None:
    inside = np.flatnonzero((line.x >= a) & (line.x <= b) & np.isfinite(line.y))
    return int(inside[len(inside) // 2]) if len(inside) else None


def _remarks(lines: list[Line], frame: Frame | None) -> str:
    remarks = []
    pooled = max((line.pooled for line in lines), default=1)
    if pooled > 1:
        remarks.append(f"means of {pooled}")
    if frame and frame.log:
        remarks.append("logarithmic axis")
    peaks = [value for line in lines for value in (*line.low, *line.high) if math.isfinite(value)]
    if frame and peaks and frame.y(max(peaks)) < TOP - BEYOND:
        remarks.append(f"peaks to {short(max(peaks))}")
    if frame and peaks and frame.y(min(peaks)) > HEIGHT - BOTTOM + BEYOND:
        remarks.append(f"dips to {short(min(peaks))}")
    if missing := sum(len(line.missing) for line in lines):
        remarks.append(f"{missing:,} not finite")
    return "; ".join(remarks)


def _summary(title: str, lines: list[Line]) -> str:
    """A description of the curves for readers who cannot see them."""
    parts = []
    for line in lines:
        finite = np.flatnonzero(np.isfinite(line.y))
        if len(finite):
            first, last = line.y[finite[0]], line.y[finite[-1]]
            parts.append(f"{line.name} from {short(float(first))} to {short(float(last))}")
    return f"{title}: {', '.join(parts)}"
