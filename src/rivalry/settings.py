"""The settings of a game are the keyword arguments of the function that makes it.

A game is made by `make(spec, *, name: Type = default, ...)`.  The types below state their ranges.  The docstring of
`make` explains each setting in a line under `Settings:`.  Settings that mean the same in every game are explained
in `COMMON`.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from rivalry.errors import BadRequest, unknown

LARGEST = 2**31 - 1  # the largest whole number that a setting may have

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


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
        adapter = TypeAdapter(setting.type, config=ConfigDict(allow_inf_nan=False))
        checked = adapter.validate_python(value, strict=False)
    except (ValidationError, ValueError):
        raise BadRequest(f"{who}: {setting.name} is {setting.kind}; got {_short(value)}") from None
    if isinstance(checked, int) and abs(checked) > LARGEST:
        raise BadRequest(f"{who}: {setting.name} is at most {LARGEST:,}; got {_short(value)}")
    return checked


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


def _in_words(bound: Any) -> str:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    return " and ".join(f"{sign} {getattr(bound, key)}" for key, sign in signs.items() if hasattr(bound, key))
