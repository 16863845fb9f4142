"""The README that a package index shows has no link to a file that the index does not have."""

import importlib.util
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def load():
    spec = importlib.util.spec_from_file_location("index_readme", ROOT / "tools" / "index_readme.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_relative_links_lead_to_the_source_or_nowhere() -> None:
    for_an_index = load().for_an_index
    text = "![a](docs/a.png) [b](docs/b.md) [c](https://c.example/d) [e](#f)\n<!-- made -->\ng"
    assert for_an_index(text) == " b [c](https://c.example/d) [e](#f)\ng"
    with_source = for_an_index(text, "https://host.example/r/")
    assert "![a](https://host.example/r/raw/main/docs/a.png)" in with_source
    assert "[b](https://host.example/r/blob/main/docs/b.md)" in with_source


def test_the_projects_own_readme_has_no_dead_link() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    made = load().for_an_index(text)
    relative = r"\]\((?!https?://|#)"
    assert not re.findall(relative, made)
    assert re.findall(relative, text)  # a control
    assert "<!--" not in made
    assert [line for line in made.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith("#")
    ]


def test_the_build_uses_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["readme"]
    assert project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"] == "tools/index_readme.py"
    assert "tools/index_readme.py" in (ROOT / "Dockerfile").read_text()
