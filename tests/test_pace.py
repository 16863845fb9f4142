"""What a run tells of its pace, and long steps of how far they are."""

from collections.abc import Iterator, Sequence

import pytest
import torch
from torch import nn

from rivalry.data.source import Dataset, Source, Spec, TableSource
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import adam
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.pace import duration, tell_pace
from rivalry.waiting import EVERY, counted, shown_by


def told(monkeypatch: pytest.MonkeyPatch, goal: Goal, round_takes: float) -> list[str]:
    """What is said during a run whose first round takes ten times as long as the others, of 8 data each."""
    clock = [0.0]
    monkeypatch.setattr("rivalry.play.engine.time.perf_counter", lambda: clock[0])

    class Steady(Game):
        def __init__(self) -> None:
            super().__init__()
            self.batch, self.net = 8, nn.Linear(2, 1)
            self.player = Player(self.net, optimizer=adam(1e-3, 0.5))

        def round(self, data: Source, t: int) -> Iterator[Move]:
            clock[0] += round_takes * (1 if t else 10)
            (x,) = data.take(8)
            yield Move(self.player, self.net(x).sum())

    said: list[str] = []
    source = TableSource(Dataset(Spec("p", "points", (2,)), torch.zeros(8, 2)), ("x",), batch=8)
    faster = lambda seconds: f"; another takes {seconds / 2:g} s"
    Engine(Steady(), source, callbacks=[tell_pace(goal, said.append, lambda engine: 50, faster)]).play(goal)
    return said


def test_the_pace_is_that_of_the_rounds_after_the_first(monkeypatch) -> None:
    said = told(monkeypatch, Goal(seconds=600), 0.1)
    assert len(said) == 1
    assert said[0].startswith("at this pace 5,991 rounds and 47,928 samples in 10 minutes")
    assert said[0].endswith("the first sheet after about 50 s")


def test_too_few_rounds_to_learn_are_told_with_what_is_faster(monkeypatch) -> None:
    (said,) = told(monkeypatch, Goal(seconds=60), 1.0)
    assert "51 rounds" in said and "fewer than 300 rounds; another takes 0.5 s" in said


def test_a_number_of_rounds_is_told_as_time(monkeypatch) -> None:
    (said,) = told(monkeypatch, Goal(rounds=900), 1.0)
    assert said.startswith("at this pace 900 rounds take 15 minutes")


def test_a_run_that_is_over_at_once_tells_nothing(monkeypatch) -> None:
    assert told(monkeypatch, Goal(rounds=5), 0.01) == []


@pytest.mark.parametrize(("seconds", "words"), [(40, "40 s"), (150, "2.5 minutes"), (7200, "2 hours")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_long_steps_tell_how_far_they_are_to_whoever_shows_it() -> None:
    seen: list[tuple[str, int, int]] = []
    steps: Sequence[int] = range(2 * EVERY + 1)
    with shown_by(lambda *one: seen.append(one)):
        assert list(counted("reading", steps, len(steps))) == list(steps)
    assert seen == [("reading", n, len(steps)) for n in (EVERY, 2 * EVERY, 2 * EVERY + 1)]
    assert list(counted("reading", steps, len(steps))) == list(steps)  # nobody shows it
    assert len(seen) == 3
