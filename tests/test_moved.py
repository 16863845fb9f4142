"""The names by which authors of games import modules still hold."""

import importlib
import subprocess
import sys

import pytest

from rivalry.moved import MOVED


@pytest.mark.parametrize("name", MOVED)
def test_both_names_are_one_module(name: str) -> None:
    assert importlib.import_module(name) is importlib.import_module(MOVED[name])


def test_a_strangers_imports_hold_in_a_fresh_process() -> None:
    code = (
        "from rivalry.divergences import non_saturating\n"
        "from rivalry.optimizers import adam\n"
        "import rivalry.maths.divergences as d, rivalry.engine as e\n"
        "assert d.non_saturating is non_saturating\n"
        "import rivalry.play.engine as f\n"
        "assert e.Engine is f.Engine and f.__spec__.name == 'rivalry.play.engine'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_never_was_is_no_module() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("rivalry.divergance")
