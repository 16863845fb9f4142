"""Runs side by side: the same metrics on the same data, and which differences are more than noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor, nn

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics import suite
from rivalry.metrics.score import Score
from rivalry.run import Run
from rivalry.tradeoff import Mark, tradeoff
from rivalry.trained import evaluate

CERTAIN = 1.96  # standard errors of a difference: 95 %
Subject = str | Path | Run | Game | Tensor


@dataclass(frozen=True)
class Difference:
    """How far two subjects lie apart on one score.

    Attributes:
        score: its name.
        one, other: the subjects.
        difference: value of `one` less that of `other`.
        error: its standard error, or None where a score has no spread.
        noise: whether it is smaller than 1.96 standard errors; never where the error is not known.
    """

    score: str
    one: str
    other: str
    difference: float
    error: float | None

    @property
    def noise(self) -> bool:
        return self.error is not None and abs(self.difference) < CERTAIN * self.error


@dataclass(frozen=True)
class Comparison:
    """The scores of several subjects, by subject and then by score."""

    scores: dict[str, dict[str, Score]]

    @property
    def shared(self) -> list[str]:
        """The scores that every subject has: on other features a number says something else."""
        first, *others = self.scores.values()
        return [name for name in first if all(name in other for other in others)]

    def differences(self) -> list[Difference]:
        """Every score that all have, between every two subjects."""
        names = list(self.scores)
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        return [self.between(score, a, b) for score in self.shared for a, b in pairs]

    def between(self, score: str, one: str, other: str) -> Difference:
        a, b = self.scores[one][score], self.scores[other][score]
        error = None if a.spread is None or b.spread is None else sqrt(a.spread**2 + b.spread**2)
        return Difference(score, one, other, a.value - b.value, error)

    def best(self, score: str) -> str | None:
        """The subject that is best on a score; None where no side is good in itself."""
        values = {name: scores[score] for name, scores in self.scores.items()}
        better = next(iter(values.values())).better
        if not better:
            return None
        return (max if better == "high" else min)(values, key=lambda name: values[name].value)

    def table(self) -> str:
        """As plain text: `*` marks the best of a line, `=` what is within noise of it."""
        lines = [["score", *self.scores, ""]]
        for score in self.shared:
            best = self.best(score)
            cells = [self._cell(score, name, best) for name in self.scores]
            better = next(iter(self.scores.values()))[score].better
            lines.append([score, *cells, better and f"{better} is better"])
        widths = [max(map(len, column)) for column in zip(*lines)]
        rows = ["  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths)).rstrip() for line in lines]
        return "\n".join(
            [*rows, "", "* the best    = within noise of it (less than 1.96 standard errors apart)"]
        )

    def _cell(self, score: str, name: str, best: str | None) -> str:
        found = self.scores[name][score]
        spread = "" if found.spread is None else f" ± {found.spread:.2g}"
        sign = (
            ""
            if best is None
            else "*"
            if name == best
            else "="
            if self.between(score, name, best).noise
            else ""
        )
        return f"{found.value:.4g}{spread} {sign}".rstrip()

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
            "differences": [{**vars(d), "noise": d.noise} for d in self.differences()],
        }


KINDS = ("recall", "precision")


def compare(
    subjects: Sequence[Subject] | dict[str, Subject],
    data: str | Dataset | None = None,
    *,
    metrics: str | Sequence[str] = "standard",
    n: int = 10_000,
    split: str = "train",
    seed: int = 0,
    device: str = "cpu",
    which: str = "best",
    features: str | nn.Module | None = None,
    progress: suite.Progress | None = None,
) -> Comparison:
    """Score several runs, games, folders or tensors alike; see `trained.evaluate` for the arguments.

    Args:
        subjects: two or more, by name or in a row; paths are named by their shortest endings that differ.

    Raises:
        BadRequest: fewer than two, or what `evaluate` refuses.
    """
    named = subjects if isinstance(subjects, dict) else dict(zip(names_of(subjects), subjects))
    if len(named) < 2:
        raise BadRequest(f"a comparison needs two subjects or more; got {len(named)}")
    scores = {}
    for name, subject in named.items():
        found = evaluate(
            subject,
            data,
            metrics=metrics,
            n=n,
            split=split,
            seed=seed,
            device=device,
            which=which,
            features=features,
            progress=progress,
        )
        scores[name] = {score.name: score for score in found}
    comparison = Comparison(scores)
    if any(scores.values()) and not comparison.shared:
        raise BadRequest(
            "no score was measured of all on the same features; name one set of real data with --data"
        )
    return comparison


def names_of(subjects: Sequence[Subject]) -> list[str]:
    """What to call each: the shortest endings of their paths that differ, or their place in the row."""
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
