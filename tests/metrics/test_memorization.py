"""Copies are found through flips, shifts and crops, and honest samples are not accused."""

import pytest
import torch
from torch.nn import functional as F

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.memorization import closest, memorization, small, views
from rivalry.metrics.pictures import closest_pairs, pictures

SPEC = Spec("blots", "image", (1, 32, 32))


def blots(n, seed):
    """Smooth random pictures."""
    noise = torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    x = F.interpolate(noise, size=(32, 32), mode="bicubic").clamp(-1.5, 1.5) / 1.5
    return Dataset(SPEC, (x.add(1) * 127.5).round().to(torch.uint8))


TRAIN, TEST = blots(500, 0), blots(300, 1)


def test_honest_samples_are_close_about_as_often_as_held_out_data():
    score = memorization(TRAIN, TEST, blots(300, 2).rows(slice(None)))
    assert score.value <= 0.04
    assert score.details["expected"] == 0.01


@pytest.mark.parametrize(
    "change",
    [lambda x: x, lambda x: x.flip(3), lambda x: x.roll(2, 2), lambda x: x.roll(-2, 3).flip(3)],
    ids=["same", "mirrored", "down", "left and mirrored"],
)
def test_copies_are_found_whatever_the_view(change):
    copies = change(TRAIN.rows(slice(0, 100)))
    score = memorization(TRAIN, TEST, copies)
    assert score.value > 0.95
    found = {sample: row for sample, row, _ in score.details["closest"]}
    assert all(sample == row for sample, row in found.items())


def test_pixels_alone_do_not_see_a_mirrored_copy():
    # The control: without views a mirrored copy is as far as any other image.
    copies, train = small(TRAIN.rows(slice(0, 50)).flip(3)), small(TRAIN.rows(slice(None)))
    plain = torch.cdist(copies, train).argmin(1)
    _, seen = closest(copies, TRAIN)
    assert (plain == torch.arange(50)).float().mean() < 0.1
    assert torch.equal(seen, torch.arange(50))


def test_one_in_ten_copied_is_one_in_ten_found():
    x = torch.cat([TRAIN.rows(slice(0, 30)), blots(270, 3).rows(slice(None))])
    assert memorization(TRAIN, TEST, x).value == pytest.approx(0.11, abs=0.03)


def test_there_are_twenty_views_and_the_first_is_the_image():
    x = TRAIN.rows(slice(0, 2))
    seen = list(views(x))
    assert len(seen) == 20
    assert torch.equal(seen[0], x)


def test_the_closest_pairs_make_a_picture():
    fake = TRAIN.rows(slice(0, 40))
    score = memorization(TRAIN, TEST, fake)
    assert closest_pairs(score, fake, TRAIN).size[0] > 8 * 32
    assert [picture.name for picture in pictures([score], fake, TRAIN)] == ["memorization.png"]


def test_refuses_too_few_held_out_images():
    with pytest.raises(BadRequest, match="at least 100 held-out images; got 10 and 50"):
        memorization(TRAIN, blots(50, 1), torch.zeros(10, 1, 32, 32))
