"""rivalry trains, measures and uses the whole family of adversarial models.

    import rivalry
    run = rivalry.train("dcgan", data="mnist", time="2m")    # a directory under runs/
    game = rivalry.load(run)                                 # the trained game
    images = rivalry.sample(run, 64, seed=1)                 # (64, 1, 28, 28) in [-1, 1]
    print(rivalry.evaluate(run, data="mnist"))

Importing this package imports nothing heavy: the names below are found when they are asked for.  Type checkers and
editors read them from the imports under TYPE_CHECKING.
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rivalry.data import open_data
    from rivalry.data.source import Dataset, Source, Spec
    from rivalry.errors import BadRequest, RunFailed
    from rivalry.game import Game, Move, Player
    from rivalry.metrics.score import Score
    from rivalry.play.engine import Callback, Engine
    from rivalry.runs.comparison import compare
    from rivalry.runs.drawing import sample
    from rivalry.runs.hub import pull, push
    from rivalry.runs.opening import load
    from rivalry.runs.run import Run
    from rivalry.runs.scoring import evaluate
    from rivalry.runs.training import resume, train

from rivalry.moved import Moved

sys.meta_path.append(Moved())

__version__ = "0.1.0"

__all__ = [
    "BadRequest",
    "Callback",
    "Dataset",
    "Engine",
    "Game",
    "Move",
    "Player",
    "Run",
    "RunFailed",
    "Score",
    "Source",
    "Spec",
    "compare",
    "evaluate",
    "load",
    "open_data",
    "pull",
    "push",
    "resume",
    "sample",
    "train",
]

_FOUND_IN = {
    "BadRequest": "errors",
    "Callback": "play.engine",
    "Dataset": "data.source",
    "Engine": "play.engine",
    "Game": "game",
    "Move": "game",
    "Player": "game",
    "Run": "runs.run",
    "RunFailed": "errors",
    "Score": "metrics.score",
    "Source": "data.source",
    "Spec": "data.source",
    "compare": "runs.comparison",
    "evaluate": "runs.scoring",
    "load": "runs.opening",
    "open_data": "data",
    "pull": "runs.hub",
    "push": "runs.hub",
    "resume": "runs.training",
    "sample": "runs.drawing",
    "train": "runs.training",
}

if not TYPE_CHECKING:  # to a type checker it would say that any name at all exists

    def __getattr__(name: str) -> Any:
        if name not in _FOUND_IN:
            raise AttributeError(f"module 'rivalry' has no attribute {name!r}")
        return getattr(importlib.import_module(f"rivalry.{_FOUND_IN[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
