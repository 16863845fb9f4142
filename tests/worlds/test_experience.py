"""Environments, the experience that is made in them, and demonstrations on disk."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data import open_data
from rivalry.data.source import Dataset, toy
from rivalry.errors import BadRequest
from rivalry.kinds.episode import coverage
from rivalry.metrics.game.returns import cells
from rivalry.worlds import world as worlds
from rivalry.worlds.demonstrations import demonstrate, thinned, write
from rivalry.worlds.experience import Experience, played, returns, split, steps_of
from rivalry.worlds.grid import SmallGrid, following, reward_of_cells, soft_policy
from rivalry.worlds.policies import find_policy, random_policy

RIGHT = lambda seen: torch.ones(len(seen), dtype=torch.long)


class Dice:
    """An environment whose state is the chance of its seed, as the state of most is."""

    horizon, observation, action, choices, low, high, grid = 6, 1, 1, 2, (), (), None
    forgetful = False

    def __init__(self, pictures: bool = False):
        self.chance = np.random.default_rng()

    def reset(self, seed: int) -> np.ndarray:
        self.chance = np.random.default_rng(None if self.forgetful else seed)
        return self.chance.random(1, np.float32)

    def step(self, action: int) -> tuple[np.ndarray, float, bool]:
        return self.chance.random(1, np.float32) + action, float(action), bool(self.chance.random() < 0.1)


def dice(monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setattr(worlds, "make", lambda name, pictures=False: Dice())
    return Dataset(worlds.spec_of(Dice(), "dice"), torch.empty(0, 6, 4))


def test_experience_goes_on_exactly_from_the_middle_of_its_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    table, choose = dice(monkeypatch), lambda seen: (seen[:, 0] > 0.7).long()
    first = Experience(table, 3, seed=5)
    first.play(choose, 10)
    state = first.state_dict()
    truth = first.play(choose, 20)
    second = Experience(table, 3, seed=99)
    second.load_state_dict(state)
    again = second.play(choose, 20)
    assert torch.equal(truth.seen, again.seen) and torch.equal(truth.ended, again.ended)
    assert truth.returns == again.returns
    assert second.drawn == first.drawn == 90 and not second.restarted
    assert truth.ended.any() and truth.cut.any()
    assert not torch.equal(Experience(table, 3, seed=99).play(choose, 20).seen, truth.seen)


def test_an_environment_that_does_not_repeat_itself_restarts_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = dice(monkeypatch)
    first = Experience(table, 2)
    first.play(RIGHT, 3)
    monkeypatch.setattr(Dice, "forgetful", True)
    second = Experience(table, 2)
    second.load_state_dict(first.state_dict())
    assert "dice does not repeat itself: 2 of 2 copies of it restarted" in second.restarted


def test_what_follows_a_step_is_seen_before_the_next_unless_the_episode_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lived = Experience(dice(monkeypatch), 4).play(RIGHT, 25)
    over = (lived.ended + lived.cut)[:-1] > 0
    same = (lived.following[:-1] == lived.seen[1:]).all(2)
    assert torch.equal(same, ~over)
    assert len(lived.returns) == int((lived.ended + lived.cut).sum())


def test_episodes_are_split_as_they_were_played() -> None:
    spec = toy("episode", classes=0).spec
    x = played(spec, [0, 1], RIGHT)
    seen, done, lasting = split(x, spec)
    assert seen[:, :, 0].tolist() == [[0, 1, 2, 3, 4, 5]] * 2
    assert (done == 1).all() and lasting.all()
    assert returns(x).tolist() == [6, 6]
    before, action, after = steps_of(Dataset(spec, x))
    assert torch.equal(after, before + 1) and len(action) == 10  # nothing is known after the last of each


def test_demonstrations_are_read_as_they_were_written(tmp_path: Path) -> None:
    spec, x = demonstrate("walk", random_policy(toy("episode").spec), 5, seed=1)
    x[0, 4:] = 0  # an episode that ended early
    with (tmp_path / "demos.npz").open("wb") as file:
        write(x, spec, "random", file)
    data = open_data(tmp_path / "demos.npz")
    assert torch.equal(data.x, x)
    assert data.spec.about == spec.about
    assert data.spec.shape == spec.shape
    with np.load(tmp_path / "demos.npz", allow_pickle=False) as archive:
        assert str(archive["policy"]) == "random" and len(archive["observations"]) == 28


def test_a_demonstration_knows_the_grid_that_it_was_played_on(tmp_path: Path) -> None:
    spec, x = demonstrate("grid", find_policy("scripted", worlds.spec_of(SmallGrid(), "grid")), 1)
    with (tmp_path / "demos.npz").open("wb") as file:
        write(x, spec, "scripted", file)
    assert open_data(tmp_path / "demos.npz").spec.about == spec.about


def test_a_thinned_demonstration_keeps_some_steps_and_all_of_the_return() -> None:
    spec = toy("episode").spec
    x = thinned(played(spec, [0] * 20, RIGHT), 3)
    seen, _, lasting = split(x, spec)
    assert (lasting.sum(1) == 2).all()
    assert (returns(x) == 6).all()
    assert set(seen[:, 0, 0].tolist()) == {0, 1, 2}
    assert (seen[:, 1, 0] - seen[:, 0, 0] == 3).all()


def arrays(**other: object) -> dict[str, object]:
    base = {
        "observations": np.zeros((6, 1), np.float32), "actions": np.ones(6, int), "rewards": np.zeros(6),
        "lengths": np.array([6]), "horizon": np.array(6), "env": np.array("walk"),
    }  # fmt: skip
    return {**base, **other}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lengths": np.array([6, 0])}, "episode 1 of .* has a length of 0"),
        ({"lengths": np.array([4])}, "add up to 4 steps; it holds 6"),
        ({"observations": np.full((6, 1), np.nan)}, "observations in .* not finite"),
        ({"actions": np.ones(5, int)}, "actions in .* expected a row for each of the 6"),
        ({"lengths": np.array([], int)}, "expected the steps of each episode"),
        ({"horizon": np.array(3)}, "from the longest episode, 6, on"),
        ({"env": np.array(3)}, "names no environment"),
        ({"observations": np.full((6, 1), 1e300)}, "beyond 3.4e38"),
        ({"choices": np.array("x")}, "no number of possible actions"),
        ({"choices": np.array([], int)}, "no number of possible actions"),
        ({"choices": np.array(10**12)}, "no number of possible actions, 0 to 65,536"),
        ({"grid": np.array([0, 3])}, "grid in .* expected a short list"),
        ({"low": np.array([0.0, 1.0])}, "not of the 1 numbers of an action"),
        ({"low": np.array([np.nan])}, "low in .* expected a short list"),
        ({"horizon": None}, "demonstrations without horizon; expected observations, actions"),
    ],
)
def test_wrong_demonstrations_are_refused(wrong: dict[str, object], said: str, tmp_path: Path) -> None:
    given = {key: value for key, value in arrays(**wrong).items() if value is not None}
    np.savez(tmp_path / "demos.npz", **given)
    with pytest.raises(BadRequest, match=said):
        open_data(tmp_path / "demos.npz")


def test_demonstrations_of_another_shape_than_the_environment_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "demos.npz", **arrays(observations=np.zeros((6, 3), np.float32)))
    with pytest.raises(BadRequest, match="episodes with 3 numbers seen; walk has 1"):
        Experience(open_data(tmp_path / "demos.npz"), 1)


def test_a_television_shows_other_numbers_at_every_step_and_the_same_for_the_same_seed() -> None:
    noisy, plain = worlds.make("walk+noise"), worlds.make("walk")
    first = [noisy.reset(3), *(noisy.step(1)[0] for _ in range(2))]
    again = [noisy.reset(3), *(noisy.step(1)[0] for _ in range(2))]
    assert np.array_equal(first, again) and not np.array_equal(first[0], noisy.reset(4))
    assert noisy.observation == plain.observation + 100 and np.unique(np.stack(first)[:, 1:]).size == 300
    assert [seen[0] for seen in first] == [0, 1, 2]


def test_policies_that_are_none_are_refused(tmp_path: Path) -> None:
    spec = toy("episode").spec
    (tmp_path / "none.zip").write_bytes(b"PK no")
    with pytest.raises(BadRequest, match=r"holds no policy\.pth of plain weights"):
        find_policy(str(tmp_path / "none.zip"), spec)
    with pytest.raises(BadRequest, match="expected random, scripted"):
        find_policy("nobody", spec)


def test_the_cells_of_a_map_are_those_that_were_visited() -> None:
    places = torch.tensor([[0, 0], [1, 0], [1, 0], [3, 2]]) / torch.tensor([3, 2])
    x = torch.cat([places, torch.ones(4, 1)], 1)[None]
    x = torch.cat([x, torch.zeros(1, 2, 3)], 1)  # steps after the end are none
    tile = coverage(x, 4, 3)[0, 0, ::16, ::16]
    visited = [(int(r), int(c)) for r, c in (tile < 1).nonzero()]
    assert visited == [(0, 0), (0, 1), (2, 3)]
    assert tile[0, 1] < tile[0, 0]
    assert cells(x).tolist() == [3]


def test_the_demonstrator_of_the_grid_is_the_fixed_point_of_soft_value_iteration() -> None:
    """log π = (r + γ V(s') - V(s)) / temperature, for one V of cells."""
    p = soft_policy(0.2, 0.95)
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    corner = 35
    assert p[corner].argmax() == 0  # it stays where it is paid most
    stay = 0.2 * np.log(p[:, 0])
    value = (reward_of_cells() - stay) / (1 - 0.95)  # of staying: V(s) = (r - t log π) / (1 - γ)
    others = (reward_of_cells()[:, None] + 0.95 * value[following()] - value[:, None]) / 0.2
    np.testing.assert_allclose(np.log(p), others, atol=1e-4)


def test_the_grid_pays_for_the_cell_that_a_step_begins_in() -> None:
    world, reward = SmallGrid(), reward_of_cells()
    for seed in range(5):
        world.reset(seed)
        before = world.cell
        _, paid, ended = world.step(1)
        assert paid == reward[before] and not ended
        assert world.cell == (before if before % 6 == 5 else before + 1)
