"""The settings of a game are the keyword arguments of the function that makes it.

A game is made by `make(spec, *, name: Type = default, ...)`.  The types below state their ranges.  The docstring of
`make` explains each setting in a line under `Settings:`.  Settings that mean the same in every game are explained
in `COMMON`.
"""

import inspect
import operator
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf, isfinite
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from rivalry.errors import BadRequest, unknown

UNFIT = (TypeError, ValueError, OverflowError, LookupError)  # what says that a value is none of a type
LARGEST = 2**31 - 1  # the largest whole number that a setting may have


@dataclass(frozen=True)
class Range:
    """The values that a number may have: from `ge`, above `gt`, up to `le`, below `lt`."""

    ge: float = -inf
    gt: float = -inf
    le: float = inf
    lt: float = inf

    def holds(self, value: float) -> bool:
        return self.ge <= value <= self.le and self.gt < value < self.lt

    def __str__(self) -> str:
        signs = {">=": self.ge, ">": self.gt, "<=": self.le, "<": self.lt}
        return " and ".join(f"{sign} {bound:g}" for sign, bound in signs.items() if isfinite(bound))


Count = Annotated[int, Range(ge=1)]
Natural = Annotated[int, Range(ge=0)]
Rate = Annotated[float, Range(gt=0)]
Weight = Annotated[float, Range(ge=0)]
Fraction = Annotated[float, Range(ge=0, le=1)]


# The meanings of settings that many games have.  A game's own docstring comes first.
COMMON = {
    "batch": "data of one turn",
    "lr": "Adam's step size, of both players",
    "beta1": "Adam's first moment decay",
    "average": "decay of the generator's moving average; 0 for none",
}


class Setting(NamedTuple):
    """One setting of a game: its name, its type with its range, its default, and its meaning."""

    name: str
    type: Any
    default: Any
    meaning: str

    @property
    def base(self) -> Any:
        """The type without its range."""
        return get_args(self.type)[0] if get_origin(self.type) is Annotated else self.type

    @property
    def ranges(self) -> list[Range]:
        return [fact for fact in getattr(self.type, "__metadata__", ()) if isinstance(fact, Range)]

    @property
    def kind(self) -> str:
        """The type in words: "int >= 1", "one of minimax, hinge"."""
        if get_origin(self.base) is Literal:
            return "one of " + ", ".join(map(str, get_args(self.base)))
        named = getattr(self.base, "__name__", str(self.base))
        return " ".join([named, " and ".join(map(str, self.ranges))]).strip()


def settings_of(make: Callable[..., Any]) -> dict[str, Setting]:
    """The settings of a game, in the order of its signature."""
    hints = get_type_hints(make, include_extras=True)
    meanings = _meanings(inspect.getdoc(make) or "")
    keyword_only = [p for p in inspect.signature(make).parameters.values() if p.kind is p.KEYWORD_ONLY]
    meanings_of_all = {**COMMON, **meanings}
    return {
        p.name: Setting(p.name, hints[p.name], p.default, meanings_of_all.get(p.name, ""))
        for p in keyword_only
    }


def check(make: Callable[..., Any], given: Mapping[str, Any], who: str) -> dict[str, Any]:
    """All settings of the game: the given ones, converted to their types, and the defaults of the others.

    Args:
        given: values, or texts from a command line.
        who: the game's name, for messages.

    Raises:
        BadRequest: a setting does not exist, has the wrong type or is out of range.
    """
    known = settings_of(make)
    for name in given:
        if name not in known:
            raise unknown(f"setting of {who}", name, known, f"it has {', '.join(known)}")
    return {
        name: _check_one(known[name], given[name], who) if name in given else s.default
        for name, s in known.items()
    }


def _check_one(setting: Setting, value: Any, who: str) -> Any:
    try:
        checked = _as(setting.base, value)
        fits = all(one.holds(checked) for one in setting.ranges)
    except UNFIT:
        fits = False
    if not fits:
        raise BadRequest(f"{who}: {setting.name} is {setting.kind}; got {_short(value)}")
    if isinstance(checked, int) and abs(checked) > LARGEST:
        raise BadRequest(f"{who}: {setting.name} is at most {LARGEST:,}; got {_short(value)}")
    return checked


def _as(base: Any, value: Any) -> Any:
    """The value turned to its type, where nothing is lost by it.

    Raises:
        UNFIT: it is none of that type.
    """
    if base in _TURNED:
        return _TURNED[base](value)
    if get_origin(base) in (Union, UnionType):
        return _first_that_fits(get_args(base), value)
    known = get_args(base) if get_origin(base) is Literal else ()
    fits = value in known if known else isinstance(value, get_origin(base) or base)
    if not fits:
        raise ValueError
    return value


def _first_that_fits(bases: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in bases:
        return None
    for base in bases:
        with suppress(*UNFIT):
            return _as(base, value)
    raise ValueError


def _whole(value: Any) -> int:
    if isinstance(value, str):
        value = value.strip()
        if not re.fullmatch(r"[+-]?\d+(_\d+)*(\.0+)?", value, re.ASCII):
            raise ValueError
        return int(value.partition(".")[0])
    return int(value) if isinstance(value, float) and value.is_integer() else operator.index(value)


def _finite(value: Any) -> float:
    number = float(value)
    if not isfinite(number):
        raise ValueError
    return number


def _truth(value: Any) -> bool:
    return TRUTH[value.lower() if isinstance(value, str) else str(_whole(value))]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


TRUTH = dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True)
TRUTH |= dict.fromkeys(("0", "false", "f", "no", "n", "off"), False)
_TURNED: dict[Any, Callable[[Any], Any]] = {int: _whole, float: _finite, bool: _truth, str: _text}


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) < 80 else f"{words[:60]}... ({len(words)} characters)"


def _meanings(doc: str) -> dict[str, str]:
    """The lines `name: meaning` under `Settings:`.  Lines that are indented further continue a meaning."""
    block = re.search(r"^Settings:\n((?:[ \t]+.*\n?|\n)+)", doc, re.MULTILINE)
    meanings: dict[str, str] = {}
    for line in block[1].splitlines() if block else []:
        if head := re.match(r" {4}(\w+): (.*)", line):
            name = head[1]
            meanings[name] = head[2].strip()
        elif line.strip() and meanings:
            meanings[name] += " " + line.strip()
    return meanings
