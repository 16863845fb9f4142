"""The table of metrics, put together from its rooms; a metric is imported when it is asked for, and torch with it."""

import importlib
from collections.abc import Callable
from typing import Any

from rivalry.errors import unknown
from rivalry.metrics.audio.entries import ENTRIES as AUDIO
from rivalry.metrics.classes.entries import ENTRIES as CLASSES
from rivalry.metrics.entry import Metric
from rivalry.metrics.features.entries import ENTRIES as FEATURES
from rivalry.metrics.game.entries import ENTRIES as GAME
from rivalry.metrics.graph.entries import ENTRIES as GRAPH
from rivalry.metrics.image.entries import ENTRIES as IMAGE
from rivalry.metrics.kind.entries import ENTRIES as KIND
from rivalry.metrics.levels.entries import ENTRIES as LEVELS
from rivalry.metrics.points.entries import ENTRIES as POINTS
from rivalry.metrics.presets import PRESETS
from rivalry.metrics.rows.entries import ENTRIES as ROWS
from rivalry.metrics.text.entries import ENTRIES as TEXT
from rivalry.metrics.video.entries import ENTRIES as VIDEO

__all__ = ["METRICS", "PRESETS", "Metric", "find", "function"]

METRICS: tuple[Metric, ...] = (
    *CLASSES,
    *FEATURES,
    *IMAGE,
    *GAME,
    *POINTS,
    *KIND,
    *TEXT,
    *GRAPH,
    *AUDIO,
    *ROWS,
    *LEVELS,
    *VIDEO,
)


def find(name: str) -> Metric:
    """The metric of this name.

    Raises:
        BadRequest: no such metric; names the nearest metric or preset.
    """
    for metric in METRICS:
        if metric.name == name:
            return metric
    known = [metric.name for metric in METRICS] + list(PRESETS)
    raise unknown("metric", name, known, "`rivalry list metrics` names them all")


def function(metric: Metric) -> Callable[..., Any]:
    """The function that computes the metric: `compute(**needs, provenance=...) -> Score | list[Score]`."""
    module, attribute = metric.target.split(":")
    return getattr(importlib.import_module(f"rivalry.metrics.{module}"), attribute)
