"""A noisy television beside a world: numbers that are seen and drawn anew at every step, whatever the agent does.

An agent that is paid for what it predicts badly is paid for such numbers forever (Burda et al. 2018, "Large-Scale Study
of Curiosity-Driven Learning", arXiv 1808.04355, section 5).
"""

from typing import Any

import numpy as np

from rivalry.worlds.world import World

NUMBERS = 100


class Noisy:
    """The world, and `NUMBERS` numbers from 0 to 1 after what is seen of it.  They follow from the episode's seed."""

    def __init__(self, world: World):
        self.world, self.noise = world, np.random.default_rng(0)
        self.horizon, self.action, self.choices = world.horizon, world.action, world.choices
        self.low, self.high, self.grid = world.low, world.high, world.grid
        self.observation = world.observation + NUMBERS

    def reset(self, seed: int) -> np.ndarray:
        self.noise = np.random.default_rng(seed)
        return self._beside(self.world.reset(seed))

    def step(self, action: Any) -> tuple[np.ndarray, float, bool]:
        seen, reward, ended = self.world.step(action)
        return self._beside(seen), reward, ended

    def _beside(self, seen: np.ndarray) -> np.ndarray:
        return np.concatenate([seen, self.noise.random(NUMBERS, np.float32)])

    def picture(self) -> np.ndarray:
        return self.world.picture()
