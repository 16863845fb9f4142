"""`rivalry fill` as a user types it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def material(here: Path, digits: Path) -> Path:
    """A picture of the run's size, masks, and a run."""
    pixels = np.random.default_rng(0).integers(256, size=(8, 8), dtype=np.uint8)
    Image.fromarray(pixels).save(here / "x.png")
    hole = np.zeros((8, 8), np.uint8)
    hole[2:5, 3:7] = 255
    for name, mask in (("mask", hole), ("all", hole * 0 + 255), ("small", hole[:4])):
        Image.fromarray(mask).save(here / f"{name}.png")
    return here


def test_only_the_hole_changes_by_mask_or_by_box(typed, material: Path) -> None:
    given = np.asarray(Image.open("x.png"))
    made = []
    for hole in ("--mask mask.png", "--box 3,2,4,3"):
        answer = typed(f"fill x.png {hole} --with digits --label 3 --steps 3 -o out.png")
        assert (answer.status, answer.out) == (0, "out.png\n")
        made.append(np.asarray(Image.open("out.png")))
    changed = made[0] != given
    assert changed[2:5, 3:7].any() and not changed[:2].any() and not changed[5:].any()
    assert not changed[:, :3].any() and not changed[:, 7:].any()
    assert np.array_equal(*made)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("x.png -o o.png --with digits", "name the hole"),
        ("x.png -o o.png --with digits --box 1,2,3", "a box is x,y,width,height"),
        ("x.png -o o.png --with digits --box 7,7,2,2", "does not lie in a picture"),
        ("x.png -o o.png --with digits --mask all.png", "covers all"),
        ("x.png -o o.png --with digits --mask small.png", "the mask is 4 x 8"),
        ("small.png -o o.png --with digits --mask small.png", "the game was trained on"),
        ("x.png -o o.gif --with digits --mask mask.png", "this is written to a .png"),
        ("x.png -o o.png --with ring --mask mask.png", "this is about images"),
    ],
)
def test_what_cannot_be_filled_is_refused(typed, material: Path, ring: Path, words: str, said: str) -> None:
    answer = typed(f"fill {words}")
    assert answer.status == 2 and said in answer.err.replace("this game was", "the game was")
    assert not Path("o.png").exists()
