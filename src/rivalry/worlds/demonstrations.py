"""Demonstrations on disk: a .npz of plain arrays, without pickle.

observations  float32 (steps, observation)        what was seen before each step, of all episodes in turn
actions       int64 (steps,) or float32 (steps, action)
rewards       float32 (steps,)                    of the environment
lengths       int64 (episodes,)                   steps of each episode
horizon       int64 ()                            the number of steps after which an episode is cut
choices       int64 ()                            the number of possible actions; 0 for real numbers
env, policy   text ()                             the environment, and who played
low, high     float32 (action,)                   bounds of real actions, if they are known
grid          int64 (2,)                          width and height, if a place on a grid is seen first
"""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.worlds.experience import Act, played
from rivalry.worlds.world import make, spec_of

MOST = 1 << 28  # numbers of a table of episodes, padded
CHOICES = 1 << 16  # no environment has more possible actions
OPTIONAL = {"low": np.float32, "high": np.float32, "grid": np.int64}
NEEDED = ("observations", "actions", "rewards", "lengths", "horizon", "env")


def demonstrate(name: str, act: Act, n: int, seed: int = 0, every: int = 1) -> tuple[Spec, Tensor]:
    """Play `n` episodes: their description, and the episodes (n, t, d).

    Args:
        every: keep only so many-th step of each episode, from a random one of the first; the rewards of the steps
            that are left out are added to those of the kept ones.
    """
    if n < 1 or every < 1:
        raise BadRequest(
            f"demonstrations are one episode or more, and every step or fewer; got {n} and {every}"
        )
    spec = spec_of(make(name), name)
    if n * spec.shape[0] * spec.shape[1] > MOST:
        raise BadRequest(f"{n:,} episodes of {name} are more than {MOST:,} numbers; play fewer")
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        x = played(spec, seeds_of(seed, n), act)
        return spec, x if every == 1 else thinned(x, every)


def seeds_of(seed: int, n: int) -> list[int]:
    """The seed of each of `n` episodes."""
    return [int(own) >> 1 for own in np.random.SeedSequence(seed).generate_state(n)]


def thinned(x: Tensor, every: int) -> Tensor:
    """Every so many-th step of each episode, from a random one of the first `every`: (n, t, d), the rest is 0."""
    found = torch.zeros_like(x)
    for row, kept in zip(x, found):
        length = int((row[:, -1] > 0.5).sum())
        places = torch.arange(int(torch.randint(min(every, length), ())), length, every)
        group = ((torch.arange(length) - places[0]) // every).clamp(
            min=0
        )  # the kept step that a reward goes to
        kept[: len(places)] = row[places]
        kept[: len(places), -2] = torch.zeros(len(places)).index_add(0, group, row[:length, -2])
    return found


def write(x: Tensor, spec: Spec, policy: str, file: BinaryIO) -> None:
    """Write episodes (n, t, d)."""
    lasting = x[:, :, -1] > 0.5
    rows = x[lasting].numpy()
    observation, choices = spec.about["observation"], spec.about.get("choices")
    done = rows[:, observation:-2]
    known: dict[str, Any] = {
        key: np.array(spec.about[key], kind) for key, kind in OPTIONAL.items() if key in spec.about
    }
    np.savez_compressed(
        file,
        observations=rows[:, :observation],
        actions=done[:, 0].round().astype(np.int64) if choices else done,
        rewards=rows[:, -2],
        lengths=lasting.sum(1).numpy(),
        horizon=np.array(spec.shape[0]),
        choices=np.array(choices or 0),
        env=np.array(spec.about["env"]),
        policy=np.array(policy),
        **known,
    )


def read(path: Path, arrays: dict[str, np.ndarray]) -> Dataset:
    """Episodes from the arrays of a .npz.

    Raises:
        BadRequest: arrays that do not fit each other, a length of 0, or numbers that are not finite.
    """
    if missing := [key for key in NEEDED if key not in arrays]:
        raise BadRequest(
            f"{path} holds demonstrations without {', '.join(missing)}; expected {', '.join(NEEDED)}"
        )
    seen, done, rewards, lengths = (arrays[key] for key in ("observations", "actions", "rewards", "lengths"))
    steps = len(seen) if seen.ndim == 2 else -1
    for key, of in (("observations", seen), ("actions", done), ("rewards", rewards)):
        ndims = {"observations": (2,), "actions": (1, 2), "rewards": (1,)}[key]
        if of.dtype.kind not in "iuf" or of.ndim not in ndims or len(of) != steps:
            raise BadRequest(
                f"{key} in {path} is {of.dtype} of shape {of.shape}; expected a row for each of the "
                f"{max(steps, 0):,} rows of observations (steps, numbers)"
            )
        if not (np.abs(of) <= np.finfo(np.float32).max).all():
            raise BadRequest(
                f"{key} in {path} holds numbers that are not finite, or beyond 3.4e38, the largest of float32"
            )
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1 or len(lengths) == 0:
        raise BadRequest(f"lengths in {path} is no list of whole numbers; expected the steps of each episode")
    if (lengths < 1).any():
        raise BadRequest(
            f"episode {int((lengths < 1).argmax())} of {path} has a length of {lengths.min()}; expected 1 or more"
        )
    if int(lengths.sum()) != steps:
        raise BadRequest(f"the lengths in {path} add up to {int(lengths.sum()):,} steps; it holds {steps:,}")
    return _table(path, arrays, seen, done, rewards, lengths)


def _table(
    path: Path,
    arrays: dict[str, np.ndarray],
    seen: np.ndarray,
    done: np.ndarray,
    rewards: np.ndarray,
    lengths: np.ndarray,
) -> Dataset:
    about, horizon = _about(path, arrays, seen, done), _horizon(path, arrays["horizon"], lengths)
    actions = done if done.ndim == 2 else done[:, None]
    rows = np.concatenate([seen, actions, rewards[:, None], np.ones((len(seen), 1))], 1).astype(np.float32)
    if len(lengths) * horizon * rows.shape[1] > MOST:
        raise BadRequest(
            f"{path} holds more than {MOST:,} numbers once its episodes are of one length; take fewer"
        )
    x = torch.zeros(len(lengths), horizon, rows.shape[1])
    for row, part in zip(x, np.split(rows, np.cumsum(lengths)[:-1])):
        row[: len(part)] = torch.from_numpy(part)
    spec = Spec(path.resolve().stem, "episode", tuple(x.shape[1:]), about=about)
    return Dataset(spec, x, None, {"source": str(path), "splits": ("train",), "skipped": [], "converted": {}})


def _about(path: Path, arrays: dict[str, np.ndarray], seen: np.ndarray, done: np.ndarray) -> dict[str, Any]:
    env = arrays["env"]
    if env.dtype.kind != "U" or env.size != 1 or len(str(env.reshape(())[()])) > 200:
        raise BadRequest(f"env in {path} names no environment")
    name = str(env.reshape(())[()])
    choices = _choices(path, arrays.get("choices", np.array(0)))
    if done.ndim == 1:
        if done.dtype.kind == "f" or done.min() < 0:
            raise BadRequest(
                f"actions in {path} are not numbered from 0; real numbers have the shape (steps, action)"
            )
        choices = max(choices, int(done.max()) + 1)
    about = {"observation": seen.shape[1], "action": 1 if done.ndim == 1 else done.shape[1], "reward": 1}
    known = {key: _known(path, key, arrays[key]) for key in OPTIONAL if key in arrays}
    if any(key in known and len(known[key]) != about["action"] for key in ("low", "high")):
        raise BadRequest(f"low and high in {path} are not of the {about['action']} numbers of an action")
    return {**about, "choices": choices, "env": name, **known}


def _known(path: Path, key: str, given: np.ndarray) -> list[Any]:
    """A short list of numbers."""
    wrong = given.ndim != 1 or given.dtype.kind != np.dtype(OPTIONAL[key]).kind or np.isnan(given).any()
    if wrong or (key == "grid" and not (len(given) == 2 and given.min() >= 1 and given.max() <= 1024)):
        raise BadRequest(
            f"{key} in {path} is {given.dtype} of shape {given.shape}; expected a short list of numbers"
        )
    return given.astype(OPTIONAL[key]).tolist()


def _choices(path: Path, given: np.ndarray) -> int:
    choices = int(given.reshape(-1)[0]) if given.dtype.kind in "iu" and given.size == 1 else -1
    if not 0 <= choices <= CHOICES:
        raise BadRequest(f"choices in {path} is no number of possible actions, 0 to {CHOICES:,}")
    return choices


def _horizon(path: Path, given: np.ndarray, lengths: np.ndarray) -> int:
    horizon = int(given.reshape(-1)[0]) if given.dtype.kind in "iu" and given.size == 1 else -1
    if not int(lengths.max()) <= horizon < 2**24:
        raise BadRequest(
            f"horizon in {path} is no whole number from the longest episode, {lengths.max()}, on"
        )
    return horizon
