"""Distances in chunks against distances one by one."""

import pytest
import torch

from rivalry.metrics.features.neighbors import evened, nearest, radii, spaced, squared_distances


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_radii_are_distances_from_the_kth_other_point(chunk):
    x = draw(40, 3)
    apart = torch.cdist(x, x).square().sort(1).values
    for k, found in zip((1, 4), radii(x, [1, 4], chunk)):
        assert torch.allclose(found, apart[:, k], rtol=1e-9)


def test_a_point_that_is_there_twice_is_its_own_neighbor():
    x = draw(10, 3).repeat(2, 1)
    assert radii(x, [1])[0].eq(0).all()
    assert radii(x, [2])[0].gt(0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nearest_far_from_the_origin(dtype):
    x, y = draw(50, 4, 1, 300.0).to(dtype), draw(60, 4, 0, 300.0).to(dtype)
    apart, row = nearest(x, y, 8)
    truth = torch.cdist(x.double(), y.double()).square()
    assert torch.equal(row, truth.argmin(1))
    assert torch.allclose(apart.double(), truth.amin(1), rtol=1e-3)


def test_equal_rows_are_at_no_distance():
    x = draw(30, 100, mean=5.0).float()
    assert squared_distances(x, x).diagonal().eq(0).all()


def test_rows_are_spaced_from_end_to_end():
    rows = torch.arange(100)
    assert spaced(rows, 4).tolist() == [0, 33, 66, 99]
    assert torch.equal(spaced(rows, 100), rows)
    assert [len(side) for side in evened(rows, torch.arange(30), 50)] == [30, 30]
