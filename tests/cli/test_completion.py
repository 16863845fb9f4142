"""Completion: a shell's question is answered, and its script lies where the shell looks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("rivalry tra", {"train", "translate"}),
        ("rivalry train --sche", {"--schedule"}),
        ("rivalry tri", set()),
    ],
)
def test_a_shell_is_answered(line: str, there: set[str]) -> None:
    asked = {
        "_RIVALRY_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    command = [sys.executable, "-m", "rivalry"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert {told.split(",")[1] for told in done.stdout.split()} == there


@pytest.mark.parametrize(
    ("shell", "place"),
    [
        ("bash", ".local/share/bash-completion/completions/rivalry"),
        ("zsh", ".zfunc/_rivalry"),
        ("fish", ".config/fish/completions/rivalry.fish"),
    ],
)
def test_the_script_lies_where_the_shell_looks(
    typed, here: Path, monkeypatch: pytest.MonkeyPatch, shell: str, place: str
) -> None:
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    (here / ".zshrc").write_text("alias l=ls\n")
    for _ in range(2):
        assert str(here / place) in typed("--install-completion").out
    assert f"_RIVALRY_COMPLETE={shell}_complete" in (here / place).read_text()
    lines = (here / ".zshrc").read_text().splitlines()
    assert len(lines) == (2 if shell == "zsh" else 1)  # twice asked, once written
    if program := shutil.which(shell):
        subprocess.run([program, "-n", here / place], check=True)  # the shell can read it


def test_an_unknown_shell_is_refused(typed, monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    answer = typed("--install-completion")
    assert answer.status == 2
    assert "bash, zsh, fish; the shell ($SHELL) is tcsh" in answer.err
    assert not list(here.iterdir())
