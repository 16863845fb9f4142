"""A walk on a line, six steps long: each step leads to the left or to the right, and to the right is rewarded."""

import numpy as np

from rivalry.errors import BadRequest


class Walk:
    """The smallest environment, for tests and examples; it needs no package."""

    horizon, observation, action, choices = 6, 1, 1, 2
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    grid: tuple[int, int] | None = None

    def __init__(self, pictures: bool = False):
        if pictures:
            raise BadRequest("the environment 'walk' draws no pictures; it is for tests")
        self.place = 0.0

    def reset(self, seed: int) -> np.ndarray:
        self.place = 0.0
        return np.zeros(1, np.float32)

    def step(self, action: int) -> tuple[np.ndarray, float, bool]:
        step = 2.0 * int(action) - 1
        self.place += step
        return np.array([self.place], np.float32), step, False

    def picture(self) -> np.ndarray:
        raise AssertionError("refused when it was made")
