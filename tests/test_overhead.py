"""The time of a run: until the end, and at most a tenth of it for sheets, scores and checkpoints."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch
from torch import nn

from rivalry.data.source import Dataset, Source, Spec, TableSource
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import adam
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.report.page import write_report
from rivalry.runs.overhead import SHARE, Overhead, Work
from rivalry.runs.run import Run
from rivalry.runs.saving import Saver

ABOUT = {
    "game": "steady",
    "settings": {},
    "data": "points",
    "spec": Spec("points", "points", (2,)).to_json(),
    "seed": 0,
    "goal": {"seconds": 1000},
}


class Clock:
    """A clock that only the test moves."""

    now = 0.0

    def wait(self, seconds: float) -> Callable[..., None]:
        def callback(engine: Engine, moves: Sequence[Move] = ()) -> None:
            self.now += seconds

        return callback


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("rivalry.play.engine.time.perf_counter", lambda: made.now)
    return made


def steady(clock: Clock, seconds: float = 1.0) -> Engine:
    """An engine whose rounds take so long, each of one datum."""

    class Steady(Game):
        def __init__(self) -> None:
            super().__init__()
            self.batch, self.net = 1, nn.Linear(2, 1)
            self.player = Player(self.net, optimizer=adam(1e-3, 0.5))

        def round(self, data: Source, t: int) -> Iterator[Move]:
            clock.now += seconds
            yield Move(self.player, self.net(torch.ones(1, 2)).sum())

    data = Dataset(Spec("points", "points", (2,)), torch.zeros(4, 2))
    return Engine(Steady(), TableSource(data, batch=1))


def begin(clock: Clock, tmp_path: Path, goal: Goal, works: dict[int, Work], before: float = 0.0) -> Engine:
    run = Run.create(tmp_path / "run", ABOUT)
    engine = steady(clock)
    overhead = Overhead(goal, Saver(run), before=before, after=0)
    engine.callbacks = [
        *(overhead.at_shares(shares, work) for shares, work in works.items()),
        overhead.reserve,
    ]
    return engine


@pytest.mark.parametrize("dear", [7, 30, 45])
def test_work_aside_takes_at_most_a_tenth_and_the_run_ends_in_time(clock, tmp_path, dear: float) -> None:
    sheet, scores = Work(clock.wait(0.5), draws=1), Work(clock.wait(dear), draws=1, further=dear)
    engine = begin(clock, tmp_path, Goal(seconds=1000), {12: sheet, 5: scores})
    engine.play(Goal(seconds=1000))
    assert engine.overhead <= SHARE * 1000
    assert 985 <= engine.seconds <= 1001
    assert scores.done == {7: 5, 30: 3, 45: 2}[dear]
    assert engine.in_play == engine.seconds - engine.overhead == engine.t


def test_a_work_that_never_fits_is_never_done_and_without_a_limit_it_is(clock, tmp_path) -> None:
    for goal, done in ((Goal(seconds=300), 0), (Goal(rounds=300), 5)):
        scores = Work(clock.wait(100), draws=1, further=100)
        engine = begin(clock, tmp_path / str(done), goal, {5: scores})
        engine.play(goal)
        assert scores.done == done


def test_what_was_done_once_is_done_at_the_end_even_where_it_became_dear(clock, tmp_path) -> None:
    """The first score takes much longer than was thought, and would be the only one: of an early checkpoint."""
    at: list[int] = []
    scores = Work(lambda engine, moves: at.append(engine.t) or clock.wait(80)(engine), draws=1, further=5)  # type: ignore[func-returns-value]
    engine = begin(clock, tmp_path, Goal(seconds=1000), {5: scores})
    engine.play(Goal(seconds=1000))
    assert len(at) == 2 and at[-1] == engine.t
    assert engine.seconds <= 1001


def test_sheets_wait_for_their_tenth(clock, tmp_path) -> None:
    at: list[float] = []
    sheet = Work(lambda *_: at.append(clock.now) or clock.wait(20)(*_), draws=20)  # type: ignore[func-returns-value]
    engine = begin(clock, tmp_path, Goal(seconds=1000), {12: sheet})
    engine.play(Goal(seconds=1000))
    assert 60 <= at[0] <= 90  # it is taken to cost 5 s, a quarter of the time of 20 data in play
    assert all(later - earlier >= 150 for earlier, later in zip(at, at[1:]))


def test_opening_the_data_is_part_of_the_time_but_leaves_half_of_it(clock, tmp_path) -> None:
    for before, rounds in ((100.0, 900), (5000.0, 500)):
        engine = begin(clock, tmp_path / str(before), Goal(seconds=1000), {}, before)
        engine.play(Goal(seconds=1000))
        assert abs(engine.t - rounds) <= 1


def test_what_is_done_after_play_is_aside_and_survives_a_restart(clock, tmp_path) -> None:
    engine = steady(clock)
    engine.play(Goal(rounds=5))
    with engine.after_play():
        clock.now += 3
    assert (engine.seconds, engine.in_play) == (8, 5)
    second = steady(clock)
    second.restore(engine.weights(), engine.state())
    assert (second.seconds, second.in_play) == (8, 5)


def test_a_round_in_the_report_counts_play_alone(tmp_path) -> None:
    run = Run.create(tmp_path / "run", ABOUT)
    run.log({"round": 10, "samples": 10, "seconds": 100.0, "in_play": 20.0, "notes": {}})
    page = write_report(run.path).read_text()
    assert "2000 ms" in page or "2,000 ms" in page
    assert "80% of the time" in page
