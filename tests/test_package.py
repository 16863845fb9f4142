"""What stands beside the package says what the package says."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import rivalry

TOP = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
NAMES = {"pillow": "PIL"}  # of a distribution -> what is imported


def imported() -> set[str]:
    found: set[str] = set()
    for file in (TOP / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - {*sys.stdlib_module_names, "rivalry"}


def test_every_dependency_is_imported() -> None:
    names = [re.split(r"[<>=]", one)[0] for one in PROJECT["dependencies"]]
    assert {NAMES.get(name, name) for name in names} <= imported()


def test_one_version_everywhere() -> None:
    assert PROJECT["version"] == rivalry.__version__
    assert f"\nversion: {rivalry.__version__}\n" in (TOP / "CITATION.cff").read_text()


def test_the_pinned_torch_is_within_its_bounds() -> None:
    (pinned,) = re.findall(r"^torch==(\d+)\.(\d+)", (TOP / "constraints.txt").read_text(), re.MULTILINE)
    (bounds,) = (one for one in PROJECT["dependencies"] if one.startswith("torch"))
    low, high = ([int(part) for part in found] for found in re.findall(r"(\d+)\.(\d+)", bounds))
    assert low <= [int(part) for part in pinned] < high
