"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "modes",
        "points.modes:modes",
        ("fake", "centers", "std"),
        "modes of a toy that are found, share of samples near one, reverse KL to their proportions",
    ),
)
