"""The callbacks of docs/python.md, as they stand there, against the offline modes of those that are installed."""

import re
from pathlib import Path

import pytest
from toys import images

import rivalry

PAGE = Path(__file__).resolve().parents[1] / "docs" / "python.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
SMALL = {"rounds": 40, "quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 8}


def example(module: str) -> str:
    """The block of the page that imports this module, after the function that all of them use."""
    (numbers,) = (block for block in BLOCKS if block.startswith("def numbers"))
    (block,) = (block for block in BLOCKS if block.startswith(f"import {module}\n"))
    return f"{numbers}\n{block}"


def run_as_written(module: str, monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """Run it in `place`, on toy data in the place of a folder of faces."""
    data, train = images(1, 8, 8, n=32, classes=0), rivalry.train
    monkeypatch.chdir(place)
    monkeypatch.setattr(
        rivalry, "train", lambda game, named, time, callbacks: train(game, data, callbacks=callbacks, **SMALL)
    )
    exec(compile(example(module), f"{PAGE.name}, {module}", "exec"), {"rivalry": rivalry})


def test_wandb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    run_as_written("wandb", monkeypatch, tmp_path)
    (kept,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    assert b"critic/" in kept.read_bytes()


def test_mlflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    run_as_written("mlflow", monkeypatch, tmp_path)
    (kept,) = mlflow.search_runs(output_format="list")
    assert any(name.startswith("critic/") for name in kept.data.metrics)


def test_aim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aim = pytest.importorskip("aim")
    aim.Repo.from_path(str(tmp_path), init=True)
    run_as_written("aim", monkeypatch, tmp_path)
    (kept,) = aim.Repo.from_path(str(tmp_path)).iter_runs()
    assert any(metric.name.startswith("critic/") for metric in kept.metrics())


def test_numbers_of_moves(tmp_path: Path) -> None:
    """What the three have in common needs none of them."""
    namespace: dict[str, object] = {}
    exec(example("wandb").split("\nimport wandb")[0], namespace)
    seen: list[dict[str, float]] = []
    watch = lambda engine, moves: seen.append(namespace["numbers"](moves))
    rivalry.train("dcgan", images(1, 8, 8, n=32, classes=0), run=tmp_path / "run", callbacks=[watch], **SMALL)
    assert len(seen) == 40
    assert all(isinstance(value, float) for value in seen[0].values())
    assert any(name.startswith("critic/") for name in seen[0])
