"""The main job as a user types it: train, sample, evaluate, resume, look; and the same from Python."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import rivalry
from rivalry.data.source import Spec
from rivalry.runs.run import Run
from rivalry.show.samples import save


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def pictures(folder: Path, *, n: int = 6, classes: tuple[str, ...] = ("",)) -> Path:
    """A folder of noise, 10 x 12 RGB, in sub-folders where there are classes."""
    rng = np.random.default_rng(0)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(256, size=(10, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


# ------------------------------------------------------------------ train


@pytest.mark.parametrize("name", ["ring", "digits"])
def test_train_prints_the_path_of_the_run_and_nothing_else(trained, name: str) -> None:
    path, answer = trained[name]
    assert (answer.status, answer.out) == (0, f"{path.name}\n")


def test_a_run_is_the_files_of_the_design(ring: Path) -> None:
    files = {
        str(p.relative_to(ring)) for p in ring.rglob("*") if p.is_file() and "tensorboard" not in p.parts
    }
    sheets = {f"samples/{t:06d}.png" for t in range(5, 61, 5)}
    checkpoints = {p.name for p in (ring / "checkpoints").iterdir()}
    parts = ("weights.safetensors", "state.safetensors", "state.json")
    saved = {f"checkpoints/{name}/{part}" for name in checkpoints for part in parts}
    assert files == {"run.json", "log.jsonl", "report.html"} | sheets | saved
    assert "000060" in checkpoints
    assert (ring / "best").readlink().parent == Path("checkpoints")


def test_run_json_says_how_to_start_it_again(digits: Path) -> None:
    told = json.loads((digits / "run.json").read_text())
    assert told["command"] == "rivalry train cgan --data digits --rounds 30 -s width=8 --run digits"
    assert told["settings"]["width"] == 8
    assert told["goal"] == {"rounds": 30}
    assert told["precision"] in ("fp32", "bf16")
    assert "cpu" in told["device"]


def test_the_last_line_of_the_log_is_that_it_is_done(ring: Path) -> None:
    last = lines(ring)[-1]
    assert (last["event"], last["round"], last["message"]) == ("done", 60, "reached 60 rounds")


def test_a_run_without_a_name_is_named_for_game_data_and_day(typed, here: Path) -> None:
    words = ("train", "gan", "--data", "ring", "--rounds", 2, "-s", "width=8", "-q")
    first, second = typed(*words), typed(*words)
    assert first.out.startswith("runs/gan-ring-2") and first.out.endswith("-0\n")
    assert second.out == first.out.replace("-0\n", "-1\n")
    assert first.err == ""


def test_the_same_command_gives_the_same_weights_and_another_seed_others(typed, ring: Path) -> None:
    words = ("train", "gan", "--data", "ring", "--rounds", 60, "-s", "width=16", "-q")
    typed(*words, "--run", "again")
    typed(*words, "--run", "other", "--seed", 1)
    weights = [Run.open(run).checkpoint("newest").weights() for run in (ring, "again", "other")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])


@pytest.mark.parametrize(
    ("goal", "event"), [(("--samples", 64), "64 samples"), (("--time", "1s"), "1 seconds")]
)
def test_a_goal_may_be_samples_or_time(typed, goal: tuple, event: str) -> None:
    words = ("--data", "ring", "-s", "width=8", "-s", "batch=32", "--run", "run", "-q")
    assert typed("train", "gan", *words, *goal).status == 0
    last = lines(Path("run"))[-1]
    assert last["message"] == f"reached {event}"
    assert last["samples"] == 64 if goal[0] == "--samples" else last["seconds"] >= 0.4


def test_a_folder_of_any_size_trains_and_the_run_works_from_elsewhere(typed, here: Path, monkeypatch) -> None:
    pictures(here / "pets", classes=("cat", "dog"))
    words = ("--data", "pets", "--rounds", 3, "-s", "width=8", "-s", "batch=4", "--run", "run", "-q")
    assert typed("train", "cgan", *words).status == 0
    (here / "below").mkdir()
    monkeypatch.chdir(here / "below")
    assert typed("resume", "../run", "--rounds", 5, "-q").status == 0
    for label in ("dog", "1", "cat"):
        assert typed("sample", "../run", "-n", 3, "--label", label, "-o", f"{label}.npz").status == 0
    dog, one, cat = (np.load(f"{label}.npz")["x"] for label in ("dog", "1", "cat"))
    assert dog.shape == (3, 3, 10, 12)
    assert np.array_equal(dog, one) and not np.array_equal(dog, cat)


# ------------------------------------------------------------------ sample


def test_a_sheet_lies_beside_the_others_by_default(typed, digits: Path) -> None:
    assert typed("sample", "digits", "-n", 9).out == "digits/samples/sample-0.png\n"
    with Image.open(digits / "samples" / "sample-0.png") as image:
        assert min(image.size) >= 3 * 8  # nine images of 8 x 8


def test_the_same_seed_gives_the_same_bytes_and_another_others(typed, digits: Path) -> None:
    for name, seed in (("a.png", 3), ("b.png", 3), ("c.png", 4)):
        assert typed("sample", "digits", "-n", 4, "--seed", seed, "-o", name).out == f"{name}\n"
    a, b, c = (Path(name).read_bytes() for name in ("a.png", "b.png", "c.png"))
    assert a == b != c


def test_samples_are_those_that_python_draws(typed, digits: Path) -> None:
    typed("sample", "digits", "-n", 5, "--label", 3, "--seed", 8, "-o", "three.npz")
    np.testing.assert_array_equal(
        np.load("three.npz")["x"], rivalry.sample(digits, 5, seed=8, label=3).numpy()
    )


def test_a_folder_gets_one_image_a_sample_and_an_npz_their_numbers(typed, digits: Path) -> None:
    typed("sample", "digits", "-n", 12, "-o", "images")
    typed("sample", "digits", "-n", 12, "-o", "arrays.npz")
    x = np.load("arrays.npz")["x"]
    assert x.shape == (12, 1, 8, 8) and x.dtype == np.float32 and np.abs(x).max() <= 1
    files = sorted(Path("images").iterdir())
    assert [file.name for file in files] == [f"{i:05d}.png" for i in range(12)]
    seen = np.stack([np.asarray(Image.open(file)) for file in files])
    np.testing.assert_allclose(seen / 127.5 - 1, x[:, 0], atol=1 / 127)


def test_an_npz_holds_the_labels_that_were_asked_for(typed, digits: Path) -> None:
    typed("sample", "digits", "-n", 12, "-o", "every.npz")
    typed("sample", "digits", "-n", 4, "--label", 3, "-o", "threes.npz")
    assert np.load("every.npz")["label"].tolist() == [str(i % 10) for i in range(12)]
    assert np.load("threes.npz")["label"].tolist() == ["3"] * 4
    answer = typed("evaluate", "every.npz", "--data", "digits", "--metrics", "fid", "--features", "pixels")
    assert answer.status == 0


def test_an_npz_of_many_parts_holds_them_in_order(tmp_path: Path) -> None:
    x = torch.rand(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    save(lambda: iter(x.split(3)), tmp_path / "x.npz", Spec("x", "image", (1, 8, 8)))
    np.testing.assert_array_equal(np.load(tmp_path / "x.npz")["x"], x.numpy())
    save(lambda: iter(x.split(3)), tmp_path / "x", Spec("x", "image", (1, 8, 8)))
    assert len(list((tmp_path / "x").iterdir())) == 7


def test_truncation_brings_samples_nearer_to_the_middle(typed, ring: Path) -> None:
    typed("sample", "ring", "-n", 200, "-o", "all.npz")
    typed("sample", "ring", "-n", 200, "--truncation", 0.1, "-o", "some.npz")
    assert np.load("some.npz")["x"].std() < np.load("all.npz")["x"].std()


# ------------------------------------------------------------------ evaluate


def test_scores_are_a_table_and_stand_in_the_log_and_the_report(typed, ring: Path) -> None:
    before = len(lines(ring))
    answer = typed("evaluate", "ring", "-n", 300)
    assert answer.status == 0
    assert [row.split()[0] for row in answer.out.splitlines()] == [
        "score",
        "modes",
        "high-quality",
        "reverse-kl",
    ]
    added = lines(ring)[before:]
    assert [score["name"] for line in added for score in line["metrics"]] == [
        "modes",
        "high-quality",
        "reverse-kl",
    ]
    assert added[0]["metrics"][0]["n"] == 300
    report = (ring / "report.html").read_text()
    assert "high-quality" in report and "reverse-kl" in report


def test_json_carries_provenance(typed, ring: Path) -> None:
    scores = json.loads(typed("evaluate", "ring", "-n", 300, "--json").out)
    assert scores[0]["name"] == "modes"
    assert scores[0]["provenance"]["data"] == "ring"
    assert scores[0]["provenance"]["n real"] == 100_000


def test_anyones_images_are_scored_against_real_ones(typed, here: Path) -> None:
    pictures(here / "real", n=40)
    pictures(here / "fake", n=20)
    command = "evaluate fake --data real --metrics fid,kid --features pixels --json"
    scores = json.loads(typed(command).out)
    assert [score["name"] for score in scores] == ["fid[pixels]", "kid[pixels]"]
    assert scores[0]["n"] == 20


# ------------------------------------------------------------------ resume


def test_resume_of_a_run_that_is_done_says_so_and_changes_nothing(typed, ring: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in ring.rglob("*")}
    answer = typed("resume", "ring")
    assert (answer.status, answer.out) == (0, "ring\n")
    assert "60 rounds" in answer.err
    assert {p: p.stat().st_mtime_ns for p in ring.rglob("*")} == before


def test_resume_to_a_new_goal_ends_like_a_run_that_never_paused(typed, ring: Path) -> None:
    assert typed("resume", "ring", "--rounds", 70, "-q").status == 0
    typed("train", "gan", "--data", "ring", "--rounds", 70, "-s", "width=16", "--run", "straight", "-q")
    resumed, straight = (Run.open(run).checkpoint("newest") for run in (ring, "straight"))
    assert resumed.round == straight.round == 70
    a, b = resumed.weights(), straight.weights()
    assert all(torch.equal(a[name], b[name]) for name in b)
    assert json.loads((ring / "run.json").read_text())["goal"] == {"rounds": 70}


def test_resume_begins_anew_where_no_checkpoint_was_reached(typed, ring: Path) -> None:
    whole = Run.open(ring).checkpoint("newest").weights()
    for file in (ring / "checkpoints").rglob("*.*"):
        file.unlink()
    for folder in (ring / "checkpoints").iterdir():
        folder.rmdir()
    assert typed("resume", "ring", "-q").status == 0
    again = Run.open(ring).checkpoint("newest").weights()
    assert all(torch.equal(whole[name], again[name]) for name in whole)


# ------------------------------------------------------------------ look


def test_lists_name_games_data_and_metrics(typed) -> None:
    for what, names in (("games", "cgan wgan-gp"), ("data", "mnist ring"), ("metrics", "fid modes")):
        table, rows = typed("list", what).out, json.loads(typed("list", what, "--json").out)
        assert (
            {row["name"] for row in rows}
            == {row.split()[0] for row in table.splitlines()}
            >= set(names.split())
        )


def test_show_tells_paper_settings_recipes_and_players(typed) -> None:
    shown = typed("show", "projection-gan").out
    for told in ("arXiv 1802.05637", "--recipe demo", "width", "critic", "parameters", "int >= 1"):
        assert told in shown


def test_data_check_tells_what_a_folder_is_good_for(typed, here: Path) -> None:
    pictures(here / "pets", classes=("cat", "dog"))
    (here / "pets" / "cat" / "bad.png").write_bytes(b"no image")
    told = typed("data", "check", "pets").out
    for what in ("12 images", "10 x 12 (12)", "cat (6), dog (6)", "cat/bad.png", "cgan"):
        assert what in told


def test_data_check_ends_with_one_command_and_train_without_a_game_takes_it(typed, here: Path) -> None:
    pictures(here / "pets", classes=("cat", "dog"))
    command = "rivalry train dcgan --data pets --recipe laptop --time 10m -s augment=diffaugment"
    told = typed("data", "check", "pets").out
    assert [line.strip() for line in told.splitlines() if line.strip().startswith("rivalry train")] == [
        command
    ]
    words = ("--data", "pets", "--rounds", 2, "-s", "width=4", "-s", "batch=4", "--run", "run", "-q")
    done = typed("train", *words)
    assert f"no game was named, so it is `{command}`" in done.err
    about = json.loads((here / "run" / "run.json").read_text())
    assert (about["game"], about["recipe"], about["goal"]) == ("dcgan", "laptop", {"rounds": 2})
    assert (about["settings"]["augment"], about["settings"]["width"]) == ("diffaugment", 4)


def test_help_is_there_for_every_command(typed) -> None:
    for words in (
        (),
        ("train",),
        ("resume",),
        ("sample",),
        ("evaluate",),
        ("list",),
        ("show",),
        ("data", "check"),
        ("translate",),
        *(("edit", tool) for tool in ("interpolate", "arithmetic", "mix", "truncate", "factorize", "invert")),
    ):
        answer = typed(*words, "--help")
        assert answer.status == 0 and answer.out.startswith(f"Usage: rivalry {' '.join(words)}".strip())


@pytest.mark.parametrize(
    "words", [["--help"], ["train", "--help"], ["list"], ["list", "data"], ["list", "metrics"]]
)
def test_help_and_lists_import_no_torch(words: list[str]) -> None:
    code = (
        "import atexit, sys; from rivalry.cli import main\n"
        "atexit.register(lambda: print('torch' in sys.modules, file=sys.stderr)); main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "False\n")


def test_a_listener_that_has_gone_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "rivalry", "list"], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")


# ------------------------------------------------------------------ from Python


def test_the_same_from_python(here: Path) -> None:
    run = rivalry.train("gan", data="ring", rounds=20, run="run", quiet=True, width=16)
    assert run.path == Path("run")
    game = rivalry.load(run)
    assert not game.training and not any(p.requires_grad for p in game.parameters())
    assert game.sample(7).shape == (7, 2)
    scores = rivalry.evaluate(run, n=100)
    assert scores[0].name == "modes" and scores[0].n == 100
    assert [s.value for s in rivalry.evaluate("run", data="ring", n=100)] == [s.value for s in scores]


def test_samples_of_ones_own_are_scored_from_python() -> None:
    real = rivalry.open_data("ring")
    scores = {score.name: score.value for score in rivalry.evaluate(real.x[:500], data="ring")}
    assert scores["modes"] == 8
    assert scores["high-quality"] > 0.95


def test_a_sheet_is_written_in_the_format_of_its_ending(typed, digits: Path) -> None:
    sheets = {}
    for ending in ("png", "jpg", "webp", "gif"):
        assert typed("sample", "digits", "-n", 4, "-o", f"a.{ending}").status == 0
        with Image.open(f"a.{ending}") as image:
            assert image.format == {"jpg": "JPEG"}.get(ending, ending.upper())
            sheets[ending] = np.asarray(image.convert("RGB"), dtype=float)
    np.testing.assert_array_equal(sheets["png"], sheets["webp"])
    for ending in ("jpg", "gif"):
        assert np.abs(sheets["png"] - sheets[ending]).mean() < 4
