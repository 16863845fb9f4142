"""What follows from the measured trade-offs: sentences made from the numbers alone."""

import math
from collections.abc import Iterator, Sequence
from typing import cast

from rivalry.lab.tradeoffs import FAMILIES, Finding


def conclusions(findings: Sequence[Finding]) -> list[str]:
    """Sentences made from the numbers alone."""
    return [
        *_quality(findings),
        *_speed(findings),
        *_likelihood(findings),
        *_codes(findings),
        *_hybrids(findings),
        *odena(findings),
    ]


def _quality(findings: Sequence[Finding]) -> Iterator[str]:
    ranked = sorted((f for f in findings if f.last("fid") < math.inf), key=lambda f: f.last("fid"))
    if len(ranked) > 1:
        best, worst = ranked[0], ranked[-1]
        yield (
            f"After the same seconds the {best.family} model is nearest to the data (Fréchet distance "
            f"{best.last('fid'):.3g}), the {worst.family} model farthest ({worst.last('fid'):.3g})."
        )
    for score, what in (
        ("precision", "samples lie among the data"),
        ("recall", "data lie among the samples"),
    ):
        known = [f for f in findings if not math.isnan(f.last(score))]
        if len(known) > 1:
            most, least = (pick(known, key=lambda f: f.last(score)) for pick in (max, min))
            yield (
                f"The most {what} for the {most.family} model ({most.last(score):.0%}), the fewest for the "
                f"{least.family} model ({least.last(score):.0%})."
            )


def growth(finding: Finding) -> float:
    """The exponent e of: seconds of a sample ~ pixels^e, over the sides that were timed; for 1,000 samples."""
    sides = sorted(finding.latency)
    first, last = (finding.latency[side][1] for side in (sides[0], sides[-1]))
    return math.log(last / first) / math.log((sides[-1] / sides[0]) ** 2)


def _seconds(value: float) -> str:
    return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s"


def _speed(findings: Sequence[Finding]) -> Iterator[str]:
    timed = [f for f in findings if len(f.latency) > 1]
    if len(timed) < 2:
        return
    side = max(timed[0].latency)
    fastest, slowest = (pick(timed, key=lambda f: f.latency[side][1]) for pick in (min, max))
    yield (
        f"1,000 samples of {side} x {side} take the {fastest.family} model {_seconds(fastest.latency[side][1])} and "
        f"the {slowest.family} model {_seconds(slowest.latency[side][1])}, "
        f"{slowest.latency[side][1] / fastest.latency[side][1]:,.0f} times as long."
    )
    for f in timed:
        if f.family in ("GAN", "autoregressive"):
            small, large = min(f.latency), max(f.latency)
            ratio, pixels = f.latency[large][0] / f.latency[small][0], (large // small) ** 2
            verdict = "grows with the number of pixels" if ratio > pixels**0.5 else "hardly depends on it"
            yield (
                f"One sample of the {f.family} model takes {ratio:.3g} times as long with {pixels} times the pixels: "
                f"its time {verdict}."
            )


def _likelihood(findings: Sequence[Finding]) -> Iterator[str]:
    known = sorted((f for f in findings if f.bits is not None), key=lambda f: cast(float, f.bits))
    if known:
        each = ", ".join(f"{f.family} {f.bits:.3g} ({f.likelihood})" for f in known)
        yield f"Bits per dimension of held-out data, lower is better: {each}."
    without = [f.family for f in findings if f.bits is None]
    if without:
        yield f"No likelihood is known of: {', '.join(without)}."


def _codes(findings: Sequence[Finding]) -> Iterator[str]:
    known = sorted((f for f in findings if f.inverted is not None), key=lambda f: cast(float, f.inverted))
    if known:
        each = ", ".join(f"{f.family} {f.inverted:.2g}" for f in known)
        yield f"Error of held-out images turned into codes and back, in deviations of the data: {each}."
    without = [f.family for f in findings if f.inverted is None]
    if without:
        yield f"No way from a datum to its code: {', '.join(without)}."


def _hybrids(findings: Sequence[Finding]) -> Iterator[str]:
    by = {f.family: f for f in findings}
    for family in FAMILIES:
        if not family.parents or family.name not in by or by.keys().isdisjoint(family.parents):
            continue
        hybrid, gains = by[family.name], []
        for parent in (by[name] for name in family.parents if name in by):
            better = [
                words
                for words, is_better in (
                    ("a nearer Fréchet distance", hybrid.last("fid") < parent.last("fid")),
                    ("a likelihood", hybrid.bits is not None and parent.bits is None),
                    ("a way to codes", hybrid.inverted is not None and parent.inverted is None),
                    ("less time a sample", _of_1000(hybrid) < _of_1000(parent)),
                )
                if is_better
            ]
            gains.append(
                f"over the {parent.family} model {' and '.join(better) or 'nothing that was measured'}"
            )
        yield f"{family.name} ({family.game}) has {', '.join(gains)}."


def _of_1000(finding: Finding) -> float:
    return finding.latency[max(finding.latency)][1] if finding.latency else math.nan


# ---------------------------------------------------------------------- Odena's question

ESSAY = (
    17.5,
    4.35,
)  # times the GPU-days and the parameters of Glow against those of a GAN, as the essay has them


def more_compute(flow: Finding, gan: Finding) -> list[tuple[float, float, float]]:
    """(Fréchet distance, seconds of the flow, seconds of the GAN until it was reached) at each look at the flow.

    The GAN's seconds are read between two looks along a straight line of logarithms; infinite where it never came so
    far, and those of its first look where it was there already.
    """
    return [(p["fid"], p["seconds"], reached(gan, p["fid"])) for p in flow.curve if "fid" in p]


def reached(finding: Finding, fid: float) -> float:
    """The seconds after which a model came to this Fréchet distance."""
    points = [(p["seconds"], p["fid"]) for p in finding.curve if "fid" in p]
    for i, (seconds, value) in enumerate(points):
        if value <= fid:
            if i == 0 or points[i - 1][1] == value:
                return seconds
            (before, above) = points[i - 1]
            share = math.log(above / fid) / math.log(above / value)
            return before * (seconds / before) ** share
    return math.inf


def odena(findings: Sequence[Finding]) -> Iterator[str]:
    """Whether a flow needs as much more compute than a GAN as the essay says: in sentences."""
    by = {f.family: f for f in findings}
    if not {"flow", "GAN"} <= by.keys() or not by["flow"].curve:
        return
    flow, gan = by["flow"], by["GAN"]
    ratios = [mine / theirs for _, mine, theirs in more_compute(flow, gan) if theirs < math.inf]
    if not ratios:
        yield (
            f"Odena's question: the GAN never came as near to the data as the flow did ({flow.last('fid'):.3g}), so "
            "the flow needs less compute here, and the essay's 17 times are not borne out at this scale."
        )
        return
    first = gan.curve[0]["seconds"]
    at_least = any(theirs <= first for _, _, theirs in more_compute(flow, gan))
    most = max(ratios)
    held = "borne out" if most >= ESSAY[0] else "not contradicted" if at_least else "not borne out"
    yield (
        f"Odena's question: for the same Fréchet distance the flow took {'at least ' if at_least else ''}{most:.3g} "
        f"times the GAN's seconds, with {flow.parameters / gan.parameters:.2g} times its parameters and the same "
        f"pixels; the essay's 17 times (with 4 times the parameters and a sixteenth of the pixels) are {held} at this "
        "scale."
    )
