"""Levels of pixels: there and back, spread evenly, and a density counted as a probability."""

import math

import pytest
import torch

from rivalry.data import open_data
from rivalry.errors import BadRequest
from rivalry.maths.levels import Levels, bits_per_dimension


@pytest.mark.parametrize("n", [2, 3, 17, 100, 256])
def test_levels_are_images_and_images_are_levels(n: int) -> None:
    k = torch.arange(n)
    x = Levels(n).image(k)
    assert torch.equal(Levels(n).index(x), k)
    assert torch.equal(Levels(n).nearest(x), x)
    bytes_ = (x + 1) * 127.5
    torch.testing.assert_close(bytes_, bytes_.round(), atol=1e-4, rtol=0)
    assert x[0] == -1 and x[-1] == 1


def test_every_level_of_digits_is_one_of_seventeen() -> None:
    x = open_data("digits").rows(slice(None))
    assert Levels(17).index(x).unique().tolist() == list(range(17))
    with pytest.raises(BadRequest, match="expected 8-bit images of 16 levels"):
        Levels(16).index(x)


@pytest.mark.parametrize("wrong", [0.5, -1.1, 1.1, float("nan")])
def test_what_lies_on_no_level_is_refused(wrong: float) -> None:
    with pytest.raises(BadRequest, match="lie between or beyond"):
        Levels(256).index(torch.tensor([[1.0, wrong]]))


@pytest.mark.parametrize("n", [1, 257])
def test_a_byte_has_at_most_256_levels(n: int) -> None:
    with pytest.raises(BadRequest, match="from 2 to 256 levels"):
        Levels(n)


@pytest.mark.parametrize("n", [2, 17, 256])
def test_a_pixel_is_spread_over_the_cell_of_its_level(n: int) -> None:
    torch.manual_seed(0)
    k = torch.arange(n).repeat(2000, 1)
    y = Levels(n).spread(Levels(n).image(k))
    inside = (y + 1) * (n / 2) - k  # where in its cell, from 0 to 1
    assert inside.min() > -1e-4 and inside.max() < 1 + 1e-4
    assert float(inside.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(inside.var()) == pytest.approx(1 / 12, abs=0.01)
    lengths = math.exp(Levels(n).log_cell) * n
    assert lengths == pytest.approx(2)  # the cells cover [-1, 1]


def test_an_even_density_is_log_of_the_levels_in_bits() -> None:
    """A density of 1/2 on [-1, 1] knows nothing of 256 levels: 8 bits a dimension."""
    x = torch.zeros(3, 1, 4, 4)
    nats = torch.full((3,), 16 * (math.log(0.5) + Levels(256).log_cell))
    torch.testing.assert_close(bits_per_dimension(nats, x), torch.full((3,), 8.0))
