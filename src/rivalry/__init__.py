"""rivalry trains, measures and uses the whole family of adversarial models.

    import rivalry
    run = rivalry.train("dcgan", data="mnist", time="2m")    # a directory under runs/
    game = rivalry.load(run)                                 # the trained game
    images = game.sample(64)                                 # (64, 1, 28, 28) in [-1, 1]
    print(rivalry.evaluate(run, data="mnist"))

Importing this package imports nothing heavy: the names below are found when they are asked for.
"""

import importlib
import sys
from typing import Any

from rivalry.moved import Moved

sys.meta_path.append(Moved())

__version__ = "0.1.0"

_FOUND_IN = {
    "train": "rivalry.runs.training",
    "resume": "rivalry.runs.training",
    "load": "rivalry.runs.opening",
    "evaluate": "rivalry.runs.scoring",
    "compare": "rivalry.runs.comparison",
    "open_data": "rivalry.data",
    "Run": "rivalry.runs.run",
    "Engine": "rivalry.play.engine",
    "Game": "rivalry.game",
    "Move": "rivalry.game",
    "Player": "rivalry.game",
}
__all__ = [*_FOUND_IN]


def __getattr__(name: str) -> Any:
    if name not in _FOUND_IN:
        raise AttributeError(f"module 'rivalry' has no attribute {name!r}")
    return getattr(importlib.import_module(_FOUND_IN[name]), name)
