"""How long a run is: one of three goals, and times as people write them."""

import math

import pytest

from rivalry.errors import BadRequest
from rivalry.play.goal import Goal, seconds


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1d2h3m4s", 93784),
        ("0.05s", 0.05),
        ("1.5h", 5400),
        (2.5, 2.5),
        (3, 3),
    ],
)
def test_times_in_seconds(text: str | float, number: float) -> None:
    assert seconds(text) == number


@pytest.mark.parametrize(
    "text", ["", "s", "-5", "-5s", "1e3", "nan", "inf", "10 m", "1h 30m", "10min", "m10", "1.s", "1,5h"]
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadRequest, match="a time is like 90s, 10m or 1h30m; got"):
        seconds(text)


@pytest.mark.parametrize("told", [{}, {"rounds": 1, "samples": 1}, {"rounds": 1, "samples": 1, "seconds": 1}])
def test_a_goal_is_one_of_three(told: dict[str, int]) -> None:
    with pytest.raises(BadRequest, match="one of rounds, samples or time"):
        Goal(**told)


@pytest.mark.parametrize("kind", ["rounds", "samples", "seconds"])
@pytest.mark.parametrize("number", [0, -1, math.nan, math.inf])
def test_a_goal_is_a_positive_number(kind: str, number: float) -> None:
    with pytest.raises(BadRequest, match="positive"):
        Goal(**{kind: number})


@pytest.mark.parametrize(
    ("kind", "other"), [("rounds", "samples"), ("samples", "seconds"), ("seconds", "rounds")]
)
def test_progress_is_the_share_of_its_own_kind(kind: str, other: str) -> None:
    goal = Goal(**{kind: 8})
    here = {"rounds": 0, "samples": 0, "seconds": 0.0, other: 99}
    assert [goal.progress(**{**here, kind: n}) for n in (0, 2, 8, 100)] == [0, 0.25, 1, 1]


@pytest.mark.parametrize("goal", [Goal(rounds=3), Goal(samples=10**9), Goal(seconds=0.5)])
def test_a_goal_comes_back_from_json(goal: Goal) -> None:
    assert Goal(**goal.to_json()) == goal


def test_goals_in_words() -> None:
    words = [str(Goal(rounds=50_000)), str(Goal(samples=1_000)), str(Goal(seconds=90))]
    assert words == ["50,000 rounds", "1,000 samples", "90 seconds"]
