"""Resuming is exact: a run that was stopped, or killed, ends in the weights of one that never was."""

import copy
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from toys import ABOUT, bits, different, engine_of, images, points

import rivalry
from rivalry.catalog import find, maker
from rivalry.cli import main
from rivalry.data.source import Dataset
from rivalry.play.goal import Goal
from rivalry.runs import training
from rivalry.runs.run import Run

CASES: dict[str, tuple[str, Dataset, dict[str, Any]]] = {
    "gan": ("gan", points(), {}),
    "dcgan": ("dcgan", images(3, 8, 12), {"augment": "ada", "average": 0.9}),
    "wgan": ("wgan", images(1, 8, 8), {}),
    "sngan": ("sngan", images(1, 8, 8), {}),
    "cgan": ("cgan", images(1, 8, 8), {"average": 0.9}),
    "unrolled": ("unrolled", points(), {}),
    "r3gan": ("r3gan", images(1, 8, 8), {"every": 3}),
}


@pytest.mark.parametrize("case", CASES)
def test_twelve_rounds_are_five_and_seven(case: str, tmp_path: Path) -> None:
    name, data, settings = CASES[case]
    make = maker(find(name))
    straight = engine_of(make, data, settings=settings)
    straight.play(Goal(rounds=12))
    truth = bits(straight)  # now, while the generator of random numbers is where it left it

    first = engine_of(make, data, settings=settings)
    first.play(Goal(rounds=5))
    run = Run.create(tmp_path / "run", ABOUT)
    run.save(5, first.weights(), first.state())

    second = engine_of(make, data, settings=settings, seed=99)
    second.play(Goal(rounds=2))  # it has a past of its own, to be forgotten
    second.restore(*Run.open(run.path).newest()[1:])
    assert second.t == 5
    second.play(Goal(rounds=12))
    assert not different(truth, bits(second))


def test_what_is_left_out_of_a_checkpoint_shows() -> None:
    """The control: the comparison above sees each part of the state."""
    make, data = maker(find("dcgan")), images(1, 8, 8)
    straight = engine_of(make, data)
    straight.play(Goal(rounds=2))
    weights, state, truth = straight.weights(), straight.state(), bits(straight)
    fresh = engine_of(make, data, seed=99).state()
    for part in (None, "players", "data", "random"):
        other = engine_of(make, data, seed=99)
        other.restore(weights, copy.deepcopy({**state, **({part: fresh[part]} if part else {})}))
        assert bool(different(truth, bits(other))) == bool(part)


# ---------------------------------------------------------------------- really killed

ROUNDS = 120
TRAIN = {
    "rounds": ROUNDS,
    "save_every": 0,
    "quiet": True,
    "width": 8,
    "latent": 4,
    "batch": 16,
    "average": 0.9,
}
Start = Callable[..., BaseProcess]


@pytest.fixture(scope="module")
def whole(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without an interruption."""
    path = tmp_path_factory.mktemp("whole") / "run"
    start(training.train, "gan", "ring", run=path, **TRAIN).join()
    return path


def newest(path: Path) -> int:
    """The round of the newest checkpoint there is; 0 where there is none."""
    return max((int(p.name) for p in path.glob("checkpoints/[0-9]*")), default=0)


def is_writing(path: Path) -> bool:
    return any(path.glob("checkpoints/.*.partial"))


def end(path: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The contents of the last checkpoint: its tensors' files, and its tree but for the seconds it took."""
    newest = Run.open(path).checkpoints()[0].path
    tree = json.loads((newest / "state.json").read_text())["state"]
    files = {name: (newest / f"{name}.safetensors").read_bytes() for name in ("weights", "state")}
    return files, {**tree, "seconds": 0, "overhead": 0}


def test_killed_again_and_again_it_ends_the_same(start: Start, whole: Path, tmp_path: Path) -> None:
    torn, chance, halves = tmp_path / "torn", random.Random(0), 0
    process = start(training.train, "gan", "ring", run=torn, **TRAIN)
    for kill in range(5):
        before = newest(torn)
        while newest(torn) < before + 3 and process.is_alive():
            time.sleep(0.001)
        if kill % 2:
            time.sleep(0.05 * chance.random())
        else:
            while not is_writing(torn):
                pass
        assert process.is_alive(), "the run ended before it could be killed: raise ROUNDS"
        process.kill()
        process.join()
        halves += is_writing(torn)
        process = start(training.resume, torn, quiet=True)
    process.join()
    assert halves >= 1  # at least one fell into the writing of a checkpoint
    assert not is_writing(torn)  # and what it left is gone
    assert newest(torn) == ROUNDS
    assert end(whole) == end(torn)


def test_killed_before_its_first_checkpoint_it_starts_anew(start: Start, whole: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    process = start(training.train, "gan", "ring", run=torn, **{**TRAIN, "save_every": 3600})
    while not (torn / "run.json").exists():
        time.sleep(0.001)
    process.kill()
    process.join()
    assert newest(torn) == 0
    start(training.resume, torn, quiet=True).join()
    assert end(whole) == end(torn)  # although one saved after every round, the other only at its end


def command_line(out: Path, *words: str) -> None:
    """What `rivalry WORDS` does in a process of its own; what it prints goes to the file `out`."""
    sys.argv = ["rivalry", *words]
    with out.open("w") as file, redirect_stdout(file):
        main()


def test_killed_and_resumed_on_the_command_line(start: Start, whole: Path, tmp_path: Path) -> None:
    torn = tmp_path / "torn"
    rivalry = [sys.executable, "-m", "rivalry"]
    options = [f"--rounds={ROUNDS}", "--save-every=0s", "--quiet", "--run", str(torn)]
    settings = [f"-s{name}={TRAIN[name]}" for name in ("width", "latent", "batch", "average")]
    told = [*rivalry, "train", "gan", "--data=ring", *options, *settings]
    with subprocess.Popen(told, stderr=subprocess.PIPE, text=True) as process:
        while newest(torn) < 20 and process.poll() is None:
            time.sleep(0.005)
        assert process.poll() is None, process.stderr.read()
        process.kill()
    assert newest(torn) < ROUNDS
    out = tmp_path / "out"
    resumed = start(command_line, out, "resume", str(torn), "--quiet")
    resumed.join()
    assert (resumed.exitcode, out.read_text()) == (0, f"{torn}\n")
    assert end(whole) == end(torn)


def test_a_run_that_does_not_say_its_precision_is_gone_on_with(tmp_path: Path) -> None:
    run = rivalry.train("gan", "ring", run=tmp_path / "run", rounds=1, width=4, quiet=True, measure=False)
    config = json.loads((run.path / "run.json").read_text())
    assert config.pop("precision") == "fp32"
    (run.path / "run.json").write_text(json.dumps(config))
    assert rivalry.resume(run, rounds=2, quiet=True).newest()[0].round == 2


def test_a_run_of_format_1_is_opened_sampled_and_gone_on_with(tmp_path: Path) -> None:
    """Written before columns had kinds, by the sources of commit 568ee6a."""
    run = shutil.copytree(Path(__file__).parent / "runs_of_format_1" / "gan", tmp_path / "run", symlinks=True)
    assert rivalry.load(run).sample(4).shape == (4, 1, 8, 8)
    assert {score.name for score in rivalry.evaluate(run, n=50, metrics="diversity", features="pixels")}
    gone_on = rivalry.resume(run, rounds=5, quiet=True)
    assert gone_on.newest()[0].round == 5
