"""The notebooks of examples/ are executed: every cell of code, in one namespace, with tiny settings."""

import ast
import json
from functools import partial
from pathlib import Path

import pytest

from rivalry.metrics.extractors import extractor

FOLDER = Path(__file__).resolve().parents[1] / "examples"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def cells(notebook: Path) -> list[str]:
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def executed(notebook: Path) -> dict[str, object]:
    """The namespace after every cell.  The last expression of each is shown, as a notebook shows it."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for i, cell in enumerate(cells(notebook)):
        tree = ast.parse(cell, f"{notebook.name}, cell {i}")
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, f"{notebook.name}, cell {i}", "exec"), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"{notebook.name}, cell {i}", "eval"), namespace)
            show = getattr(value, "_repr_html_", None) or getattr(value, "_repr_png_", None) or value.__repr__
            assert show() or value is None
    return namespace


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["a-first-game", "measuring-samples", "your-own-game"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_written(
    notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RIVALRY_QUICK", "1")
    monkeypatch.setattr(extractor, "train_judge", partial(extractor.train_judge, steps=20))
    monkeypatch.chdir(tmp_path)
    namespace = executed(notebook)
    if "run" in namespace:
        assert (namespace["run"].path / "report.html").exists()
    if notebook.stem == "your-own-game":
        assert "width" in capsys.readouterr().out  # the wrong setting, in one line


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_or_places(notebook: Path) -> None:
    found = json.loads(notebook.read_text(encoding="utf-8"))
    code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
    assert "/home/" not in notebook.read_text()


def test_your_own_game_has_forty_lines() -> None:
    (game,) = (cell for cell in cells(FOLDER / "your-own-game.ipynb") if "class Hinge" in cell)
    assert len([line for line in game.splitlines() if line.strip()]) <= 40
