"""Conclusions from several scores, in words: copying, collapse and missing classes, where they are evident."""

from collections.abc import Iterator, Sequence

from rivalry.metrics.interval import wilson
from rivalry.metrics.score import Score

FRESH = 0.2  # authenticity of fresh samples is 1/3 on a line and more in more dimensions
COLLAPSED = 0.3  # diversity of samples that are all but one
EXPECTED = 10  # samples of a class, below which its absence may be chance


def remarks(scores: Sequence[Score]) -> list[str]:
    """One line for each that is evident: outside of 95 % intervals.

    Authenticity is low only for copies of the training data, so that the data must be those of training.
    """
    named = {score.name.partition("[")[0]: score for score in scores}
    return [*_copying(named), *_collapse(named), *_missing(named)]


def _copying(named: dict[str, Score]) -> Iterator[str]:
    if (score := named.get("authenticity")) and wilson(score.value * score.n, score.n)[1] < FRESH:
        yield (
            f"copying: {1 - score.value:.0%} of the samples lie nearer to a training datum than its neighbors do; "
            "`memorization` shows the pairs"
        )


def _collapse(named: dict[str, Score]) -> Iterator[str]:
    score = named.get("diversity")
    if score and score.value + 2 * (score.error or 0) < COLLAPSED:
        yield f"collapse: samples lie {score.value:.2g} times as far from each other as data do"


def _missing(named: dict[str, Score]) -> Iterator[str]:
    score = named.get("classes")
    if score is None:
        return
    seen = score.details["histogram"]
    real = score.details.get("real histogram") or dict.fromkeys(seen, 1)
    share = {name: count / sum(real.values()) for name, count in real.items()}
    away = [name for name, count in seen.items() if not count and share[name] * score.n >= EXPECTED]
    if away:
        which = ", ".join(away[:5]) + (f" and {len(away) - 5} more" if len(away) > 5 else "")
        yield f"missing classes: no sample is seen as {which}"
