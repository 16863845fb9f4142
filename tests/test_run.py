"""A run on disk: what is written comes back, and what is damaged is known."""

import errno
import json
import math
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from toys import ABOUT, bits, different, images

import rivalry
from rivalry import run as run_module
from rivalry.data.source import Source
from rivalry.engine import Engine
from rivalry.errors import BadRequest, RunFailed
from rivalry.game import Game, Move, Player
from rivalry.goal import Goal
from rivalry.optimizers import MakeOptimizer, adam, rmsprop, sgd
from rivalry.run import FORMAT, Checkpoint, Run
from rivalry.trees import finite, flatten, load_tensors, unflatten, write_json, write_tensors

SOURCES = sorted(Path(rivalry.__file__).parent.rglob("*.py"))

# ---------------------------------------------------------------------- trees

DTYPES = [
    torch.float32,
    torch.float64,
    torch.float16,
    torch.bfloat16,
    torch.uint8,
    torch.int8,
    torch.int32,
    torch.int64,
    torch.bool,
]


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    values = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(draw(st.integers(0, 99))))
    return values.to(draw(st.sampled_from(DTYPES)))


words = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(
    ["__tensor__", "__pairs__", "a/b"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | words | tensors()
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words, inner, max_size=3)
        | st.dictionaries(st.integers(-3, 3) | st.sampled_from(["1", "2"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def alike(a: Any, b: Any) -> bool:
    """Equal to the last bit, of the same types; nan is nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return alike([*a], [*b]) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return repr(a) == repr(b)


def through_disk(tree: Any, folder: Path) -> Any:
    found: dict[str, Tensor] = {}
    with (folder / "tree.json").open("wb") as file:
        write_json(flatten(tree, found), file)
    with (folder / "tree.safetensors").open("wb") as file:
        write_tensors(found, file)
    return unflatten(
        json.loads((folder / "tree.json").read_text()), load_tensors(folder / "tree.safetensors")
    )


@settings(max_examples=200, deadline=None)
@given(tree=trees)
def test_a_tree_comes_back_from_disk(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert alike(tree, through_disk(tree, tmp_path_factory.getbasetemp()))


@pytest.mark.parametrize(
    "value", [math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, -0.0, 2**70]
)
def test_extreme_numbers_come_back(value: float, tmp_path: Path) -> None:
    assert alike([value], through_disk([value], tmp_path))


def test_tensors_that_share_memory_come_back_whole(tmp_path: Path) -> None:
    whole = torch.arange(6.0).view(2, 3)
    tree = {
        "whole": whole,
        "again": whole,
        "row": whole[1],
        "turned": whole.t(),
        "wide": whole[:1].expand(4, 3),
    }
    back = through_disk(tree, tmp_path)
    assert all(torch.equal(tree[name], back[name]) for name in tree)


def test_tuples_come_back_as_lists(tmp_path: Path) -> None:
    assert through_disk({"betas": (0.5, 0.9)}, tmp_path) == {"betas": [0.5, 0.9]}


def test_what_is_no_tree_is_named() -> None:
    with pytest.raises(TypeError, match=r"'/a/0' is a set"):
        flatten({"a": [{1, 2}]}, {})


def test_the_log_has_no_word_for_what_is_not_finite() -> None:
    assert finite({"a": [math.nan, math.inf, 1e300, 1]}) == {"a": [None, None, 1e300, 1]}


# ---------------------------------------------------------------------- checkpoints


class Convolutional(Game):
    """A tied weight, a buffer, extra state and a convolution in channels_last."""

    def __init__(self, make: MakeOptimizer) -> None:
        super().__init__()
        self.conv, self.tied = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.tied.weight = self.conv.weight
        self.norm = nn.BatchNorm2d(4)
        self.seen: dict[Any, Any] = {0: None, "best": math.inf, "kept": []}
        self.a = Player(self.conv, self.tied, self.norm, optimizer=make)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = next(data)
        loss = self.norm(self.conv(x) * self.tied(x) * torch.rand(())).square().mean(0).log1p().sum()
        yield Move(self.a, loss)
        self.seen = {
            t: loss.item(),
            "best": self.seen["best"],
            "kept": [*self.seen["kept"], x[:1].clone()][-2:],
        }

    def get_extra_state(self) -> Any:
        return self.seen

    def set_extra_state(self, state: Any) -> None:
        self.seen = state


def begin(make: MakeOptimizer = adam(1e-2), seed: int = 0) -> Engine:  # noqa: B008
    torch.manual_seed(seed)
    return Engine(Convolutional(make), Source(images(3, 8, 8), batch=8, seed=seed), seed=seed)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with checkpoints of rounds 1, 2 and 3."""
    run, engine = Run.create(tmp_path / "run", {"game": "toy"}), begin()
    for t in (1, 2, 3):
        engine.play(Goal(rounds=t))
        run.save(t, engine.weights(), engine.state(), keep=3)
    return run


def names(run: Run) -> list[str]:
    return sorted(p.name for p in (run.path / "checkpoints").iterdir())


@pytest.mark.parametrize("make", [adam(1e-2), rmsprop(1e-2), sgd(1e-2), sgd(1e-2, momentum=0.9)])
def test_a_checkpoint_is_the_engine(make: MakeOptimizer, tmp_path: Path) -> None:
    run, engine = Run.create(tmp_path / "run", {}), begin(make)
    engine.play(Goal(rounds=3))
    run.save(3, engine.weights(), engine.state())
    saved, layout = bits(engine), _strides(engine)
    engine.play(Goal(rounds=6))
    ended = bits(engine)

    other = begin(make, seed=5)
    other.restore(*run.newest()[1:])
    assert not different(saved, bits(other))
    assert layout == _strides(other)
    assert other.game.tied.weight is other.game.conv.weight
    other.play(Goal(rounds=6))
    assert not different(ended, bits(other))


def _strides(engine: Engine) -> list[tuple[int, ...]]:
    """How the weights of the convolution and their moments lie in memory."""
    moments = engine.game.a.optimizer.state[engine.game.conv.weight].values()
    held = [engine.game.conv.weight, *(m for m in moments if isinstance(m, Tensor) and m.dim() == 4)]
    return [tensor.stride() for tensor in held]


def test_a_half_written_checkpoint_is_invisible_and_goes(run: Run) -> None:
    shutil.copytree(run.path / "checkpoints/000003", run.path / "checkpoints/.000004.partial")
    (run.path / "checkpoints/.000004.partial/state.json").unlink()
    assert [checkpoint.round for checkpoint in run.checkpoints()] == [3, 2, 1]
    engine = begin()
    run.mend()
    run.save(5, engine.weights(), engine.state())
    assert names(run) == ["000003", "000005"]


def flip(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


DAMAGES: list[Callable[[Path], None]] = [flip, truncate, Path.unlink, lambda file: file.write_bytes(b"")]


@pytest.mark.parametrize("damage", DAMAGES, ids=["flipped", "truncated", "deleted", "emptied"])
@pytest.mark.parametrize("name", ["weights.safetensors", "state.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_used(
    run: Run, name: str, damage: Callable[[Path], None]
) -> None:
    said: list[str] = []
    assert run.newest(said.append)[0].round == 3
    assert not said
    damage(run.path / "checkpoints/000003" / name)
    found = run.newest(said.append)
    assert found[0].round == 2
    assert len(said) == 1
    assert str(run.path / "checkpoints/000003") in said[0]


def test_no_single_flipped_byte_of_the_state_is_believed(run: Run) -> None:
    checkpoint = run.checkpoints()[0]
    file = checkpoint.path / "state.json"
    raw, truth = file.read_bytes(), json.dumps(flatten(checkpoint.state(), {}))
    believed = []
    for place in range(0, len(raw), 7):
        file.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        try:
            checkpoint.weights()
            believed.append(json.dumps(flatten(checkpoint.state(), {})) == truth)
        except run_module.Damaged:
            continue
    assert all(believed)  # such as the format's number, which is read from run.json
    assert len(believed) < 3


def test_every_checkpoint_damaged(run: Run) -> None:
    said: list[str] = []
    for checkpoint in run.checkpoints():
        truncate(checkpoint.path / "weights.safetensors")
    assert run.newest(said.append) is None
    assert len(said) == 3


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    run, engine = Run.create(tmp_path / "run", {}), begin()
    for t in range(1, 8):
        saved = run.save(t, engine.weights(), engine.state(), keep=2)
        if t in (2, 3):
            run.crown(saved)
    assert names(run) == ["000003", "000006", "000007"]
    assert run.best().round == 3
    assert (run.path / "best").resolve() == (run.path / "checkpoints/000003").resolve()


def test_checkpoints_are_ordered_by_number(tmp_path: Path) -> None:
    run, engine = Run.create(tmp_path / "run", {}), begin()
    for t in (999_999, 1_000_000):
        run.save(t, engine.weights(), engine.state())
    assert [checkpoint.round for checkpoint in run.checkpoints()] == [1_000_000, 999_999]


def test_after_going_back_new_checkpoints_are_not_taken_for_old_ones(run: Run) -> None:
    for t in (2, 3):
        truncate(run.path / f"checkpoints/00000{t}/weights.safetensors")
    found = run.newest()
    assert found[0].round == 1
    run.rewind(1)
    engine = begin()
    run.save(2, engine.weights(), engine.state(), keep=1)  # the damaged one of round 3 is not newer than this
    assert run.newest()[0].round == 2


# ---------------------------------------------------------------------- a full disk


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a full disk, writing fails within a file; the limit is this process's own."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_fails_leaves_the_last_good_checkpoint(run: Run) -> None:
    engine = begin()
    with no_file_longer_than(500), pytest.raises(RunFailed) as raised:
        run.save(4, engine.weights(), engine.state())
    assert "000003" in str(raised.value)
    assert f"rivalry resume {run.path}" in str(raised.value)
    assert names(run) == ["000001", "000002", "000003"]
    assert run.newest()[0].round == 3


@pytest.mark.parametrize("when", ["write_tensors", "write_json", "_hash_of_tree"])
def test_a_disk_that_fills_midway(run: Run, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    engine = begin()
    monkeypatch.setattr(run_module, when, full)
    for t in (3, 4):  # 3 is there already: it must not go before its successor is whole
        with pytest.raises(RunFailed, match=r"No space left on device; the last good one is .*000003"):
            run.save(t, engine.weights(), engine.state())
    assert names(run) == ["000001", "000002", "000003"]
    assert run.newest()[0].round == 3


def test_a_state_that_cannot_be_saved_is_our_mistake_not_the_disks(run: Run) -> None:
    with pytest.raises(TypeError, match="a checkpoint holds"):
        run.save(4, {}, {"extra": {"pool": object()}})
    assert names(run) == ["000001", "000002", "000003"]


# ---------------------------------------------------------------------- the directory


def test_a_run_is_not_begun_over_something(tmp_path: Path) -> None:
    Run.create(tmp_path / "run", {})
    with pytest.raises(BadRequest, match="rivalry resume"):
        Run.create(tmp_path / "run", {})
    (tmp_path / "file").touch()
    with pytest.raises(BadRequest):
        Run.create(tmp_path / "file", {})
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "mine.txt").touch()
    with pytest.raises(BadRequest):
        Run.create(tmp_path / "folder", {})


def test_a_run_killed_at_its_beginning_can_be_begun_again(tmp_path: Path) -> None:
    Run.create(tmp_path / "run", {})
    (tmp_path / "run" / "run.json").rename(tmp_path / "run" / ".run.json.partial")
    assert Run.create(tmp_path / "run", {"seed": 3}).told["seed"] == 3


def test_a_run_is_opened_as_it_was_made(tmp_path: Path) -> None:
    made = Run.create(tmp_path / "run", {**ABOUT, "settings": {"lr": 1e-5}})
    assert Run.open(tmp_path / "run").told == made.told


def test_runs_without_a_place_get_names_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (Run.create(None, {}, "gan-ring").path for _ in range(2))
    assert first.name.startswith("gan-ring-2")
    assert (first.name[:-2], first.name[-2:], second.name[-2:]) == (second.name[:-2], "-0", "-1")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "x"}', '{"format": null}', "\x00\xff"])
def test_what_is_no_run_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BadRequest, match="is not a run"):
        Run.open(tmp_path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", ABOUT)
    (run.path / "run.json").write_text(json.dumps({**run.told, "format": FORMAT + 1, "new": 1}))
    with pytest.raises(BadRequest, match=r"newer rivalry .* upgrade"):
        Run.open(run.path)


# ---------------------------------------------------------------------- the log


def test_the_log_forgets_what_will_be_played_again(run: Run) -> None:
    for t in range(1, 6):
        run.log({"round": t, "notes": {"loss": math.nan}})
    run.log({"round": 5, "event": "failed"})
    run.rewind(2)
    assert list(run.lines()) == [
        {"round": 1, "notes": {"loss": None}},
        {"round": 2, "notes": {"loss": None}},
        {"round": 5, "event": "failed"},
    ]


def test_a_torn_line_is_passed_over(run: Run) -> None:
    run.log({"round": 1})
    with (run.path / "log.jsonl").open("a") as file:
        file.write('{"round": 2, "no')
    assert list(run.lines()) == [{"round": 1}]
    run.rewind(3)
    run.log({"round": 2})
    assert list(run.lines()) == [{"round": 1}, {"round": 2}]


# ---------------------------------------------------------------------- no pickle


def test_no_source_pickles() -> None:
    words = (
        "import pickle\n",
        "from pickle import",
        "torch.save(",
        "torch.load(",
        "import joblib",
        "import dill",
        "allow_pickle=True",
    )
    guilty = [f"{file.name}: {word}" for file in SOURCES for word in words if word in file.read_text()]
    # Weights that others published, opened after their sha256 was checked, by torch's reader of tensors alone.
    assert set(guilty) <= {"weights.py: torch.load("}
    for file in SOURCES:
        loads = [line for line in file.read_text().splitlines() if "torch.load(" in line]
        assert all("weights_only=True" in line for line in loads)
    assert len(SOURCES) > 50  # the scan found the sources


def test_a_checkpoint_is_json_and_safetensors_alone(run: Run) -> None:
    for checkpoint in run.checkpoints():
        files = {file.name: file.read_bytes() for file in checkpoint.path.iterdir()}
        assert sorted(files) == ["state.json", "state.safetensors", "weights.safetensors"]
        json.loads(files.pop("state.json"))
        for raw in files.values():  # a length, a JSON header, then numbers
            header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
            ends = [told["data_offsets"][1] for name, told in header.items() if name != "__metadata__"]
            assert len(raw) == 8 + int.from_bytes(raw[:8], "little") + max(ends)


def test_writing_gives_back_the_checkpoint(run: Run) -> None:
    written = Checkpoint.write(run.folder, 9, {"w": torch.ones(2)}, {"t": 9})
    assert torch.equal(written.weights()["w"], torch.ones(2))
    assert written.state() == {"t": 9}
