"""The family as a map: what one game of it says of itself."""

import inspect
from typing import Any, get_args, get_origin

from rivalry import catalog
from rivalry.data.names import NAMES
from rivalry.report.family import parents
from rivalry.settings import settings_of


def about(name: str) -> dict[str, Any]:
    """A game's own words, its recipes, its settings, and the named data that it plays on.

    Raises:
        BadRequest: no such game.
    """
    entry = catalog.find(name)
    make = catalog.maker(entry)
    doc = inspect.getdoc(inspect.getmodule(make)) or ""
    return {
        **entry._asdict(),
        "target": None,
        "room": entry.room,
        "parents": parents(entry),
        "doc": doc,
        "recipes": {name: dict(values) for name, values in catalog.recipes(entry).items()},
        "settings": [field(setting) for setting in settings_of(make).values()],
        "data": [name for name, named in NAMES.items() if named.kind in entry.kinds],
    }


def field(setting: Any) -> dict[str, Any]:
    """A setting as a field of a form: what may be chosen, its default, its meaning."""
    base = setting.base
    choices = [str(one) for one in get_args(base)] if get_origin(base) is not None else []
    literal = bool(choices) and all(not isinstance(one, type) for one in get_args(base))
    return {
        "name": setting.name,
        "kind": setting.kind,
        "default": setting.default if isinstance(setting.default, int | float | str | bool) else None,
        "meaning": setting.meaning,
        "choices": choices if literal else ["True", "False"] if base is bool else [],
    }
