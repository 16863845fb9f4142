"""Checkpoints beside training: rarely enough, never twice, and never lost."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from toys import Scalars, points

from rivalry.data.source import Source, TableSource
from rivalry.errors import RunFailed
from rivalry.game import Move
from rivalry.play.engine import Callback, Engine
from rivalry.play.goal import Goal
from rivalry.runs.checkpoint import Checkpoint
from rivalry.runs.run import Run
from rivalry.runs.saving import SHARE, Saver


class Counting(Scalars):
    """Its number `x` is minus the rounds that were played, a tenth each."""

    def round(self, data: Source, t: int) -> Iterator[Move]:
        next(data)
        yield Move(self.a, self.x)


class Clocked(Engine):
    """Every round takes ten seconds of its clock."""

    @property
    def seconds(self) -> float:
        return 10.0 * self.t


def begin(tmp_path: Path, every: float, keep: int = 100) -> tuple[Clocked, Saver, Run]:
    run = Run.create(tmp_path / "run", {})
    saver = Saver(run, every, keep)
    return Clocked(Counting(), TableSource(points(), batch=8), callbacks=[saver]), saver, run


def until_written(saver: Saver) -> Callback:
    """Wait in each round, so that the speed of this machine decides nothing."""
    return lambda engine, moves: saver._writing and saver._writing.exception()


def rounds(run: Run) -> list[int]:
    return [checkpoint.round for checkpoint in reversed(run.checkpoints())]


def test_checkpoints_are_as_far_apart_as_was_asked(tmp_path: Path) -> None:
    engine, saver, run = begin(tmp_path, every=30)
    engine.callbacks.append(until_written(saver))
    engine.play(Goal(rounds=13))
    saver.wait()
    assert rounds(run) == [4, 7, 10, 13]


def test_zero_is_after_every_round_but_the_first_look(tmp_path: Path) -> None:
    engine, saver, run = begin(tmp_path, every=0)
    engine.play(Goal(rounds=5))
    saver.wait()
    assert rounds(run) == [1, 2, 3, 4, 5]


def test_dear_checkpoints_are_so_far_apart_that_they_take_two_percent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, saver, run = begin(tmp_path, every=10)
    spent = iter(range(0, 10_000, 2))  # each writing takes 2 s of the thread's processor
    monkeypatch.setattr(time, "thread_time", lambda: float(next(spent)))
    engine.callbacks.append(until_written(saver))
    engine.play(Goal(rounds=60))
    saver.wait()
    first, *others = rounds(run)
    assert first == 2
    assert all(10 * (b - a) >= 2 / SHARE for a, b in zip([first, *others], others))
    assert saver.spent <= SHARE * engine.seconds + saver.cost
    assert len(others) >= 4


def test_training_goes_on_while_a_checkpoint_is_written_and_does_not_change_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, saver, run = begin(tmp_path, every=20)
    go_on, write = threading.Event(), Checkpoint.write

    def slow(*args: Any) -> Checkpoint:
        assert go_on.wait(60)
        return write(*args)

    monkeypatch.setattr(Checkpoint, "write", slow)
    engine.play(Goal(rounds=9))  # the writing of round 3 has not begun by then
    assert rounds(run) == []
    go_on.set()
    saver.wait()
    assert rounds(run) == [3]  # while one was written no other was begun
    torch.testing.assert_close(run.checkpoints()[0].weights()["x"], torch.tensor(0.7, dtype=torch.double))
    assert run.checkpoints()[0].state()["t"] == 3


def test_a_round_is_never_written_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, saver, run = begin(tmp_path, every=0)
    written: list[int] = []
    write = Checkpoint.write
    monkeypatch.setattr(
        Checkpoint, "write", lambda folder, t, *rest: written.append(t) or write(folder, t, *rest)
    )
    engine.play(Goal(rounds=2))
    saver.save_best(engine, True)
    saver.save(engine)
    saver.wait()
    assert written == [1, 2]
    assert run.best().round == 2
    engine.rollbacks += 1  # another state of the same round
    saver.save(engine)
    saver.wait()
    assert written == [1, 2, 2]


def test_a_failure_to_write_is_told_at_the_next_chance_and_not_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, saver, _ = begin(tmp_path, every=0)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    engine.play(Goal(rounds=1))
    saver.wait()
    monkeypatch.setattr(Checkpoint, "write", full)
    with pytest.raises(RunFailed, match="cannot write the checkpoint of round 2: No space left"):
        engine.play(Goal(rounds=5))
    assert engine.t == 3


def test_what_is_copied_for_writing_is_apart(tmp_path: Path) -> None:
    from rivalry.runs.trees import detached

    live: Tensor = torch.ones(3)
    copy = detached({"a": [live, 1], "b": "c"})
    live += 1
    assert copy["a"][0].tolist() == [1, 1, 1]
    assert copy["a"][1:] == [1]
    assert copy["b"] == "c"
