"""Metrics of clips, on data whose motion is known, and on frames of known errors."""

import pytest
import torch
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.suite import evaluate
from rivalry.metrics.video.directions import constant_content, directions
from rivalry.metrics.video.frames import psnr, sharpness_difference, ssim
from rivalry.metrics.video.masks import mask_iou, overlap
from rivalry.metrics.video.still import still_background

DATA = open_data("moving-shapes", "test").only(torch.arange(120))
MOTION = DATA.facts["motion"]
X = DATA.rows(slice(None))


def test_a_background_stands_still_in_data_and_not_in_noise() -> None:
    assert still_background(DATA, X, MOTION).value == 0
    trembling = X + 0.1 * torch.randn(X.shape, generator=torch.Generator().manual_seed(0))
    found = still_background(DATA, trembling, MOTION)
    assert 0.02 < found.value < 0.3 and found.details["real"] == 0
    shaken = torch.stack([frame.roll(k % 3, 3) for k, frame in enumerate(X.unbind(1))], 1)
    assert still_background(DATA, shaken, MOTION).value > 0.1
    with pytest.raises(BadRequest, match="nothing moves in any of the samples"):
        still_background(DATA, torch.zeros_like(X), MOTION)


def test_directions_are_compared_as_shares() -> None:
    assert directions(DATA, X, MOTION).value == 0
    right = directions(DATA, X[DATA.label == 1], MOTION)
    assert right.value == pytest.approx(float((DATA.label == 0).float().mean()))
    assert right.details["shares"] == [0.0, 1.0, 0.0]
    frozen = directions(DATA, X[:, :1].expand_as(X), MOTION)
    assert frozen.value == 1 and frozen.details["shares"] == [0.0, 0.0, 1.0]


def test_content_is_constant_in_data_and_not_where_frames_are_of_other_clips() -> None:
    assert constant_content(DATA, X, MOTION).value > 0.98
    mixed = torch.stack([frame.roll(k, 0) for k, frame in enumerate(X.unbind(1))], 1)
    found = constant_content(DATA, mixed, MOTION)
    assert found.value < 0.6 and found.details["color"] < 0.8


def test_overlap_has_closed_forms() -> None:
    a, b = torch.zeros(3, 4, dtype=torch.bool), torch.zeros(3, 4, dtype=torch.bool)
    a[0, :2], b[0, 1:3] = True, True  # one of three
    a[1], b[1] = True, True
    assert overlap(a, b).tolist() == pytest.approx([1 / 3, 1, 0])


class Painter(torch.nn.Module):
    """Makes the data, with their true masks, moved by some pixels."""

    def __init__(self, by: int):
        super().__init__()
        self.by, self.device = by, torch.device("cpu")

    def draw(self, n: int) -> Tensor:
        return torch.arange(n)

    def layers(self, z: Tensor) -> tuple[Tensor, Tensor]:
        return X[z], DATA.others["mask"][z][:, :, None].float().roll(self.by, 4)


def test_a_mask_is_right_where_the_thing_is() -> None:
    near, far = (mask_iou(DATA, Painter(by), MOTION, n=100).value for by in (0, 6))
    assert near > 0.98 and far < 0.1


def clips(n: int = 6) -> Dataset:
    x = torch.randint(60, 200, (n, 5, 3, 16, 16), generator=torch.Generator().manual_seed(0))
    return Dataset(Spec("clips", "clip", (5, 3, 16, 16)), x.to(torch.uint8))


def test_frames_are_compared_with_the_peak_of_their_range() -> None:
    data = clips()
    rows = torch.tensor([3, 1])
    fake = data.rows(rows)
    fake[:, 2:] += 0.2  # a tenth of the whole range, in the three frames that were predicted
    found = psnr(data, fake, rows)
    assert found.value == pytest.approx(20, abs=1e-3) and found.provenance["frames"] == 6
    assert sharpness_difference(data, fake, rows).value > 60  # the edges are the same
    blurred = data.rows(rows)
    blurred[:, 2:] = torch.nn.functional.avg_pool2d(blurred[:, 2:].flatten(0, 1), 3, 1, 1).unflatten(
        0, (2, 3)
    )
    assert sharpness_difference(data, blurred, rows).value < 20
    assert ssim(data, blurred, rows).value < 0.6 < 0.95 < ssim(data, fake, rows).value
    with pytest.raises(BadRequest, match="nothing was predicted"):
        psnr(data, data.rows(rows), rows)
    named = evaluate(data, fake, metrics="psnr,ssim", rows=rows)
    assert [one.name for one in named] == ["psnr", "ssim"]


def test_what_a_metric_needs_is_said() -> None:
    with pytest.raises(BadRequest, match="needs data whose motion can be read, such as moving-shapes"):
        evaluate(clips(), clips().rows(slice(None)), metrics="directions")
    with pytest.raises(BadRequest, match="needs a game that makes a foreground and a background"):
        evaluate(DATA, X, metrics="mask-iou")
