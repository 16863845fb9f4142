"""Copies are found through flips, shifts and crops, and honest samples are not accused."""

import pytest
import torch
from torch.nn import functional as F

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.memorization import candidates, closest, memorization, reach
from rivalry.metrics.pictures import closest_pairs, pictures

SPEC = Spec("blots", "image", (1, 32, 32))


def blots(n, seed):
    """Smooth random pictures."""
    noise = torch.randn(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    x = F.interpolate(noise, size=(32, 32), mode="bicubic").clamp(-1.5, 1.5) / 1.5
    return Dataset(SPEC, (x.add(1) * 127.5).round().to(torch.uint8))


TRAIN, TEST = blots(300, 0), blots(120, 1)


def test_honest_samples_are_close_about_as_often_as_held_out_data():
    score = memorization(TRAIN, TEST, blots(150, 2).rows(slice(None)))
    assert score.value <= 0.05
    assert score.details["expected"] == 0.01


@pytest.mark.parametrize(
    "change",
    [lambda x: x, lambda x: x.flip(3), lambda x: x.roll(2, 2), lambda x: x.roll(-2, 3).flip(3)],
    ids=["same", "mirrored", "down", "left and mirrored"],
)
def test_copies_are_found_whatever_the_view(change):
    copies = change(TRAIN.rows(slice(0, 40)))
    score = memorization(TRAIN, TEST, copies)
    assert score.value > 0.95
    found = {sample: row for sample, row, _ in score.details["closest"]}
    assert all(sample == row for sample, row in found.items())


def test_pixels_alone_do_not_see_a_mirrored_copy():
    # The control: without views a mirrored copy is as far as any other image.
    copies, train = TRAIN.rows(slice(0, 50)).flip(3), TRAIN.rows(slice(None))
    plain = torch.cdist(copies.flatten(1), train.flatten(1)).argmin(1)
    _, seen = closest(copies, TRAIN)
    assert (plain == torch.arange(50)).float().mean() < 0.1
    assert torch.equal(seen, torch.arange(50))


def test_one_in_ten_copied_is_one_in_ten_found():
    x = torch.cat([TRAIN.rows(slice(0, 10)), blots(90, 3).rows(slice(None))])
    assert memorization(TRAIN, TEST, x).value == pytest.approx(0.11, abs=0.03)


@pytest.mark.parametrize("size", [(28, 28), (32, 32), (64, 64), (20, 36)])
def test_shifts_and_crops_of_a_tenth_are_seen_through_at_every_size(size):
    shaped = lambda n, seed: Dataset(
        Spec("blots", "image", (1, *size)), F.interpolate(blots(n, seed).rows(slice(None)), size, mode="area")
    )
    train, test = shaped(100, 0), shaped(100, 1)
    x, h, w = train.rows(slice(0, 20)), *size
    down, across = h // 10, w // 10
    back = lambda y: F.interpolate(y, size, mode="bilinear", antialias=True)
    pixel = x[..., 1:-1, 1:-1]
    tenth = x[..., down // 2 : h - down // 2, across // 2 : w - across // 2]
    for copies in (x.roll((down, -across), (2, 3)), back(pixel), back(tenth).flip(3)):
        score = memorization(train, test, copies)
        assert score.value >= 0.95
        assert all(sample == row for sample, row, _ in score.details["closest"])


def test_the_nearest_are_among_those_that_are_kept():
    rows = candidates(TRAIN.rows(slice(0, 40)).roll(3, 2), TRAIN)
    assert rows.shape == (40, 64)
    assert (rows == torch.arange(40)[:, None]).any(1).all()
    assert candidates(TRAIN.rows(slice(0, 4)), TRAIN.only(torch.arange(9))).shape == (4, 9)


def test_a_plain_image_is_near_to_many_and_so_no_copy():
    """The control: by its distance alone a plain held-out image counts as copied; against others it does not."""
    plain = lambda seed: 0.02 * blots(8, seed).rows(slice(None)) + 0.5
    train = Dataset(SPEC, torch.cat([TRAIN.x, ((plain(5) + 1) * 127.5).round().to(torch.uint8)]))
    nearer, row = closest(torch.cat([TRAIN.rows(slice(0, 8)), plain(6)]), train)
    assert torch.equal(row[:8], torch.arange(8))
    assert nearer[:8].max() < 0.05 < nearer[8:].min()


def test_a_crop_at_one_side_or_corner_is_seen_through():
    x = TRAIN.rows(slice(0, 16))
    parts = x[..., 1:, 1:], x[..., :-2, 2:], x[..., :, 3:], x[..., :-1, :]
    copies = [F.interpolate(part, (32, 32), mode="bilinear", antialias=True) for part in parts]
    score = memorization(TRAIN, TEST, torch.cat(copies))
    assert score.value >= 0.95
    assert all(sample % 16 == row for sample, row, _ in score.details["closest"])


def test_a_tenth_is_never_less_than_a_pixel():
    assert [reach(side) for side in (3, 8, 28, 32, 64)] == [0, 1, 3, 4, 7]


def test_the_closest_pairs_make_a_picture():
    fake = TRAIN.rows(slice(0, 40))
    score = memorization(TRAIN, TEST, fake)
    assert closest_pairs(score, fake, TRAIN).size[0] > 8 * 32
    assert [picture.name for picture in pictures([score], fake, TRAIN)] == ["memorization.png"]


def test_refuses_too_few_held_out_images():
    with pytest.raises(BadRequest, match="at least 100 held-out images; got 10 and 50"):
        memorization(TRAIN, blots(50, 1), torch.zeros(10, 1, 32, 32))
