"""The maze of ViZDoom, with a stand-in for the game; and with the game where it is installed."""

import sys
from importlib.util import find_spec
from types import SimpleNamespace as Names

import numpy as np
import pytest

from rivalry.errors import BadRequest
from rivalry.worlds.world import make, spec_of


class Game:
    """A corridor: forward is one cell to the right; the vest lies in the fourth cell."""

    def __init__(self) -> None:
        self.told: list[tuple[str, tuple[object, ...]]] = []
        self.x, self.y = 0.0, 0.0

    def __getattr__(self, name: str) -> object:
        return lambda *given: self.told.append((name, given))

    def new_episode(self) -> None:
        self.x, self.y = 165.0, -700.0

    def send_game_command(self, command: str) -> None:
        self.x, self.y = map(float, command.split()[1:])

    def make_action(self, buttons: list[bool], tics: int) -> float:
        self.x += 64 * buttons[2]
        return 1.0 if self.is_episode_finished() else -0.0001 * tics

    def is_episode_finished(self) -> bool:
        return self.x > 160 + 3 * 64

    def get_state(self) -> object:
        assert not self.is_episode_finished(), "the game shows nothing after the end"
        return Names(
            screen_buffer=np.full((120, 160), int(self.x) % 256, np.uint8), game_variables=[self.x, self.y]
        )


def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    every = type("Every", (), {"__getattr__": lambda self, name: name})()
    names = ("Button", "GameVariable", "ScreenFormat", "ScreenResolution")
    package = Names(DoomGame=Game, scenarios_path="s", **dict.fromkeys(names, every))
    monkeypatch.setitem(sys.modules, "vizdoom", package)


def test_places_are_cells_of_the_map_and_the_vest_ends_the_episode(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    world = make("my-way-home")
    first = world.reset(7)
    assert len(first) == world.observation and first[:2].tolist() == [0, 0]
    assert ("set_seed", (7,)) in world.game.told
    waited, paid, ended = world.step(0)
    assert np.array_equal(waited, first) and not ended and paid == pytest.approx(-0.0004)
    places = [world.step(3)[0][0] for _ in range(2)]
    assert np.allclose(places, [1 / 14, 2 / 14])
    assert world.picture().shape == (120, 160, 3) and world.picture()[0, 0, 0] == (165 + 128) % 256
    seen, paid, ended = world.step(3)
    assert ended and paid == 1 and seen[0] == np.float32(2 / 14)  # what was seen last
    assert spec_of(world, "my-way-home").about["grid"] == [15, 13]


def test_the_sparse_maze_begins_in_one_room(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch)
    world = make("my-way-home-sparse")
    assert np.allclose(world.reset(0)[:2], [1 / 14, 8 / 12])


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vizdoom", None)
    with pytest.raises(BadRequest, match="needs ViZDoom: pip install vizdoom"):
        make("my-way-home-sparse")


@pytest.mark.skipif(find_spec("vizdoom") is None, reason="needs vizdoom")
def test_the_game_repeats_itself() -> None:
    worlds = [make("my-way-home-sparse") for _ in range(2)]
    seen = [[w.reset(3), *(w.step(k % 4)[0] for k in range(40))] for w in worlds]
    assert np.array_equal(*seen)
    assert np.allclose(seen[0][0][:2], [1 / 14, 8 / 12]) and seen[0][0][2:].std() > 0.01
