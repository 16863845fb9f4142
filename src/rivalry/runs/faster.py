"""What would play faster than a run does, measured by playing it for a second."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from rivalry import catalog, settings
from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.play.engine import Engine
from rivalry.runs.probe import seconds_of_a_round
from rivalry.runs.recipes import LAPTOP

SIZE = 32  # pixels of the smaller pictures
WORTH = 2.0  # times as fast, below which nothing is proposed


def faster_than(config: dict[str, Any], engine: Engine, pace: float) -> str:
    """The option that would play more data a second, in words: the recipe `laptop`, else smaller pictures.

    Args:
        config: of the run.
        pace: seconds of a round of it.

    Returns:
        "; `--recipe laptop` is 40 times as fast", or "" if nothing is at least twice as fast.
    """
    spec = Spec.from_json(config["spec"])
    entry = next((one for one in catalog.CATALOG if one.name == config["game"]), None)
    if entry is None or spec.meaning.axes != 2:
        return ""
    make, recipes = catalog.maker(entry), catalog.recipes(entry)
    ways: list[tuple[str, Spec, dict[str, Any]]] = []
    if LAPTOP in recipes and config.get("recipe") != LAPTOP:
        chosen = {k: v for k, v in recipes[LAPTOP].items() if k not in ("time", "samples", "rounds", "data")}
        ways.append((f"--recipe {LAPTOP}", spec, settings.check(make, chosen, entry.name)))
    if min(spec.shape[1:]) > SIZE:
        ways.append((f"--size {SIZE}", _smaller(spec), config["settings"]))
    for option, of, values in ways:
        with suppress(BadRequest):  # the game does not play at this size
            game_batch = engine.game.batch
            took = (
                seconds_of_a_round(make, of, values, engine.device) * game_batch / _batch(values, game_batch)
            )
            if pace / took >= WORTH:
                return f"; `{option}` is {pace / took:.0f} times as fast"
    return ""


def _batch(values: dict[str, Any], otherwise: int) -> int:
    """The data of a round by these settings."""
    return int(values.get("batch", otherwise))


def _smaller(spec: Spec) -> Spec:
    shape = (spec.shape[0], SIZE, SIZE)
    extra = {
        name: replace(column, shape=(column.shape[0], SIZE, SIZE)) for name, column in spec.extra.items()
    }
    return replace(spec, shape=shape, extra=extra)
