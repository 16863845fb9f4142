"""The table of metrics.  A metric's module, and torch with it, is imported when the metric is asked for."""

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from rivalry.errors import unknown


class Metric(NamedTuple):
    """One metric.

    Attributes:
        name: as it is asked for; its scores are named beside their extractor: "fid[judge-mnist]".
        target: "module:function"; the function returns one `Score` or several.
        needs: the arguments it is called with, each a name that `suite.Evidence` can supply.
        title: what it measures, in a line.
    """

    name: str
    target: str
    needs: tuple[str, ...]
    title: str


METRICS = (
    Metric(
        "judge",
        "rivalry.metrics.judge:verdicts",
        ("fake_logits", "real_logits", "features", "classes"),
        "share of samples that a classifier of the data is sure of, and the classes it sees",
    ),
    Metric(
        "accuracy",
        "rivalry.metrics.accuracy:accuracy",
        ("fake_logits", "asked", "features"),
        "share of samples classified as the label that was asked for",
    ),
    Metric(
        "fid",
        "rivalry.metrics.frechet:fid",
        ("real_features", "fake_features", "features"),
        "Fréchet distance of fake from real features, each taken as a Gaussian",
    ),
    Metric(
        "kid",
        "rivalry.metrics.kid:kid",
        ("real_features", "fake_features", "features"),
        "kernel distance of fake from real features, unbiased at any number of samples",
    ),
    Metric(
        "precision",
        "rivalry.metrics.precision:precision_recall",
        ("real_features", "fake_features", "features"),
        "share of samples that lie among the data, and (recall) of the data that lie among samples",
    ),
    Metric(
        "inception-score",
        "rivalry.metrics.inception_score:inception_score",
        ("fake_logits", "features"),
        "are samples told apart with confidence, and are all classes there",
    ),
    Metric(
        "coverage",
        "rivalry.metrics.coverage:coverage",
        ("fake", "centers", "std"),
        "modes of a toy that are found, share of samples near one, reverse KL to their proportions",
    ),
)

PRESETS = {  # of these, the metrics that apply to the samples at hand
    "quick": ("coverage", "judge", "accuracy", "fid"),
    "standard": ("coverage", "judge", "accuracy", "fid", "kid", "inception-score"),
}


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
    """What computes the metric: `compute(**needs, provenance=...) -> Score | list[Score]`."""
    module, attribute = metric.target.split(":")
    return getattr(importlib.import_module(module), attribute)
