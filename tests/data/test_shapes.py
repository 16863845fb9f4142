"""Shapes and marks are drawn as they say, and what reads them back is right, and wrong where it must be."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.sets.shapes import (
    COLORS,
    HIGH,
    HUES,
    SHAPES,
    SIDE,
    SIZES,
    STRIP,
    WIDE,
    consistent,
    marks,
    open_shapes,
    read_attributes,
    shapes,
)
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest

N = 1500


@pytest.fixture(scope="module")
def fresh() -> Dataset:
    """Shapes that are of neither split."""
    return shapes(N, seed=11)


@pytest.fixture(scope="module")
def marked() -> Dataset:
    return marks(N, seed=11)


def pictures(data: Dataset) -> Tensor:
    return data.rows(slice(None))


def blurred(x: Tensor, sigma: float) -> Tensor:
    kernel = torch.exp(-((torch.arange(-5, 6) / sigma) ** 2) / 2)
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)
    x = F.conv2d(F.pad(x, (5, 5, 5, 5), mode="replicate"), kernel, groups=3)
    return F.conv2d(x, kernel.transpose(2, 3), groups=3)


def noisy(x: Tensor, std: float) -> Tensor:
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    return (x + std * noise).clamp(-1, 1)


def right(x: Tensor, data: Dataset) -> dict[str, float]:
    return {
        name: (read == data.others[name]).float().mean().item() for name, read in read_attributes(x).items()
    }


# Drawing


@pytest.mark.parametrize("make", [shapes, marks])
def test_same_seed_same_table_and_another_seed_another(make) -> None:
    one, again, other = make(50, 3), make(50, 3), make(50, 4)
    assert torch.equal(one.x, again.x)
    assert all(torch.equal(one.others[name], again.others[name]) for name in one.others)
    assert not torch.equal(one.x, other.x)
    assert torch.equal(make(1, 3).x, make(1, 3).x)  # some kinds are in no picture


@pytest.mark.parametrize("name", ["shapes", "marks"])
def test_splits(name: str) -> None:
    assert [len(open_shapes(name, split)) for split in ("train", "test")] == [10_000, 2_000]
    with pytest.raises(BadRequest, match=f"'{name}' has no split 'val'; it has train and test"):
        open_shapes(name, "val")


@pytest.mark.parametrize("make", [shapes, marks])
def test_attributes_are_even_and_independent_and_the_color_is_the_label(make) -> None:
    data = make(4000, 5)
    assert torch.equal(data.label, data.others["color"])
    assert data.spec.classes == data.facts["attributes"]["color"]
    names = list(data.others)
    shape = tuple(len(data.facts["attributes"][name]) for name in names)
    cell = np.ravel_multi_index([data.others[name].numpy() for name in names], shape)
    share = 1 / np.prod(shape)
    counts = np.bincount(cell, minlength=np.prod(shape))
    assert abs(counts - 4000 * share).max() < 5 * (4000 * share) ** 0.5


def test_a_shape_covers_the_area_of_its_size_whatever_its_kind(fresh: Dataset) -> None:
    ground = fresh.x[:, :, :1, :1].float()
    ink = torch.tensor([*COLORS.values()])[fresh.others["color"]].float()[..., None, None]
    share = (fresh.x - ground).abs().sum(1) / (ink - ground).abs().sum(1)  # of a pixel that is covered
    wanted = torch.tensor([*SIZES.values()])[fresh.others["size"]]
    ratio = share.sum((1, 2)) / wanted
    assert (ratio - 1).abs().max() < 0.08  # as far as 16 points a pixel tell
    for kind in range(len(SHAPES)):
        assert ratio[fresh.others["shape"] == kind].mean().item() == pytest.approx(1, abs=0.005)
    assert share.amax((1, 2)).numpy() == pytest.approx(np.ones(N), abs=1e-6)
    antialiased = ((share > 0.01) & (share < 0.99)).any(2).any(1)
    assert antialiased.float().mean() > 0.95


def test_a_shape_lies_within_the_picture_on_a_ground_of_one_grey(fresh: Dataset) -> None:
    x = fresh.x
    border = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 0], x[..., -1]], 2)
    assert torch.equal(border.amin((1, 2)), border.amax((1, 2)))
    assert set(border[:, 0, 0].tolist()) == {32, 224}


def test_marks_lie_at_both_borders_and_nothing_between_is_colored(marked: Dataset) -> None:
    chroma = marked.x.amax(1).int() - marked.x.amin(1).int()
    assert (chroma[..., STRIP:-STRIP] == 0).all()
    for half in (chroma[..., :STRIP], chroma[..., -STRIP:]):
        area = (half / half.amax((1, 2), keepdim=True)).sum((1, 2))
        assert (area.min() > 10) and (area.max() < 15.5)  # of a circle of radius 2: 12.6


def test_the_heights_of_two_marks_are_independent(marked: Dataset) -> None:
    chroma = (marked.x.amax(1).int() - marked.x.amin(1).int()).float()
    at = torch.arange(HIGH).float()
    heights = [(half.sum(2) @ at) / half.sum((1, 2)) for half in (chroma[..., :24], chroma[..., 24:])]
    assert torch.corrcoef(torch.stack(heights))[0, 1].abs() < 5 / N**0.5
    assert heights[0].std() > 0.25  # uniform over one pixel: 0.29


# Reading shapes


def test_fresh_pictures_are_read_rightly(fresh: Dataset) -> None:
    assert min(right(pictures(fresh), fresh).values()) >= 0.99


@pytest.mark.parametrize(("sigma", "std"), [(1.0, 0), (1.5, 0), (0, 0.1), (0, 0.2), (1.0, 0.1), (1.5, 0.1)])
def test_reading_survives_blur_and_noise(fresh: Dataset, sigma: float, std: float) -> None:
    x = blurred(pictures(fresh), sigma) if sigma else pictures(fresh)
    assert min(right(noisy(x, std), fresh).values()) >= 0.97


def test_other_pictures_are_read_by_chance(fresh: Dataset) -> None:
    others = pictures(fresh).roll(1, 0)
    for name, share in right(others, fresh).items():
        chance = 1 / len(fresh.facts["attributes"][name])
        assert abs(share - chance) < 5 * (chance * (1 - chance) / N) ** 0.5


def test_an_edit_of_the_color_is_read_as_that_alone(fresh: Dataset) -> None:
    names = list(COLORS)
    rows = torch.isin(fresh.label, torch.tensor([names.index("red"), names.index("blue")]))
    before, after = (read_attributes(x) for x in (pictures(fresh)[rows], pictures(fresh)[rows].flip(1)))
    assert torch.equal(after["shape"], before["shape"])
    assert torch.equal(after["size"], before["size"])
    assert (after["color"] + before["color"] == names.index("red") + names.index("blue")).all()


def test_turning_upside_down_leaves_what_is_symmetric(fresh: Dataset) -> None:
    flipped = read_attributes(pictures(fresh).flip(2))
    same = (flipped["shape"] == fresh.others["shape"]) | (fresh.others["shape"] == SHAPES.index("triangle"))
    assert same.all()


def test_every_picture_gets_an_answer() -> None:
    read = read_attributes(torch.stack([torch.zeros(3, SIDE, SIDE), torch.ones(3, SIDE, SIDE)]))
    assert {name: len(values) for name, values in read.items()} == {"color": 2, "shape": 2, "size": 2}


@pytest.mark.parametrize(("read", "size"), [(read_attributes, "32, 32"), (consistent, "8, 48")])
@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (2, 3, 28, 28), (3, 32, 32), (3, 8, 48)])
def test_pictures_of_another_shape_are_refused(read, size: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadRequest, match=rf"expected pictures \(n, 3, {size}\) in \[-1, 1\], got \("):
        read(torch.zeros(shape))


# Reading marks


def test_marks_agree(marked: Dataset) -> None:
    assert consistent(pictures(marked)).float().mean() >= 0.99
    assert consistent(noisy(blurred(pictures(marked), 1.0), 0.1)).float().mean() >= 0.97


def test_halves_of_different_pictures_agree_as_often_as_their_colors(marked: Dataset) -> None:
    x = pictures(marked)
    joined = consistent(torch.cat([x[..., :24], x.roll(1, 0)[..., 24:]], 3))
    agree = marked.label == marked.label.roll(1)
    assert (joined == agree).float().mean() >= 0.99
    chance = 1 / len(HUES)
    assert abs(joined.float().mean() - chance) < 5 * (chance * (1 - chance) / N) ** 0.5


def test_a_mark_that_is_missing_is_not_consistent(marked: Dataset) -> None:
    x = pictures(marked)[:300]
    plain = x[..., 12:36]  # from between the marks
    assert not consistent(torch.cat([x[..., :24], plain], 3)).any()
    assert not consistent(torch.cat([plain, x[..., 24:]], 3)).any()
    assert not consistent(torch.cat([plain, plain], 3)).any()
    assert not consistent(noisy(torch.zeros(300, 3, HIGH, WIDE), 0.3)).any()
