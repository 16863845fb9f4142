"""Many metrics in one pass over the samples: features and logits are computed once and shared."""

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec

from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.metrics.evidence import Evidence, Parts, Progress, as_seen
from rivalry.metrics.extractors.extractor import Extractor, Processes
from rivalry.metrics.score import Score
from rivalry.metrics.table import PRESETS, Metric, find, function

__all__ = ["Evidence", "Parts", "Progress", "as_seen", "choose", "evaluate", "measured", "table", "unfit"]

COUNTED = ("modes", "stacked-modes", "returns")
CHECKED = ("attributes", "truth")


def evaluate(
    real: Dataset,
    fake: Tensor | Parts,
    asked: Tensor | None = None,
    metrics: Sequence[str] | str = "standard",
    extractor: Extractor | None = None,
    split: str = "train",
    progress: Progress | None = None,
    held_out: Callable[[], Dataset] | None = None,
    game: Game | None = None,
    among: Processes | None = None,
    rows: Tensor | None = None,
    real_n: int | None = None,
) -> list[Score]:
    """Score samples against real data.

    Args:
        real: data that the samples should be like.
        fake: (n, *real.spec.shape): float32 as games make them, images in [-1, 1], or uint8 images; parts are taken
            features of one by one, and kept only where a metric looks at samples themselves.
        asked: (n,) labels that the samples were asked for, in their order.
        metrics: "quick", "standard" or "full", which pick the metrics that apply and leave out, with a warning, what
            these samples are too few for; or names: ["fid", "kid"], "fid,kid".
        extractor: the network of the features; by default the judge of labeled images (trained first where it is not
            there yet, and kept), else the data themselves.
        split: which part of the data `real` is, for provenance; a judge is trained only on "train".
        progress: called with the name of the step, how much of it is done, and how much there is.
        held_out: opens data of the same kind that no network was trained on, where there are any.
        game: the game that the samples were drawn from, if there is one.
        among: processes that share the work of the extractor; the first one scores.
        rows: (n,) the rows of `real` that samples were made for: whose sentences a game was told, or which it
            translated.
        real_n: the most real data, and the most held-out data, whose features are compared; evenly spread.

    Returns:
        Scores in the order of the metrics; a metric may have several.  None in processes but the first.

    Raises:
        BadRequest: no such metric, one that does not apply, or samples that cannot be measured.
    """
    fake = fake if isinstance(fake, Parts) else as_seen(real, fake)
    evidence = Evidence(real, fake, asked, extractor, split, progress, held_out, game, among, rows, real_n)
    chosen, scores = choose(metrics, evidence), list[Score]()
    if any("fake" in metric.needs for metric in chosen):
        _ = evidence.fake  # drawn once, and features are taken of the same
    if among:
        evidence.gather({need for metric in chosen for need in metric.needs})
        chosen = chosen if among.first else []
    refusals = []
    for metric in chosen:
        try:
            scores += measured(metric, evidence)
        except BadRequest as refusal:
            if not _is_preset(metrics):
                raise
            refusals.append(refusal)
            warnings.warn(f"{metric.name} is left out: {refusal}", stacklevel=2)
    if refusals and not scores:
        raise refusals[0]
    return scores


def _is_preset(metrics: Sequence[str] | str) -> bool:
    return isinstance(metrics, str) and metrics in PRESETS


def measured(metric: Metric, evidence: Evidence) -> list[Score]:
    """The scores of one metric.

    Raises:
        BadRequest: the samples at hand cannot be measured by it.
    """
    needs = {name: getattr(evidence, name) for name in metric.needs}
    provenance = evidence.provenance(with_extractor="features" in metric.needs)
    found = function(metric)(**needs, provenance=provenance)
    return found if isinstance(found, list) else [found]


def choose(metrics: Sequence[str] | str, evidence: Evidence) -> list[Metric]:
    """The metrics that were asked for by name, or those of a preset that apply.

    Where the modes are known, or a game acts, a preset counts modes or returns and measures nothing else.  Where it is
    known what samples should be, "quick" checks that and measures nothing else.

    Raises:
        BadRequest: no such metric, none at all, or a named one that does not apply.
    """
    if isinstance(metrics, str) and _is_preset(metrics):
        fitting = [m for m in map(find, PRESETS[metrics]) if not unfit(m, evidence)]
        enough = (*COUNTED, *CHECKED) if metrics == "quick" else COUNTED
        return [m for m in fitting if m.name in enough] or fitting
    names = [name.strip() for name in metrics.split(",")] if isinstance(metrics, str) else metrics
    if not names:
        raise BadRequest(f"no metric was named; {', '.join(PRESETS)} pick what applies")
    chosen = [find(name) for name in dict.fromkeys(names)]
    for metric in chosen:
        if reason := unfit(metric, evidence):
            raise BadRequest(f"{metric.name} {reason}")
    return chosen


def unfit(metric: Metric, evidence: Evidence) -> str:
    """Why the metric does not apply to the samples at hand; "" when it does."""
    spec = evidence.real.spec
    if metric.kinds and spec.kind not in metric.kinds:
        return f"needs data of kind {' or '.join(map(repr, metric.kinds))}; {spec.name!r} holds {spec.kind}"
    if metric.package and find_spec(metric.package) is None:
        return f"needs {metric.package}: pip install 'rivalry[metrics]'"
    needs = sorted(metric.needs, key=lambda need: "logits" in need)  # last: a judge may be trained for them
    return next(filter(None, map(evidence.lacks, needs)), "")


def table(scores: Sequence[Score]) -> str:
    """Scores as plain text: name, value, spread, number of samples, and which way is better."""
    rows = [("score", "value", "±", "n", "")]
    for s in scores:
        spread = s.plus_minus.removeprefix(" ± ")
        rows.append((s.name, f"{s.value:.4g}", spread, f"{s.n:,}", s.better and f"{s.better} is better"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = (
        "  ".join([f"{row[0]:<{widths[0]}}", *(f"{c:>{w}}" for c, w in zip(row[1:4], widths[1:])), row[4]])
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
