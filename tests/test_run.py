"""A run on disk: what is written comes back, and what is damaged is known."""

import errno
import json
import math
import os
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn
from toys import ABOUT, bits, different, images

import rivalry
from rivalry.data.source import Source, TableSource
from rivalry.errors import BadRequest, RunFailed
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import MakeOptimizer, adam, rmsprop, sgd
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.checkpoint import Checkpoint, Damaged
from rivalry.runs.run import Run
from rivalry.runs.schema import FORMAT
from rivalry.runs.trees import finite, flatten, load_tensors, unflatten, write_json, write_tensors

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
    return Engine(Convolutional(make), TableSource(images(3, 8, 8), batch=8, seed=seed), seed=seed)


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
        except Damaged:
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


# ---------------------------------------------------------------------- killed at any instant


class Killed(BaseException):
    """As the system kills: nothing that would clean up gets to run, since what it would call raises as well."""


@contextmanager
def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The process ends before its step of that number: making, renaming and deleting of names are steps."""
    steps = [0]

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def one(*args: Any, **given: Any) -> Any:
            steps[0] += 1
            if steps[0] > step:
                raise Killed
            return function(*args, **given)

        return one

    with monkeypatch.context() as patch:
        for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
            patch.setattr(os, name, dying(getattr(os, name)))
        with suppress(Killed):
            yield steps


def test_killed_at_every_step_of_writing_the_only_checkpoint_anew_a_whole_one_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`keep=1`, and the same round again: the hardest case."""
    told, step, ended = {"w": torch.arange(3.0)}, 0, False
    while not ended:
        run = Run.create(tmp_path / str(step), ABOUT)
        run.save(2, told, {"t": 2, "which": "old"}, keep=1)
        with killed_at(step, monkeypatch) as steps:
            run.save(2, told, {"t": 2, "which": "new"}, keep=1)
        ended, step = steps[0] <= step, step + 1
        for reader in (Run.open(run.path), run):
            found = reader.newest()
            assert found is not None, f"killed before step {step}"
            assert torch.equal(found[1]["w"], told["w"])
        run.mend()
        assert [c.round for c in run.checkpoints()] == [2]
        assert run.checkpoints()[0].state()["which"] in ("old", "new")
        assert names(run) == ["000002"]
    assert step > 10  # there were steps to be killed at
    assert run.checkpoints()[0].state()["which"] == "new"


def test_a_whole_checkpoint_under_the_name_of_a_partial_one_is_found_and_put_in_its_place(run: Run) -> None:
    shutil.rmtree(run.path / "checkpoints/000002")
    shutil.rmtree(run.path / "checkpoints/000001")
    (run.path / "checkpoints/000003").rename(run.path / "checkpoints/.000003.0123456789abcdef.partial")
    assert run.newest()[0].round == 3
    run.mend()
    assert names(run) == ["000003"]
    assert run.newest()[0].round == 3


def test_one_that_reads_while_checkpoints_turn_over_calls_none_damaged(tmp_path: Path) -> None:
    run, said, seen = Run.create(tmp_path / "run", ABOUT), [], set()
    run.save(1, {"w": torch.zeros(50_000)}, {"t": 1})
    over = threading.Event()

    def turn_over() -> None:
        for t in range(2, 40):
            run.save(t, {"w": torch.full((50_000,), float(t))}, {"t": t}, keep=1)
            run.save(t, {"w": torch.full((50_000,), float(t))}, {"t": t}, keep=1)
        over.set()

    writer = threading.Thread(target=turn_over)
    writer.start()
    while not over.is_set():
        checkpoint, weights, state = Run.open(run.path).newest(said.append)
        assert weights["w"][0] == max(state["t"], 1) or state["t"] == 1
        assert checkpoint.round == state["t"]
        seen.add(state["t"])
    writer.join()
    assert said == []
    assert len(seen) > 1


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


@pytest.mark.parametrize(
    "when",
    ["rivalry.runs.checkpoint.write_tensors", "rivalry.runs.checkpoint.write_json", "os.fsync", "os.replace"],
)
def test_a_disk_that_fills_midway(run: Run, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    engine = begin()
    monkeypatch.setattr(when, full)
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
    assert Run.create(tmp_path / "run", {"seed": 3}).config["seed"] == 3


def test_a_run_is_opened_as_it_was_made(tmp_path: Path) -> None:
    made = Run.create(tmp_path / "run", {**ABOUT, "settings": {"lr": 1e-5}})
    assert Run.open(tmp_path / "run").config == made.config


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
    (run.path / "run.json").write_text(json.dumps({**run.config, "format": FORMAT + 1, "new": 1}))
    with pytest.raises(BadRequest, match=r"newer rivalry .* upgrade"):
        Run.open(run.path)


# ---------------------------------------------------------------------- a run.json from anywhere

WRONG: dict[str, tuple[str, Any, str]] = {
    "an unknown field": ("extra", 1, "knows no 'extra'"),
    "a game that is no text": ("game", ["gan"], r"says that game is \['gan'\]; expected a text"),
    "a game with a zero byte": ("game", "a\0", "expected a text"),
    "settings that are a list": ("settings", [], "expected a table"),
    "settings nested deeper": ("settings", {"width": {"a": 1}}, "says that settings is"),
    "a setting beyond 64 bits": ("settings", {"width": 10**30}, "says that settings is"),
    "a seed below 0": ("seed", -1, "expected a whole number from 0 to 4294967295"),
    "a seed of 30 digits": ("seed", 10**29, "expected a whole number"),
    "a seed that is true": ("seed", True, "says that seed is True"),
    "no goal": ("goal", {}, "expected one of rounds, samples and seconds"),
    "two goals": ("goal", {"rounds": 1, "seconds": 2}, "expected one of"),
    "a goal of 0": ("goal", {"rounds": 0}, "expected one of"),
    "a spec without a shape": ("spec", {"name": "a", "kind": "points"}, "says that spec is"),
    "an image of five channels": (
        "spec",
        {"name": "a", "kind": "image", "shape": [5, 8, 8]},
        "says that spec is",
    ),
    "a shape beyond all memory": (
        "spec",
        {"name": "a", "kind": "image", "shape": [1, 2**20, 2**20]},
        "spec is",
    ),
    "a size of one number": ("size", [8], "expected a height and a width"),
    "threads without end": ("threads", 10**6, "says that threads is"),
    "a precision of its own": ("precision", "fp8", "expected one of fp32, bf16"),
    "no checkpoint kept": ("keep", 0, "says that keep is 0"),
    "a negative time": ("save_every", -1, "expected a number from 0"),
    "a command with an escape": ("command", ["\x1b[2J"], r"\\x1b"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_run_json_that_train_cannot_have_written_is_refused(what: str, tmp_path: Path) -> None:
    run, (field, value, said) = Run.create(tmp_path / "run", ABOUT), WRONG[what]
    (run.path / "run.json").write_text(json.dumps({**run.config, field: value}))
    with pytest.raises(BadRequest, match=said) as refused:
        Run.open(run.path)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("field", [*ABOUT])
def test_a_run_json_that_lacks_something_is_refused(field: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", ABOUT)
    (run.path / "run.json").write_text(json.dumps({k: v for k, v in run.config.items() if k != field}))
    with pytest.raises(BadRequest, match=f"lacks {field}"):
        Run.open(run.path)


STRANGE = [
    '{"format": 1e999}', '{"format": NaN}', '{"format": true}', "[" * 100_000, '{"a":' * 100_000,
    '{"format": ' + "1" * 5000 + "}", '{"format": -1}', '{"format": 1, "seed": Infinity}',
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: text[:16])
def test_a_strange_run_json_is_no_run(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(BadRequest, match="is not a run"):
        Run.open(tmp_path)


# ---------------------------------------------------------------------- links

LINKS = [
    "run.json", "log.jsonl", "samples", "checkpoints", "report.html", "tensorboard", "checkpoints/000002",
    "checkpoints/000003/weights.safetensors", "samples/000001.png",
]  # fmt: skip


@pytest.fixture
def opened(run: Run) -> Run:
    """The run of three checkpoints, with all that a run consists of."""
    run.config |= ABOUT
    run.write_about()
    run.log({"round": 1})
    for name in ("report.html", "samples/000001.png"):
        (run.path / name).touch()
    (run.path / "tensorboard").mkdir()
    run.crown(run.checkpoints()[0])
    return Run.open(run.path)


@pytest.mark.parametrize("name", LINKS)
def test_a_run_of_which_a_part_is_a_link_is_refused(opened: Run, name: str, tmp_path: Path) -> None:
    (opened.path / name).rename(tmp_path / "elsewhere")
    (opened.path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadRequest, match=f"{name} is a link"):
        Run.open(opened.path)


@pytest.mark.parametrize("name", ["log.jsonl", "samples/000001.png", "run.json"])
def test_a_pipe_in_a_run_is_refused_at_once(opened: Run, name: str) -> None:
    (opened.path / name).unlink()
    os.mkfifo(opened.path / name)
    with pytest.raises(BadRequest, match="is neither a regular file nor a folder"):
        Run.open(opened.path)


@pytest.mark.parametrize("name", ["log.jsonl", "run.json", "report.html"])
def test_a_folder_in_the_place_of_a_file_is_refused(opened: Run, name: str) -> None:
    (opened.path / name).unlink()
    (opened.path / name).mkdir()
    with pytest.raises(BadRequest, match=f"{name} is a folder and should be a file"):
        Run.open(opened.path)


@pytest.mark.parametrize("name", ["samples", "checkpoints", "tensorboard"])
def test_a_file_in_the_place_of_a_folder_is_refused(opened: Run, name: str) -> None:
    shutil.rmtree(opened.path / name)
    (opened.path / name).touch()
    with pytest.raises(BadRequest, match=f"{name} is a file and should be a folder"):
        Run.open(opened.path)


def test_nothing_is_written_or_deleted_through_a_link(run: Run, tmp_path: Path) -> None:
    """Each planted after the run was opened, so that the writers themselves must see it."""
    victim, folder = tmp_path / "victim", tmp_path / "folder"
    victim.write_text("mine")
    for t in (1, 2, 3, 4):
        (folder / f"{t:06d}").mkdir(parents=True)
    for name in ("log.jsonl", ".run.json.partial", ".log.jsonl.partial", ".best.partial", "samples/a.png"):
        (run.path / name).symlink_to(victim)
    with pytest.raises(BadRequest, match=r"log\.jsonl is a link"):
        run.log({"round": 1})
    run.write_about()
    run.picture("a", Image.new("L", (8, 8)))
    (run.path / "log.jsonl").unlink()
    (run.path / "log.jsonl").symlink_to(victim)
    run.rewind(9)  # replaces the link itself
    run.crown(run.checkpoints()[0])
    shutil.rmtree(run.path / "checkpoints")
    (run.path / "checkpoints").symlink_to(folder)
    with pytest.raises(BadRequest, match="checkpoints is a link"):
        run.save(5, {}, {})
    for act in (lambda: run.rewind(0), run.mend):
        with suppress(BadRequest):
            act()
    assert victim.read_text() == "mine"
    assert sorted(p.name for p in folder.iterdir()) == ["000001", "000002", "000003", "000004"]
    assert not (run.path / "log.jsonl").is_symlink()
    assert not (run.path / "samples/a.png").is_symlink()


def test_what_is_deleted_is_the_link_and_not_what_it_leads_to(run: Run, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    shutil.rmtree(run.path / "checkpoints/000001")
    (run.path / "checkpoints/000001").symlink_to(tmp_path / "precious")
    run.save(4, {"w": torch.ones(1)}, {"t": 4}, keep=1)
    assert names(run) == ["000004"]
    assert (tmp_path / "precious" / "file").exists()


def test_a_run_that_was_moved_while_it_was_written_is_not_begun_anew_at_its_old_place(run: Run) -> None:
    run.log({"round": 1})
    moved = run.path.rename(run.path.with_name("moved"))
    with pytest.raises(OSError, match="No such file"):
        run.log({"round": 2})
    with pytest.raises(RunFailed, match="Was its folder moved"):
        run.save(4, {}, {})
    assert not run.path.exists()
    run.path.mkdir()  # and another takes its place
    with pytest.raises(FileNotFoundError, match="another one is in its place"):
        run.log({"round": 2})
    assert list(run.path.iterdir()) == []
    assert [line["round"] for line in Run(moved, {}).lines()] == [1]


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


@pytest.mark.parametrize(
    "text",
    [
        "[1]",
        "3",
        "null",
        '{"round": "x"}',
        '{"round": -1}',
        '{"round": 1e999}',
        "[" * 10_000,
        "\xff",
        "1" * 5000,
    ],
)
def test_what_is_no_line_of_ours_is_passed_over(run: Run, text: str) -> None:
    run.log({"round": 1})
    with (run.path / "log.jsonl").open("a", encoding="latin-1") as file:
        file.write(text + "\n")
    run.log({"round": 2})
    assert [line["round"] for line in run.lines()] == [1, 2]
    run.rewind(1)
    assert [line["round"] for line in run.lines()] == [1]


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
    assert set(guilty) <= {"weights.py: torch.load(", "policies.py: torch.load("}
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
