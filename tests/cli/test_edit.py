"""`rivalry edit` as a user types it."""

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
    assert (answer.status, answer.out, answer.err) == (0, f"{TOOLS[command]}\n", "")
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
    truth = torch.cat([rivalry.trained.draw(game, 1, seed=seed, label=3) for seed in (4, 5)])
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


BAD = {
    "interpolate nowhere": "nowhere is not a run",
    "interpolate digits --seeds 1,x": "seeds are like 1,2,3 or 0-7; got '1,x'",
    "interpolate digits --seeds 5": "a path leads from a code to another; got 1 of them",
    "interpolate digits --steps 1": "1 is not in the range x>=2",
    "interpolate digits --space w": "this game has no styles",
    "interpolate digits --space q": "codes are edited in z or",
    "interpolate styles --space w --how spherical": "styles lie on no sphere",
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
    "invert digits": "one of the two",
    "invert digits grey --seeds 1": "one of the two",
    "invert digits nowhere": "no file or folder 'nowhere'",
    "invert digits large": "--resize converts it",
    "invert digits grey --space w+": "this game has no styles",
    "invert ring grey": "this is about images; the game was trained on points",
    "invert ring --seeds 1": "this is about images; the game was trained on points",
    "invert digits grey --seed -1": "a seed is a whole number",
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
    for tool in ("interpolate", "arithmetic", "mix", "truncate", "factorize", "invert"):
        answer = typed("edit", tool, "--help")
        assert answer.status == 0 and answer.out.startswith(f"Usage: rivalry edit {tool} [OPTIONS] RUN")
