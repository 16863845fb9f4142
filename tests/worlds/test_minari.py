"""Demonstrations in Minari's HDF5, where h5py is installed."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data import open_data
from rivalry.errors import BadRequest
from rivalry.worlds.demonstrations import demonstrate, seeds_of
from rivalry.worlds.minari import write_minari
from rivalry.worlds.policies import find_policy
from rivalry.worlds.world import make, spec_of

h5py = pytest.importorskip("h5py")


def written(path: Path, env: str = "grid", n: int = 3) -> tuple[object, torch.Tensor]:
    spec, x = demonstrate(env, find_policy("scripted", spec_of(make(env), env)), n, seed=2)
    with path.open("wb") as file:
        write_minari(x, spec, seeds_of(2, n), "scripted", file, h5py)
    return spec, x


def test_demonstrations_are_read_as_they_were_written_and_end_where_the_world_ended(tmp_path: Path) -> None:
    spec, x = written(tmp_path / "demos.hdf5")
    data = open_data(tmp_path / "demos.hdf5")
    assert torch.equal(data.x, x) and data.spec.shape == spec.shape
    assert {**spec.about, "grid": None} == {**data.spec.about, "grid": None}
    with h5py.File(tmp_path / "demos.hdf5") as file:
        assert [*file] == ["episode_0", "episode_1", "episode_2"]
        one = file["episode_1"]
        assert one["observations"].shape == (21, 38) and one["actions"].shape == (20,)
        assert one["truncations"][()].tolist() == [False] * 19 + [True] and not one["terminations"][()].any()
        place, action = one["observations"][19, 2:].argmax(), one["actions"][19]
        from rivalry.worlds.grid import following

        assert one["observations"][20, 2:].argmax() == following()[place, action]


def test_what_minari_keeps_beside_the_file_names_the_environment(tmp_path: Path) -> None:
    written(tmp_path / "main_data.hdf5", "walk")
    with h5py.File(tmp_path / "main_data.hdf5", "a") as file:
        del file.attrs["env_spec"], file.attrs["action_space"]
    with pytest.raises(BadRequest, match="does not name its environment"):
        open_data(tmp_path / "main_data.hdf5")
    told = {"env_spec": json.dumps({"id": "walk", "max_episode_steps": 6}), "action_space": '{"n": 2}'}
    (tmp_path / "metadata.json").write_text(json.dumps(told))
    assert open_data(tmp_path / "main_data.hdf5").spec.about["choices"] == 2


def broken(how: str, file: h5py.File) -> None:
    one = file["episode_0"]
    if how == "external":
        del one["rewards"]
        one["rewards"] = h5py.ExternalLink("/etc/hostname", "/x")
    elif how == "virtual":
        del one["rewards"]
        layout = h5py.VirtualLayout(shape=(6,), dtype="f4")
        layout[:] = h5py.VirtualSource("other.hdf5", "x", shape=(6,))
        one.create_virtual_dataset("rewards", layout)
    elif how == "text":
        del one["rewards"]
        one["rewards"] = [b"a"] * 6
    elif how == "short":
        del one["rewards"]
        one["rewards"] = np.zeros(3)
    elif how == "group":
        del one["observations"]
        one.create_group("observations")
    elif how == "huge":
        del one["observations"]
        one.create_dataset("observations", shape=(1 << 30, 1), dtype="f4", chunks=True)
    elif how == "nan":
        one["rewards"][2] = np.nan
    else:
        for name in [*file]:
            del file[name]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("external", "missing, or a link"),
        ("virtual", "no array of numbers in this file"),
        ("text", "no array of numbers"),
        ("group", "no array of numbers"),
        ("short", "has 7 observations and 3 rewards"),
        ("huge", "more than 268,435,456 numbers"),
        ("nan", "rewards in .* not finite"),
        ("none", "holds no episode_0"),
    ],
)
def test_files_that_hold_something_else_are_refused(how: str, said: str, tmp_path: Path) -> None:
    written(tmp_path / "demos.hdf5", "walk", 1)
    with h5py.File(tmp_path / "demos.hdf5", "a") as file:
        broken(how, file)
    with pytest.raises(BadRequest, match=said):
        open_data(tmp_path / "demos.hdf5")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "demos.hdf5", "walk", 1)
    whole = (tmp_path / "demos.hdf5").read_bytes()
    for content in (b"", b"no", whole[:300], io.BytesIO(whole).read(len(whole) // 2)):
        (tmp_path / "demos.hdf5").write_bytes(content)
        with pytest.raises(BadRequest, match="is no whole HDF5 file"):
            open_data(tmp_path / "demos.hdf5")
