"""Truncation: the samples that `sample` draws, and a curve that trades recall for precision where it should."""

import numpy as np
import pytest
import torch
from smooth import SPEC, Drawing, Linear, Mute, Smooth, same

from rivalry.data.source import Dataset, Spec
from rivalry.editing.truncate import Point, curve, plot, require_truncations, samples, sheet
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score
from rivalry.runs.drawing import draw
from rivalry.runs.tradeoff import LEFT, LINE, SIDE, TOP
from rivalry.show.tables import table


class Wide(Drawing):
    """Points of four times the deviation of those of `normal`."""

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return 4 * z


def normal(n: int) -> Dataset:
    x = torch.randn(n, 2, generator=torch.Generator().manual_seed(1))
    return Dataset(Spec("normal", "points", (2,)), x)


@pytest.mark.parametrize("value", [0, -0.5, float("nan")])
def test_a_truncation_is_above_0(value: float) -> None:
    with pytest.raises(BadRequest, match="above 0"):
        samples(Linear(), [0.5, value], [1])
    with pytest.raises(BadRequest, match="above 0"):
        curve(Wide(2), normal(50), [value], n=20)


def test_a_game_that_cannot_be_truncated_says_so() -> None:
    class Plain(Mute):
        def sample(self, n: int) -> torch.Tensor:
            return torch.zeros(n, 2)

    with pytest.raises(BadRequest, match="no truncation"):
        require_truncations(Plain(), [0.5])
    with pytest.raises(BadRequest, match="one truncation or more"):
        require_truncations(Linear(), [])


def test_every_seed_is_drawn_at_every_truncation() -> None:
    game = Smooth(classes=3)
    x = samples(game, [0.5, None], [7, 8], label=torch.tensor([2, 0]))
    for i, value in enumerate((0.5, None)):
        for j, (seed, label) in enumerate(((7, 2), (8, 0))):
            assert torch.equal(x[i, j], draw(game, 1, seed=seed, truncation=value, label=label)[0])
    told = table(samples(game, [0.5, None], [7, 8]), SPEC, ["0.5", "none"], ["7", "8"])
    assert same(sheet(game, SPEC, [0.5, None], [7, 8]), told)


def test_codes_that_spread_too_wide_gain_precision_and_lose_recall_when_truncated() -> None:
    points = curve(Wide(2), normal(600), [0.02, 0.25, None], n=600)
    precision, recall = ([score.value for score in scores] for scores in zip(*(p[1:] for p in points)))
    assert precision[0] > 0.95 and precision[1] > 0.9 > 0.6 > precision[2]
    assert recall[0] < 0.3 and recall[1] > 0.9
    assert points[1].truncation == 0.25
    assert points[0].precision.name == "precision[coordinates]"


def test_a_dot_of_the_curve_lies_at_its_recall_and_precision() -> None:
    told = lambda value: Score("x", value, 10)
    places = [(0.2, 0.9), (0.6, 0.3)]
    page = np.asarray(plot([Point(0.5, told(p), told(r)) for r, p in places]))
    for recall, precision in places:
        assert page[round(TOP + SIDE * (1 - precision)), round(LEFT + SIDE * recall)].tolist() == list(LINE)
    assert page[round(TOP + SIDE * 0.1), round(LEFT + SIDE * 0.9)].tolist() == [255] * 3
