"""Demonstrations in Minari's HDF5 (main_data.hdf5), by h5py.

    episode_0/observations    (steps + 1, numbers)      what was seen before each step, and after the last
    episode_0/actions         (steps,) or (steps, action)
    episode_0/rewards         (steps,)
    episode_0/terminations, truncations                  (steps,), true at the end

The environment is named by `env_spec`, a text of JSON: in metadata.json beside the file, or among its attributes, where
older files have it.  Links to other files, virtual and external arrays, and arrays of objects are not read.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from rivalry.data.readers.decoded import Size
from rivalry.data.readers.members import open_regular
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.worlds.demonstrations import MOST, read

SMALL = 1 << 20  # bytes of metadata.json


def h5py(path: Path) -> Any:
    """The package.

    Raises:
        BadRequest: it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise BadRequest(f"{path} needs h5py: pip install 'rivalry[minari]'; a .npz needs nothing") from None
    return h5py


def open_minari(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """Demonstrations from a file of Minari.

    Raises:
        BadRequest: h5py is not installed, or the file is damaged or holds no episodes of numbers.
    """
    if size is not None:
        raise BadRequest(f"{path} holds episodes, which have no size in pixels; leave the size out")
    if split != "train":
        raise BadRequest(f"{path} has no split {split!r}; it has train")
    package = h5py(path)
    open_regular(path).close()
    try:
        with package.File(path, "r") as file:
            return read(path, _arrays(path, file, package))
    except BadRequest:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:  # h5py's, of damage
        raise BadRequest(f"{path} is no whole HDF5 file: {' '.join(str(error).split())[:200]}") from None


def _arrays(path: Path, file: Any, package: Any) -> dict[str, np.ndarray]:
    """The arrays of `worlds.demonstrations`."""
    names = sorted((n for n in file if n[:8] == "episode_" and n[8:].isdecimal()), key=lambda n: int(n[8:]))
    if not names:
        raise BadRequest(f"{path} holds no episode_0; expected the main_data.hdf5 of Minari")
    budget = [MOST]
    told = [
        [
            _array(path, file, f"{name}/{key}", package, budget)
            for key in ("observations", "actions", "rewards")
        ]
        for name in names
    ]
    for name, (seen, _, rewards) in zip(names, told):
        if len(seen) not in (len(rewards), len(rewards) + 1):
            raise BadRequest(f"{name} of {path} has {len(seen)} observations and {len(rewards)} rewards")
    lengths = [len(rewards) for _, _, rewards in told]
    facts = _facts(path, file)
    return {
        "observations": np.concatenate([seen[:n].reshape(n, -1) for (seen, _, _), n in zip(told, lengths)]),
        "actions": np.concatenate([done for _, done, _ in told]),
        "rewards": np.concatenate([rewards for _, _, rewards in told]),
        "lengths": np.array(lengths),
        "horizon": np.array(max(facts["horizon"], *lengths, 1)),
        "choices": np.array(facts["choices"]),
        "env": np.array(facts["env"]),
    }


def _array(path: Path, file: Any, name: str, package: Any, budget: list[int]) -> np.ndarray:
    group, key = name.split("/")
    links = file.get(group, getlink=True), file[group].get(key, getlink=True)
    if not all(isinstance(link, package.HardLink) for link in links):
        raise BadRequest(f"{name} of {path} is missing, or a link, which is not followed")
    found = file[group][key]
    plain = isinstance(found, package.Dataset) and found.dtype.kind in "iuf" and found.ndim >= 1
    if not plain or found.is_virtual or found.external:
        raise BadRequest(f"{name} of {path} is no array of numbers in this file")
    budget[0] -= math.prod(found.shape)
    if budget[0] < 0:
        raise BadRequest(f"{path} holds more than {MOST:,} numbers; take fewer episodes")
    return found[()]


def _facts(path: Path, file: Any) -> dict[str, Any]:
    """The environment's name, its horizon (0 if unknown), and its number of possible actions (0 if unknown)."""
    beside, about = path.with_name("metadata.json"), {key: file.attrs[key] for key in file.attrs}
    if beside.is_file() and beside.stat().st_size <= SMALL:
        with open_regular(beside) as told:
            about = {**about, **_table(told.read())}
    spec, space = _table(about.get("env_spec")), _table(about.get("action_space"))
    env, horizon, choices = spec.get("id"), spec.get("max_episode_steps"), space.get("n")
    if not isinstance(env, str):
        raise BadRequest(
            f"{path} does not name its environment: expected env_spec in metadata.json beside it, or in its attributes"
        )
    whole = lambda n: n if isinstance(n, int) and 0 < n < 2**24 else 0
    return {"env": env, "horizon": whole(horizon), "choices": whole(choices)}


def _table(told: Any) -> dict[str, Any]:
    """A table from a text of JSON; empty if it is none."""
    try:
        found = json.loads(told) if isinstance(told, str | bytes) else told
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
