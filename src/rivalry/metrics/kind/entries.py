"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "valid",
        "kind.valid:valid",
        ("validity",),
        "share of samples that could be data of their kind: sentences that end, graphs without loops",
        ("tokens", "graph", "table", "episode"),
    ),
)
