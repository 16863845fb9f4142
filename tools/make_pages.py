"""Write the pages of the documentation site to build/pages: the guides, and a page for each game from its docstring.

python tools/make_pages.py [FOLDER]
"""

import inspect
import re
import shutil
import sys
from pathlib import Path

from rivalry import catalog
from rivalry.settings import settings_of

ROOT = Path(__file__).resolve().parents[1]
GUIDES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "games").mkdir(parents=True)
    for name, page in GUIDES.items():
        (folder / page).write_text(_without_folder((ROOT / name).read_text()))
    for path in (ROOT / "docs").glob("*"):
        if path.suffix == ".md":
            (folder / path.name).write_text(
                path.read_text().replace("](../", "](")
            )  # docs/ is the root there
        elif path.is_file():
            shutil.copy(path, folder / path.name)
    for pictures in ("gallery", "first-hour"):
        if (ROOT / "docs" / pictures).is_dir():
            shutil.copytree(ROOT / "docs" / pictures, folder / pictures)
    shutil.copytree(ROOT / "benchmarks" / "results", folder / "benchmarks" / "results")
    for entry in catalog.CATALOG:
        (folder / "games" / f"{entry.name}.md").write_text(game_page(entry))
    (folder / "games" / "index.md").write_text(index())


def index() -> str:
    """All games, the oldest first."""
    rows = sorted(catalog.CATALOG, key=lambda entry: (entry.year, entry.name))
    lines = [f"| [`{e.name}`]({e.name}.md) | {e.year} | {e.title} | {', '.join(e.kinds)} |" for e in rows]
    return "\n".join(["# Games", "", "| name | year | paper | plays on |", "|---|---|---|---|", *lines, ""])


def game_page(entry: catalog.Entry) -> str:
    """One game: its docstring, its settings and its recipes."""
    make = catalog.maker(entry)
    module = inspect.getmodule(make)
    settings = [
        f"| `{s.name}` | `{s.default}` | {s.kind} | {s.meaning} |" for s in settings_of(make).values()
    ]
    recipes = [
        f"- `--recipe {name}`: " + (", ".join(f"`{k}={v}`" for k, v in recipe.items()) or "the defaults")
        for name, recipe in catalog.recipes(entry).items()
    ]
    needs = f"; needs {', '.join(entry.needs)}" if entry.needs else ""
    return "\n".join(
        [
            f"# {entry.name}",
            "",
            f"{entry.title}. {entry.authors} {entry.year}, {entry.paper}. Plays on {', '.join(entry.kinds)}{needs}.",
            "",
            as_markdown(inspect.getdoc(module) or ""),
            "",
            "## Settings",
            "",
            "| name | default | range | meaning |",
            "|---|---|---|---|",
            *settings,
            *(["", "## Recipes", "", *recipes] if recipes else []),
            "",
        ]
    )


def as_markdown(text: str) -> str:
    """A docstring as Markdown: indented blocks are kept as they are, so equations stay equations."""
    return re.sub(r"^Deviations:", "\nDeviations:\n", text, flags=re.MULTILINE)


def _without_folder(text: str) -> str:
    return text.replace("](docs/", "](").replace("](CONTRIBUTING.md)", "](contributing.md)")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "pages")
