"""What is played and for how long: a recipe, what the user gave beside it, and the recipe that a machine suggests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from rivalry import catalog, settings
from rivalry.data.source import Spec
from rivalry.errors import unknown
from rivalry.game import Game
from rivalry.play.goal import Goal, seconds

LAPTOP = "laptop"
USUAL = 120.0  # seconds of a run that nobody gave a length


@dataclass(frozen=True)
class Plan:
    """What is played.

    Attributes:
        recipe: its name; None without one.
        settings: all settings of the game.
        goal: how long.
        data: the name of the recipe's own data; None if it has none.
    """

    recipe: str | None
    settings: dict[str, Any]
    goal: Goal
    data: str | None = None


def plan(
    name: str,
    make: Callable[..., Game],
    recipe: str | None,
    given: Mapping[str, Any],
    lengths: Mapping[str, Any],
) -> Plan:
    """A recipe with the settings and the length that the user gave, which come first.

    Args:
        given: settings by name.
        lengths: rounds, samples and seconds, of which one or none is not None.

    Raises:
        BadRequest: no such recipe or setting, a value out of range, or more than one length.
    """
    chosen = _recipe(name, recipe) if recipe else {}
    data = chosen.pop("data", None)
    advised = {"rounds": chosen.pop("rounds", None), "samples": chosen.pop("samples", None)}
    advised["seconds"] = seconds(chosen.pop("time", USUAL)) if not any(advised.values()) else None
    goal = Goal(**(lengths if any(value is not None for value in lengths.values()) else advised))
    return Plan(recipe, settings.check(make, {**chosen, **given}, name), goal, data)


def usual_recipe(name: str, spec: Spec, device: torch.device) -> str | None:
    """The recipe that is played where none was asked for: `laptop` for pictures on a machine without a GPU."""
    if device.type != "cpu" or spec.meaning.axes != 2:
        return None
    entry = next((one for one in catalog.CATALOG if one.name == name), None)
    return LAPTOP if entry and LAPTOP in catalog.recipes(entry) else None


def in_words(game: str, recipe: str) -> str:
    """A line that says which recipe is played, though nobody asked for one, and how to have another."""
    values = {
        k: v for k, v in _recipe(game, recipe).items() if k not in ("time", "samples", "rounds", "data")
    }
    what = ", ".join(f"{k}={v}" for k, v in values.items()) or "the defaults"
    return f"without a GPU the recipe is `{recipe}` ({what}); `--recipe paper` takes the paper's settings"


def in_place_of(game: str, recipe: str, goal: Goal) -> str:
    """A line that says for how many rounds or samples a recipe was found, where a time is asked for; else empty."""
    found = _recipe(game, recipe)
    own = {kind: found[kind] for kind in ("rounds", "samples") if kind in found}
    if not own or goal.seconds is None:
        return ""
    return f"the recipe `{recipe}` was found for {Goal(**own)}; this run lasts {goal} in their place"


def _recipe(game: str, name: str) -> dict[str, Any]:
    known = catalog.recipes(catalog.find(game))
    if name not in known:
        raise unknown(f"recipe of {game}", name, known, f"it has {', '.join(known) or 'none'}")
    return dict(known[name])
