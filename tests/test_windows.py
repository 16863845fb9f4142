"""What Windows refuses, refused here: a run is trained, measured, resumed and opened without it."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toys import images

import rivalry
from rivalry import files
from rivalry.errors import BadRequest
from rivalry.runs import guards
from rivalry.runs.run import Run

SMALL = {"quiet": True, "width": 4, "latent": 4, "batch": 8}


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names are not looked up from open folders, folders are not opened, links need a right, there is no fcntl."""
    asked: list[str] = []
    monkeypatch.setattr(files, "HELD", False)
    monkeypatch.setattr(guards, "fcntl", None)
    monkeypatch.setattr(shutil, "_use_fd_functions", False)
    really = {name: getattr(os, name) for name in ("open", "mkdir", "unlink", "replace", "rename", "stat")}

    def guarded(name: str):
        def call(*given: object, **options: object) -> object:
            if any(options.get(one) is not None for one in ("dir_fd", "src_dir_fd", "dst_dir_fd")):
                raise NotImplementedError("dir_fd unavailable on this platform")
            if name == "open" and os.path.isdir(given[0]):
                raise PermissionError(errno.EACCES, "Permission denied", str(given[0]))
            return really[name](*given, **options)

        return call

    def symlink(*given: object, **options: object) -> None:
        asked.append("symlink")
        raise OSError(1314, "A required privilege is not held by the client")

    for name in really:
        monkeypatch.setattr(os, name, guarded(name))
    monkeypatch.setattr(os, "symlink", symlink)
    return asked


def test_a_run_is_trained_measured_and_resumed(tmp_path: Path, refusals: list[str]) -> None:
    data = images(1, 8, 8, n=1000, classes=0)
    run = rivalry.train("dcgan", data, rounds=5, run=tmp_path / "run", keep=1, save_every=0, **SMALL)
    assert "symlink" in refusals  # a control: the best checkpoint was to be linked
    assert (run.path / "best").is_file()
    assert not (run.path / "best").is_symlink()
    best = Run.open(run.path).best()
    assert best is not None
    rivalry.resume(run.path, data=data, rounds=7, quiet=True)
    straight = rivalry.train("dcgan", data, rounds=7, run=tmp_path / "straight", **SMALL)
    one, other = (rivalry.load(r, which="newest").state_dict() for r in (run, straight))
    assert all(torch.equal(one[name], other[name]) for name in other)
    assert "Best checkpoint" in (run.path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["a folder", "a long text"])
def test_what_stands_for_no_link_is_refused(what: str, tmp_path: Path) -> None:
    data = images(1, 8, 8, n=16, classes=0)
    run = rivalry.train("dcgan", data, rounds=1, run=tmp_path / "run", **SMALL)
    if what == "a folder":
        (run.path / "best").mkdir()
    else:
        (run.path / "best").write_text("x" * 5000)
    with pytest.raises(BadRequest, match="best is no link"):
        Run.open(run.path)


def test_a_file_for_a_link_leads_to_checkpoints_alone(tmp_path: Path) -> None:
    run = rivalry.train("dcgan", images(1, 8, 8, n=16, classes=0), rounds=1, run=tmp_path / "run", **SMALL)
    for target in ("../../etc", "checkpoints/../../x", "/etc/passwd", "nothing"):
        (run.path / "best").write_text(target)
        assert Run.open(run.path).best() is None
    (run.path / "best").write_text("checkpoints/000001")
    assert Run.open(run.path).best().round == 1


def test_modules_of_posix_alone_are_not_needed() -> None:
    lacking = ("fcntl", "resource", "pwd", "grp", "termios")
    code = f"import sys\nfor name in {lacking}: sys.modules[name] = None\nimport rivalry.cli.app, rivalry.runs.training"
    subprocess.run([sys.executable, "-c", code], check=True)
