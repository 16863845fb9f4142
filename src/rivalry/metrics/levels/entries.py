"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "finished",
        "levels.finished:finished",
        ("fake", "real"),
        "share of levels that an agent finishes, beside that of the data",
        ("tiles",),
    ),
    Metric(
        "tile-patterns",
        "levels.tile_patterns:pattern_divergence",
        ("fake", "real"),
        "divergence of the patterns of 2 x 2 tiles from those of the data, beside shuffled columns",
        ("tiles",),
    ),
)
