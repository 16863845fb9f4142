"""A run names no folder of the machine that made it, and its data are found again."""

import json
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

import rivalry
from rivalry.errors import BadRequest
from rivalry.paths import is_absolute, last_name
from rivalry.runs.places import data_of, named
from rivalry.runs.run import Run, command

SMALL = {"quiet": True, "width": 4, "latent": 4, "batch": 8}


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of pictures, below the working directory."""
    folder = tmp_path / "home of anna" / "faces"
    folder.mkdir(parents=True)
    noise = torch.randint(256, (16, 8, 8), dtype=torch.uint8).numpy()
    for i, picture in enumerate(noise):
        Image.fromarray(picture).save(folder / f"{i}.png")
    monkeypatch.chdir(folder.parent)
    return folder


def trained(data: str | Path, place: Path) -> Run:
    return rivalry.train("dcgan", data, rounds=2, run=place, **SMALL)


def texts(run: Run) -> str:
    """All that the run says in words."""
    files = [path for path in run.path.rglob("*") if path.suffix in (".json", ".jsonl", ".html", ".txt")]
    return "\n".join(path.read_text() for path in files)


def test_no_file_of_a_run_names_the_machines_folders(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["rivalry", "train", "dcgan", f"--data={faces}", "--run", str(tmp_path / "run")]
    monkeypatch.setattr(sys, "argv", words)
    run = trained(faces, tmp_path / "run")
    run.log({"round": 2, "event": "failed", "message": f"cannot write to {run.path}/x: it is full"})
    said = texts(run)
    assert run.config["data"] == "faces"
    assert run.config["command"] == "rivalry train dcgan --data=faces --run run"
    assert "cannot write to x: it is full" in said
    assert str(tmp_path) not in said
    assert "home of anna" not in said
    assert str(tmp_path) not in run._repr_html_().replace(str(run.path), "")


def test_an_old_run_that_names_a_folder_is_shown_without_it_and_opened(faces: Path, tmp_path: Path) -> None:
    run = trained("faces", tmp_path / "run")
    run.config["data"] = str(faces)
    run.config.pop("fingerprint")
    run.write_about()
    assert data_of(rivalry.runs.opening.open_run(run.path)) == str(faces)
    rivalry.resume(run.path, rounds=3, quiet=True)
    assert json.loads((run.path / "run.json").read_text())["data"] == "faces"
    assert "home of anna" not in texts(run)


def test_a_path_is_named_as_it_was_typed_or_by_its_last_name(faces: Path, tmp_path: Path) -> None:
    (faces.parent / "mnist").mkdir()
    for typed, name in [
        ("faces", "faces"),
        ("faces/", "faces"),
        (str(faces), "faces"),
        ("../home of anna/faces", "faces"),
        (".", "home of anna"),
        ("mnist", "mnist"),  # the name of a data set
        ("./mnist", "./mnist"),  # a folder
        (str(faces.parent / "mnist"), "./mnist"),
        ("owner/name", "owner/name"),
    ]:
        assert named(typed) == name, typed
    (faces.parent / "owner" / "name").mkdir(parents=True)
    assert named("owner/name") == "./owner/name"  # never taken for an id of the Hub


def test_data_are_found_from_elsewhere_by_their_fingerprint(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained("faces", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    assert data_of(run) == str(faces)
    shutil.rmtree(os.environ["RIVALRY_CACHE"])
    with pytest.raises(BadRequest, match=r"'faces' lay elsewhere.*--data PATH"):
        rivalry.resume(run.path, rounds=3, quiet=True)
    moved = faces.rename(tmp_path / "moved")
    rivalry.resume(run.path, data=moved, rounds=3, quiet=True)
    assert data_of(Run.open(run.path)) == str(moved)


def test_the_place_of_other_data_is_not_taken(faces: Path, tmp_path: Path) -> None:
    run = trained("faces", tmp_path / "run")
    run.config["fingerprint"] = "of other data"
    assert data_of(run) == "faces"


@pytest.mark.parametrize("data", ["x" * 4000, "~nobody-of-this-name/x", "tensor", "./owner/name", "/", ""])
def test_strange_words_for_data_are_answered_in_one_line(data: str, tmp_path: Path) -> None:
    run = Run(tmp_path, {"data": data})
    if data in ("/", ""):
        assert data_of(run) == data  # `open_data` answers
    else:
        with pytest.raises(BadRequest, match="are not found here"):
            data_of(run)


def test_all_files_of_a_run_have_one_mode(faces: Path, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        run = trained("faces", tmp_path / "run")
    finally:
        os.umask(before)
    files = [path for path in run.path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o640}
    assert len(files) > 5


def test_a_command_is_quoted_and_its_paths_are_last_names(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["--data", "/a/b c", "--run=~/x", "-s", "lr=1e-3", "-o", "C:\\d\\e", "--time", "2m"]
    monkeypatch.setattr(sys, "argv", ["/usr/bin/rivalry", "train", *words])
    assert command() == "rivalry train --data 'b c' --run=x -s lr=1e-3 -o e --time 2m"
    assert is_absolute("\\\\host\\share")
    assert not is_absolute("a/b")
    assert last_name("/") == "/"
