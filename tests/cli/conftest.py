"""The command line in this process: `typed("train gan")` is what `rivalry train gan` answers."""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import pytest

from rivalry.cli import main


class Answer(NamedTuple):
    status: int
    out: str
    err: str


def typed(*words: object) -> Answer:
    """Run a command, one string or a word each, in this process and the working directory."""
    if len(words) == 1:
        words = tuple(str(words[0]).split())
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        patch.object(sys, "argv", ["rivalry", *map(str, words)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    return Answer(status, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session", name="typed")
def _typed() -> Callable[..., Answer]:
    return typed


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Answer]]:
    """Two runs, each with what the command said: a GAN on the ring, a conditional one on digits."""
    folder, before = tmp_path_factory.mktemp("trained"), Path.cwd()
    os.chdir(folder)
    try:
        ring = typed("train", "gan", "--data", "ring", "--rounds", 60, "-s", "width=16", "--run", "ring")
        digits = typed(
            "train", "cgan", "--data", "digits", "--rounds", 30, "-s", "width=8", "--run", "digits"
        )
    finally:
        os.chdir(before)
    return {"ring": (folder / "ring", ring), "digits": (folder / "digits", digits)}


@pytest.fixture
def ring(trained: dict[str, tuple[Path, Answer]], here: Path) -> Path:
    """`ring`, a trained run of points, here."""
    return shutil.copytree(trained["ring"][0], here / "ring", symlinks=True)


@pytest.fixture
def digits(trained: dict[str, tuple[Path, Answer]], here: Path) -> Path:
    """`digits`, a trained run of labeled images, here."""
    return shutil.copytree(trained["digits"][0], here / "digits", symlinks=True)
