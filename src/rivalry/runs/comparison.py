"""Comparing runs: the same metrics on the same data, and which differences are larger than noise."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import erfc, inf, sqrt
from pathlib import Path
from typing import Any, cast

from PIL import Image
from scipy.special import stdtr
from torch import Tensor, nn

from rivalry.data import Data, open_data
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics import suite
from rivalry.metrics.score import ROUNDING, Score
from rivalry.runs.opening import as_run
from rivalry.runs.run import Run
from rivalry.runs.scoring import REAL, evaluate
from rivalry.runs.tradeoff import Mark, tradeoff

CERTAIN = 0.05  # the chance of any false difference in a whole comparison
Subject = str | Path | Run | Game | Tensor


@dataclass(frozen=True)
class Difference:
    """The difference of two subjects on one score.

    Attributes:
        score: its name.
        one, other: the subjects.
        difference: the value of `one` minus the value of `other`.
        error: its standard error; None if the error of one of the two is not known.
        p: the probability that equal subjects differ by so much on this score; None without an error.
        adjusted: p after Holm's correction for all the differences of the comparison.
        noise: whether `adjusted` is above 0.05; False if the error is not known and the values differ.
    """

    score: str
    one: str
    other: str
    difference: float
    error: float | None
    p: float | None
    adjusted: float | None = None

    @property
    def noise(self) -> bool:
        return self.difference == 0 or (self.adjusted is not None and self.adjusted > CERTAIN)


def difference_of(one: Score, other: Score) -> tuple[float, float | None, float | None]:
    """The value of one minus that of the other, the standard error of this difference, and its p.

    Two scores that were measured on halves of the same real data are subtracted split by split, so that the effect
    of the real data on both cancels.  Their p is Student's, with one degree of freedom for each split.  Other scores
    are taken as independent and normal.
    """
    apart = one.value - other.value
    if abs(apart) <= ROUNDING * max(1.0, abs(one.value)):
        apart = 0.0  # the same number, summed in another order
    if one.error is None or other.error is None:
        return apart, None, None if apart else 1.0
    error, freedom = sqrt(one.error**2 + other.error**2), inf
    if one.halves and other.halves and one.halves.reals == other.halves.reals:
        error, freedom = (one.halves - other.halves).error, len(one.halves.odd)
        if "interval" in one.details:  # a share: its error is at least that of one count
            error = max(error, 0.5 / (min(one.n, other.n) + 1))
    return apart, error, p_value(apart, error, freedom)


def p_value(apart: float, error: float, freedom: float) -> float:
    """The two-sided p of Student's t with `freedom` degrees of freedom; 1 for equal values."""
    if apart == 0:
        return 1.0
    if error == 0:
        return 0.0
    z = abs(apart) / error
    return float(2 * stdtr(freedom, -z)) if freedom < inf else erfc(z / sqrt(2))


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979): the chance that any p below .05 is false is at most .05."""
    order = sorted(range(len(ps)), key=ps.__getitem__)
    adjusted, most = [0.0] * len(ps), 0.0
    for rank, i in enumerate(order):
        most = max(most, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = most
    return adjusted


@dataclass(frozen=True)
class Comparison:
    """The scores of several subjects, by subject and then by score."""

    scores: dict[str, dict[str, Score]]

    @property
    def shared(self) -> list[str]:
        """The names of the scores that every subject has.  Scores on other features have other names."""
        first, *others = self.scores.values()
        return [name for name in first if all(name in other for other in others)]

    @cached_property
    def differences(self) -> list[Difference]:
        """The differences of every two subjects on every shared score, corrected for their number."""
        pairs = list(combinations(self.scores, 2))
        found = [
            Difference(score, a, b, *difference_of(self.scores[a][score], self.scores[b][score]))
            for score in self.shared
            for a, b in pairs
        ]
        known = [i for i, d in enumerate(found) if d.p is not None]
        for i, p in zip(known, holm([cast(float, found[i].p) for i in known])):
            found[i] = replace(found[i], adjusted=p)
        return found

    def between(self, score: str, one: str, other: str) -> Difference:
        """Raises KeyError where there is no such difference."""
        for d in self.differences:
            if d.score == score and {d.one, d.other} == {one, other}:
                return d if d.one == one else replace(d, one=one, other=other, difference=-d.difference)
        raise KeyError((score, one, other))

    def best(self, score: str) -> str | None:
        """The subject that is best on a score; None if neither low nor high is better."""
        values = {name: scores[score] for name, scores in self.scores.items()}
        better = next(iter(values.values())).better
        if not better:
            return None
        return (max if better == "high" else min)(values, key=lambda name: values[name].value)

    def table(self) -> str:
        """The scores as plain text.  `*` marks the best of a line, `=` scores within noise of the best."""
        lines = [["score", *self.scores, ""]]
        for score in self.shared:
            best = self.best(score)
            cells = [self._cell(score, name, best) for name in self.scores]
            better = next(iter(self.scores.values()))[score].better
            lines.append([score, *cells, better and f"{better} is better"])
        widths = [max(map(len, column)) for column in zip(*lines)]
        rows = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)).rstrip() for line in lines]
        return "\n".join(
            [
                *rows,
                "",
                "* the best    = no different from it beyond noise "
                f"(5 %, Holm over {len(self.differences)} differences)",
                *self.sizes(),
            ]
        )

    def sizes(self) -> list[str]:
        """A line with the number of samples of each subject."""
        n = {name: max((s.n for s in of.values()), default=0) for name, of in self.scores.items()}
        if len(set(n.values())) == 1:
            return [f"n = {next(iter(n.values())):,} of each"]
        return ["n: " + ", ".join(f"{name} {k:,}" for name, k in n.items())]

    def _cell(self, score: str, name: str, best: str | None) -> str:
        found = self.scores[name][score]
        sign = (
            ""
            if best is None
            else "*"
            if name == best
            else "="
            if self.between(score, name, best).noise
            else ""
        )
        return f"{found.value:.4g}{found.plus_minus} {sign}".rstrip()

    def plot(self) -> Image.Image:
        """Precision over recall, a dot for each subject.

        Raises:
            BadRequest: precision and recall were not measured.
        """
        names = {kind: next((s for s in self.shared if s.startswith(f"{kind}[")), None) for kind in KINDS}
        if None in names.values():
            raise BadRequest("a plot needs precision and recall: compare with --metrics prdc, or standard")
        recall, precision = (str(names[kind]) for kind in KINDS)
        return tradeoff([Mark(name, of[recall], of[precision]) for name, of in self.scores.items()])

    def to_json(self) -> dict[str, Any]:
        return {
            "scores": {name: [s.to_json() for s in of.values()] for name, of in self.scores.items()},
            "differences": [{**vars(d), "noise": d.noise} for d in self.differences],
        }


KINDS = ("recall", "precision")


def compare(
    subjects: Sequence[Subject] | dict[str, Subject],
    data: Data | None = None,
    *,
    metrics: str | Sequence[str] = "standard",
    n: int = 10_000,
    real_n: int = REAL,
    split: str = "train",
    seed: int = 0,
    device: str = "cpu",
    which: str = "best",
    features: str | nn.Module | None = None,
    progress: suite.Progress | None = None,
    resize: bool = False,
    cut: bool = True,
) -> Comparison:
    """Score several runs, games, folders or tensors in the same way; see `scoring.evaluate` for the arguments.

    Many scores depend on the number of samples.  All subjects are therefore measured on the same number: that of the
    subject with the fewest.

    Args:
        subjects: two or more, as a sequence or by name.  Paths get their shortest endings that differ as names.
        cut: False refuses subjects with different numbers of samples, if those are less than `n`.

    Raises:
        BadRequest: fewer than two subjects, different numbers with `cut=False`, or something that `evaluate` refuses.
    """
    named = subjects if isinstance(subjects, dict) else dict(zip(names_of(subjects), subjects))
    if len(named) < 2:
        raise BadRequest(f"a comparison needs two subjects or more; got {len(named)}")
    n, scores = common_number(named, n, cut), {}
    for name, subject in named.items():
        found = evaluate(
            subject,
            data,
            metrics=metrics,
            n=n,
            real_n=real_n,
            split=split,
            seed=seed,
            device=device,
            which=which,
            features=features,
            progress=progress,
            resize=resize,
        )
        scores[name] = {score.name: score for score in found}
    comparison = Comparison(scores)
    if any(scores.values()) and not comparison.shared:
        raise BadRequest(
            "no score was measured of all on the same features; name one set of real data with --data"
        )
    return comparison


def common_number(subjects: dict[str, Subject], n: int, cut: bool) -> int:
    """The number of samples to measure all subjects on: `n`, or that of the subject with the fewest.

    Raises:
        BadRequest: without `cut`, the subjects have different numbers of samples.
    """
    held = {name: min(n, samples_held(subject, n)) for name, subject in subjects.items()}
    least = min(held, key=held.__getitem__)
    if len(set(held.values())) > 1 and not cut:
        numbers = ", ".join(f"{name} {k:,}" for name, k in held.items())
        raise BadRequest(
            f"scores depend on the number of samples, and these differ: {numbers}; cut them to one -n"
        )
    if held[least] < n and len(set(held.values())) > 1:
        warnings.warn(f"all are measured on {held[least]:,} samples: {least} has no more", stacklevel=3)
    return held[least]


def samples_held(subject: Subject, n: int) -> int:
    """The number of samples that a subject has; `n` for a run or a game, which can draw any number."""
    if isinstance(subject, Tensor):
        return len(subject)
    if isinstance(subject, Game) or as_run(subject) is not None:
        return n
    return len(open_data(str(subject)))


def names_of(subjects: Sequence[Subject]) -> list[str]:
    """A name for each subject: the shortest endings of their paths that differ, or their numbers."""
    paths = [
        Path(s.path if isinstance(s, Run) else s) if isinstance(s, (str, Path, Run)) else None
        for s in subjects
    ]
    parts = [path.resolve().parts if path else (f"#{i}",) for i, path in enumerate(paths, 1)]
    for length in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise BadRequest("the same subject was named twice")
