"""Experience: several copies of an environment, which a game steps, beside demonstrations.  It is a `Source`.

An episode follows from its seed and its actions, so that a checkpoint holds these alone: each copy is restored by
playing its actions again, and what is seen at the end is compared with what was seen then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset, Source, Spec, TableSource
from rivalry.errors import BadRequest
from rivalry.game import Actor, Game
from rivalry.worlds.world import world_of

Act = Callable[[Tensor], Tensor]


@dataclass
class Lived:
    """Steps of several copies of an environment, in order.

    Attributes:
        seen, following: what was seen before and after each step, (steps, copies, observation).
        done: the actions, (steps, copies) or (steps, copies, action).
        reward: the environment's own, (steps, copies).
        ended, cut: whether the episode ended with the step, by itself or by the horizon, (steps, copies), 0 or 1.
        returns: the sum of rewards of each episode that was finished.
        cells: the number of different cells of the grid that each of these visited.
    """

    seen: Tensor
    following: Tensor
    done: Tensor
    reward: Tensor
    ended: Tensor
    cut: Tensor
    returns: list[float]
    cells: list[float]

    def notes(self) -> dict[str, Tensor | float]:
        """Means over the episodes that were finished, if any."""
        found = {"return": self.returns, "cells": self.cells}
        return {name: sum(each) / len(each) for name, each in found.items() if each}


class Experience:
    """A source of experience, and of batches of steps of the demonstrations.

    Args:
        dataset: demonstrations, or a table of none; its spec names the environment.
        actors: the number of copies of the environment.
        seed: of the episodes.

    Attributes:
        drawn: steps played so far, in all copies together.
        restarted: a sentence if copies could not be restored, and so began a new episode; else "".
    """

    def __init__(self, dataset: Dataset, actors: int, *, seed: int = 0, device: torch.device | str = "cpu"):
        self.table, self.seed, self.device = dataset, seed, torch.device(device)
        self.drawn, self.restarted = 0, ""
        self.copies = [Copy(dataset.spec, i) for i in range(actors)]
        for copy in self.copies:
            copy.begin(seed, 0)
        self._steps = steps_of(dataset) if len(dataset) else None

    @property
    def spec(self) -> Spec:
        return self.table.spec

    @property
    def shown(self) -> int:
        """How many steps of the demonstrations `take` draws from."""
        return len(self._steps[0]) if self._steps else 0

    def take(self, n: int, label: int | None = None) -> tuple[Tensor, ...]:
        """`n` random steps of the demonstrations: seen, done, and seen next."""
        assert self._steps is not None
        rows = torch.randint(len(self._steps[0]), (n,))
        return tuple(column[rows].to(self.device) for column in self._steps)

    def play(self, act: Act, steps: int) -> Lived:
        """Step every copy so many times; `act` gives the actions, (copies,) or (copies, action)."""
        n, (world, *_) = len(self.copies), [copy.world for copy in self.copies]
        seen = np.zeros((steps + 1, n, world.observation), np.float32)
        following = np.zeros((steps, n, world.observation), np.float32)
        scalars = np.zeros((3, steps, n), np.float32)  # reward, ended, cut
        actions, finished = [], list[tuple[float, int]]()
        seen[0] = [copy.seen for copy in self.copies]
        for k in range(steps):
            chosen = act(torch.from_numpy(seen[k]).to(self.device)).cpu()
            actions.append(chosen)
            for i, (copy, action) in enumerate(zip(self.copies, chosen.tolist())):
                following[k, i], *scalars[:, k, i] = copy.step(action)
                if scalars[1, k, i] or scalars[2, k, i]:
                    finished.append((copy.gained, len(copy.visited)))
                    copy.begin(self.seed, copy.episode + 1)
                seen[k + 1, i] = copy.seen
        self.drawn += steps * n
        tensor = lambda array: torch.from_numpy(array).to(self.device)
        reward, ended, cut = tensor(scalars)
        return Lived(
            tensor(seen[:-1]),
            tensor(following),
            torch.stack(actions).to(self.device),
            reward,
            ended,
            cut,
            [gained for gained, _ in finished],
            [float(cells) for _, cells in finished] if world.grid else [],
        )

    def state_dict(self) -> dict[str, Any]:
        return {
            "drawn": self.drawn,
            "seed": self.seed,
            "episodes": [copy.episode for copy in self.copies],
            "actions": [torch.tensor(copy.actions, dtype=torch.float64) for copy in self.copies],
            "seen": [torch.from_numpy(copy.seen.copy()) for copy in self.copies],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Play the actions of each copy's present episode again."""
        self.drawn, self.seed = state["drawn"], state["seed"]
        restarted = 0
        each = zip(self.copies, state["episodes"], state["actions"], state["seen"], strict=True)
        for copy, episode, actions, seen in each:
            copy.begin(self.seed, episode)
            for action in actions.tolist():
                copy.step(action)
            if not np.array_equal(copy.seen, seen.numpy()):
                copy.begin(self.seed, episode + 1)
                restarted += 1
        self.restarted = ""
        if restarted:
            self.restarted = (
                f"{self.spec.about['env']} does not repeat itself: {restarted} of {len(self.copies)} copies of it "
                "restarted with a new episode; the weights will differ from those of a run that was never stopped"
            )


class Copy:
    """One copy of the environment, in the middle of an episode."""

    def __init__(self, spec: Spec, number: int):
        self.world, self.number, self.horizon = world_of(spec), number, spec.shape[0]
        self.episode, self.gained = 0, 0.0
        self.actions, self.visited = list[Any](), set[bytes]()
        self.seen = np.zeros(self.world.observation, np.float32)

    def begin(self, seed: int, episode: int) -> None:
        """Begin the episode of this number."""
        self.episode, self.actions, self.gained, self.visited = episode, [], 0.0, set()
        own = np.random.SeedSequence((seed, self.number, episode)).generate_state(1)[0]
        self._see(self.world.reset(int(own) >> 1))

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool]:
        """What is seen next, the reward, and whether the episode ended by itself, or by the horizon."""
        seen, reward, ended = self.world.step(action)
        self.actions.append(action)
        self.gained += reward
        self._see(seen)
        return seen, reward, ended, len(self.actions) >= self.horizon and not ended

    def _see(self, seen: np.ndarray) -> None:
        self.seen = seen
        if self.world.grid:
            self.visited.add(seen[:2].tobytes())


def steps_of(dataset: Dataset) -> tuple[Tensor, Tensor, Tensor]:
    """The steps of episodes: seen (n, observation), done (n,) or (n, action), and seen next.

    What was seen after an episode's last step is not known, so the last steps are left out.
    """
    seen, done, lasting = split(dataset.x, dataset.spec)
    both = lasting[:, :-1] & lasting[:, 1:]
    return seen[:, :-1][both], done[:, :-1][both], seen[:, 1:][both]


def split(x: Tensor, spec: Spec) -> tuple[Tensor, Tensor, Tensor]:
    """Episodes (n, t, d) as seen (n, t, observation), done (n, t) or (n, t, action), and whether they last (n, t)."""
    observation, action = spec.about["observation"], spec.about["action"]
    done = x[..., observation : observation + action]
    done = done[..., 0].round().long() if spec.about.get("choices") else done
    return x[..., :observation], done, x[..., -1] > 0.5


def source_of(
    dataset: Dataset,
    game: Game,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    rank: int = 0,
    world: int = 1,
) -> Source:
    """What a game is played on: batches of the table, or experience where the game acts.

    Raises:
        BadRequest: no demonstrations for a game that learns from them, some that do not fit the environment, too few,
            or several processes for a game that acts.
    """
    if game.reads and not len(dataset) and dataset.spec.about.get("env"):
        env = dataset.spec.about["env"]
        raise BadRequest(
            f"this game learns from demonstrations: give them with --data demos.npz (`rivalry demonstrate {env}`)"
        )
    if isinstance(game, Actor):
        world_of(dataset.spec)  # raises if it does not fit, or is not installed
    if not game.actors:
        return TableSource(
            dataset, game.reads, batch=game.batch, seed=seed, device=device, rank=rank, world=world
        )
    if world > 1:
        raise BadRequest("agents are trained by one process; leave torchrun out")
    experience = Experience(dataset, game.actors, seed=seed, device=device)
    if game.reads and not experience.shown:
        raise BadRequest(
            f"{dataset.spec.name!r} holds no two steps that follow each other; this game needs episodes of 2 steps "
            "or more (`rivalry demonstrate`, without --every or with a smaller one)"
        )
    return experience


def episodes(spec: Spec, seeds: list[int], act: Act) -> Iterator[Tensor]:
    """Play an episode from each seed, all at once: yields each step, (n, d), until the last has ended."""
    worlds = [world_of(spec) for _ in seeds]
    seen = np.stack([world.reset(seed) for world, seed in zip(worlds, seeds)])
    lasting = [True] * len(worlds)
    for _ in range(spec.shape[0]):
        chosen = act(torch.from_numpy(seen)).cpu()
        row = np.zeros((len(worlds), spec.shape[1]), np.float32)
        row[:, : seen.shape[1]] = seen
        row[:, seen.shape[1] : -2] = chosen.reshape(len(worlds), -1)
        row[:, -1] = lasting
        for i, action in enumerate(chosen.tolist()):
            if lasting[i]:
                seen[i], row[i, -2], ended = worlds[i].step(action)
                lasting[i] = not ended
        yield torch.from_numpy(row)
        if not any(lasting):
            return


def played(spec: Spec, seeds: list[int], act: Act) -> Tensor:
    """Whole episodes: (n, t, d), with zeros after the end of each."""
    rows = torch.stack([row * row[:, -1:] for row in episodes(spec, seeds, act)], 1)
    return torch.nn.functional.pad(rows, (0, 0, 0, spec.shape[0] - rows.shape[1]))


def returns(x: Tensor) -> Tensor:
    """The sum of rewards of each episode: (n, t, d) -> (n,)."""
    return (x[:, :, -2] * (x[:, :, -1] > 0.5)).double().sum(1)
