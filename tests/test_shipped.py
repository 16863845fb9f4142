"""The runs that come with the package: what is said of them holds, and whatever takes a run takes them."""

import zlib
from pathlib import Path

import pytest
import torch

import rivalry
from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import judge
from rivalry.runs.opening import as_run, open_run
from rivalry.runs.shipped import HERE, certificates

NAMES = [*certificates()]
MOST = 2_000_000  # bytes of a run
WHEEL = 20_000_000


def test_runs_and_certificates_belong_together() -> None:
    assert {path.name for path in HERE.iterdir() if path.is_dir() and path.name[0] != "_"} == {*NAMES}
    assert "digits" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_certificate_says_how_a_run_was_made(name: str) -> None:
    made, run = certificates()[name], open_run(f"demo:{name}")
    assert made["command"].startswith("python tools/make_demo_runs.py")
    assert made["commit"]
    assert made["hardware"]
    assert made["license of the data"]
    assert (made["game"], made["settings"], made["seed"], made["data"]) == tuple(
        run.config[key] for key in ("game", "settings", "seed", "data")
    )
    assert made["scores"]
    assert all(score["n"] and score["provenance"] for score in made["scores"])
    (checkpoint,) = run.checkpoints()
    assert checkpoint.round == made["rounds"]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_small_and_whole(name: str) -> None:
    assert sum(path.stat().st_size for path in (HERE / name).rglob("*") if path.is_file()) <= MOST
    assert not [path for path in (HERE / name).rglob("*") if path.is_symlink()]
    assert rivalry.load(f"demo:{name}")


def test_the_package_stays_small() -> None:
    files = [path for path in Path(rivalry.__file__).parent.rglob("*") if path.is_file()]
    packed = sum(len(zlib.compress(path.read_bytes(), 1)) for path in files if path.suffix != ".pyc")
    assert packed < WHEEL


def test_the_digits_are_those_that_are_asked_for() -> None:
    labels = torch.arange(200) % 10
    x = rivalry.sample("demo:digits", 200, seed=5, label=labels)
    seen = judge(rivalry.open_data("mnist", "test").spec).network(x)[1].argmax(1)
    as_asked, by_chance = (float((seen == asked).float().mean()) for asked in (labels, labels.roll(1)))
    claimed = next(s for s in certificates()["digits"]["scores"] if s["name"].startswith("accuracy"))["value"]
    assert abs(as_asked - claimed) < 4 * (claimed * (1 - claimed) / 200) ** 0.5 + 0.01
    assert by_chance < claimed / 2  # a control


def test_the_packages_own_files_are_not_written_to() -> None:
    before = {path: path.stat().st_mtime_ns for path in HERE.rglob("*")}
    run = open_run("demo:digits")
    assert HERE not in run.path.parents
    run.log({"round": 0, "event": "saved"})
    assert (run.path / "report.html").exists()
    assert {path: path.stat().st_mtime_ns for path in HERE.rglob("*")} == before
    assert open_run("demo:digits").path == run.path


def test_it_goes_on_to_a_longer_goal() -> None:
    run = open_run("demo:digits")
    played = run.checkpoints()[0].round
    rivalry.resume("demo:digits", rounds=played + 1, quiet=True, measure=False)
    assert open_run("demo:digits").checkpoints()[0].round == played + 1


def test_a_name_that_is_none_is_answered() -> None:
    assert as_run("demo:digits") is not None
    with pytest.raises(BadRequest, match=r"no trained run 'digit'; did you mean 'digits'\?"):
        rivalry.load("demo:digit")
    with pytest.raises(BadRequest, match=r"no trained run '\.\./x'; .*list runs"):
        rivalry.sample("demo:../x")
