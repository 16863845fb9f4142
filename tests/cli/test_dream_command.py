"""`rivalry dream` as a user types it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo(here: Path) -> Path:
    values = np.random.default_rng(0).integers(256, size=(30, 40, 3), dtype=np.uint8)
    Image.fromarray(values).save(here / "photo.png")
    Image.fromarray(values[:12, :12]).save(here / "small.png")
    (here / "notes.txt").write_text("no picture")
    return here / "photo.png"


def test_a_picture_dreams_a_film_zooms_and_a_class_is_captioned(typed, photo: Path, digits: Path) -> None:
    answer = typed("dream photo.png --with judge-mnist --octaves 1 --steps 2 -o out/dream.png")
    assert (answer.status, answer.out) == (0, "out/dream.png\n")
    with Image.open("out/dream.png") as made, Image.open(photo) as given:
        assert made.size == given.size and made.mode == "L"
        assert not np.array_equal(np.asarray(made), np.asarray(given.convert("L")))
    assert (
        typed("dream photo.png --with digits --octaves 1 --steps 1 --frames 3 --size 16 -o d.gif").status == 0
    )
    with Image.open("d.gif") as film:
        assert getattr(film, "n_frames", 1) == 3
    answer = typed("dream photo.png --with judge-mnist --class 7 --until 0.6 -o seven.png")
    assert answer.status == 0 and answer.err.startswith("7: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("photo.png --with judge-mnist --layer x -o a.png", "no layer 'x'; it has convolutions.0,"),
        ("photo.png --with judge-mnist --class eleven -o a.png", "no class 'eleven'"),
        ("photo.png --with judge-mnist --class 7 --layer x -o a.png", "leave --layer and --guide out"),
        ("photo.png --with digits --class 7 -o a.png", "digits knows no classes"),
        ("photo.png --with ring -o a.png", "ring has no critic that looks at images"),
        ("photo.png --with judge-mnist -o a.txt", "this is written to a .png or .gif or .mp4"),
        ("small.png --with judge-mnist -o a.png", "got 12 x 12: --size 28 enlarges it"),
        ("notes.txt --with judge-mnist -o a.png", "notes.txt cannot be read as an image"),
        ("none.png --with judge-mnist -o a.png", "no picture 'none.png'"),
    ],
)  # fmt: skip
def test_what_cannot_be_dreamed_is_refused_in_a_line(
    typed, photo: Path, digits: Path, ring: Path, words: str, said: str
) -> None:
    answer = typed(f"dream {words}")
    assert answer.status == 2 and said in answer.err and "Traceback" not in answer.err
    assert not Path("a.png").exists()
