"""EBGAN and BEGAN: critics that draw again what they see, and what their terms are worth."""

import pytest
import torch
from torch import nn
from toys import engine_of, images

from rivalry.game import Critic, Move
from rivalry.games.image.began import BEGAN, began
from rivalry.games.image.ebgan import ebgan, margin, pulling_away
from rivalry.maths.optimizers import sgd
from rivalry.maths.priors import uniform
from rivalry.play.goal import Goal


def test_fakes_are_pushed_up_to_the_margin_and_no_farther() -> None:
    real, fake = torch.tensor([-0.5, -0.1]), torch.tensor([-0.25, -3.0], requires_grad=True)
    loss = margin(1.0).critic(real, fake)
    assert loss.item() == pytest.approx(0.3 + (0.75 + 0) / 2)
    loss.backward()
    assert fake.grad.tolist() == [0.5, 0.0]
    assert margin(1.0).generator(fake).item() == pytest.approx((0.25 + 3) / 2)


def test_codes_pull_away_from_those_of_their_direction() -> None:
    apart, equal = torch.eye(4).view(4, 1, 2, 2), torch.full((4, 1, 2, 2), -3.0)
    assert pulling_away(apart).item() == pytest.approx(0)
    assert pulling_away(equal).item() == pytest.approx(1)
    assert pulling_away(-equal).item() == pytest.approx(1)
    angle = torch.tensor([[1.0, 0.0], [0.5, 3**0.5 / 2]])  # 60 degrees
    assert pulling_away(7 * angle).item() == pytest.approx(0.25)
    assert pulling_away(angle[:1]).item() == 0


def last_moves(make, **settings) -> list[Move]:
    engine, moves = engine_of(make, images(1, 9, 14), settings=settings), []
    engine.callbacks = [lambda engine, told: moves.extend(told)]
    engine.play(Goal(rounds=1))
    return moves


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_the_pulling_away_term_joins_the_generators_loss_where_it_has_weight(weight: float) -> None:
    _, move = last_moves(ebgan, pull=weight)
    assert ("pulling-away" in move.notes) == bool(weight)


def test_a_score_is_minus_the_error_and_of_one_datum_alone() -> None:
    game = engine_of(ebgan, images(3, 9, 14)).game
    x = images(3, 9, 14).rows(slice(0, 6))
    scores, codes = game.D.judge(x)
    assert scores.shape == (6,) and (scores <= 0).all() and len(codes) == 6
    torch.testing.assert_close(game.D(x[:1]), scores[:1])  # in training too


class Dims(nn.Module):
    """An autoencoder that draws its input darker: the mean error of x is (1 - share) mean |x|."""

    def __init__(self, share: float):
        super().__init__()
        self.share = nn.Parameter(torch.tensor(share))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.share * x


class Flat(nn.Module):
    """Pictures of one brightness, whatever the code."""

    def __init__(self, brightness: float):
        super().__init__()
        self.brightness = nn.Parameter(torch.tensor(brightness))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.brightness.expand(len(z), 1, 8, 8)


class White:
    """Data that are white."""

    def take(self, n: int) -> tuple[torch.Tensor]:
        return (torch.ones(n, 1, 8, 8),)


def test_the_controller_and_the_measure_are_those_of_the_paper() -> None:
    """Errors of .4 on reals and .4 · .25 on fakes: the gap is .5 · .4 - .1 = .1."""
    game = BEGAN(Flat(0.25), Dims(0.6), prior=uniform(2), gamma=0.5, gain=0.01, optimizer=sgd(0.0))
    game.k.fill_(0.3)
    critic, generator = game.round(White(), 0)
    assert critic.loss.item() == pytest.approx(0.4 - 0.3 * 0.1)
    assert generator.loss.item() == pytest.approx(0.1)
    assert generator.notes["convergence"].item() == pytest.approx(0.4 + 0.1)
    assert game.k.item() == pytest.approx(0.3 + 0.01 * 0.1)


@pytest.mark.parametrize(("brightness", "bound"), [(0.0, 1.0), (1.0, 0.0)])
def test_k_stays_between_0_and_1(brightness: float, bound: float) -> None:
    game = BEGAN(Flat(brightness), Dims(0.6), prior=uniform(2), gamma=0.5, gain=100.0, optimizer=sgd(0.0))
    list(game.round(White(), 0))
    assert game.k.item() == bound


def test_began_gives_no_score_since_its_fakes_have_the_smaller_error() -> None:
    assert not isinstance(engine_of(began, images(1, 8, 8)).game, Critic)
    assert isinstance(engine_of(ebgan, images(1, 8, 8)).game, Critic)
