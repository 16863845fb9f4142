"""A grid of 6 x 6 cells whose reward is known: one good corner, a lesser one, and bad cells between them.

Every episode begins in a random cell and lasts 20 steps; a step is paid for the cell that it begins in.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from rivalry.errors import BadRequest

SIDE, HORIZON = 6, 20
MOVES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # stay, right, left, down, up


def reward_of_cells() -> np.ndarray:
    """The reward of each cell, by number x + 6 y: (36,)."""
    reward = np.zeros((SIDE, SIDE))
    reward[-1, -1], reward[0, -1] = 1.0, 0.5
    reward[2:4, 1:5] = -0.5
    return reward.reshape(-1)


class SmallGrid:
    """Seen are the place and a 1 for the cell among 36 numbers.  A move against the wall stays."""

    horizon, observation, action, choices = HORIZON, 2 + SIDE * SIDE, 1, len(MOVES)
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    grid: tuple[int, int] | None = (SIDE, SIDE)

    def __init__(self, pictures: bool = False):
        if pictures:
            raise BadRequest("the environment 'grid' draws no pictures; its sheets are maps")
        self.cell, self.reward = 0, reward_of_cells()

    def reset(self, seed: int) -> np.ndarray:
        self.cell = int(np.random.default_rng(seed).integers(SIDE * SIDE))
        return seen_from(self.cell)

    def step(self, action: int) -> tuple[np.ndarray, float, bool]:
        paid, self.cell = float(self.reward[self.cell]), int(following()[self.cell, int(action)])
        return seen_from(self.cell), paid, False

    def picture(self) -> np.ndarray:
        raise AssertionError("refused when it was made")


def seen_from(cell: int) -> np.ndarray:
    """What is seen in a cell, float32 (38,)."""
    seen = np.zeros(2 + SIDE * SIDE, np.float32)
    seen[:2] = cell % SIDE / (SIDE - 1), cell // SIDE / (SIDE - 1)
    seen[2 + cell] = 1
    return seen


@cache
def following() -> np.ndarray:
    """The cell that each action leads to from each cell: (36, 5)."""
    cells = np.arange(SIDE * SIDE)
    x, y = cells % SIDE, cells // SIDE
    to = [np.clip(x + dx, 0, SIDE - 1) + SIDE * np.clip(y + dy, 0, SIDE - 1) for dx, dy in MOVES]
    return np.stack(to, 1)


@cache
def soft_policy(temperature: float = 0.2, discount: float = 0.95) -> np.ndarray:
    """The policy that is the most random for its return, exp(Q / temperature): (36, 5), by soft value iteration."""
    value, reward = np.zeros(SIDE * SIDE), reward_of_cells()
    for _ in range(500):
        q = reward[:, None] + discount * value[following()]
        value = temperature * np.log(np.exp((q - q.max(1, keepdims=True)) / temperature).sum(1)) + q.max(1)
    return np.exp((q - value[:, None]) / temperature)


def demonstrator(seen: Tensor) -> Tensor:
    """Actions of `soft_policy`: (n, 38) -> (n,)."""
    chances = torch.from_numpy(soft_policy())[seen[:, 2:].argmax(1)]
    return torch.multinomial(chances, 1)[:, 0]
