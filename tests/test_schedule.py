"""Schedules of step sizes: closed forms, and a resumed run that takes the same steps."""

import math
from pathlib import Path

import pytest
import torch
from toys import Scalars, images, points

import rivalry
from rivalry.data.source import TableSource
from rivalry.errors import BadRequest
from rivalry.game import Move
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.play.schedule import find_schedule


@pytest.mark.parametrize(
    ("asked", "t", "share", "factor"),
    [
        ("none", 7, 0.3, 1.0),
        ("linear", 0, 0.0, 1.0),
        ("linear", 0, 0.75, 0.25),
        ("linear:0.5", 0, 0.5, 1.0),
        ("linear:0.5", 0, 0.75, 0.5),
        ("cosine", 0, 0.5, 0.5),
        ("cosine", 0, 1 / 3, 0.75),
        ("warmup:4", 0, 0.9, 0.25),
        ("warmup:4", 100, 0.9, 1.0),
        ("warmup:4+cosine", 1, 0.5, 0.25),
    ],
)
def test_a_factor_is_what_its_name_says(asked: str, t: int, share: float, factor: float) -> None:
    assert find_schedule(asked)(t, share) == pytest.approx(factor)


@pytest.mark.parametrize(
    "asked", ["", "linaer", "linear:1", "linear:x", "cosine:2", "warmup", "warmup:0", "warmup:2+"]
)
def test_what_is_no_schedule_is_refused(asked: str) -> None:
    with pytest.raises(BadRequest, match="schedule"):
        find_schedule(asked)


class Downhill(Scalars):
    """x falls by its step size in every round."""

    def round(self, data, t):
        data.take(1)
        yield Move(self.a, self.x)


@pytest.mark.parametrize("asked", ["linear", "cosine", "warmup:5"])
def test_steps_are_the_step_size_times_the_factor(asked: str) -> None:
    game, factor = Downhill(x=0.0, lr=0.1), find_schedule(asked)
    Engine(game, TableSource(points()), schedule=factor).play(Goal(rounds=8))
    assert game.x.item() == pytest.approx(-0.1 * math.fsum(factor(t, t / 8) for t in range(8)))


def test_a_resumed_run_takes_the_same_steps_and_another_schedule_takes_others(tmp_path: Path) -> None:
    data = images(1, 8, 8, n=16, classes=0)
    how = {"quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 4, "save_every": 0, "keep": 9}

    def train(name: str, schedule: str = "warmup:3+linear:0.5", **further):
        return rivalry.train(
            "dcgan", data, run=tmp_path / name, schedule=schedule, rounds=6, **how, **further
        )

    class Killed(Exception):
        pass

    def kill(engine, moves) -> None:
        if engine.t == 4:
            raise Killed

    whole, other = train("whole"), train("other", "none")
    with pytest.raises(Killed):
        train("killed", callbacks=[kill])
    resumed = rivalry.resume(tmp_path / "killed", data=data, quiet=True)
    weights = [rivalry.load(run, which="6").state_dict() for run in (whole, resumed, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not all(torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
