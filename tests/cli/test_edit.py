"""`rivalry edit` as a user types it."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import rivalry
from rivalry.editing.codes import decoded


@pytest.fixture(scope="module")
def material(trained, typed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs, of points, of labeled images and of styles; images; and an encoder's short training."""
    top = tmp_path_factory.mktemp("material")
    for name, (path, _) in trained.items():
        shutil.copytree(path, top / name, symlinks=True)
    words = "train stylegan2 --data digits --rounds 1 -s width=4 -s depth=1 -s latent=8 -s batch=4 -q --run"
    assert typed(*words.split(), top / "styles").status == 0
    for folder, size in (("grey", (8, 8)), ("large", (9, 12))):
        (top / folder).mkdir()
        for i in range(2):
            pixels = np.random.default_rng(i).integers(256, size=size, dtype=np.uint8)
            Image.fromarray(pixels).save(top / folder / f"{i}.png")
    return top


@pytest.fixture
def runs(material: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The material, here; an encoder learns for a moment alone."""
    from rivalry.editing import encoder

    shutil.copytree(material, here, symlinks=True, dirs_exist_ok=True)
    fit = encoder.fit
    short = lambda *parts, steps, **more: fit(*parts, steps=min(steps, 3), **more)
    monkeypatch.setattr(encoder, "fit", short)
    return here


def opened(path: str) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


TOOLS = {
    "interpolate digits --label 3": "digits/edits/interpolate-0-3-z-3.png",
    "interpolate digits --seeds 1,2,5 --closed --steps 4": "digits/edits/interpolate-1,2,5-z.png",
    "interpolate ring": "ring/edits/interpolate-0-3-z.png",
    "interpolate styles --space w": "styles/edits/interpolate-0-3-w.png",
    "interpolate digits --how linear -o below/x.png": "below/x.png",
    "interpolate digits --seeds 0-1 --label 1 --steps 3 -o x.gif": "x.gif",
    "arithmetic digits --a 1,2 --minus 3 --plus 4-6 --label 2": "digits/edits/arithmetic-1,2-3-4-6-z-2.png",
    "arithmetic styles --a 1 --minus 2 --plus 3,4 --strengths -1,0,1 --space w -o t.png": "t.png",
    "arithmetic styles --a grey --minus 3 --plus 4": "styles/edits/arithmetic-grey-3-4-z.png",
    "mix styles": "styles/edits/mix-0-4-5-7.png",
    "mix styles --sources 1 --targets 2,3 --layers coarse,1-2 -o x.png": "x.png",
    "truncate digits --seeds 0-2": "digits/edits/truncate-0-2.png",
    "factorize styles --count 2 --strengths -2,0,2": "styles/edits/factorize-0.png",
    "factorize digits --label 3": "digits/edits/factorize-0-3.png",
    "factorize styles --layers 0-1 --seed 3": "styles/edits/factorize-3-0-1.png",
}


@pytest.mark.parametrize("command", TOOLS)
def test_every_tool_writes_a_picture_and_prints_where_it_is(typed, runs: Path, command: str) -> None:
    answer = typed(f"edit {command}")
    said = [line for line in answer.err.splitlines() if not re.match(r" *\d+%  looking for codes", line)]
    assert (answer.status, answer.out, said) == (
        0,
        f"{TOOLS[command]}\n",
        [],
    )  # a slow machine tells of progress
    first = Path(TOOLS[command]).read_bytes()
    assert len(np.unique(opened(TOOLS[command]))) > 10
    assert typed(f"edit {command}").status == 0
    assert Path(TOOLS[command]).read_bytes() == first


def test_a_curve_is_a_second_picture(typed, runs: Path) -> None:
    answer = typed("edit truncate ring --seeds 0-2 --truncations 0.5,none --curve -n 100 -o x.png")
    assert (answer.status, answer.out) == (0, "x.png\nx-curve.png\n")
    assert opened("x-curve.png").shape[2] == 3


def test_a_movie_walks_all_seeds_and_returns(typed, runs: Path) -> None:
    typed("edit interpolate styles --seeds 1-3 --steps 5 -o x.gif")
    with Image.open("x.gif") as image:
        assert image.n_frames == 15


def test_codes_that_were_found_decode_to_what_is_shown(typed, runs: Path) -> None:
    answer = typed("edit invert digits --seeds 4,5 --label 3 --steps 30 -o x.png")
    assert (answer.status, answer.out) == (0, "x.png\nx.npz\n")
    held = np.load("x.npz")
    assert held["names"].tolist() == ["4", "5"]
    assert held["label"].tolist() == [3, 3]
    game = rivalry.load("digits")
    truth = torch.cat([rivalry.runs.drawing.draw(game, 1, seed=seed, label=3) for seed in (4, 5)])
    again = decoded(game, torch.from_numpy(held["codes"]), label=3)
    errors = (again - truth).square().flatten(1).mean(1)
    np.testing.assert_allclose(errors.numpy(), held["errors"], rtol=1e-3, atol=1e-6)
    assert held["errors"].max() < 0.05


def test_images_are_inverted_and_classes_tried(typed, runs: Path) -> None:
    answer = typed("edit invert digits grey large/0.png --resize --steps 5")
    assert (answer.status, answer.out) == (
        0,
        "digits/edits/invert-grey-z.png\ndigits/edits/invert-grey-z.npz\n",
    )
    held = np.load("digits/edits/invert-grey-z.npz")
    assert held["names"].tolist() == ["grey/0.png", "grey/1.png", "large/0.png"]
    assert held["codes"].shape[0] == len(held["label"]) == 3
    assert set(held["label"]) <= set(range(10))


def test_a_copy_is_tuned_and_moves_the_images_along_a_direction(typed, runs: Path) -> None:
    before = {p.name: p.read_bytes() for p in Path("digits").rglob("*.safetensors")}
    assert typed("edit direction digits --plus 1,2 --minus 3,4 --label 3 -o way.png").status == 0
    words = (
        "edit invert digits grey --steps 5 --label 3 --no-encoder --tune 20 --along way.npz --strengths -1,1"
    )
    answer = typed(f"{words} -o x.png")
    assert (answer.status, answer.out) == (0, "x.png\nx-along.png\nx.npz\n")
    assert "tuned: the mean squared error went from" in answer.err
    held = np.load("x.npz")
    assert (held["tuned_errors"] < held["errors"]).all()
    assert {p.name: p.read_bytes() for p in Path("digits").rglob("*.safetensors")} == before


BAD = {
    "interpolate nowhere": "nowhere is not a run",
    "interpolate digits --seeds 1,x": "seeds are like 1,2,3 or 0-7; got '1,x'",
    "interpolate digits --seeds 5": "a path leads from a code to another; got 1 of them",
    "interpolate digits --steps 1": "1 is not in the range x>=2",
    "interpolate digits --space w": "this game has no styles",
    "interpolate digits --space q": "codes are edited in z or",
    "interpolate styles --space w --how spherical": "styles do not lie on a sphere",
    "interpolate digits --label eleven": "no class 'eleven'",
    "interpolate digits -o x.gif": "this game is told classes, and one is needed here: name it with --label",
    "interpolate ring -o x.gif": "a .gif shows images; 'ring' holds points",
    "interpolate digits -o x.jpg": "written to a .png or .gif or .mp4; got x.jpg",
    "interpolate digits -o grey/0.png/x.png": "cannot write grey/0.png/x.png",
    "interpolate digits --which 77": "no checkpoint '77'",
    "arithmetic digits --a 1 --minus 2 --plus 3": "name it with --label",
    "arithmetic styles --a 1 --minus 2": "missing option '--plus'",
    "arithmetic styles --a 1 --minus 2 --plus large": "large/0.png is grey, 9 x 12; this game was trained on grey",
    "arithmetic styles --a 1 --minus 2 --plus 3 --strengths a": "strengths are numbers",
    "arithmetic styles --a 1 --minus 2 --plus 3 -o x.gif": "written to a .png; got x.gif",
    "mix digits": "this game has no styles",
    "mix styles --layers fien": "did you mean 'fine'?",
    "mix styles --layers 0-99": "counted upwards; asked for 0-99",
    "truncate digits --truncations 0.5,0": "truncation is above 0",
    "truncate digits --truncations -1": "truncation is above 0",
    "truncate digits --truncations half": "truncations are numbers",
    "factorize styles --layers 99": "asked for 99",
    "factorize styles --count 0": "0 is not in the range x>=1",
    "invert digits": "or samples of the game by --seeds",
    "invert digits grey --seeds 1": "or samples of the game by --seeds",
    "invert digits nowhere": "no file or folder 'nowhere'",
    "invert digits grey --along nowhere.npz": "no file 'nowhere.npz'",
    "invert digits grey --along grey/0.png": "grey/0.png holds no direction",
    "invert digits grey --tune -1": "-1 is not in the range",
    "invert digits grey --strengths 1,x": "strengths",
    "invert digits large": "--resize converts it",
    "invert digits grey --space w+": "this game has no styles",
    "invert ring grey": "this is about images; the game was trained on points",
    "invert ring --seeds 1": "this is about images; the game was trained on points",
    "invert digits grey --seed -1": "a seed is a whole number",
    "invert digits grey --time soon": "a time is like 90s, 10m or 1h30m; got 'soon'",
    "invret digits": "did you mean 'invert'",
}


@pytest.mark.parametrize("command", BAD)
def test_a_request_without_sense_is_refused_and_writes_nothing(
    typed, material: Path, monkeypatch, command
) -> None:
    monkeypatch.chdir(material)
    before = sorted(material.rglob("*"))
    answer = typed(f"edit {command}")
    assert (answer.status, answer.out) == (2, "")
    assert BAD[command] in answer.err and 1 <= len(answer.err.splitlines()) <= 2
    assert sorted(material.rglob("*")) == before


def test_help_is_there_for_every_tool(typed) -> None:
    for tool in ("interpolate", "arithmetic", "mix", "truncate", "factorize", "traverse", "invert"):
        answer = typed("edit", tool, "--help")
        assert answer.status == 0 and answer.out.startswith(f"Usage: rivalry edit {tool} [OPTIONS] RUN")


# ------------------------------------------------------------------ codes with names


@pytest.fixture(scope="module")
def informed(typed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of infogan, with three categories and one number."""
    top = tmp_path_factory.mktemp("informed")
    words = (
        "train infogan --data digits --rounds 2 -s width=4 -s categories=3 -s numbers=1 -s batch=8 -q --run"
    )
    assert typed(*words.split(), top / "told").status == 0
    return top


@pytest.mark.parametrize(
    ("words", "name", "shape"),
    [
        ("--code c0", "traverse-c0-0-4.png", (5, 3)),
        ("--code c1 --seeds 1,2", "traverse-c1-1,2.png", (2, 9)),
        ("--code c1 --seeds 3 --values -1,0.5", "traverse-c1-3--1,0.5.png", (1, 2)),
    ],
)
def test_a_walk_along_a_code_has_a_row_for_each_seed(
    typed, informed, monkeypatch, words, name, shape
) -> None:
    from rivalry.editing.traverse import traverse, values_of

    monkeypatch.chdir(informed)
    answer = typed(f"edit traverse told {words}")
    assert (answer.status, answer.out, answer.err) == (0, f"told/edits/{name}\n", "")
    assert len(np.unique(opened(f"told/edits/{name}"))) > 10
    game = rivalry.load("told")
    part = words.split()[1]
    x = traverse(game, part, values_of(game, part)[: shape[1]], range(shape[0]))
    assert x.shape[:2] == shape
    for i in range(shape[0]):  # a row holds all else: the samples that the seed draws, with one part set
        value = values_of(game, part)[0]
        truth = rivalry.runs.drawing.draw(game, 1, seed=i, code={part: value})
        torch.testing.assert_close(x[i, :1], truth, rtol=1e-3, atol=1e-4)


def test_samples_of_a_code_are_asked_for_by_name(typed, informed: Path, monkeypatch) -> None:
    monkeypatch.chdir(informed)
    for i, words in enumerate(("", "--code c0=2", "--code c0=2 --code c1=-0.5")):
        assert typed(f"sample told -n 4 --seed 3 {words} -o {i}.npz").status == 0
    game = rivalry.load("told")
    for i, code in enumerate(({}, {"c0": 2}, {"c0": 2, "c1": -0.5})):
        truth = rivalry.runs.drawing.draw(game, 4, seed=3, code=code)
        np.testing.assert_allclose(np.load(f"{i}.npz")["x"], truth.numpy(), rtol=1e-3, atol=1e-5)


BAD_CODES = {
    "edit traverse told": "missing option '--code'",
    "edit traverse told --code c2": "no part of the code 'c2'; did you mean",
    "edit traverse told --code c0 --values 3": "c0 is a category, 0 to 2; got 3",
    "edit traverse told --code c1 --values a": "values are numbers",
    "edit traverse told --code c1 --values nan": "values are numbers",
    "sample told --code c0": "a part of the code is set as in c0=3; got 'c0'",
    "sample told --code c0=3": "c0 is a category, 0 to 2; got 3",
    "sample told --code c0=one": "c0 is a number; got 'one'",
    "sample told --code c1=inf": "c1 is a number, drawn between -1 and 1; got inf",
    "sample told --code c0=1 --code c0=2": "c0 is set twice: 1 and 2",
    "sample told --code hair=1": "there is c0, c1",
}


@pytest.mark.parametrize("command", BAD_CODES)
def test_a_part_of_the_code_that_is_none_is_refused(typed, informed: Path, monkeypatch, command) -> None:
    monkeypatch.chdir(informed)
    answer = typed(command)
    assert (answer.status, answer.out) == (2, "")
    assert BAD_CODES[command] in answer.err and len(answer.err.splitlines()) <= 2


@pytest.mark.parametrize("command", ["edit traverse digits --code c0", "sample digits --code c0=1"])
def test_a_game_whose_codes_have_no_names_says_so(typed, material: Path, monkeypatch, command) -> None:
    monkeypatch.chdir(material)
    answer = typed(command)
    assert (answer.status, answer.out) == (2, "")
    assert "no part of this game's codes has a name" in answer.err


# ------------------------------------------------------------------ an inversion is bounded


def test_an_inversion_without_an_encoder_trains_none(typed, runs: Path, monkeypatch) -> None:
    from rivalry.editing import encoder

    monkeypatch.setattr(encoder, "fit", None)  # calling it would fail
    answer = typed("edit invert digits --seeds 4 --label 3 --steps 20 --no-encoder -o x.png")
    assert (answer.status, answer.out) == (0, "x.png\nx.npz\n")


def test_an_inversion_takes_no_longer_than_it_may(typed, runs: Path) -> None:
    import time

    begun = time.monotonic()
    answer = typed("edit invert digits --seeds 4,5 --steps 1000000 --time 1s -o x.png")
    assert (answer.status, answer.out) == (0, "x.png\nx.npz\n")
    assert time.monotonic() - begun < 30
