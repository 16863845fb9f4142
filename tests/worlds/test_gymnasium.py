"""Gymnasium's environments, where that is installed."""

import io
import json
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.games.agents.gail import gail
from rivalry.runs.watching import filmed
from rivalry.worlds.demonstrations import demonstrate, write
from rivalry.worlds.experience import Experience, returns
from rivalry.worlds.policies import SCRIPTED, find_policy, random_policy
from rivalry.worlds.world import make, open_environment, spec_of

pytestmark = pytest.mark.skipif(find_spec("gymnasium") is None, reason="needs the extra `agents`")


def test_the_scripted_demonstrator_balances_and_chance_does_not() -> None:
    spec, x = demonstrate("CartPole-fixed", SCRIPTED["CartPole-fixed"], 3)
    assert returns(x).tolist() == [500, 500, 500]
    _, chance = demonstrate("CartPole-fixed", random_policy(spec), 10)
    assert returns(chance).mean() < 60
    assert (chance[:, :, -1] == 1).all()  # of fixed length, whatever falls


def test_cartpole_goes_on_exactly() -> None:
    table = open_environment("CartPole-v1")
    game = gail(table.spec, width=8)
    first, second = Experience(table, 2, seed=3), Experience(table, 2, seed=4)
    torch.manual_seed(0)
    first.play(game.act, 90)
    second.load_state_dict(first.state_dict())
    act = lambda seen: (seen[:, 2] > 0).long()
    assert torch.equal(first.play(act, 50).seen, second.play(act, 50).seen)
    assert not second.restarted


def test_an_environment_that_does_not_exist_is_named_with_the_nearest() -> None:
    with pytest.raises(BadRequest, match="no environment 'CartPole-v'; did you mean 'CartPole-v1'"):
        make("CartPole-v")


def test_an_environment_of_a_package_that_is_not_installed_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ale_py", None)
    with pytest.raises(BadRequest, match="ALE/Pong-v5 is an environment of ale_py: pip install ale-py"):
        make("ALE/Pong-v5")
    monkeypatch.setitem(sys.modules, "minigrid", None)
    with pytest.raises(BadRequest, match=r"is an environment of minigrid: pip install 'rivalry\[agents\]'"):
        make("MiniGrid-Empty-16x16-v0")


def test_a_fixed_cartpole_is_filmed() -> None:
    pytest.importorskip("pygame")
    game = gail(spec_of(make("CartPole-v1"), "CartPole-v1"), width=8)
    frames, gained = filmed(game, seed=0, most=10, widest=60)
    assert frames and frames[0].width == 60 and gained >= 8


def archive(path: Path, observation: int = 4, choices: int = 2) -> Path:
    """A policy as Stable-Baselines3 writes it, with a pickle beside its weights that must not be read."""
    pi = "mlp_extractor.policy_net"
    shapes = {f"{pi}.0": (8, observation), f"{pi}.2": (8, 8), "action_net": (choices, 8)}
    weights = {f"{name}.weight": torch.randn(shape) for name, shape in shapes.items()}
    weights |= {f"{name}.bias": torch.randn(shape[0]) for name, shape in shapes.items()}
    written = io.BytesIO()
    torch.save(weights, written)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("policy.pth", written.getvalue())
        file.writestr("data", json.dumps({"policy_kwargs": {":serialized:": "gASVAAAA"}}))
        file.writestr("pytorch_variables.pth", b"cos\nsystem\n(S'false'\ntR.")
    return path


def test_the_weights_of_others_policies_are_read_by_name_and_nothing_else(tmp_path: Path) -> None:
    torch.manual_seed(0)
    spec = spec_of(make("CartPole-v1"), "CartPole-v1")
    act = find_policy(str(archive(tmp_path / "expert.zip")), spec)
    assert set(act(torch.randn(50, 4)).tolist()) <= {0, 1}
    with pytest.raises(BadRequest, match="from 6 numbers seen to 2 numbers; CartPole-v1 has 4 and 2"):
        find_policy(str(archive(tmp_path / "other.zip", observation=6)), spec)


def test_the_trained_cartpole_of_others_balances(shared_data: Path) -> None:
    spec = spec_of(make("CartPole-v1"), "CartPole-v1")
    act = find_policy(str(shared_data / "rl_agents" / "ppo-CartPole-v1.zip"), spec)
    assert returns(demonstrate("CartPole-v1", act, 3)[1]).mean() > 450


def test_a_grid_world_tells_the_place_first_and_a_television_adds_noise() -> None:
    pytest.importorskip("minigrid")
    world = make("MiniGrid-Empty-5x5-v0")
    assert world.grid == (5, 5)
    assert world.reset(0)[:2].tolist() == [0.25, 0.25]
    seen, _, _ = world.step(2)
    assert seen[:2].tolist() == [0.5, 0.25]
    noisy = make("MiniGrid-Empty-5x5-v0+noise")
    assert noisy.observation == world.observation + 100
    before = noisy.reset(0)
    after, _, _ = noisy.step(6)
    assert np.array_equal(before[:-100], after[:-100])
    assert not np.array_equal(before[-100:], after[-100:])


def test_what_is_seen_in_a_grid_is_what_the_grid_shows_even_after_it_changed() -> None:
    """The views that are remembered are those that MiniGrid works out: keys are taken, and doors are opened."""
    pytest.importorskip("minigrid")
    world, changed = make("MiniGrid-DoorKey-5x5-v0"), 0
    chance = np.random.default_rng(0)
    for episode in range(4):
        before = world.reset(episode)
        for action in chance.integers(7, size=60):
            seen, _, ended = world.step(action)
            assert np.array_equal(seen, world._flat(world._work_out()))
            changed += action in (3, 4, 5) and not np.array_equal(before, seen)
            before = seen
            if ended:
                break
    assert changed


def test_demonstrations_of_numbers_are_between_their_bounds(tmp_path: Path) -> None:
    table = open_environment("Pendulum-v1")
    x = demonstrate("Pendulum-v1", random_policy(table.spec), 1)[1]
    assert x[..., 3].abs().max() <= 2
    with (tmp_path / "demos.npz").open("wb") as file:
        write(x, table.spec, "random", file)
    read = open_data(tmp_path / "demos.npz")
    assert read.spec.about == table.spec.about and torch.equal(read.x, x)
    del read.spec.about["low"], read.spec.about["high"]  # as where somebody else wrote them
    assert random_policy(read.spec)(torch.zeros(99, 3)).abs().max() <= 2
    game = gail(table.spec, width=8, batch=16, actors=2)
    lived = Experience(Dataset(table.spec, x), 2).play(game.act, 8)
    assert lived.done.shape == (8, 2, 1)
