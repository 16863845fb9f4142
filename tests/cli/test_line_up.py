"""What the line-up added to the command line: sizes, pairs, domains, attention."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def quick(typed, game: str, data: object, run: str, *words: object):
    """Two rounds of a game at toy size."""
    answer = typed(
        "train", game, "--data", data, "--rounds", 2, "--run", run, "--no-measure", "-s", "batch=8", *words
    )
    assert answer.status == 0, answer.err
    return Path(run)


@pytest.fixture
def pairs(here: Path) -> Path:
    """Grey pictures in A, each turned upside down in B."""
    draw = np.random.default_rng(0)
    for i in range(20):
        x = draw.integers(256, size=(12, 16), dtype=np.uint8)
        for side, picture in (("A", x), ("B", x[::-1])):
            place = here / "flips" / side / f"{i}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(place)
    return here / "flips"


@pytest.mark.parametrize(("size", "shape"), [("12", [1, 12, 12]), ("9x14", [1, 9, 14])])
def test_a_size_is_kept_by_all_that_follows(typed, size: str, shape: list[int]) -> None:
    run = quick(typed, "dcgan", "digits", "run", "--size", size, "-s", "width=8")
    told = json.loads((run / "run.json").read_text())
    assert told["spec"]["shape"] == shape and told["size"] == shape[1:]
    assert typed("evaluate", run, "--metrics", "fid", "--features", "pixels", "-n", 50).status == 0
    assert typed("resume", run, "--rounds", 3).status == 0


@pytest.mark.parametrize("size", ["7", "8x", "axb", "8x8x8", "0"])
def test_a_size_without_sense_is_refused(typed, size: str, here: Path) -> None:
    answer = typed("train", "dcgan", "--data", "digits", "--size", size)
    assert (answer.status, answer.out) == (2, "")
    assert "a size is 64, or height x width as in 48x64, from 8 pixels on" in answer.err
    assert not (here / "runs").exists()


def test_pairs_are_trained_on_both_ways_and_translated(typed, pairs: Path, here: Path) -> None:
    for direction in ("a-to-b", "b-to-a"):
        run = quick(typed, "pix2pix", pairs, direction, "-s", "width=4", "-s", f"direction={direction}")
        assert list((run / "samples").glob("*.png"))
        assert typed("evaluate", run, "--metrics", "fid", "-n", 20).status == 0
    answer = typed("sample", run)
    assert answer.status == 2 and "rivalry translate b-to-a PICTURES -o FOLDER" in answer.err
    assert typed("translate", run, pairs / "B", "-o", "out").status == 0
    assert len(list((here / "out").glob("*.png"))) == 20


def test_what_translation_needs_is_said_before_any_work(typed, here: Path) -> None:
    for game, data, said in (
        ("pix2pix", "digits", "pix2pix needs aligned pairs; 'digits' has none"),
        ("cyclegan", "digits", "cyclegan needs two domains, a folder each; 'digits' has 10"),
        ("cogan", "digits", "cogan needs two domains, a folder each; 'digits' has 10"),
        ("stargan", "ring", "stargan needs data of kind 'image'"),
    ):
        answer = typed("train", game, "--data", data, "--rounds", 1)
        assert answer.status == 2 and said in answer.err
    assert not (here / "runs").exists()


def test_attention_is_drawn_where_there_is_any(typed, here: Path) -> None:
    run = quick(typed, "sagan", "digits", "attends", "-s", "width=8", "-s", "attend=4")
    assert typed("sample", run, "-n", 3, "--attention", "-o", "maps.png").status == 0
    assert Image.open(here / "maps.png").mode == "RGB"
    run = quick(typed, "dcgan", "digits", "plain", "-s", "width=8")
    answer = typed("sample", run, "--attention", "-o", "none.png")
    assert answer.status == 2 and "no layer of this game attends" in answer.err
    assert not (here / "none.png").exists()


def test_a_game_that_shares_tells_what_it_saves(typed) -> None:
    assert "parameters saved against two separate games: 48%" in typed("show", "cogan").out
