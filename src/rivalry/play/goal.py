"""The goal of a run: a number of rounds, of samples or of seconds."""

import math
import re
from dataclasses import dataclass
from typing import Any

from rivalry.errors import BadRequest

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Goal:
    """Exactly one of three: rounds played, real data drawn, or seconds of play."""

    rounds: int | None = None
    samples: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        limits = [value for value in (self.rounds, self.samples, self.seconds) if value is not None]
        if len(limits) != 1:
            raise BadRequest("say how long to train by one of rounds, samples or time")
        if not (math.isfinite(limits[0]) and limits[0] > 0):
            raise BadRequest(f"rounds, samples and time are positive numbers; got {limits[0]}")

    def progress(self, *, rounds: int, samples: int, seconds: float) -> float:
        """The share of the goal that is reached, 0 to 1."""
        now = {"rounds": rounds, "samples": samples, "seconds": seconds}
        ((kind, goal),) = self.to_json().items()
        return min(1.0, now[kind] / goal)

    def to_json(self) -> dict[str, Any]:
        return {kind: value for kind, value in vars(self).items() if value is not None}

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:g} seconds"
        return f"{self.rounds:,} rounds" if self.rounds is not None else f"{self.samples:,} samples"


def seconds(text: str | float) -> float:
    """`"90"`, `"90s"`, `"10m"`, `"1h30m"` in seconds.

    Raises:
        BadRequest: anything else.
    """
    if isinstance(text, (int, float)):
        return float(text)
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(r"(\d+(\.\d+)?[smhd])+", text):
        raise BadRequest(f"a time is like 90s, 10m or 1h30m; got {text!r}")
    return sum(float(number) * _UNITS[unit] for number, _, unit in re.findall(r"(\d+(\.\d+)?)([smhd])", text))
