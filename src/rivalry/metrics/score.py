"""A number with its spread and its provenance."""

from dataclasses import dataclass, field, fields
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rivalry.metrics.features.halves import Halves

ERROR = "standard error"
OVER_PARTS = "deviation over parts"
INTERVAL = "interval"
ROUNDING = 1e-12  # of a value of about 1: what lies below says nothing


@dataclass(frozen=True)
class Score:
    """The result of a metric.

    Attributes:
        name: of the metric, with its features: "fid[judge-mnist]", never plain "fid" on our own features.
        value: the number.
        spread: how far it is sure; None if unknown.  `provenance["spread"]` says how it was found.
        n: how many fake samples it was computed on.
        better: "low", "high" or "" when neither is good in itself.
        provenance: n real, n fake, split, feature network and its hash, resizer, truncation, weights, ...
        details: further numbers to keep: a histogram, a per-class table, a 95 % `interval`.
        spread_is: the meaning of the spread: ERROR, one standard error; OVER_PARTS, a standard deviation over parts of
            the samples, which does not shrink as samples grow in number; INTERVAL, half of a 95 % interval.
        halves: the score on half-samples, for the error of a difference; of no use outside this process, so that
            it is not written.
    """

    name: str
    value: float
    n: int
    spread: float | None = None
    better: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    spread_is: str = ERROR
    halves: "Halves | None" = field(default=None, repr=False, compare=False)

    @property
    def plus_minus(self) -> str:
        """The spread as it is printed; empty where it is unknown, or no more than the rounding of float64."""
        if self.spread is None or self.spread <= ROUNDING * max(1.0, abs(self.value)):
            return ""
        return f" ± {self.spread:.2g}"

    @property
    def error(self) -> float | None:
        """One standard error; None where the spread is something else, or unknown."""
        if self.spread is None or self.spread_is == OVER_PARTS:
            return None
        return self.spread / 1.96 if self.spread_is == INTERVAL else self.spread

    def to_json(self) -> dict[str, Any]:
        facts = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "halves"}
        return facts | {"spread_is": self.spread_is if self.spread is not None else ""}

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g}{self.plus_minus} (n = {self.n:,})"


class Scores(list[Score]):
    """Scores together: a list that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        rows = [("score", "value", "±", "n", "better")]
        for s in self:
            spread = s.plus_minus.removeprefix(" ± ")
            rows.append((s.name, f"{s.value:.4g}", spread, f"{s.n:,}", s.better))
        cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"
