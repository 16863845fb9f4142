"""Memorization: which samples are training images, seen through flips, shifts and crops?

Each sample is compared with every training image in every view of it: mirrored or not, shifted by a sixteenth of its
side in each direction, cropped to its middle.  Plain distances between pixels miss a copy that is a pixel off.

What is suspiciously close is learned from held-out data: the distance that only one in a hundred of them comes below.
Of an honest generator about one sample in a hundred is closer than that; of a copier all are.  Blind to copies that
are further away than such views: a copy in other colors, or one put together from two.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.features.neighbors import nearest, spaced
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
from rivalry.metrics.score import Score

SIDE = 16  # images are compared at this many pixels a side
SUSPICIOUS = 0.01  # the share of held-out data that is closer
SHOWN = 32


def memorization(
    real: Dataset,
    held_out: Dataset,
    fake: Tensor,
    *,
    provenance: dict[str, Any] | None = None,
    most: int = 1000,
    progress: Callable[[str, int, int], None] | None = None,
) -> Score:
    """The share of samples that are closer to a training image than 99 of 100 held-out images are; low is better.

    Expected of an honest generator: 0.01, which the details repeat as `expected`.  They also hold the `closest`
    pairs, nearest first: row of the sample, row of the training image, and the root mean squared difference in
    [-1, 1] at 16 x 16; and the `limit` below which a distance is suspicious.

    Args:
        real: the images that the generator was trained on; every one is looked at.
        held_out: images of the same kind that it was not trained on.
        fake: (n, c, h, w) in [-1, 1].
        most: how many samples and how many held-out images are used at most, evenly spaced.
        progress: called with what is being done, views done and views in all.

    Raises:
        BadRequest: data that are not images, or fewer than 100 held-out ones.
    """
    real.spec.require("memorization", kind="image")
    if len(held_out) < 100 or not len(fake):
        raise BadRequest(
            f"memorization needs a sample and at least 100 held-out images; got {len(fake)} and {len(held_out)}"
        )
    chosen = spaced(torch.arange(len(fake)), most)
    honest = small(held_out.rows(spaced(torch.arange(len(held_out)), most)))
    told = (lambda done, of: progress("looking for copies", done, of)) if progress else None
    apart, row = closest(torch.cat([small(fake[chosen]), honest]), real, told)
    mine, theirs = apart[: len(chosen)], apart[len(chosen) :]
    limit = float(theirs.quantile(SUSPICIOUS))
    hits, n = int((mine < limit).sum()), len(chosen)
    order = mine.argsort()[:SHOWN]
    pairs = [[int(chosen[i]), int(row[i]), float(mine[i])] for i in order]
    return Score(
        "memorization",
        hits / n,
        n,
        wilson_error(hits, n),
        "low",
        {**(provenance or {}), "n real": len(real), "n held out": len(honest), "spread": SPREAD_OF_SHARE},
        {"expected": SUSPICIOUS, "limit": limit, "closest": pairs},
    )


def closest(
    x: Tensor, real: Dataset, progress: Callable[[int, int], None] | None = None, batch: int = 10_000
) -> tuple[Tensor, Tensor]:
    """For each of x (n, d), small and flat, the least distance from any view of any training image, and its row.

    Returns:
        root mean squared differences (n,) and rows (n,).
    """
    best = torch.full((len(x),), float("inf"))
    row = torch.zeros(len(x), dtype=torch.int64)
    for start in range(0, len(real), batch):
        images = real.rows(slice(start, start + batch))
        for view in views(images):
            apart, at = nearest(x, small(view))
            better = apart < best
            best, row = torch.where(better, apart, best), torch.where(better, at + start, row)
        if progress:
            progress(min(start + batch, len(real)), len(real))
    return (best / x.shape[1]).sqrt(), row


def views(x: Tensor) -> Iterator[Tensor]:
    """The views of images (n, c, h, w) in which a copy is recognized; the image as it is comes first."""
    _, _, h, w = x.shape
    down, across = max(1, h // SIDE), max(1, w // SIDE)
    for image in (x, x.flip(3)):
        padded = F.pad(image, (across, across, down, down), mode="replicate")
        for top in (down, 0, 2 * down):
            for left in (across, 0, 2 * across):
                yield padded[..., top : top + h, left : left + w]
        yield image[..., h // 16 : h - h // 16, w // 16 : w - w // 16]


def small(x: Tensor) -> Tensor:
    """Images as they are compared: averaged down to 16 x 16 at most, and flat: (n, c, h, w) -> (n, d)."""
    return F.adaptive_avg_pool2d(x, (min(SIDE, x.shape[2]), min(SIDE, x.shape[3]))).flatten(1)
