"""Truncation: the same seeds ever nearer to the middle, and what fidelity costs in diversity.

Brock et al. 2018 (arXiv 1809.11096), section 3.1, trade one for the other by the threshold of the prior, Karras et
al. 2018 (arXiv 1812.04948) by pulling styles towards their mean; here a game's own `sample(truncation=)` decides.
The curve holds precision against recall (Kynkäänniemi et al. 2019, arXiv 1904.06991), one dot for each truncation.
"""

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.editing.codes import told
from rivalry.editing.tables import heads, table
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.given import given_for
from rivalry.metrics import suite
from rivalry.metrics.features import Extractor
from rivalry.metrics.score import Score
from rivalry.sheets import INK
from rivalry.trained import draw

SIDE, LEFT, TOP, BELOW = 360, 56, 32, 44  # pixels: the frame of the curve, and the room around it
FINE = 2  # drawn this much larger, then reduced: smooth edges
PALE, LINE = (222, 225, 229), (38, 98, 170)


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
    if "truncation" not in inspect.signature(game.sample).parameters:
        raise BadRequest("this game has no truncation")
    if not truncations:
        raise BadRequest("name one truncation or more, as in 0.3,0.7")
    for value in truncations:
        if value is not None and not value > 0:
            raise BadRequest(f"truncation is above 0 (0.7, say: lower is nearer to the middle); got {value}")


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
    labels = told(game, len(seeds), label).get("label")
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
    """Precision upward over recall, both from 0 to 1, a dot for each truncation with its value beside it."""
    left, top, size = FINE * LEFT, FINE * TOP, FINE * SIDE
    page = Image.new("RGB", (left + size + top, top + size + FINE * BELOW), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=12 * FINE)
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = left + size * share, top + size * (1 - share)
        draw.line((left, y, left + size, y), fill=PALE, width=FINE)
        draw.line((x, top, x, top + size), fill=PALE, width=FINE)
        draw.text((left - 6 * FINE, y), f"{share:g}", fill=INK, font=font, anchor="rm")
        draw.text((x, top + size + 6 * FINE), f"{share:g}", fill=INK, font=font, anchor="ma")
    draw.text(
        (left + size / 2, top + size + 24 * FINE), points[0].recall.name, fill=INK, font=font, anchor="ma"
    )
    draw.text((8 * FINE, 6 * FINE), points[0].precision.name, fill=INK, font=font)
    dots = [(left + size * p.recall.value, top + size * (1 - p.precision.value)) for p in points]
    draw.line(dots, fill=LINE, width=2 * FINE)
    for (x, y), point in zip(dots, points):
        r = 4 * FINE
        draw.ellipse((x - r, y - r, x + r, y + r), fill=LINE, outline="white", width=FINE)
        beside, words = (x + 2 * r, y + 2 * r), named(point.truncation)
        draw.text(beside, words, fill=INK, font=font, anchor="lm", stroke_width=2 * FINE, stroke_fill="white")
    return page.reduce(FINE)


def named(truncation: float | None) -> str:
    return "none" if truncation is None else f"{truncation:g}"
