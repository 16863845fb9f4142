"""Memorization: which samples are training images, seen through flips, shifts and crops?

Each sample is compared with training images mirrored or not, shifted by up to a tenth of the side, and cropped by up to
a tenth at every border.  Crops at one side or corner alone are found less often: docs/metrics.md has the shares.
Plain distances between pixels miss a copy that is a pixel off.

Two steps.  At 8 x 8 pixels every training image is compared with every sample in some of these views, and the
nearest 12 are kept.  At 32 x 32, or at the images' own size where that is smaller, a sample's middle is compared with
these at every place and every size that a shift or a crop may have brought it to.  Both are smoothed over 3 x 3 pixels
first, since cropping resamples, and differences are in units of their contrast, since a plain image is near to many.

The threshold is learned from held-out data: only one in a hundred of them is closer to the training data.  Of a
generator that does not copy about one sample in a hundred is closer than that; of one that copies all are.  Blind to
copies that are further away than such views: see docs/metrics.md for the shares that are found.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson_error
from rivalry.metrics.score import Score

COARSE, FINE = 8, 32  # pixels a side at which images are compared, at first and at last
KEPT = 12  # training images for each sample that are compared at last
TOGETHER = 16  # samples that are compared at last at once: some 200 MB where they are in color
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

    Expected of a generator that does not copy: 0.01, which the details repeat as `expected`.  They also hold the
    `closest` pairs, nearest first: row of the sample, row of the training image, and the root mean squared difference
    of the parts that lie on each other over their standard deviation; and the `limit` below which it is suspicious.

    Args:
        real: the images that the generator was trained on; every one is looked at.
        held_out: images of the same kind that it was not trained on.
        fake: (n, c, h, w) in [-1, 1].
        most: how many samples and how many held-out images are used at most, evenly spaced.
        progress: called with the name of the step, images done and images in all.

    Raises:
        BadRequest: data that are not images, or fewer than 100 held-out ones.
    """
    real.spec.require("memorization", kind="image")
    if len(held_out) < 100 or not len(fake):
        raise BadRequest(
            f"memorization needs a sample and at least 100 held-out images; got {len(fake)} and {len(held_out)}"
        )
    chosen = spaced(torch.arange(len(fake)), most)
    honest = held_out.rows(spaced(torch.arange(len(held_out)), most))
    report = (lambda done, of: progress("looking for copies", done, of)) if progress else None
    apart, row = closest(torch.cat([fake[chosen], honest.to(fake)]), real, report)
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
    x: Tensor, real: Dataset, progress: Callable[[int, int], None] | None = None
) -> tuple[Tensor, Tensor]:
    """For each of x (n, c, h, w) the least distance from any view of a training image, and its row.

    Args:
        progress: called with images done and images in all: first the training images, then x.

    Returns:
        root mean squared differences in units of the contrast, (n,), and rows (n,).
    """
    of = len(real) + len(x)
    rows = candidates(x, real, (lambda done: progress(done, of)) if progress else None)
    best, row = [], []
    for part, near in zip(x.split(TOGETHER), rows.split(TOGETHER)):
        images = smoothed(pooled(real.rows(near.flatten(), part.device), FINE)).unflatten(0, near.shape)
        apart, at = aligned(smoothed(pooled(part, FINE)), images).min(1)
        best.append(apart)
        row.append(near.gather(1, at[:, None])[:, 0])
        if progress:
            progress(min(of, len(real) + TOGETHER * len(best)), of)
    return torch.cat(best), torch.cat(row)


def candidates(
    x: Tensor, real: Dataset, progress: Callable[[int], None] | None = None, batch: int = 500
) -> Tensor:
    """The rows of the training images that look most like each of x (n, c, h, w) at 8 x 8: (n, 12 at most)."""
    asked = [with_size(view.flatten(1)) for view in coarse_middles(x)]
    near, row = x.new_full((len(x), 0), 0.0), torch.zeros(len(x), 0, dtype=torch.int64, device=x.device)
    for start in range(0, len(real), batch):
        images = real.rows(slice(start, start + batch), x.device)
        apart = _least(asked, [view.flatten(1) for view in windows(images)])
        number = torch.arange(start, start + len(images), device=x.device).expand(len(x), -1)
        near, row = torch.cat([near, apart], 1), torch.cat([row, number], 1)
        near, kept = near.topk(min(KEPT, near.shape[1]), largest=False, sorted=False)
        row = row.gather(1, kept)
        if progress:
            progress(start + len(images))
    return row


def _least(asked: list[Tensor], views: list[Tensor]) -> Tensor:
    """The least squared distance over all pairs of two lists, of (n, d + 2) by `with_size` and of (m, d): (n, m)."""
    best: Tensor | None = None
    for view in views:
        size = view.square().sum(1, keepdim=True)
        other = torch.cat([-2 * view, torch.ones_like(size), size], 1).T
        for one in asked:
            best = one @ other if best is None else torch.minimum(best, one @ other, out=best)
    assert best is not None
    return best


def with_size(x: Tensor) -> Tensor:
    """(n, d) -> (n, d + 2), so that a product with (-2 y, 1, |y|²) is the squared distance: |x|² - 2 x y + |y|²."""
    size = x.square().sum(1, keepdim=True)
    return torch.cat([x, size, torch.ones_like(size)], 1)


def windows(x: Tensor) -> Iterator[Tensor]:
    """Middle four fifths of images (n, c, h, w), and the same moved into five places, at 8 x 8 at most."""
    h, w = x.shape[2:]
    down, across = reach(h), reach(w)
    for top, left in ((0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)):
        top, left = down + round(0.7 * top * down), across + round(0.7 * left * across)
        yield pooled(x[..., top : top + h - 2 * down, left : left + w - 2 * across], COARSE)


def coarse_middles(x: Tensor) -> Iterator[Tensor]:
    """Middle four fifths of images, mirrored or not, as they are and as a crop has enlarged them: at 8 x 8 at most."""
    h, w = x.shape[2:]
    for image in (x, x.flip(3)):
        for share in (1.0, 0.87):
            size = Size(round(h * share), round(w * share))
            yield pooled(middle(scaled(image, size), h, w), COARSE)


class Size(NamedTuple):
    height: int
    width: int


def aligned(x: Tensor, real: Tensor) -> Tensor:
    """The least root mean squared difference of images from others each, over all views of them, by their contrast.

    Args:
        x: (n, c, h, w).
        real: (n, k, c, h, w).

    Returns:
        (n, k).
    """
    n, k, _, h, w = real.shape
    size = Size(h - 2 * reach(h), w - 2 * reach(w))
    places = real.unfold(3, size.height, 1).unfold(4, size.width, 1)  # (n, k, c, down, across, height, width)
    places = places.permute(0, 1, 3, 4, 2, 5, 6).flatten(4).flatten(1, 3)  # (n, k * places, values)
    asked = torch.stack([m.flatten(1) for m in middles(x)], 1)  # (n, views, values)
    inner = torch.bmm(places, asked.transpose(1, 2))
    light = (
        real.square().sum(2).flatten(0, 1)[:, None]
    )  # |place|² as a sum over a window, not over each place again
    sizes = F.avg_pool2d(light, tuple(size), 1).mul_(size.height * size.width).view(n, -1, 1)
    apart = sizes + asked.square().sum(2)[:, None] - 2 * inner
    least = apart.amin(2).unflatten(1, (k, -1)).amin(2)
    return (least.clamp(min=0) / asked.shape[2] / (contrast(x)[:, None] * contrast(real))).sqrt()


def contrast(x: Tensor) -> Tensor:
    """The standard deviation of the middle of images (..., c, h, w): (...,), and a thousandth at least."""
    return middle(x, x.shape[-2], x.shape[-1]).flatten(-3).std(-1).clamp(min=1e-3)


def smoothed(x: Tensor) -> Tensor:
    """Images (n, c, h, w) averaged over 3 x 3 pixels, of the same size."""
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)


def middles(x: Tensor) -> Iterator[Tensor]:
    """The middle four fifths of images (n, c, h, w), mirrored or not, shrunk as much as a crop may have enlarged them.

    A crop keeps from all to four fifths of the side; each is undone to the pixel.
    """
    h, w = x.shape[2:]
    for image in (x, x.flip(3)):
        for less in range(2 * reach(min(h, w)) + 1):
            yield middle(scaled(image, Size(h - less * h // min(h, w), w - less * w // min(h, w))), h, w)


def middle(x: Tensor, h: int, w: int) -> Tensor:
    """Images of at most (h, w) without a tenth of that at each border."""
    height, width = h - 2 * reach(h), w - 2 * reach(w)
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]


def reach(side: int) -> int:
    """A tenth of the side in whole pixels, and at least one: how far a shift or a crop is seen through."""
    return max(1, ceil(side / 10)) if side > 3 else 0


def scaled(x: Tensor, size: Size) -> Tensor:
    if size == x.shape[2:]:
        return x
    return F.interpolate(x, size, mode="bilinear", antialias=True)


def pooled(x: Tensor, side: int) -> Tensor:
    """Images averaged down to `side` x `side` at most."""
    return F.adaptive_avg_pool2d(x, (min(side, x.shape[2]), min(side, x.shape[3])))
