"""Agents at the command line: demonstrations, training, resuming, watching, and requests that make no sense."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Answer

from rivalry.runs.run import Run

SMALL = "-s actors=2 -s batch=24 -s minibatch=12 -s width=8 -q"


def wrong(answer: Answer, said: str) -> None:
    assert answer.status == 2, answer
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) <= 2


def test_from_demonstrations_to_a_run_that_is_watched(
    typed, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = typed("demonstrate walk --policy scripted -n 4 -o demos.npz")
    assert shown.status == 0, shown
    assert "mean 6.0" in shown.out
    done = typed(f"train gail --env walk --data demos.npz --rounds 20 --run a {SMALL} -s lr=0.02")
    assert done.status == 0, done
    run = Run.open(here / "a")
    scores = [line["metrics"] for line in run.lines() if "metrics" in line]
    named = {score["name"]: score["value"] for score in scores[-1]}
    assert named["returns[demonstrations]"] == 6
    assert {"returns", "returns[random]"} <= named.keys()
    assert "returns[random]" in (here / "a" / "report.html").read_text()
    notes = [line["notes"] for line in run.lines() if "notes" in line]
    assert {"critic/accuracy", "policy/return", "policy/entropy"} <= notes[-1].keys()
    seen = typed("watch a -n 3")
    assert seen.status == 0 and seen.out.startswith("return ") and "mean" in seen.out
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    wrong(typed("watch a -o a.mp4"), "an .mp4 needs PyAV")
    measured = typed("evaluate a --metrics returns -n 5 --json")
    assert {s["name"] for s in json.loads(measured.out)} >= {"returns", "returns[demonstrations]"}
    wrong(typed("watch a -o a.gif"), "draws no pictures")
    assert not (here / "a.gif").exists()


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(typed, here: Path) -> None:
    whole = typed(f"train icm --env walk --rounds 6 --run whole {SMALL}")
    assert whole.status == 0, whole
    assert typed(f"train icm --env walk --rounds 3 --run part {SMALL}").status == 0
    assert typed("resume part --rounds 6 -q").status == 0
    weights = [Run.open(here / name).newest()[1] for name in ("whole", "part")]
    assert all(bool((weights[0][key] == weights[1][key]).all()) for key in weights[0])


def test_requests_that_make_no_sense(typed, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed("demonstrate walk -n 2 -o demos.npz")
    wrong(typed("train gail --env walk --rounds 2"), "learns from demonstrations: give them with --data")
    wrong(typed("train gail --rounds 2"), "environment of an agent with --env")
    wrong(typed("train bc --env walk --rounds 2"), "learns from demonstrations")
    wrong(
        typed("train gail --env other --data demos.npz --rounds 2"), "holds no episodes of other, but of walk"
    )
    wrong(typed("demonstrate walk --policy none.zip -o d.npz"), "expected random, scripted")
    wrong(typed("demonstrate walk -n 0 -o d.npz"), "one episode or more")
    wrong(typed("demonstrate walk -o d.txt"), "written to a .npz")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    wrong(typed("demonstrate walk -o d.hdf5"), "pip install 'rivalry[minari]'")
    wrong(typed("train gan --data demos.npz --rounds 1 --size 16"), "have no size in pixels")
    with np.load("demos.npz") as arrays:
        np.savez("other.npz", **{**arrays, "observations": np.zeros((12, 3), np.float32)})
    for game in ("gail", "bc"):
        wrong(typed(f"train {game} --data other.npz --rounds 2"), "episodes with 3 numbers seen; walk has 1")
    typed("demonstrate walk -n 2 --every 6 -o few.npz")
    wrong(typed("train airl --data few.npz --rounds 2"), "no two steps that follow each other")
    wrong(typed("demonstrate walk --policy random --statistics other.npz -o d.npz"), "go with the .zip")
    wrong(typed("demonstrate walk -n 99999999 -o d.npz"), "play fewer")
    typed("train gan --data ring --rounds 2 -s width=8 --run ring -q")
    wrong(typed("watch ring"), "acts in no environment")
    assert sorted(path.name for path in here.iterdir()) == ["demos.npz", "few.npz", "other.npz", "ring"]


def test_an_environment_that_lacks_its_package_names_the_extra(
    typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gymnasium", None)
    wrong(typed("train icm --env CartPole-v1 --rounds 2"), "pip install 'rivalry[agents]'")
