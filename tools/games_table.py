"""Write what is made from the catalog anew: the tables of games in both READMEs, and the map docs/family.svg.

python tools/games_table.py [--check]
"""

import sys
from pathlib import Path

from rivalry.catalog import CATALOG
from rivalry.lab.family_tree import the_map

README = Path(__file__).resolve().parents[1] / "README.md"
MAP = README.parent / "docs" / "family.svg"
BEGIN, END = "<!-- games: made by tools/games_table.py -->\n", "<!-- end of games -->\n"


def table() -> str:
    """A row for each game, in the order of the catalog."""
    rows = [f"| `{e.name}` | {e.idea} | {e.authors} {e.year}, {e.paper} |" for e in CATALOG]
    return "\n".join(["| name | what is its own | paper |", "|---|---|---|", *rows, ""])


def renewed(text: str) -> str:
    """The README with the table as the catalog has it now."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    old = README.read_text()
    if "--check" in sys.argv[1:] and renewed(old) != old:
        sys.exit("the table of games in README.md is not that of the catalog: python tools/games_table.py")
    README.write_text(renewed(old))
    MAP.write_text(the_map())
    import chinese_readme

    chinese_readme.CHINESE.write_text(chinese_readme.renewed()[0], encoding="utf-8")
