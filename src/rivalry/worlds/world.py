"""An environment: it is reset with a seed, and steps by actions.  All of its chance follows from seed and actions.

That is all that an environment must promise for training to resume exactly: its state is its seed and the actions
since, and it is restored by playing them again (see `experience`).
"""

import importlib
from typing import Any, Protocol

import numpy as np

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest, unknown


class World(Protocol):
    """One copy of an environment.

    Attributes:
        horizon: the number of steps after which an episode is cut.
        observation: how many numbers are seen.
        action: how many numbers an action is; 1 where actions are choices.
        choices: the number of possible actions; 0 where an action is real numbers from `low` to `high`.
        grid: width and height, if the first two numbers that are seen are a place on a grid, from 0 to 1.
    """

    horizon: int
    observation: int
    action: int
    choices: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    grid: tuple[int, int] | None

    def reset(self, seed: int) -> np.ndarray:
        """Begin an episode: what is seen first, float32 (observation,)."""

    def step(self, action: Any) -> tuple[np.ndarray, float, bool]:
        """What is seen next, the reward, and whether the episode ended by itself (not by the horizon)."""

    def picture(self) -> np.ndarray:
        """The present state as uint8 (h, w, 3)."""


ENDING = "+noise"  # of the name of a world with a noisy television
BUILT_IN = {  # name -> "module:class" below `rivalry.worlds`
    "walk": "walk:Walk",
    "grid": "grid:SmallGrid",
    "CartPole-fixed": "gym:FixedCartPole",
    "my-way-home": "doom:MyWayHome",
    "my-way-home-sparse": "doom:MyWayHomeSparse",
}


def make(name: str, pictures: bool = False) -> World:
    """A new copy of an environment.

    A name that ends in "+noise" is the environment with a noisy television beside it (`noisy`).

    Args:
        name: one of `BUILT_IN`, or any of Gymnasium's.
        pictures: whether `picture` is going to be called.

    Raises:
        BadRequest: there is none of this name, or a package that it needs is not installed.
    """
    if name.endswith(ENDING):
        from rivalry.worlds.noisy import Noisy

        return Noisy(make(name.removesuffix(ENDING), pictures))
    if name in BUILT_IN:
        module, attribute = BUILT_IN[name].split(":")
        return getattr(importlib.import_module(f"rivalry.worlds.{module}"), attribute)(pictures)
    from rivalry.worlds.gym import from_gymnasium

    return from_gymnasium(name, pictures)


def spec_of(world: World, name: str, horizon: int | None = None) -> Spec:
    """The description of an episode in this environment."""
    about: dict[str, Any] = {
        "observation": world.observation,
        "action": world.action,
        "reward": 1,
        "choices": world.choices,
        "env": name,
    }
    about |= {} if world.choices else {"low": list(world.low), "high": list(world.high)}
    about |= {"grid": list(world.grid)} if world.grid else {}
    shape = (horizon or world.horizon, world.observation + world.action + 2)
    return Spec(name, "episode", shape, about=about)


def bounds_of(spec: Spec) -> tuple[list[float], list[float]]:
    """The lowest and the highest action of real numbers; the environment is asked where its episodes do not say."""
    about = spec.about if "low" in spec.about else spec_of(world_of(spec), spec.about["env"]).about
    return about["low"], about["high"]


def open_environment(name: str) -> Dataset:
    """An environment as a table of no episodes, for games that learn from experience alone."""
    import torch

    spec = spec_of(make(name), name)
    facts = {"source": f"env:{name}", "splits": ("train",), "skipped": []}
    return Dataset(spec, torch.empty(0, *spec.shape), None, facts)


def world_of(spec: Spec, pictures: bool = False) -> World:
    """A new copy of the environment that these episodes were played in.

    Raises:
        BadRequest: it is not known, or it sees or does another number of numbers than the episodes hold.
    """
    name = spec.about.get("env")
    if not isinstance(name, str):
        raise BadRequest(
            f"{spec.name!r} does not say which environment its episodes are of; `rivalry demonstrate` writes such data"
        )
    world = make(name, pictures)
    for what in ("observation", "action", "choices"):
        has, needs = spec.about.get(what, 0), getattr(world, what)
        if has != needs:
            words = {"observation": "numbers seen", "action": "numbers done", "choices": "possible actions"}[
                what
            ]
            raise BadRequest(f"{spec.name!r} holds episodes with {has} {words}; {name} has {needs}")
    return world


def no_environment(name: str, known: list[str]) -> BadRequest:
    """The error for an environment that does not exist; names the nearest."""
    return unknown("environment", name, [*BUILT_IN, *known], "see Gymnasium's list of environments")
