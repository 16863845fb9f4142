"""Glicko-2 against the paper's own example, and what ratings must do."""

import pytest

from rivalry.errors import BadRequest
from rivalry.metrics.game.glicko import Rating, update

OPPONENTS = [Rating(1400, 30), Rating(1550, 100), Rating(1700, 300)]


def test_the_example_of_the_paper():
    new = update(Rating(1500, 200), OPPONENTS, [1, 0, 0])
    assert new.rating == pytest.approx(1464.05, abs=0.006)
    assert new.deviation == pytest.approx(151.52, abs=0.005)
    assert new.volatility == pytest.approx(0.05999, abs=1e-5)


def test_who_does_not_play_is_less_sure_and_rated_the_same():
    new = update(Rating(1600, 50, 0.06), [], [])
    assert (new.rating, new.volatility) == (1600, 0.06)
    assert new.deviation == pytest.approx((50**2 + (173.7178 * 0.06) ** 2) ** 0.5)


def test_a_draw_with_an_equal_moves_nothing_and_teaches_something():
    new = update(Rating(), [Rating()], [0.5])
    assert new.rating == pytest.approx(1500, abs=1e-9)
    assert new.deviation < 350


def test_the_two_sides_of_a_game_between_equals_move_alike():
    won, lost = (update(Rating(), [Rating()], [score]) for score in (1, 0))
    assert won.rating - 1500 == pytest.approx(1500 - lost.rating)
    assert won.deviation == pytest.approx(lost.deviation)


def test_a_surprise_makes_the_player_more_volatile_and_the_expected_less():
    strong, weak = Rating(1800, 40), Rating(1200, 40)
    surprised = update(strong, [weak] * 10, [0] * 10)
    expected = update(strong, [weak] * 10, [1] * 10)
    assert surprised.volatility > 0.06 > expected.volatility


def test_a_small_tau_holds_the_volatility_still():
    strong, weak = Rating(1800, 40), Rating(1200, 40)
    held, free = (update(strong, [weak] * 10, [0] * 10, tau) for tau in (0.01, 1.2))
    assert held.volatility == pytest.approx(0.06, abs=1e-4)
    assert free.volatility > held.volatility + 1e-3


@pytest.mark.parametrize(
    ("scores", "tau", "says"),
    [
        ([1, 0], 0.5, "3 opponents, 2 scores"),
        ([1, 0, 1.5], 0.5, r"lies in \[0, 1\]; got 1.5"),
        ([1, 0, float("nan")], 0.5, "got nan"),
        ([1, 0, 0], 0, "tau is above 0"),
    ],
)
def test_refuses_in_one_line(scores, tau, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        update(Rating(), OPPONENTS, scores, tau)
    assert "\n" not in str(refusal.value)
