"""Truncation: the same seeds with codes closer to the middle, and fidelity against diversity.

Brock et al. 2018 (arXiv 1809.11096), section 3.1, truncate the prior; Karras et al. 2018 (arXiv 1812.04948) move styles
towards their mean.  Here the game's own `sample(truncation=)` is used.  The curve shows precision against recall
(Kynkäänniemi et al. 2019, arXiv 1904.06991), with a dot for each truncation.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.editing.codes import given_labels
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.given import given_for
from rivalry.metrics import suite
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.score import Score
from rivalry.runs.drawing import draw, require_truncation
from rivalry.runs.tradeoff import Mark, tradeoff
from rivalry.show.tables import heads, table


class Point(NamedTuple):
    """How good samples are at one truncation: None is no truncation at all."""

    truncation: float | None
    precision: Score
    recall: Score


def require_truncations(game: Game, truncations: Sequence[float | None]) -> None:
    """Refuse a game that cannot be truncated, or a truncation that is none.

    Raises:
        BadRequest: what came, and what a truncation is.
    """
    require_truncation(game, 1.0)
    if not truncations:
        raise BadRequest("name one truncation or more, as in 0.3,0.7")
    for value in truncations:
        if value is not None:
            require_truncation(game, value)


def samples(
    game: Game,
    truncations: Sequence[float | None],
    seeds: Sequence[int],
    label: Tensor | int | None = None,
) -> Tensor:
    """Every seed at every truncation: (truncations, seeds, ...).

    Args:
        label: one for all, (seeds,), or None for every class in turn.
    """
    require_truncations(game, truncations)
    labels = given_labels(game, len(seeds), label).get("label")
    rows = []
    for value in truncations:  # outside: a game may prepare for one truncation at a time
        row = []
        for i, seed in enumerate(seeds):
            given: dict[str, Any] = {} if labels is None else {"label": labels[i : i + 1]}
            row.append(draw(game, 1, seed=seed, truncation=value, **given))
        rows.append(torch.cat(row))
    return torch.stack(rows)


def sheet(
    game: Game,
    spec: Spec,
    truncations: Sequence[float | None],
    seeds: Sequence[int],
    label: int | None = None,
) -> Image.Image:
    """A picture with a row for each truncation and a column for each seed."""
    x = samples(game, truncations, seeds, label)
    return table(x, spec, [*map(named, truncations)], heads(seeds))


def curve(
    game: Game,
    data: Dataset,
    truncations: Sequence[float | None],
    *,
    n: int = 2000,
    seed: int = 0,
    extractor: Extractor | None = None,
    progress: suite.Progress | None = None,
) -> list[Point]:
    """Precision and recall of `n` samples at each truncation, every class in turn.

    Args:
        data: what is real.
        extractor: what is compared on; see `suite.evaluate`.
    """
    require_truncations(game, truncations)
    given: dict[str, Any] = dict(given_for(game, data, n))
    points = []
    for value in truncations:
        fake = draw(game, n, seed=seed, truncation=value, **given)
        scores = suite.evaluate(data, fake, metrics=["precision"], extractor=extractor, progress=progress)
        points.append(Point(value, *scores))
    return points


def plot(points: Sequence[Point]) -> Image.Image:
    """Precision upward over recall, a dot for each truncation with its value beside it."""
    return tradeoff([Mark(named(p.truncation), p.recall, p.precision) for p in points], joined=True)


def named(truncation: float | None) -> str:
    return "none" if truncation is None else f"{truncation:g}"
