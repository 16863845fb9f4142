"""README.md and the map of the docs agree with the catalog."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_table_and_the_map_of_games_are_made_from_the_catalog() -> None:
    spec = importlib.util.spec_from_file_location("games_table", ROOT / "tools" / "games_table.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = (ROOT / "README.md").read_text()
    assert tool.renewed(text) == text
    assert tool.MAP.read_text() == tool.the_map()
    assert tool.renewed(text.replace("| `gan` |", "| `nag` |")) == text  # a control: a change is undone
