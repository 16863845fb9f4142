"""Bits per dimension: those of densities that are known, of the levels of pixels, and what cannot be asked."""

import math

import pytest
import torch
from torch import Tensor
from toys import images, points

from rivalry.catalog import find, maker
from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.maths.levels import Levels
from rivalry.metrics import suite
from rivalry.metrics.game.nll import nll


class Normal(Game):
    """N(0, σ²) on points of d numbers."""

    def __init__(self, deviation: float = 1.0):
        super().__init__()
        self.deviation = torch.nn.Parameter(torch.tensor(deviation))

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.distributions.Normal(0.0, self.deviation).log_prob(x).sum(1)

    def sample(self, n: int) -> Tensor:
        return torch.randn(n, 2) * self.deviation


class Even(Game):
    """A density of 1/2 for every pixel on [-1, 1], on 256 levels."""

    levels = Levels(256)

    def __init__(self) -> None:
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(()))

    def log_prob(self, x: Tensor) -> Tensor:
        return x.new_full((len(x),), x[0].numel() * math.log(0.5))

    def log_mass(self, x: Tensor) -> Tensor:
        return self.log_prob(self.levels.spread(x)) + x[0].numel() * self.levels.log_cell


class DensityAlone(Normal):
    """One that knows nothing of levels."""


def test_points_from_a_gaussian_cost_its_entropy() -> None:
    data = points(4000)
    score = nll(Normal(), data, n=4000)
    assert score.spread is not None
    entropy = math.log(2 * math.pi * math.e) / 2 / math.log(2)
    assert score.value == pytest.approx(entropy, abs=4 * score.spread)
    assert score.details["nats"] == pytest.approx(-score.value * 2 * math.log(2))
    assert score.better == "low"
    assert score.provenance["dequantization"] == "none: a density"


def test_a_wrong_scale_costs_the_divergence_more() -> None:
    """KL of N(0, 1) from N(0, 4) is log 2 + 1/8 - 1/2 nats a dimension."""
    data = points(4000)
    more = (nll(Normal(2.0), data, n=4000).value - nll(Normal(), data, n=4000).value) * math.log(2)
    assert more == pytest.approx(math.log(2) + 1 / 8 - 1 / 2, abs=0.02)


def test_an_even_density_of_bytes_costs_eight_bits() -> None:
    score = nll(Even(), images(3, 8, 8))
    assert score.value == pytest.approx(8, abs=1e-5)
    assert score.n == 64
    assert score.provenance["dequantization"] == "uniform over 256 levels, one draw"


def test_a_density_of_images_without_levels_is_refused() -> None:
    with pytest.raises(BadRequest, match="needs their probability on levels"):
        nll(DensityAlone(), images(1, 8, 8))


@pytest.mark.parametrize("name", ["realnvp", "pixelcnn"])
def test_scoring_is_repeatable_and_disturbs_nothing(name: str) -> None:
    data = images(1, 8, 8)
    game = maker(find(name))(data.spec, width=8)
    game.train()
    torch.manual_seed(5)
    ahead = torch.rand(3)
    torch.manual_seed(5)
    first, told = nll(game, data, n=20), []
    assert torch.equal(torch.rand(3), ahead)
    assert game.training
    again = nll(game, data, n=20, progress=lambda *step: told.append(step))
    assert again.value == first.value
    assert told[-1] == ("likelihood of held-out data", 20, 20)
    assert nll(game, data, n=20, seed=1).value != first.value or name == "pixelcnn"  # exact: no noise


def test_the_suite_asks_it_of_held_out_data_of_a_game_that_knows_likelihoods() -> None:
    data, other = points(200), points(300)
    ask = lambda game, held_out: suite.evaluate(
        data, torch.randn(50, 2), metrics="nll", game=game, held_out=held_out
    )
    (score,) = ask(Normal(), lambda: other)
    assert score.name == "nll" and score.n == 300
    with pytest.raises(BadRequest, match="nll needs held-out data; 'points' has no other split"):
        ask(Normal(), None)
    for samples_alone in (None, maker(find("gan"))(data.spec)):
        with pytest.raises(BadRequest, match="nll needs a game that knows likelihoods"):
            ask(samples_alone, lambda: other)
