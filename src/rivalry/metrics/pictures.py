"""Pictures that go with scores and show faults that a number does not."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.metrics.score import Score
from rivalry.show.sheets import sheet

ENDS = 12  # samples shown at either end of a defect


class Picture(NamedTuple):
    """A picture, and the file name that it asks for."""

    name: str
    image: Image.Image


def pictures(scores: list[Score], fake: Tensor, real: Dataset) -> Iterator[Picture]:
    """Those of the scores that have one.

    Args:
        fake: the samples that were scored, images (n, c, h, w) in [-1, 1].
        real: the data that they were scored against.
    """
    for score in scores:
        kind = score.name.split("[")[0]
        if kind == "memorization":
            yield Picture("memorization.png", closest_pairs(score, fake, real))
        if kind == "defects" and real.spec.meaning.axes == 2 and score.details["defects"]:
            yield Picture("defects.png", defect_ends(score, fake, real))


def closest_pairs(score: Score, fake: Tensor, real: Dataset, pairs: int = 32) -> Image.Image:
    """Samples, and beside each the training image that it is closest to, the closest first."""
    found = score.details["closest"][:pairs]
    samples, rows = (torch.tensor([pair[i] for pair in found]) for i in (0, 1))
    both = torch.stack([fake[samples], real.rows(rows)], 1).flatten(0, 1)
    return sheet(both, real.spec, columns=8)


def defect_ends(score: Score, fake: Tensor, real: Dataset) -> Image.Image:
    """Two rows for each defect, the gravest first: samples at one end of it, and at the other."""
    found = score.details["defects"]
    rows = [end[:ENDS] for one in found for end in (one["low"], one["high"])]
    width = min(map(len, rows))
    return sheet(fake[torch.tensor([row[:width] for row in rows]).flatten()], real.spec, columns=width)
