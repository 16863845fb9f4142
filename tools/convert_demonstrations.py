"""Convert demonstrations and statistics that others keep in pickles to archives of plain arrays.

    python tools/convert_demonstrations.py rollouts.npz --env CartPole-v1 -o demos.npz
    python tools/convert_demonstrations.py vecnormalize.pkl -o statistics.npz

The first is a .npz of the package `imitation`: observations, actions, rewards and the places where episodes end are
plain arrays, and only these are read.  The second is the pickle of a `VecNormalize` of Stable-Baselines3.  Nothing of
it is executed: the unpickler knows numpy's arrays, and every other class is an empty one.  `rivalry demonstrate
--statistics` takes the result.
"""

import argparse
import pickle
from pathlib import Path
from typing import Any

import numpy as np


class Empty:
    """Stands for a class that is not to be run; keeps the state that it would have had."""

    def __init__(self, *args: Any, **kwargs: Any):
        pass

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            vars(self).update(state)


class Arrays(pickle.Unpickler):
    """Reads numpy's arrays and numbers, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.startswith("numpy") and name in ("dtype", "ndarray")) or (module, name) in RECONSTRUCT:
            return getattr(np, name) if name in ("dtype", "ndarray") else RECONSTRUCT[module, name]
        return Empty


_multiarray = np._core.multiarray
RECONSTRUCT: dict[tuple[str, str], Any] = {
    (module, name): getattr(_multiarray, name)
    for module in ("numpy.core.multiarray", "numpy._core.multiarray")
    for name in ("_reconstruct", "scalar")
}


def rollouts(path: Path, env: str, choices: int) -> dict[str, np.ndarray]:
    """The arrays of a demonstration from a .npz of `imitation`, whose observations hold one more for each episode."""
    with np.load(path, allow_pickle=False) as archive:
        seen, done, rewards, ends = (archive[key] for key in ("obs", "acts", "rews", "indices"))
    lengths = np.diff([0, *ends, len(done)])
    last = np.cumsum(lengths + 1) - 1
    return {
        "observations": np.delete(seen, last, axis=0).astype(np.float32),
        "actions": done if done.ndim == 1 else done.astype(np.float32),
        "rewards": rewards.astype(np.float32),
        "lengths": lengths,
        "horizon": np.array(lengths.max()),
        "choices": np.array(max(choices, int(done.max()) + 1) if done.ndim == 1 else 0),
        "env": np.array(env),
        "policy": np.array(path.name),
    }


def statistics(path: Path) -> dict[str, np.ndarray]:
    """Mean and variance of observations from a pickled VecNormalize."""
    with path.open("rb") as file:
        found = Arrays(file).load()
    return {"mean": np.asarray(found.obs_rms.mean), "variance": np.asarray(found.obs_rms.var)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--env", default="", help="the environment of rollouts")
    parser.add_argument(
        "--choices", type=int, default=0, help="possible actions, if rollouts lack the last one"
    )
    parser.add_argument("-o", dest="output", type=Path, required=True)
    told = parser.parse_args()
    if told.path.suffix == ".npz" and not told.env:
        parser.error("name the environment that the rollouts are of with --env")
    arrays = (
        rollouts(told.path, told.env, told.choices) if told.path.suffix == ".npz" else statistics(told.path)
    )
    np.savez_compressed(told.output, **arrays)
    print(told.output)


if __name__ == "__main__":
    main()
