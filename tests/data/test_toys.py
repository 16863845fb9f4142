"""The toys have exactly the distributions that their names promise."""

import math

import numpy as np
import pytest
import torch

from rivalry.data.sets.toys import SPLITS, TOYS, grid, open_toy, parallel_lines, ring, spiral, triangles
from rivalry.errors import BadRequest

POINTS = [name for name in TOYS if name != "triangles"]


@pytest.mark.parametrize("name", TOYS)
def test_same_seed_same_table_and_another_split_another(name: str) -> None:
    one, again, test = open_toy(name), open_toy(name), open_toy(name, "test")
    assert torch.equal(one.x, again.x)
    assert (one.label is None) == (not one.spec.classes)
    if one.label is not None and again.label is not None:
        assert torch.equal(one.label, again.label)
        assert set(one.label.tolist()) == set(range(len(one.spec.classes)))
    assert not torch.equal(one.x[: len(test)], test.x)
    assert one.x.shape[1:] == test.x.shape[1:] == one.spec.shape


@pytest.mark.parametrize("name", POINTS)
def test_sizes_of_splits(name: str) -> None:
    assert {split: len(open_toy(name, split)) for split in SPLITS} == {"train": 100_000, "test": 10_000}


def test_first_values_are_the_same_on_every_machine() -> None:
    told = [-0.0013210486, -0.9935957789, -0.7060577869, -0.7124634981]
    assert ring(2).x.flatten().tolist() == pytest.approx(told, abs=1e-6)


@pytest.mark.parametrize(("make", "k", "std"), [(ring, 8, 0.01), (grid, 25, 0.05)])
def test_mixture_has_its_centers_deviation_and_proportions(make, k: int, std: float) -> None:
    data = make()
    modes = data.facts["modes"]
    assert modes.centers.shape == (k, 2)
    assert modes.std == std
    nearest = torch.cdist(data.x, modes.centers).argmin(1)
    assert torch.equal(nearest, data.label)
    away = data.x - modes.centers[data.label]
    assert away.std().item() == pytest.approx(std, rel=0.02)
    assert away.mean(0).abs().max() < 5 * std / math.sqrt(len(data))
    share = torch.bincount(nearest, minlength=k) / len(data)
    assert share == pytest.approx(torch.full((k,), 1 / k), abs=5 * math.sqrt(1 / k / len(data)))


def test_ring_has_eight_distinct_modes_on_the_unit_circle() -> None:
    centers = ring(1).facts["modes"].centers
    assert centers.norm(dim=1) == pytest.approx(torch.ones(8), abs=1e-6)
    assert torch.pdist(centers).min().item() == pytest.approx(2 * math.sin(math.pi / 8), abs=1e-6)


def test_grid_stands_at_even_numbers() -> None:
    centers = {(x, y) for x, y in grid(1).facts["modes"].centers.tolist()}
    assert centers == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}


@pytest.mark.parametrize("theta", [0.0, 0.5, -1.0])
def test_wasserstein_distance_of_parallel_lines_is_theta(theta: float) -> None:
    real, fake = parallel_lines(1000).x, parallel_lines(1000, theta=theta)
    assert fake.facts["theta"] == theta
    # on the line itself the best plan moves straight across: the sorted second coordinates agree
    assert (real - fake.x).norm(dim=1) == pytest.approx(torch.full((1000,), abs(theta)), abs=1e-6)
    assert real[:, 0].unique().tolist() == [0.0]
    assert real[:, 1].min() >= 0
    assert real[:, 1].max() <= 1


def test_spiral_without_noise_lies_on_its_arms() -> None:
    data = spiral(50_000, noise=0.0)
    radius = data.x.norm(dim=1)
    assert radius.min() >= 0.2 - 1e-6
    assert radius.max() <= 2.0001
    angle = (radius - 0.2) / 1.8 * 3 * math.pi + math.pi * data.label
    on_arm = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    assert torch.allclose(on_arm, data.x, atol=1e-4)


def test_triangles_have_the_area_of_their_kind() -> None:
    n, size = 400, 28
    data = triangles(n, seed=3, size=size)
    # a pixel's brightness is its covered share, to second order: the sum is the area
    area = data.x.float().sum((1, 2, 3)) / 255
    draw = np.random.default_rng(3)
    label = draw.integers(2, size=n)
    draw.random((n, 1))
    radius = torch.from_numpy(size * draw.uniform(0.18, 0.36, (n, 1)))[:, 0]
    of_unit_circle = torch.tensor([3 * math.sqrt(3) / 4, 1.0])[torch.from_numpy(label)]
    assert (area / (of_unit_circle * radius**2)).float() == pytest.approx(torch.ones(n), abs=0.06)


def test_triangles_never_touch_a_corner_of_the_image_and_are_black_and_white_inside() -> None:
    x = triangles(500).x
    assert x[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].max() == 0
    assert x.amax((1, 2, 3)).eq(255).all()
    assert x.amin((1, 2, 3)).eq(0).all()


def test_unknown_split() -> None:
    with pytest.raises(BadRequest, match="'ring' has no split 'val'; it has train and test"):
        open_toy("ring", "val")
