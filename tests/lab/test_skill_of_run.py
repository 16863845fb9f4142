"""The checkpoints of a run play each other."""

import pytest
import torch
from toys import engine_of, points, small

from rivalry.errors import BadRequest
from rivalry.game import Game
from rivalry.games.image.cgan import cgan
from rivalry.games.image.gan import gan
from rivalry.lab.skill import skill_of_run, snapshot
from rivalry.play.goal import Goal
from rivalry.runs.run import Run


def run_of(make, name, path, checkpoints):
    """A run of toy size on toy data with so many checkpoints, two rounds apart."""
    data = points()
    engine = engine_of(make, data)
    told = {"game": name, "settings": small(make), "data": "points", "spec": data.spec.to_json(), "seed": 0}
    run = Run.create(path, {**told, "goal": {"rounds": 1}, "command": ""})
    for _ in range(checkpoints):
        engine.play(Goal(rounds=engine.t + 2))
        run.save(engine.t, engine.weights(), engine.state(), keep=9)
    return run


@pytest.mark.parametrize(("make", "name"), [(gan, "gan"), (cgan, "cgan")])
def test_every_checkpoint_plays(make, name, tmp_path):
    run = run_of(make, name, tmp_path / "run", 3)
    score = skill_of_run(run.path, data=points(), matches=2, batch=8)
    assert [each["round"] for each in score.details["generators"]] == [2, 4, 6]
    assert score == skill_of_run(run, data=points(), matches=2, batch=8)


def test_a_run_that_keeps_fewer_than_three_checkpoints_is_refused(tmp_path):
    run = run_of(gan, "gan", tmp_path / "run", 2)
    with pytest.raises(BadRequest, match="keeps 2 checkpoints, and a tournament needs 3") as refusal:
        skill_of_run(run.path)
    assert "\n" not in str(refusal.value)


def test_a_game_without_a_critic_is_refused():
    with pytest.raises(BadRequest, match="has no critic to ask"):
        snapshot(Game(), 0)


def test_classes_that_nobody_tells_are_missed():
    game = cgan(points().spec, **small(cgan)).eval()
    player = snapshot(game, 7)
    assert (player.name, player.round) == ("round 7", 7)
    assert player.score(torch.zeros(3, 2), torch.arange(3)).shape == (3,)
    with pytest.raises(BadRequest, match="the data have no labels"):
        player.sample(3, None)
