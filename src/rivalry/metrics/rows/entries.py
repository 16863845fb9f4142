"""The metrics of this room: a row each."""

from rivalry.metrics.entry import Metric

ENTRIES = (
    Metric(
        "columns",
        "rows.columns:columns",
        ("real", "fake"),
        "is each column distributed as in the data: Kolmogorov-Smirnov for numbers, total variation for categories",
        ("table",),
    ),
    Metric(
        "pairs",
        "rows.columns:pairs",
        ("real", "fake"),
        "does each pair of columns depend on each other as in the data",
        ("table",),
    ),
    Metric(
        "all-columns",
        "rows.learners:all_columns",
        ("real", "held_out", "fake"),
        "each column predicted from all others on held-out data by forests of samples, beside forests of data",
        ("table",),
        package="sklearn",
    ),
    Metric(
        "tstr",
        "rows.learners:tstr",
        ("real", "held_out", "fake", "target"),
        "the target predicted on held-out data by learners of samples, beside learners of data",
        ("table",),
        package="sklearn",
    ),
    Metric(
        "closest",
        "rows.closest:closest",
        ("real", "held_out", "fake"),
        "are samples nearer to training rows than to held-out ones; copies; can membership be told",
        ("table",),
    ),
    Metric(
        "series",
        "rows.series:series",
        ("real", "fake"),
        "can a recurrent network tell samples from data, and do samples and their steps spread as data do",
        ("episode",),
    ),
)
