"""Gymnasium's environments as worlds: classic control, MuJoCo, MiniGrid and others with a box of numbers to see."""

import importlib
import math
import os
import warnings
from contextlib import suppress
from typing import Any

import numpy as np

from rivalry.errors import BadRequest
from rivalry.worlds.world import no_environment

LIMIT = 1000  # steps of an episode where the environment names none
NEEDS = {  # how names of environments begin -> the package that brings them, and what installs it
    "MiniGrid": ("minigrid", "pip install 'rivalry[agents]'"),
    "BabyAI": ("minigrid", "pip install 'rivalry[agents]'"),
    "ALE/": ("ale_py", "pip install ale-py"),
    "Vizdoom": ("vizdoom.gymnasium_wrapper", "pip install vizdoom"),
}


def gymnasium_with(name: str) -> Any:
    """Gymnasium, in whose registry the environment of this name is.

    Raises:
        BadRequest: it is not installed, nor a package that brings the environment; or the environment does not exist.
    """
    try:
        import gymnasium
    except ImportError:
        raise BadRequest("environments need Gymnasium: pip install 'rivalry[agents]'") from None
    package, how = next((NEEDS[begin] for begin in NEEDS if name.startswith(begin)), ("", ""))
    try:
        importlib.import_module(package or "gymnasium")  # its environments register themselves
    except ImportError:
        raise BadRequest(f"{name} is an environment of {package.partition('.')[0]}: {how}") from None
    if name not in gymnasium.registry:
        with suppress(ImportError):
            importlib.import_module("minigrid")  # the name that was meant may be one of its
        raise no_environment(name, [*gymnasium.registry])
    return gymnasium


def from_gymnasium(plain: str, pictures: bool = False) -> "Gym":
    """One of Gymnasium's environments.

    Raises:
        BadRequest: it does not exist, lacks a package, or is of a form that agents here cannot play.
    """
    gym = gymnasium_with(plain)
    if pictures:  # they are drawn in memory; without this pygame looks for a screen and sound, and complains
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            env = gym.make(
                plain, disable_env_checker=True, **({"render_mode": "rgb_array"} if pictures else {})
            )
    except Exception as error:  # of any environment: what it lacks, it says in its own way
        raise BadRequest(f"{plain} cannot be made here: {' '.join(str(error).split())[:200]}") from None
    if pictures and env.render_mode != "rgb_array":
        raise BadRequest(f"{plain} draws no pictures; leave out the .gif")
    return (Grid if hasattr(env.unwrapped, "agent_pos") else Gym)(env, plain)


class Gym:
    """An environment with a box of numbers to see; actions are choices, or a box of numbers."""

    grid: tuple[int, int] | None = None

    def __init__(self, env: Any, name: str):
        self.env = env
        self.horizon = int(getattr(env.spec, "max_episode_steps", None) or LIMIT)
        self.observation = self._seen(env.observation_space, name)
        space = env.action_space
        self.low: tuple[float, ...] = ()
        self.high: tuple[float, ...] = ()
        if hasattr(space, "n"):
            self.choices, self.action = int(space.n), 1
        elif hasattr(space, "low") and len(space.shape) == 1:
            self.choices, self.action = 0, int(space.shape[0])
            self.low, self.high = tuple(map(float, space.low)), tuple(map(float, space.high))
        else:
            raise BadRequest(
                f"{name} takes actions of the form {space}; expected choices, or a box of numbers"
            )

    def _seen(self, space: Any, name: str) -> int:
        if not hasattr(space, "low"):
            raise BadRequest(f"{name} is seen as {space}; expected a box of numbers")
        return math.prod(space.shape)

    def reset(self, seed: int) -> np.ndarray:
        return self._flat(self.env.reset(seed=seed)[0])

    def step(self, action: Any) -> tuple[np.ndarray, float, bool]:
        told = int(action) if self.choices else np.clip(np.asarray(action, np.float32), self.low, self.high)
        seen, reward, ended, _, _ = self.env.step(told)
        return self._flat(seen), float(reward), bool(ended)

    def _flat(self, seen: Any) -> np.ndarray:
        return np.asarray(seen, np.float32).reshape(-1)

    def picture(self) -> np.ndarray:
        try:
            return np.asarray(self.env.render(), np.uint8)
        except Exception as error:  # of any environment: a package or a display that it lacks
            raise BadRequest(
                f"the environment cannot be drawn here: {' '.join(str(error).split())[:200]}"
            ) from None


class FixedCartPole(Gym):
    """CartPole whose episodes always last 500 steps; a step with the pole up is worth 1.

    Where an episode ends when the pole falls, whoever is paid for each step learns to balance, with or without
    demonstrations; here the length of an episode tells nothing (Gleave et al. 2020, `seals`).
    """

    def __init__(self, pictures: bool = False):
        plain = from_gymnasium("CartPole-v1", pictures)
        super().__init__(plain.env, "CartPole-fixed")
        self._pole = plain.env.unwrapped

    def step(self, action: Any) -> tuple[np.ndarray, float, bool]:
        self._pole.steps_beyond_terminated = None  # it warns of steps after a fall
        seen, _, _, _, _ = self._pole.step(int(action))
        x, _, angle, _ = seen
        up = abs(x) <= self._pole.x_threshold and abs(angle) <= self._pole.theta_threshold_radians
        return self._flat(seen), float(up), False


class Grid(Gym):
    """A grid world of MiniGrid.  Seen are the place of the agent, its direction, and the 7 x 7 cells before it.

    The place is told twice: as two numbers, from which coverage can be read in any episode, and by a 1 for its column
    and one for its row, as on a map, so that a network can learn of each place by itself.
    """

    def __init__(self, env: Any, name: str):
        super().__init__(env, name)
        self._world = env.unwrapped
        self.horizon = int(self._world.max_steps)
        self.grid = int(self._world.width), int(self._world.height)
        self._scale = np.array([10.0, 5.0, 2.0], np.float32)  # the largest kind, color and state of a cell
        self._contents, self._views = (), dict[tuple[int, ...], Any]()
        self._work_out, self._world.gen_obs = self._world.gen_obs, self._remembered

    def _seen(self, space: Any, name: str) -> int:
        world = self.env.unwrapped
        return 2 + world.width + world.height + 4 + math.prod(space["image"].shape)

    def _remembered(self) -> Any:
        """What is seen from here.  MiniGrid works it out anew at every step, which takes most of the step's time."""
        world = self._world
        contents = tuple(thing and thing.encode() for thing in (*world.grid.grid, world.carrying))
        if contents != self._contents:
            self._contents, self._views = contents, {}
        place = (*map(int, world.agent_pos), int(world.agent_dir))
        if place not in self._views:
            self._views[place] = self._work_out()
        return self._views[place]

    def _flat(self, seen: Any) -> np.ndarray:
        (x, y), (width, height) = self._world.agent_pos, (self._world.width, self._world.height)
        flat, view = np.zeros(self.observation, np.float32), (seen["image"] / self._scale).reshape(-1)
        flat[0], flat[1] = x / (width - 1), y / (height - 1)
        flat[[2 + x, 2 + width + y, 2 + width + height + int(seen["direction"])]] = 1
        flat[-len(view) :] = view
        return flat
