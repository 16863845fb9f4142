"""Measurement by people: is it real or fake, and which of two is better?

    from rivalry.human import Study
    study = Study.create("faces", "real-or-fake", {"dcgan": "samples"}, real="photographs")
    question = study.next("judge-1")                # an image whose name does not show its origin
    study.answer(question, "fake")
    print(*study.result())

Importing this package imports nothing heavy: the names below are found when they are asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rivalry.human.study import Question, Study

__all__ = ["Question", "Study"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rivalry.human' has no attribute {name!r}")
    return getattr(importlib.import_module("rivalry.human.study"), name)
