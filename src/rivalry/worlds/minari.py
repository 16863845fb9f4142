"""Writing demonstrations as Minari's HDF5; `data.readers.minari` says what the file holds, and reads it."""

import io
import json
from typing import Any, BinaryIO

import numpy as np
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.worlds.world import make


def write_minari(x: Tensor, spec: Spec, seeds: list[int], policy: str, file: BinaryIO, h5py: Any) -> None:
    """Write episodes (n, t, d), which are played again from their seeds: what was seen after the last step is kept too.

    Args:
        seeds: of the episodes; every step of each must be there.
        h5py: the package.
    """
    whole, about = io.BytesIO(), spec.about
    lasting = x[:, :, -1] > 0.5
    with h5py.File(whole, "w", track_order=True) as out:
        for i, (row, seed, n) in enumerate(zip(x, seeds, lasting.sum(1).tolist())):
            done = row[:n, about["observation"] : -2].numpy()
            done = done[:, 0].round().astype(np.int64) if about.get("choices") else done
            last, ended = _end(spec, seed, done)
            group = out.create_group(f"episode_{i}")
            group.attrs.update({"id": i, "seed": seed, "total_steps": n})
            group["observations"] = np.concatenate([row[:n, : about["observation"]].numpy(), last[None]])
            group["actions"], group["rewards"] = done, row[:n, -2].numpy()
            at_end = np.arange(n) == n - 1
            group["terminations"], group["truncations"] = at_end & ended, at_end & (not ended)
        out.attrs.update(_attributes(spec, policy, len(x), int(lasting.sum())))
    file.write(whole.getvalue())


def _end(spec: Spec, seed: int, done: np.ndarray) -> tuple[np.ndarray, bool]:
    """What is seen after the last of these actions, and whether the episode ended by itself."""
    world, ended = make(spec.about["env"]), False
    seen = world.reset(seed)
    for action in done.tolist():
        seen, _, ended = world.step(action)
    return seen, ended


def _attributes(spec: Spec, policy: str, episodes: int, steps: int) -> dict[str, Any]:
    about = spec.about
    space = {"type": "Discrete", "dtype": "int64", "start": 0, "n": about["choices"]}
    if not about.get("choices"):
        box = {"low": about.get("low"), "high": about.get("high"), "shape": [about["action"]]}
        space = {"type": "Box", "dtype": "float32", **box}
    return {
        "total_episodes": episodes,
        "total_steps": steps,
        "algorithm_name": policy,
        "env_spec": json.dumps({"id": about["env"], "max_episode_steps": spec.shape[0]}),
        "action_space": json.dumps(space),
    }
