"""The schema of run.json and of a checkpoint's state: the names of their fields, and the values that each may have.

Both may come from somebody else, so they are checked here before anything of them is used.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rivalry.kinds import KINDS, find_kind
from rivalry.report.record import FORMAT

MOST = 2**53  # larger whole numbers are not exact in every reader of JSON


class Kind(NamedTuple):
    """A kind of value: a description in words, and a function that checks a value."""

    words: str
    holds: Callable[[Any], bool]


def whole(low: int, high: int = MOST) -> Kind:
    words = f"a whole number from {low}" + (f" to {high}" if high < MOST else "")
    return Kind(words, lambda v: isinstance(v, int) and not isinstance(v, bool) and low <= v <= high)


def text(longest: int) -> Kind:
    return Kind(
        f"a text of at most {longest} letters",
        lambda v: isinstance(v, str) and len(v) <= longest and "\0" not in v,
    )


def one_of(*words: str) -> Kind:
    return Kind("one of " + ", ".join(words), lambda v: isinstance(v, str) and v in words)


def many(inner: Kind, most: int) -> Kind:
    fits = lambda v: isinstance(v, list) and len(v) <= most and all(inner.holds(one) for one in v)
    return Kind(f"a list of at most {most}, each {inner.words}", fits)


def table(inner: Kind, most: int = 1000) -> Kind:
    fits = lambda v: (
        isinstance(v, dict) and len(v) <= most and all(NAME.holds(k) and inner.holds(v[k]) for k in v)
    )
    return Kind(f"a table, each value {inner.words}", fits)


def maybe(inner: Kind) -> Kind:
    return Kind(f"{inner.words}, or null", lambda v: v is None or inner.holds(v))


def fields(needed: Mapping[str, Kind], further: Mapping[str, Kind], words: str) -> Kind:
    """A table with all fields of `needed`, perhaps some of `further`, and no others."""
    return Kind(words, lambda v: isinstance(v, dict) and wrong(v, needed, further) is None)


def wrong(value: Mapping[str, Any], needed: Mapping[str, Kind], further: Mapping[str, Kind]) -> str | None:
    """A description of the first thing that is wrong; None if nothing is."""
    known = {**needed, **further}
    if lacks := [name for name in needed if name not in value]:
        return f"lacks {', '.join(lacks)}"
    for name, one in value.items():
        if name not in known:
            return f"knows no {shown(name)}"
        if not known[name].holds(one):
            return f"says that {name} is {shown(one)}; expected {known[name].words}"
    return None


def shown(value: Any) -> str:
    """A value from a file as a short text without control characters."""
    try:
        words = ascii(value)
    except (ValueError, RecursionError):  # a number of thousands of digits
        words = f"a {type(value).__name__} that is too large"
    return words if len(words) <= 60 else words[:57] + "..."


def _amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _goal(value: Any) -> bool:
    kinds = {"rounds": whole(1), "samples": whole(1), "seconds": AMOUNT}
    return (
        isinstance(value, dict)
        and len(value) == 1
        and all(k in kinds and kinds[k].holds(v) and v > 0 for k, v in value.items())
    )


def _spec(value: Any) -> bool:
    needed = {"name": text(4096), "kind": NAME, "shape": many(whole(1, 2**24), 8)}
    extra = Kind("columns", lambda v: many(NAME, 16).holds(v) or table(COLUMN, 16).holds(v))
    further = {"classes": many(text(4096), 100_000), "extra": extra, "about": ABOUT}
    return isinstance(value, dict) and wrong(value, needed, further) is None and _fits(value)


def _column(value: Any) -> bool:
    needed = {"kind": NAME, "shape": many(whole(1, 2**24), 8)}
    return isinstance(value, dict) and wrong(value, needed, {"about": ABOUT}) is None and _fits(value)


def _fits(value: Mapping[str, Any]) -> bool:
    """Whether the kind exists, and can have this shape and this `about`."""
    if value["kind"] not in KINDS or not 0 < math.prod(value["shape"]) < 2**31:
        return False
    shape = tuple(value["shape"])
    return find_kind(value["kind"]).fits(shape, value.get("about", {}))


NAME = text(200)
AMOUNT = Kind("a number from 0", _amount)
FLAG = Kind("true or false", lambda v: isinstance(v, bool))
_SEED = whole(0, 2**32 - 1)
_NUMBER = Kind(
    "a number", lambda v: isinstance(v, int | float) and (isinstance(v, float) or abs(v) < 2**63) and v == v
)
_ONE = Kind("a text, a number, true, false or null", lambda v: v is None or _plain(v))
_SETTING = Kind(
    "a text, a number, true, false, null or a list of these",
    lambda v: _ONE.holds(v) or many(_ONE, 1000).holds(v),
)


_FACTS = table(Kind("a value or a list", lambda v: _ONE.holds(v) or many(_ONE, 100_000).holds(v)), 100)
ABOUT = table(
    Kind(
        "a value, a list, or a list of tables",
        lambda v: _ONE.holds(v) or many(_ONE, 4_000_000).holds(v) or many(_FACTS, 100_000).holds(v),
    ),
    100,
)
COLUMN = Kind("a kind, a shape and what is known about them", _column)


def _plain(value: Any) -> bool:
    return isinstance(value, bool) or text(4096).holds(value) or _NUMBER.holds(value)


RUN = {
    "game": NAME,
    "settings": table(_SETTING),
    "data": text(4096),
    "spec": Kind("what one datum is: name, kind, shape, classes, extra", _spec),
    "seed": _SEED,
    "goal": Kind("one of rounds, samples and seconds, above 0", _goal),
}
RUN_FURTHER = {
    "format": whole(1, FORMAT),
    "recipe": maybe(NAME),
    "size": maybe(
        Kind("a height and a width in pixels", lambda v: many(whole(1, 2**16), 2).holds(v) and len(v) == 2)
    ),
    "versions": table(text(200)),
    "device": text(1000),
    "precision": one_of("fp32", "bf16"),
    "dynamics": NAME,
    "schedule": NAME,
    "world": whole(1, 2**16),
    "threads": whole(1, 2**12),
    "fingerprint": NAME,
    "save_every": AMOUNT,
    "keep": whole(1),
    "measure": FLAG,
    "command": text(2**16),
    "commit": maybe(NAME),
    "started": NAME,
}

_TABLE = Kind("a table", lambda v: isinstance(v, dict))
_DRAWN = Kind(
    "how many data were drawn, by label",
    lambda v: table(whole(0, 2**50), 200_000).holds(v) and all(map(_label, v)),
)


def _label(name: str) -> bool:
    return name == "-1" or (name.isascii() and name.isdigit() and len(name) < 9)


_PLACE = fields({"drawn": _DRAWN, "seed": _SEED, "rows": whole(1)}, {}, "a place in a table")

STATE_FURTHER = {"overhead": AMOUNT}
STATE = {
    "t": whole(0),
    "seconds": AMOUNT,
    "rollbacks": whole(0, 1000),
    "players": _TABLE,
    "extra": _TABLE,
    "data": Kind(
        "the place in the data: drawn, seed and rows, or what a stream keeps",
        lambda v: isinstance(v, dict) and ("rows" not in v or _PLACE.holds(v)),
    ),
    "dynamics": _TABLE,
    "random": fields(
        {"cpu": Kind("tensors", lambda v: isinstance(v, list) and len(v) > 0)},
        {"cuda": Kind("tensors", lambda v: isinstance(v, list))},
        "random numbers: cpu and cuda",
    ),
}
