"""In a notebook things show themselves: what IPython asks of each, held against what is there."""

import base64
import io
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from toys import images, points

import rivalry
from rivalry.errors import BadRequest
from rivalry.metrics.score import Score, Scores
from rivalry.runs.run import Run

SMALL = {"quiet": True, "measure": False, "width": 4, "latent": 4, "batch": 8}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("notebook") / "a & b"
    return rivalry.train("dcgan", images(1, 8, 8, n=16, classes=0), rounds=3, run=place, **SMALL)


def picture(html: str) -> np.ndarray:
    encoded = html.split("base64,")[1].split('"')[0]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))


def test_a_run_shows_its_sheet_and_its_report(run: Run) -> None:
    html = run._repr_html_()
    with Image.open(run.path / "samples" / "000003.png") as sheet:
        sheet.thumbnail((480, 480), Image.Resampling.LANCZOS)
        assert np.array_equal(picture(html), np.asarray(sheet.convert("RGB")))
    assert "dcgan on images, 3 rounds" in html
    assert "a &amp; b/report.html" in html


def test_data_show_the_first_of_them() -> None:
    data = images(1, 8, 8, n=20, classes=3)
    html = data._repr_html_()
    assert "images: 20 images, 8 x 8 grey, 3 classes" in html
    assert np.array_equal(picture(html)[:, 8:16], data.x[1, 0].numpy())
    assert points(n=5, classes=0)._repr_html_() == "<p>points: 5 points, 2 numbers</p>"


def test_scores_are_a_table() -> None:
    html = Scores([Score("fid[<x>]", 3.14159, 1000, 0.02, "low"), Score("b", 1.0, 5)])._repr_html_()
    assert html.count("<tr>") == 3
    assert "<td>fid[&lt;x&gt;]</td><td>3.142</td><td>0.02</td><td>1,000</td><td>low</td>" in html


def test_an_error_of_ours_is_one_line() -> None:
    with pytest.raises(BadRequest) as raised:
        rivalry.open_data("mnits")
    assert raised.value._render_traceback_() == [f"BadRequest: {raised.value}"]


def test_progress_is_one_bar_that_is_drawn_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown: list[list[str]] = []

    def display(html: str, display_id: bool) -> SimpleNamespace:
        shown.append([html])
        return SimpleNamespace(update=shown[-1].append)

    notebook = SimpleNamespace(
        get_ipython=lambda: SimpleNamespace(kernel=True), display=SimpleNamespace(display=display, HTML=str)
    )
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    data = images(1, 8, 8, n=16, classes=0)
    rivalry.train("dcgan", data, rounds=3, run=tmp_path / "run", **(SMALL | {"quiet": False}))
    (bar,) = shown
    assert len(bar) >= 2
    assert 'value="1.000"' in bar[-1]
    assert "100% round 3" in bar[-1]
