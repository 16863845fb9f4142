"""TensorBoard gets notes, scores and sheets; where it is missing, this is said once."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from toys import images

import rivalry
from rivalry.runs.run import Run

SMALL = {"quiet": True, "width": 4, "latent": 4, "batch": 8}


def trained(place: Path) -> Run:
    return rivalry.train("dcgan", images(1, 8, 8, n=1000, classes=0), rounds=20, run=place, **SMALL)


def test_it_gets_notes_scores_and_sheets(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = trained(tmp_path / "run")
    board = accumulator.EventAccumulator(str(run.path / "tensorboard"), size_guidance={"images": 0}).Reload()
    lines = [*run.lines()]
    notes = next(line for line in lines if "notes" in line)
    for name, value in notes["notes"].items():
        assert [(e.step, e.value) for e in board.Scalars(name)] == [(20, pytest.approx(value, rel=1e-6))]
    measured = [line for line in lines if "metrics" in line]
    name = measured[0]["metrics"][0]["name"]
    told = [(line["round"], pytest.approx(line["metrics"][0]["value"], rel=1e-6)) for line in measured]
    assert [(e.step, e.value) for e in board.Scalars(f"scores/{name}")] == told
    sheets = {int(path.stem): path for path in (run.path / "samples").glob("0*.png")}
    shown = {event.step: event.encoded_image_string for event in board.Images("samples")}
    assert shown.keys() == sheets.keys()
    last = Image.open(io.BytesIO(shown[20]))
    assert np.array_equal(np.asarray(last), np.asarray(Image.open(sheets[20]).convert("RGB")))


def test_its_absence_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    run = Run(tmp_path, {"data": "x"})
    for _ in range(2):
        rivalry.runs.callbacks.to_tensorboard(run)
    assert capsys.readouterr().err.count("pip install 'rivalry[log]'") == 1
    assert not run.listeners
