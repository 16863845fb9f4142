"""A game's signature is its configuration: read from it, checked against it, printed from it.

A game is made by `make(spec, *, name: Type = default, ...)`.  The types below carry their ranges; the
sentence about each setting stands in the docstring, under `Settings:`, one line each, but for those that mean the same
in every game (`COMMON`).
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from rivalry.errors import BadRequest, unknown

LARGEST = 2**31 - 1  # of any whole number: what sizes of tensors are counted in


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


# What the settings that many games have mean where a game says nothing else.
COMMON = {
    "batch": "data of one turn",
    "lr": "Adam's step size, of both players",
    "beta1": "Adam's first moment decay",
    "average": "decay of the generator's moving average; 0 for none",
}


class Setting(NamedTuple):
    """One setting of a game: its name, type with range, default, and what it means."""

    name: str
    type: Any
    default: Any
    meaning: str

    @property
    def kind(self) -> str:
        """The type in words: "int >= 1", "one of minimax, hinge"."""
        base, *facts = get_args(self.type) if get_origin(self.type) is Annotated else (self.type,)
        if str(get_origin(base)) == "typing.Literal":
            return "one of " + ", ".join(map(str, get_args(base)))
        bounds = [_in_words(bound) for fact in facts for bound in getattr(fact, "metadata", ())]
        return " ".join([getattr(base, "__name__", str(base)), " and ".join(bounds)]).strip()


def settings_of(make: Callable[..., Any]) -> dict[str, Setting]:
    """The settings of a game, in the order of its signature."""
    hints = get_type_hints(make, include_extras=True)
    meanings = _meanings(inspect.getdoc(make) or "")
    keyword_only = [p for p in inspect.signature(make).parameters.values() if p.kind is p.KEYWORD_ONLY]
    said = {**COMMON, **meanings}
    return {p.name: Setting(p.name, hints[p.name], p.default, said.get(p.name, "")) for p in keyword_only}


def check(make: Callable[..., Any], given: Mapping[str, Any], who: str) -> dict[str, Any]:
    """Every setting of the game: those given, turned to their types, and the defaults of the rest.

    Args:
        given: values, or texts as they come from a command line.
        who: the game's name, for messages.

    Raises:
        BadRequest: a setting that does not exist, of the wrong type or out of range.
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
        adapter = TypeAdapter(setting.type, config=ConfigDict(allow_inf_nan=False))
        checked = adapter.validate_python(value, strict=False)
    except (ValidationError, ValueError):
        raise BadRequest(f"{who}: {setting.name} is {setting.kind}; got {_short(value)}") from None
    if isinstance(checked, int) and abs(checked) > LARGEST:
        raise BadRequest(f"{who}: {setting.name} is at most {LARGEST:,}; got {_short(value)}")
    return checked


def _short(value: Any) -> str:
    told = repr(value)
    return told if len(told) < 80 else f"{told[:60]}... ({len(told)} characters)"


def _meanings(doc: str) -> dict[str, str]:
    """The lines `name: meaning` under `Settings:`, a meaning going on over deeper lines."""
    block = re.search(r"^Settings:\n((?:[ \t]+.*\n?|\n)+)", doc, re.MULTILINE)
    meanings: dict[str, str] = {}
    for line in block[1].splitlines() if block else []:
        if head := re.match(r" {4}(\w+): (.*)", line):
            name = head[1]
            meanings[name] = head[2].strip()
        elif line.strip() and meanings:
            meanings[name] += " " + line.strip()
    return meanings


def _in_words(bound: Any) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    return " and ".join(f"{sign} {getattr(bound, key)}" for key, sign in signs.items() if hasattr(bound, key))
