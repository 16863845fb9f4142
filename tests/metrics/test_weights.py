"""Weights of others: where they are looked for, and that nothing unknown is opened."""

import hashlib
import io
import pickle
import tarfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rivalry.cache import cache_dir
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.weights import fill, find_weights, read_arrays, read_weights


def find(given=None):
    return find_weights("toy", given, "RIVALRY_TOY", ["a.pth", "b.pth"], "get it there")


def test_a_path_comes_before_the_variable_and_the_variable_before_the_cache(tmp_path, monkeypatch):
    kept, named, given = cache_dir("weights") / "b.pth", tmp_path / "named.pth", tmp_path / "given.pth"
    for file in (kept, named, given):
        file.touch()
    assert find() == kept
    monkeypatch.setenv("RIVALRY_TOY", str(named))
    assert find() == named
    assert find(given) == given


def test_where_there_is_nothing_it_tells_what_was_tried(tmp_path, monkeypatch):
    with pytest.raises(
        BadRequest, match=r"no weights for toy: tried \$RIVALRY_TOY, which is not set, and .*a\.pth"
    ):
        find()
    (cache_dir("weights") / "a.pth").touch()
    monkeypatch.setenv("RIVALRY_TOY", "gone.pth")  # what was asked for is not replaced by what is there
    with pytest.raises(BadRequest, match=r"tried \$RIVALRY_TOY, which is gone.pth; get it there"):
        find()
    with pytest.raises(BadRequest, match=r"tried never\.pth; get it there"):
        find("never.pth")


def test_a_pickle_is_opened_only_for_its_sha256(tmp_path, monkeypatch):
    file = tmp_path / "weights.pth"
    torch.save({"a": torch.arange(3.0)}, file)
    known = hashlib.sha256(file.read_bytes()).hexdigest()
    assert read_weights(file, known)["a"].tolist() == [0, 1, 2]
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(BadRequest, match=f"not opened: its sha256 is {known}, expected {'0' * 64}"):
        read_weights(file, "0" * 64)
    with pytest.raises(BadRequest, match=r"expected a \.safetensors$"):
        read_weights(file)
    with pytest.raises(BadRequest, match=r"expected a \.safetensors or a \.pth"):
        read_weights(tmp_path / "weights.pkl", known)


class Evil:
    """What its pickle would do on the way in: write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def archived(path, written):
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("held")
        member.size = len(written)
        archive.addfile(member, io.BytesIO(written))
    return path, hashlib.sha256(written).hexdigest()


def test_arrays_of_a_pickle_are_copied_out_and_nothing_of_it_runs(tmp_path):
    kept = {"a": np.arange(300, dtype=np.float32).reshape(10, 30), "evil": Evil(tmp_path / "ran")}
    file, known = archived(tmp_path / "weights.tar.gz", pickle.dumps(kept, 3))
    (found,) = read_arrays(file, "held", known)
    assert found.tolist() == list(range(300))
    assert not (tmp_path / "ran").exists()
    pickle.loads(pickle.dumps(kept, 3))["evil"].close()  # the control: unpickled, it does
    assert (tmp_path / "ran").exists()
    with pytest.raises(BadRequest, match=f"held was not read: its sha256 is {known}, expected 0"):
        read_arrays(file, "held", "0" * 64)
    with pytest.raises(BadRequest, match=r"cannot be read: .*not found"):
        read_arrays(file, "other", known)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(BadRequest, match="cannot be read"):
        read_arrays(file, "held", known)


def test_safetensors_are_read_and_damaged_ones_refused(tmp_path):
    file = tmp_path / "weights.safetensors"
    save_file({"a": torch.arange(3.0)}, file)
    assert read_weights(file)["a"].tolist() == [0, 1, 2]
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(BadRequest, match="cannot be read"):
        read_weights(file)


def test_a_network_without_memory_is_filled_in_float32():
    whole = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    state = {
        name: value.half() if value.is_floating_point() else value
        for name, value in whole.state_dict().items()
    }
    del state["1.num_batches_tracked"]
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    fill(network, state, "toy")
    assert {value.dtype for value in network.state_dict().values()} == {torch.float32, torch.int64}
    assert torch.equal(network[0].weight, whole[0].weight.half().float())
    assert network.eval()(torch.ones(1, 2)).isfinite().all()


@pytest.mark.parametrize(
    "state", [{"weight": torch.zeros(3, 2)}, {"weight": torch.zeros(3, 3), "bias": torch.zeros(3)}]
)
def test_weights_that_do_not_fit_are_refused_in_one_line(state):
    with pytest.raises(BadRequest, match=r"toy\.pth does not fit: .*(Missing|size mismatch)") as refusal:
        fill(nn.Linear(2, 3), state, "toy.pth")
    assert "\n" not in str(refusal.value)
