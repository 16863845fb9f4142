"""A small classifier of images, sounds or clips, trained on a data set's own labels: the in-domain judge of samples.

Plain cross entropy, no label smoothing: its confidence on real images must come close to 1, because the
share of confident verdicts is itself a metric (see `judge.py`).  Sounds and clips are made pictures first (`seen.py`).
"""

import math
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.spec import Column, Spec
from rivalry.maths.optimizers import adam
from rivalry.metrics.extractors.seen import Picture, seen_as, size_of


class Classifier(nn.Module):
    """Convolutions that halve the picture until its shorter side is about 4, then one hidden layer.

    Args:
        shape: (c, h, w) of a picture.
        classes: how many.
        features: d, the width of the last convolution and of the hidden layer.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, features: int = 128):
        super().__init__()
        channels, height, width = shape
        halvings = max(1, round(math.log2(min(height, width) / 4)))
        widths = [max(16, features >> (halvings - i)) for i in range(halvings)] + [features]
        self.convolutions = nn.Sequential(
            *_convolution(channels, widths[0], stride=1),
            *(layer for a, b in pairwise(widths) for layer in _convolution(a, b, stride=2)),
        )
        self.hidden = nn.Sequential(
            nn.AdaptiveAvgPool2d(4),  # (n, d, h', w') -> (n, d, 4, 4); places are kept: a 6 is no 9
            nn.Flatten(),
            nn.Linear(features * 16, features, bias=False),
            nn.BatchNorm1d(features),
            nn.ReLU(inplace=True),
        )
        self.verdict = nn.Linear(features, classes)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a fifth faster on a CPU

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (n, c, h, w) in [-1, 1] -> features (n, d) of 0 or more, logits (n, classes)."""
        features = self.hidden(self.convolutions(x))
        return features, self.verdict(features)


def untrained(column: Column | Spec, classes: int) -> tuple[Picture, Classifier, nn.Module]:
    """The layer that makes pictures of such data, the classifier of pictures, and both as one network.

    Raises:
        BadRequest: a kind that has no judge.
    """
    seen = seen_as(column)
    if seen is None:
        raise BadRequest(f"no judge looks at {column.meaning.plural}")
    classifier = Classifier(size_of(seen, column), classes)
    return seen, classifier, classifier if type(seen) is Picture else nn.Sequential(seen, classifier)


def _convolution(inside: int, outside: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inside, outside, 3, stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]


def fit(
    train: Dataset,
    *,
    seed: int = 0,
    steps: int = 1500,
    seconds: float | None = None,
    batch: int = 128,
    rate: float = 5e-3,
    progress: Callable[[int, int], None] | None = None,
) -> nn.Module:
    """Train a classifier on the labels of `train`.

    Adam, its rate warmed up over a tenth of the way and lowered to 0 by a cosine; each picture is shifted and
    turned at random, less and less (`Picture.moves`).  The same seed gives the same weights unless `seconds` ends it
    early.

    Args:
        train: labeled images, sounds or clips.
        steps: gradient steps.
        seconds: wall time after which it ends with the schedule run down, or None.
        rate: the highest learning rate.
        progress: called with steps done and steps in all.

    Raises:
        BadRequest: `train` has no labels, or is of a kind that has no judge.
    """
    train.spec.require("a judge", classes=True)
    device = train.x.device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        seen, classifier, network = untrained(train.spec, len(train.spec.classes))
    network = network.to(device).train()
    optimizer = adam(rate)(list(network.parameters()))
    generator = torch.Generator().manual_seed(seed)
    start = time.monotonic()
    for step, index in enumerate(_batches(len(train), batch, generator)):
        way = max(step / steps, (time.monotonic() - start) / seconds if seconds else 0.0)
        if way >= 1:
            break
        optimizer.settings["lr"] = rate * min(way / 0.1 + 1e-3, (1 + math.cos(math.pi * way)) / 2)
        # The jitter fades, so that it ends on data as they come, and is sure of them.
        down, across, turn = (most * (1 - way) for most in seen.moves)
        pictures = jitter(seen(train.rows(index, device)), (down, across), turn, generator)
        _, logits = classifier(pictures.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits, train.column("label", index, device))
        optimizer.descend(loss)
        if progress:
            progress(step + 1, steps)
    return network.eval().requires_grad_(False)


def _batches(n: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows in random order, epoch after epoch; a last short batch of an epoch is left out."""
    if n < 2:
        raise BadRequest(f"a judge needs at least 2 data to learn from; there are {n}")
    batch = min(batch, n)
    while True:
        yield from torch.randperm(n, generator=generator)[: n - n % batch].split(batch)


def jitter(images: Tensor, shift: tuple[float, float], turn: float, generator: torch.Generator) -> Tensor:
    """Each image shifted and turned at random about its center; the border is repeated outwards.

    Args:
        images: (n, c, h, w).
        shift: largest shift, as shares of height and of width.
        turn: largest rotation, in degrees.
    """
    n, _, height, width = images.shape
    angle, x, y = torch.rand(3, n, generator=generator).mul_(2).sub_(1)
    angle = angle * math.radians(turn)
    x, y = x * 2 * shift[1], y * 2 * shift[0]  # the image spans 2 units
    cos, sin, aspect = angle.cos(), angle.sin(), height / width
    rows = [torch.stack((cos, -sin * aspect, x), 1), torch.stack((sin / aspect, cos, y), 1)]
    grid = F.affine_grid(torch.stack(rows, 1).to(images), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)
