"""Directions from examples: the one that is known is found, and samples move along it monotonically."""

import pytest
import torch
from smooth import SPEC, Linear, Smooth, Stylish

from rivalry.editing.codes import drawn
from rivalry.editing.direction import Direction, between, monotony, moved, sheet, spearman
from rivalry.editing.factorize import components
from rivalry.errors import BadRequest

STRENGTHS = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0]


def test_rank_correlation_is_spearmans() -> None:
    x = torch.tensor([3.0, 1.0, 2.0, 9.0])
    assert float(spearman(x, x.exp())) == pytest.approx(1)
    assert float(spearman(x, -x)) == pytest.approx(-1)
    assert float(spearman(torch.tensor([1.0, 2, 2, 3]), torch.tensor([1.0, 2, 3, 4]))) == pytest.approx(
        0.9487, abs=1e-3
    )
    assert float(spearman(torch.ones(4), x)) == 0


def test_the_attribute_that_tells_the_groups_apart_grows_along_the_direction() -> None:
    """The mean of the left half of a sample; groups are samples that have much and little of it."""
    game = Smooth()
    measure = lambda x: x[..., :6].mean((1, 2, 3))
    codes = drawn(game, 400, seed=1)
    order = measure(game.decode(codes)).argsort()
    begin = drawn(game, 20, seed=2)
    found = between(game, codes[order[-40:]], codes[order[:40]])
    assert monotony(game, found, measure, begin, STRENGTHS) > 0.7
    assert found.apart > 1

    def gain(direction: Direction) -> float:
        low, high = (measure(game.decode(moved(begin, direction, [s])[:, 0])).mean() for s in (-1.0, 1.0))
        return float(high - low)

    controls = []
    for k in range(6):  # random groups
        mixed = torch.randperm(400, generator=torch.Generator().manual_seed(k))
        controls.append(abs(gain(between(game, codes[mixed[:40]], codes[mixed[40:80]]))))
    assert gain(found) > max(controls)


def test_the_direction_of_a_known_number_is_its_axis_and_the_steps_are_deviations() -> None:
    game = Linear()
    codes = drawn(game, 1000)
    high = codes[:, 2] > 0
    found = between(game, codes[high], codes[~high])
    assert float(found.vector[2]) > 0.98
    walked = moved(codes[:3], found, [0.0, 2.0])
    assert torch.equal(walked[:, 0], codes[:3])
    assert torch.allclose(
        (walked[:, 1] - codes[:3]).norm(dim=1), torch.full((3,), 2 * found.spread), rtol=1e-4
    )


def test_styles_have_directions_and_components_of_known_variance() -> None:
    game = Stylish()
    styles = drawn(game, 300, "w")
    found = between(game, styles[:150], styles[150:], "w")
    assert found.vector.shape == styles.shape[1:]
    assert sheet(game, SPEC, found, [0, 1], [-1.0, 1.0], "w").size > (8, 8)
    parts = components(game)
    assert torch.allclose(parts.vectors @ parts.vectors.T, torch.eye(6), atol=1e-4)
    flat = drawn(game, 1000, "w")[:, 0]
    assert torch.allclose((flat @ parts.vectors.T).std(0), parts.strengths, rtol=1e-2)
    assert (parts.strengths.diff() <= 0).all()
    with pytest.raises(BadRequest, match="no styles"):
        components(Linear())


def test_groups_that_give_no_direction_are_refused() -> None:
    game, one = Linear(), torch.randn(4, 8)
    with pytest.raises(BadRequest, match="2 examples or more of each group; got 1 and 4"):
        between(game, one[:1], one)
    with pytest.raises(BadRequest, match="the same mean code"):
        between(game, one, one)
    assert isinstance(between(game, one[:2], one[2:]), Direction)
