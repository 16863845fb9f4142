"""The table of contents: every game by name.  A game's module is imported when it is asked for."""

import importlib
from collections.abc import Callable
from typing import Any

from rivalry.errors import unknown
from rivalry.games.entry import Entry
from rivalry.games.laptop import LAPTOP, TIME

__all__ = ["CATALOG", "ROOMS", "Entry", "find", "maker", "recipes"]

ROOMS = (
    "image",
    "translation",
    "likelihood",
    "text",
    "graph",
    "audio",
    "video",
    "table",
    "agents",
    "levels",
)  # folders of `rivalry.games`, each with its own table


def _entries(room: str) -> tuple[Entry, ...]:
    return importlib.import_module(f"rivalry.games.{room}.entries").ENTRIES


CATALOG = tuple(entry for room in ROOMS for entry in _entries(room))


def find(name: str) -> Entry:
    """The entry of this name.

    Raises:
        BadRequest: no such game; names the nearest one.
    """
    for entry in CATALOG:
        if entry.name == name:
            return entry
    raise unknown("game", name, [entry.name for entry in CATALOG], "`rivalry list` names them all")


def maker(entry: Entry) -> Callable[..., Any]:
    """The function that makes the game: `make(spec, **settings) -> Game`."""
    module, attribute = entry.target.split(":")
    return getattr(importlib.import_module(module), attribute)


def recipes(entry: Entry) -> dict[str, dict[str, Any]]:
    """The game's recipes: named settings.  A recipe may also hold `data` and one of `time`, `samples`, `rounds`.

    `laptop` is for machines without a GPU (see `games.laptop`); `paper` is empty where the defaults are the paper's.
    """
    module = importlib.import_module(entry.target.split(":")[0])
    found = dict(getattr(module, "RECIPES", {}).get(entry.name, {}))
    if entry.name in LAPTOP:
        found = {"laptop": {**LAPTOP[entry.name], "time": TIME}, **found}
    return {"paper": {}, **found} if "laptop" in found else found
