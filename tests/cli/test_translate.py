"""`rivalry translate` as a user types it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from turner import shades, turner

from rivalry.runs import training


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("done") / "run"
    return training.train(turner, shades(), rounds=150, run=place, quiet=True, device="cpu").path


@pytest.fixture
def run(done: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`run`, a trained translator between dark and bright, as if the catalog had its game; and photos to translate."""
    shutil.copytree(done, here / "run", symlinks=True)
    monkeypatch.setattr("rivalry.runs.opening.maker_of", lambda told, make=None: turner)
    rng = np.random.default_rng(0)
    for name in ("one.png", "below/two.png"):
        (here / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(9, 12, 3), dtype=np.uint8)).save(here / "photos" / name)
    Image.new("RGB", (40, 30), "red").save(here / "large.png")
    return here / "run"


def test_a_folder_is_translated_into_a_folder(typed, run: Path, here: Path) -> None:
    answer = typed("translate run photos --to dark -o out/there")
    assert (answer.status, answer.out, answer.err) == (0, "out/there\n", "")
    for name in ("one.png", "below/two.png"):
        given, made = (
            np.asarray(Image.open(Path(top) / name)).astype(int) for top in ("photos", "out/there")
        )
        assert np.abs(255 - given - made).max() <= 2
    assert sum(p.is_file() for p in Path("out").rglob("*")) == 2


def test_files_and_resizing(typed, run: Path) -> None:
    assert typed("translate run large.png photos/one.png --to 1 --resize -o out").status == 0
    assert {p.name for p in Path("out").iterdir()} == {"large.png", "one.png"}
    with Image.open("out/large.png") as image:
        assert image.size == (12, 9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run photos --to brigth -o out", "no domain 'brigth'; did you mean 'bright'?"),
        ("run photos -o out", "there are two ways to go: name the domain, 0 or 1"),
        ("run photos large.png --to dark -o out", "--resize converts it"),
        ("run nowhere --to dark -o out", "no file or folder 'nowhere'"),
        ("run photos --to dark -o photos", "is one of the files to translate"),
        ("run photos --to dark", "missing option '-o'"),
        ("run --to dark -o out", "missing argument"),
        ("run photos --to dark -o large.png", "cannot write large.png/"),
        ("run photos --to dark -o out --seed -1", "a seed is a whole number"),
        ("nowhere photos --to dark -o out", "nowhere is not a run"),
    ],
)
def test_a_request_without_sense_is_refused_and_writes_nothing(
    typed, run: Path, here: Path, words, said
) -> None:
    before = sorted(here.rglob("*"))
    answer = typed(f"translate {words}")
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err and 1 <= len(answer.err.splitlines()) <= 2
    assert sorted(here.rglob("*")) == before


def test_a_game_that_draws_from_codes_does_not_translate(typed, digits: Path) -> None:
    Image.new("L", (8, 8)).save("x.png")
    answer = typed("translate digits x.png -o out")
    assert answer.status == 2
    assert (
        answer.err == "rivalry: this game does not translate: it makes images of its own (`rivalry sample`)\n"
    )
    assert not Path("out").exists()
