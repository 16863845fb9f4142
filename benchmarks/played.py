"""A game that was trained for a measurement, its run thrown away, or one of a run that lies on disk."""

import tempfile
from typing import Any

from record import Row

import rivalry
from rivalry.catalog import find, recipes
from rivalry.game import Game
from rivalry.runs.opening import open_run


def played(game: str, data: str | None, **config: Any) -> tuple[Game, Row]:
    """The trained game, and the "rounds" and "seconds" that it played.

    Args:
        config: arguments of `rivalry.train`: how long, which seed, a recipe, settings.
    """
    if recipes(find(game)).get("paper") == {}:
        config = {"recipe": "paper", **config}  # the defaults, on a machine without a GPU as well
    with tempfile.TemporaryDirectory() as folder:
        run = rivalry.train(game, data, run=f"{folder}/run", quiet=True, measure=False, **config)
        done = next(line for line in reversed(list(run.lines())) if line.get("event") == "done")
        return rivalry.load(run, which="newest"), {"rounds": done["round"], "seconds": done["seconds"]}


def loaded(run: str) -> tuple[Game, Row]:
    """The game with the newest weights of a run, and the "rounds" and "seconds" that it has played."""
    checkpoint = open_run(run).checkpoint("newest")
    return rivalry.load(run, which="newest"), {
        "rounds": checkpoint.round,
        "seconds": checkpoint.state()["seconds"],
    }
