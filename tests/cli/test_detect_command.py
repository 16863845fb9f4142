"""`rivalry detect` as a user types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def folders(here: Path) -> Path:
    """`real` and `fake`, folders of grey pictures of 16 pixels; the fakes have a grid."""
    draw = np.random.default_rng(0)
    for name, strength in (("real", 0), ("fake", 60)):
        (here / name).mkdir()
        for i in range(50):
            grid = strength * (np.indices((16, 16)).sum(0) % 2)
            pixels = (draw.integers(60, 160) + draw.integers(0, 30, (16, 16)) + grid).astype(np.uint8)
            Image.fromarray(pixels).save(here / name / f"{i}.png")
    (here / "one").mkdir()
    (here / "real" / "0.png").rename(here / "one" / "0.png")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(here / "large.png")
    (here / "notes.txt").write_text("no picture")
    return here


def test_a_detector_is_trained_and_asked(typed, folders: Path) -> None:
    answer = typed("detect train --real real --fake fake --steps 3 -o d.safetensors")
    assert (answer.status, answer.out) == (0, "d.safetensors\n")
    assert "average precision" in answer.err and "cannot know other generators" in answer.err
    answer = typed("detect fake one/0.png --with d.safetensors -o heat.png")
    lines = answer.out.splitlines()
    assert answer.status == 0 and len(lines) == 52 and lines[-1] == "heat.png"
    assert all(0 <= float(line.split()[0]) <= 1 for line in lines[:-1])
    assert Image.open("heat.png").size[0] > 64
    said = json.loads(typed("detect one --with d.safetensors --json").out)
    assert [one["picture"] for one in said["pictures"]] == ["one/0.png"]
    assert said["facts"]["made"] == ["fake"] and "does not know who" in said["limits"]
    for words, why in (
        ("detect notes.txt --with d.safetensors", "notes.txt cannot be read as an image"),
        ("detect large.png --with d.safetensors", "the detector was trained on grey, 16 x 16: --resize"),
        ("detect one --with notes.txt", "notes.txt is no detector"),
        ("detect one --with d.safetensors -o heat.txt", "this is written to a .png"),
        ("detect nowhere --with d.safetensors", "no file or folder 'nowhere'"),
    ):
        answer = typed(words)
        assert answer.status == 2 and why in answer.err
    assert typed("detect large.png --with d.safetensors --resize").status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--real real --fake one -o d.safetensors", "40 made pictures or more; got 1"),
        ("--real ring --fake fake -o d.safetensors", "'ring' holds"),
        ("--real real --fake notes.txt -o d.safetensors", "'notes.txt' is neither"),
        ("--real real --fake fake -o d.pkl", "this is written to a .safetensors"),
    ],
)
def test_what_cannot_be_trained_is_refused(typed, folders: Path, words: str, said: str) -> None:
    answer = typed(f"detect train {words}")
    assert answer.status == 2 and said in answer.err
    assert not Path("d.safetensors").exists()
