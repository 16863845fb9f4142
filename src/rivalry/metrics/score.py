"""A number with a birth certificate."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Score:
    """What a metric returns.

    Attributes:
        name: of the metric, with its features: "fid[judge-mnist]", never plain "fid" on our own features.
        value: the number.
        spread: one standard error or standard deviation (`provenance["spread"]` says which); None if unknown.
        n: how many fake samples it was computed on.
        better: "low", "high" or "" when neither is good in itself.
        provenance: n real, n fake, split, feature network and its hash, resizer, truncation, weights, ...
        details: further numbers worth keeping: a histogram, a per-class table.
    """

    name: str
    value: float
    n: int
    spread: float | None = None
    better: str = ""
    provenance: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        plus_minus = "" if self.spread is None else f" ± {self.spread:.2g}"
        return f"{self.name} {self.value:.4g}{plus_minus} (n = {self.n:,})"
