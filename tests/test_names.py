"""The package in an editor: its names are seen, typed, and a wrong one is an error before anything runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toys import images

import rivalry
from rivalry.errors import BadRequest

# Only what is ours is read: the types of torch take a minute, and nothing here depends on them.
SETTINGS = """[mypy]
follow_imports = silent
[mypy-torch.*,numpy.*,scipy.*,PIL.*,rich.*,click.*,safetensors.*]
follow_imports = skip
follow_imports_for_stubs = true
ignore_missing_imports = true
"""
FILE = """import rivalry
run = rivalry.train("dcgan", "mnist", rounds=3, run=rivalry.Run)
game: rivalry.Game = rivalry.load("runs/a")
rivalry.trian("dcgan")
samples = rivalry.sample(game, "many")
"""


def test_a_type_checker_sees_the_names_and_their_types(tmp_path: Path) -> None:
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    (tmp_path / "five.py").write_text(FILE)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "five.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(rivalry.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    told = {line.split(":")[1]: line for line in done.stdout.splitlines() if "error:" in line}
    assert [*told] == ["2", "4", "5"], done.stdout + done.stderr  # and nothing of lines 1 and 3
    assert '"run"' in told["2"]
    assert '"trian"; maybe "train"?' in told["4"]
    assert 'expected "int"' in told["5"]


def test_every_name_is_there_and_is_listed() -> None:
    assert {*rivalry.__all__} <= {*dir(rivalry)}
    for name in rivalry.__all__:
        assert getattr(rivalry, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        rivalry.trian  # type: ignore[attr-defined]  # noqa: B018


def test_the_samples_of_a_run_are_those_of_its_game(tmp_path: Path) -> None:
    data = images(1, 8, 8, n=32, classes=3)
    run = rivalry.train(
        "cgan", data, rounds=2, run=tmp_path / "run", quiet=True, measure=False, width=4, latent=4, batch=8
    )
    drawn = rivalry.sample(run, 6, seed=3)
    assert torch.equal(drawn, rivalry.sample(rivalry.load(run), 6, seed=3, label=torch.arange(6) % 3))
    third = rivalry.sample(run, 3, seed=3, label=2)[2]  # in another batch, so the last bit may differ
    assert torch.allclose(drawn[2], third, atol=1e-6)
    assert not torch.allclose(drawn[1], rivalry.sample(run, 3, seed=3, label=2)[1], atol=1e-6)
    with pytest.raises(BadRequest, match="truncation is above 0"):
        rivalry.sample(run, 2, truncation=-1.0)
