"""Measuring from the command line: more metrics, side by side, the lab."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from toys import bars

from rivalry.data import open_data
from rivalry.kinds.image import to_image
from rivalry.metrics.extractors import extractor
from rivalry.runs.run import Run


def save_digits(folder: Path, rows: slice, split: str = "train", flip: bool = False) -> None:
    folder.mkdir()
    x = open_data("digits", split).rows(rows)
    for i, image in enumerate(x.flip(3) if flip else x):
        to_image(image).save(folder / f"{i:04d}.png")


def test_a_broad_set_of_metrics_on_a_run(typed, digits: Path) -> None:
    names = "fid-infinity,kid,prdc,diversity,support-size,defects,c2st,mifid,authenticity,sharpness"
    answer = typed(f"evaluate digits --metrics {names} --features pixels -n 300 --json")
    assert answer.status == 0, answer.err
    found = {score["name"].split("[")[0]: score for score in json.loads(answer.out)}
    assert set(names.replace("prdc", "precision,recall,density,coverage").split(",")) == set(found)
    assert all("spread" in score["provenance"] for score in found.values())


def test_scores_that_have_a_picture_leave_it_in_a_folder(typed, digits: Path, here: Path) -> None:
    answer = typed("evaluate digits --metrics defects,memorization --features pixels -n 200 -o shown")
    assert answer.status == 0, answer.err
    assert sorted(path.name for path in (here / "shown").iterdir()) == ["defects.png", "memorization.png"]


def test_samples_in_an_npz_are_scored(typed, digits: Path) -> None:
    assert typed("sample digits -n 120 -o many.npz").status == 0
    answer = typed("evaluate many.npz --data digits --metrics diversity --features pixels --json")
    assert answer.status == 0, answer.err
    assert json.loads(answer.out)[0]["n"] == 120


def test_labels_that_came_with_samples_are_the_classes_asked_for(
    typed, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extractor, "train_judge", partial(extractor.train_judge, steps=100))
    real = bars(400, seed=0)
    np.savez(here / "data.npz", x=real.x.numpy(), label=real.label.numpy())
    for name, label in {"right": real.label, "next": (real.label + 1) % 4}.items():
        np.savez(here / f"{name}.npz", x=real.x[:200].numpy(), label=label[:200].numpy())
    score = lambda name: json.loads(
        typed(f"evaluate {name}.npz --data data.npz --metrics accuracy --json").out
    )
    assert score("right")[0]["value"] > 0.9
    assert score("next")[0]["value"] < 0.1


def test_training_images_are_found_out_and_held_out_ones_are_not(typed, here: Path) -> None:
    save_digits(here / "copies", slice(0, 200), flip=True)
    save_digits(here / "honest", slice(0, 200), "test")
    score = lambda folder: json.loads(
        typed(f"evaluate {folder} --data digits --metrics memorization --json").out
    )[0]["value"]
    assert score("copies") > 0.95
    assert score("honest") < 0.1


def test_side_by_side(typed, digits: Path, here: Path) -> None:
    shutil.copytree(digits, here / "again", symlinks=True)
    save_digits(here / "real", slice(0, 400))
    answer = typed(
        "compare digits real --data digits --metrics fid,prdc --features pixels -n 400 -o plot.png"
    )
    assert answer.status == 0, answer.err
    first, fid, *rest = answer.out.splitlines()
    assert first.split() == ["score", "digits", "real"]
    assert fid.count("*") == 1
    assert fid.index("*") > fid.index("fid") + 20  # real digits are the better digits
    assert rest[-1] == "n = 400 of each"
    assert any(line.startswith("* the best") for line in rest)
    assert (here / "plot.png").stat().st_size > 1000
    told = json.loads(typed("compare digits again --metrics fid --features pixels -n 200 --json").out)
    assert told["differences"][0]["difference"] == 0
    assert told["differences"][0]["noise"]


def test_a_set_against_itself_is_told(typed, here: Path) -> None:
    save_digits(here / "real", slice(0, 100))
    answer = typed("evaluate real --data real --metrics diversity")
    assert answer.status == 0
    assert answer.err == (
        "rivalry: real is measured against itself: all its samples are among the data, and the scores tell what a "
        "perfect copy gets\n"
    )


def test_the_audit_is_a_table(typed) -> None:
    answer = typed(
        "lab audit-metrics --data triangles -n 150 --train 500 --metrics fid,diversity --features pixels"
    )
    assert answer.status == 0, answer.err
    assert answer.out.startswith("| score | blur, pixels 0.5, 1, 2 |")
    assert "▼" in answer.out


def test_a_run_that_keeps_its_checkpoints_is_rated_by_its_own_players(typed, here: Path) -> None:
    made = typed(
        "train gan --data ring --rounds 60 -s width=16 --save-every 0s --keep 5 --run kept --no-measure"
    )
    assert made.status == 0, made.err
    assert len(Run.open(here / "kept").checkpoints()) == 5
    answer = typed("lab skill kept --matches 2")
    assert answer.status == 0, answer.err
    assert len(answer.out.splitlines()) == 2 + 5
    told = json.loads(typed("lab skill kept --matches 2 --json").out)
    assert np.shape(told["details"]["results"]) == (5, 5)


BAD = {
    "compare ring": "a comparison needs two subjects or more; got 1",
    "compare ring digits --metrics fid --features pixels": "no score was measured of all on the same features",
    "compare ring ring": "the same subject was named twice",
    "compare ring digits -o plot.jpg": "this is written to a .png; got plot.jpg",
    "lab audit-metrics --data ring": "audit-metrics needs data of kind 'image'; 'ring' holds points",
    "lab audit-metrics -n 5": "scores 100 images or more",
    "lab audit-metrics --metrics fidd": "no metric 'fidd'; did you mean 'fid'?",
    "lab skill ring": "a tournament needs 3",
    "evaluate digits --features inceptoin-2015": "did you mean 'inception-2015'?",
    "evaluate ring --metrics memorization": "memorization needs data of kind 'image'; 'ring' holds points",
    "evaluate real --data digits --metrics ppl": "ppl needs a generator; these are images alone",
    "evaluate digits --metrics stacked-modes": "stacked-modes needs stacked-mnist",
    "train gan --data ring --keep 0": "a run keeps 1 checkpoint or more; got 0",
}


@pytest.mark.parametrize("command", BAD)
def test_a_request_without_sense_is_refused(
    typed, ring: Path, digits: Path, here: Path, command: str
) -> None:
    save_digits(here / "real", slice(0, 20))
    answer = typed(command)
    assert answer.status == 2, answer.err or answer.out
    assert 1 <= len(answer.err.splitlines()) <= 2
    assert BAD[command] in answer.err


def test_samples_do_not_depend_on_how_many_were_asked_for_in_a_chunk_before(typed, digits: Path) -> None:
    import rivalry
    from rivalry.runs.drawing import draw

    game = rivalry.load(digits)
    assert torch.equal(draw(game, 1100, seed=3)[:1000], draw(game, 1000, seed=3))
