"""Memorization: which samples are training images, seen through flips, shifts and crops?

Each sample is compared with training images mirrored or not, shifted by up to a tenth of the side, and cropped by up to
a tenth at any border.  Plain distances between pixels miss a copy that is a pixel off.

Three steps, each over fewer training images.  At 8 x 8 pixels, of which the principal components are taken, a sample's
middle is compared with every training image at every place, and the nearest 64 are kept.  At 16 x 16 the nearest 12 of
these are kept.  At 32 x 32, or at the images' own size where that is smaller, they are compared at every place and
every size that a shift or a crop may have brought them to.  All are smoothed over 3 x 3 pixels first, since cropping
resamples.  Differences are in units of the images' contrast, since a plain image is near to many.

A copy is much nearer to one training image than to the next; another image is about as near to several.  So what
counts is the distance to the nearest over the median of the distances to the 12 (as in Carlini et al. 2023,
"Extracting Training Data from Diffusion Models", arXiv 2301.13188).  The threshold is learned from
held-out data: one in a hundred of them is below it.  Of a generator that does not copy about one sample in a hundred
is below it; of one that copies all are.  Blind to images that the training data hold more than six times, and to
copies that are further away than such views: see docs/metrics.md for the shares that are found.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
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

COARSE, MIDDLE, FINE = 8, 16, 32  # pixels a side at which images are compared, step by step
COMPONENTS = 24  # principal components of the images at 8 x 8
PLACES = 7  # places along each side at which a coarse middle is looked for, at most
NEAR, KEPT = 64, 12  # training images for each sample that are kept by the first step, and by the second
TOGETHER = 16  # samples that are compared at last at once: some 200 MB where they are in color
SUSPICIOUS = 0.01  # the share of held-out data that is below the limit
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
    """The share of samples that are nearer to one training image, as against others, than 99 of 100 held-out ones are.

    Low is better.  Expected of a generator that does not copy: 0.01, which the details repeat as `expected`.  They
    also hold the `closest` pairs, nearest first: row of the sample, row of the training image, and the ratio of its
    distance to the median distance of the 12 nearest; and the `limit` below which a ratio is suspicious.

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
    """For each of x (n, c, h, w) the training image that is nearest through all views, and how much nearer it is.

    Args:
        progress: called with images done and images in all: first the training images, then x.

    Returns:
        the least distance over the median of the distances to the 12 nearest, (n,), and rows (n,).
    """
    of = len(real) + len(x)
    rows = candidates(x, real, (lambda done: progress(done, of)) if progress else None)
    nearer, row = [], []
    for part, near in zip(x.split(TOGETHER), rows.split(TOGETHER)):
        near = near.gather(
            1, distances(part, real, near, MIDDLE).topk(min(KEPT, near.shape[1]), largest=False)[1]
        )
        apart = distances(part, real, near, FINE)
        least, at = apart.min(1)
        nearer.append(least / apart.median(1).values.clamp(min=1e-6))
        row.append(near.gather(1, at[:, None])[:, 0])
        if progress:
            progress(min(of, len(real) + TOGETHER * len(nearer)), of)
    return torch.cat(nearer), torch.cat(row)


def distances(x: Tensor, real: Dataset, rows: Tensor, side: int) -> Tensor:
    """The distances of images (n, c, h, w) from rows (n, k) of the training data, over all views, at side x side."""
    images = smoothed(pooled(real.rows(rows.flatten(), x.device), side)).unflatten(0, rows.shape)
    return aligned(smoothed(pooled(x, side)), images)


def candidates(
    x: Tensor, real: Dataset, progress: Callable[[int], None] | None = None, batch: int = 500
) -> Tensor:
    """The rows of the training images that look most like each of x (n, c, h, w) at 8 x 8: (n, 64 at most)."""
    basis = principal(real.rows(spaced(torch.arange(len(real)), 1000), x.device))
    asked = [with_size(view.flatten(1) @ basis).split(batch) for view in coarse_middles(small(x))]
    near, row = x.new_full((len(x), 0), 0.0), torch.zeros(len(x), 0, dtype=torch.int64, device=x.device)
    for start in range(0, len(real), batch):
        images = small(real.rows(slice(start, start + batch), x.device))
        views = [view.flatten(1) @ basis for view in windows(images)]
        apart = torch.cat([_least(some, views) for some in zip(*asked)])
        number = torch.arange(start, start + len(images), device=x.device).expand(len(x), -1)
        near, row = torch.cat([near, apart], 1), torch.cat([row, number], 1)
        near, kept = near.topk(min(NEAR, near.shape[1]), largest=False, sorted=False)
        row = row.gather(1, kept)
        if progress:
            progress(start + len(images))
    return row


def _least(asked: Sequence[Tensor], views: list[Tensor]) -> Tensor:
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


def principal(x: Tensor) -> Tensor:
    """The directions (d, 24 at most) in which coarse middles of images (n, c, h, w) vary most."""
    coarse = torch.cat([view.flatten(1) for view in windows(small(x))])
    return torch.linalg.eigh(torch.cov(coarse.T, correction=0)).eigenvectors[:, -COMPONENTS:]


def small(x: Tensor) -> Tensor:
    """Images (n, c, h, w) at 32 x 32 at most, smoothed."""
    return smoothed(pooled(x, FINE))


def windows(x: Tensor) -> Iterator[Tensor]:
    """Four fifths of images (n, c, h, w), at every place that a tenth of the side allows (7 along a side): at 8 x 8."""
    h, w = x.shape[2:]
    down, across = reach(h), reach(w)
    for top, left in product(places(down), places(across)):
        yield pooled(x[..., top : top + h - 2 * down, left : left + w - 2 * across], COARSE)


def places(most: int) -> list[int]:
    """The numbers 0 to 2 * most, or 7 of them with both ends and the middle."""
    return [round(i * 2 * most / (n - 1)) for i in range(n)] if (n := min(PLACES, 2 * most + 1)) > 1 else [0]


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
    light = real.square().sum(2).flatten(0, 1)[:, None]  # |place|² is a sum over a window: down, then across
    light = F.avg_pool2d(F.avg_pool2d(light, (size.height, 1), 1), (1, size.width), 1)
    norms = light.mul_(size.height * size.width).view(n, -1, 1)
    apart = norms + asked.square().sum(2)[:, None] - 2 * inner
    least = apart.amin(2).unflatten(1, (k, -1)).amin(2)
    return (least.clamp(min=0) / asked.shape[2] / (contrast(x)[:, None] * contrast(real))).sqrt()


def contrast(x: Tensor) -> Tensor:
    """The standard deviation of the middle of images (..., c, h, w): (...,), and a thousandth at least."""
    return middle(x, x.shape[-2], x.shape[-1]).flatten(-3).std(-1).clamp(min=1e-3)


def smoothed(x: Tensor) -> Tensor:
    """Images (n, c, h, w) averaged over 3 x 3 pixels, of the same size."""
    return F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)


def middles(x: Tensor) -> Iterator[Tensor]:
    """The middle four fifths of images (n, c, h, w), mirrored or not, shrunk as a crop may have enlarged them."""
    h, w = x.shape[2:]
    for image in (x, x.flip(3)):
        for size in sizes(h, w):
            yield middle(scaled(image, size), h, w)


def sizes(h: int, w: int) -> list[Size]:
    """What is left of h x w pixels by crops that keep the shape, to four fifths, and by crops at one side alone."""
    shorter = min(h, w)
    alike = [Size(h - less * h // shorter, w - less * w // shorter) for less in range(2 * reach(shorter) + 1)]
    lower = [Size(h - less, w) for less in range(1, reach(h) + 1)]
    return [*alike, *lower, *(Size(h, w - less) for less in range(1, reach(w) + 1))]


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
