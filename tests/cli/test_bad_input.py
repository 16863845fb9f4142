"""Requests that make no sense: one or two lines that say what to do, exit status 2, and nothing written."""

import hashlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rivalry.runs.run import Run

RING = "train gan --data ring --rounds 5 -s width=8"


def noise(seed: int, size: tuple[int, int] = (10, 8), channels: int = 3) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(256, size=(*size, channels), dtype=np.uint8)
    return Image.fromarray(pixels.squeeze())


def folder(path: Path, n: int = 8, **kind: object) -> Path:
    path.mkdir()
    for i in range(n):
        noise(i, **kind).save(path / f"{i}.png")
    return path


def write_zip(path: Path, *names: str) -> None:
    png = io.BytesIO()
    noise(0).save(png, "png")
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, png.getvalue())


@pytest.fixture(scope="module")
def material(trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of each: two runs, three directories that are no runs, and data of every bad kind."""
    top = tmp_path_factory.mktemp("material") / "here"
    top.mkdir()
    for name, (path, _) in trained.items():
        shutil.copytree(path, top / name, symlinks=True)
    for name, told in (("plain", {}), ("newer", {"format": 99}), ("lacking", {"format": 1, "game": "gan"})):
        (top / name).mkdir()
        (top / name / "run.json").write_text(json.dumps(told))
    (top / "text").mkdir()
    (top / "text" / "notes.txt").write_text("nothing to see")
    (top / "file.txt").write_text("a file")
    folder(top / "grey", channels=1)
    folder(top / "tiny", size=(4, 4))
    folder(top / "damaged")
    for file in (top / "damaged").iterdir():
        file.write_bytes(b"no image")
    write_zip(top / "escape.zip", "a.png", "../b.png")
    (top / "torn.zip").write_bytes(b"PK\x03\x04 and no more")
    np.savez(top / "whole.npz", x=np.zeros((20, 8, 8), np.uint8))
    (top / "torn.npz").write_bytes((top / "whole.npz").read_bytes()[:900])
    np.savez(top / "pickled.npz", x=np.array([{"a": 1}, None], dtype=object))
    return top


def snapshot(top: Path) -> dict[str, str]:
    """Every path with what it holds."""

    def held(path: Path) -> str:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"

    return {str(path.relative_to(top)): held(path) for path in sorted(top.rglob("*"))}


BAD = {
    # the command line itself
    "trian gan": "did you mean 'train'",
    "zzz": "rivalry --help",
    "train": "train what, on what?",
    "train gan ring": "(ring)",
    "train gan --dta ring": "no option '--dta'; did you mean '--data'?",
    "train gan -x": "no option '-x'; see `rivalry train --help`",
    "train gan --data": "'--data' requires an argument",
    "train gan --data ring --rounds ten": "'ten' is not a valid integer",
    "list metricz": "did you mean 'metrics'?",
    "list --kind imag": "did you mean 'image'?",
    "show dcgna": "no game 'dcgna'; did you mean 'dcgan'?",
    # train: names
    "train dcgna --data ring": "no game 'dcgna'; did you mean 'dcgan'?",
    "train qqqq --data ring": "`rivalry list` names them all",
    "train gan --data rign": "no data set 'rign'; did you mean 'ring'?",
    "train gan --data ./nowhere": "no file or folder './nowhere'",
    "train gan --rounds 5": "Name it with --data",
    "train gan --rounds 5 --data=": "Name it with --data",
    f"{RING} --recipe fast": "no recipe of gan 'fast'",
    "train projection-gan --recipe dmeo": "did you mean 'demo'?",
    f"{RING} --device cpuu": "no device 'cpuu' here; there is: auto, cpu",
    f"{RING} --device cuda:99": "no device 'cuda:99' here",
    f"{RING} --precision fp64": "no precision 'fp64'; there is: auto, fp32, bf16",
    # train: settings
    f"{RING} -s widht=8": "no setting of gan 'widht'; did you mean 'width'?",
    f"{RING} -s width": "NAME=VALUE, such as -s width=64; got 'width'",
    f"{RING} -s =3": "NAME=VALUE",
    f"{RING} -s width=wide": "width is int >= 1; got 'wide'",
    f"{RING} -s width=2.5": "width is int >= 1; got '2.5'",
    f"{RING} -s width=0": "width is int >= 1; got '0'",
    f"{RING} -s lr=-1": "lr is float > 0; got '-1'",
    f"{RING} -s lr=nan": "lr is float > 0; got 'nan'",
    f"{RING} -s beta1=1.5": "beta1 is float >= 0 and <= 1; got '1.5'",
    f"{RING} -s loss=minmax": "loss is one of non-saturating, minimax; got 'minmax'",
    f"{RING} -s seed=3": "seed is an option, not a setting: --seed 3",
    # train: how long
    f"{RING} --time 10m": "one of rounds, samples or time",
    "train gan --data ring --time soon": "a time is like 90s, 10m or 1h30m; got 'soon'",
    "train gan --data ring --time 0s": "positive",
    "train gan --data ring --rounds 0": "positive numbers; got 0",
    "train gan --data ring --samples -64": "positive numbers; got -64",
    f"{RING} --seed -1": "a seed is a whole number from 0",
    f"{RING} --save-every often": "a time is like 90s",
    # train: data that cannot be read
    "train gan --data file.txt": "file.txt holds 1 sentence; expected two or more, one a line",
    "train gan --data text": "text holds 1 sentence; expected two or more, one a line",
    "train gan --data damaged": "none of the 8 images in damaged can be read",
    "train gan --data escape.zip": "'../b.png' leads out of the archive",
    "train gan --data torn.zip": "torn.zip is not a whole zip",
    "train gan --data torn.npz": "torn.npz",
    "train gan --data pickled.npz": "pickle",
    # train: data that the game cannot use
    "train cgan --data grey": "cgan needs labels; 'grey' has none",
    "train dcgan --data ring": "dcgan needs data of kind 'image'; 'ring' holds points",
    "train dcgan --data tiny": "needs images of at least 8 x 8; 'tiny' has 4 x 4",
    # train: where to
    f"{RING} --run ring": "ring is not empty; `rivalry resume ring` goes on with a run",
    f"{RING} --run text": "text is not empty",
    f"{RING} --run file.txt/run": "cannot write a run to file.txt/run",
    f"{RING} --run /proc/run": "cannot write a run to /proc/run",
    # a run that is none
    "resume nowhere": "nowhere is not a run",
    "resume text": "text is not a run",
    "resume plain": "plain is not a run",
    "resume newer": "written by a newer rivalry (format 99, this one reads 2); upgrade",
    "resume lacking": "lacking/run.json lacks settings, data, spec, seed, goal",
    "resume ring --time 1m --rounds 3": "one of rounds, samples or time",
    "sample nowhere": "nowhere is not a run",
    "sample newer": "upgrade",
    "sample lacking": "lacks settings",
    "evaluate newer": "upgrade",
    "evaluate nowhere": "nowhere is not a run",
    # sample
    "sample ring -n 0": "-n is one or more; got 0",
    "lab tradeoffs --seconds 0": "--seconds is above 0; got 0",
    "lab tradeoffs --parameters 9": "--parameters is 1,000 or more; got 9",
    "lab tradeoffs --families dcgan,nvp": "no model of this comparison 'nvp'",
    "lab tradeoffs --data ring": "tradeoffs needs data of kind 'image'; 'ring' holds points",
    "lab predict --rounds 0": "--rounds is one or more; got 0",
    "sample ring --steps 0": "--steps is one or more; got 0",
    "sample ring --steps 4": "this game samples without steps",
    "sample ring -n many": "'many' is not a valid integer",
    "sample ring --label 3": "this game is not told classes",
    "sample digits --label 10": "there are 10 classes, 0 to 9; asked for 10",
    "sample digits --label -1": "there are 10 classes, 0 to 9; asked for -1",
    "sample digits --label seven": "no class 'seven'; there is 0, 1, 2",
    "sample digits --truncation 0": "truncation is above 0",
    "sample digits --truncation nan": "truncation is above 0",
    "sample digits --seed -1": "a seed is a whole number from 0",
    "sample digits --which 77": "no checkpoint '77'",
    "sample digits --device gpu": "no device 'gpu' here",
    "sample digits -o out.bmp": "a .png, .jpg, .webp or .gif (a sheet), a .npz (arrays) or a folder; got out.bmp",
    "sample digits -o file.txt/out.png": "cannot write file.txt/out.png",
    "sample digits -o /proc/out.png": "cannot write /proc/out.png",
    "sample digits -o file.txt/images": "cannot write file.txt/images",
    "sample ring -o images": "points are not written to a folder: write a .png (a sheet), a .npz (arrays)",
    # evaluate
    "evaluate ring --metrics fidd": "no metric 'fidd'; did you mean 'fid'?",
    "evaluate digits --metrics modes": "modes needs data whose modes are known",
    "evaluate ring --metrics accuracy": "accuracy needs",
    "evaluate ring -n 0": "one or more; got 0",
    "evaluate grey": "grey is not a run; to score samples, name the real data with --data",
    "evaluate ring --data rign": "did you mean 'ring'?",
    "evaluate ring --data digits": "samples are 2, 'digits' is 1 x 8 x 8",
    "evaluate ring --split tset": "no split 'tset'",
    # data check
    "train gan --data ring --batch 7": "batch is a setting of gan, not an option: -s batch=7",
    "train gan --data ring --batch-size=7": "batch is a setting of gan, not an option: -s batch=7",
    "train --lr 1e-3 gan --data ring": "lr is a setting of gan, not an option: -s lr=1e-3",
    "train gan --epochs 20": "--rounds, --samples or --time; 20 epochs of n data are --samples 20 * n",
    "train gan --resolution 64": "--resolution is called --size here: --size 64",
    "train gan --steps 100": "--steps is called --rounds here: --rounds 100",
    "train unrolled --steps 3": "steps is a setting of unrolled, not an option: -s steps=3",
    "train gan --lr-schedule": "--lr-schedule is called --schedule here: --schedule VALUE",
    "train dcgan --data digits --width=9": "width is a setting of dcgan, not an option: -s width=9",
    f"{RING} -s width={'9' * 30}": "gan: width is at most 2,147,483,647",
    "data check nowhere": "no data set 'nowhere'",
    "data check text": "holds 1 sentence; expected two or more",
    "data check escape.zip": "leads out of the archive",
    "data chekc grey": "did you mean 'check'?",
}


@pytest.mark.parametrize("command", BAD)
def test_a_request_without_sense_is_refused_and_writes_nothing(
    typed, material: Path, monkeypatch, command
) -> None:
    monkeypatch.chdir(material)
    before = snapshot(material.parent)
    answer = typed(command)
    told = answer.err.splitlines()
    assert (answer.status, answer.out) == (2, "")
    assert 1 <= len(told) <= 2
    assert told[0].startswith("rivalry: ")
    assert BAD[command] in answer.err
    assert snapshot(material.parent) == before


# ------------------------------------------------------------------ images that are odd, or damaged


def test_one_damaged_image_among_good_ones_is_named_and_left_out(typed, here: Path) -> None:
    folder(here / "mostly")
    (here / "mostly" / "bad.png").write_bytes((here / "mostly" / "0.png").read_bytes()[:60])
    answer = typed("train gan --data mostly --rounds 2 -s width=8 --run run")
    assert answer.status == 0
    assert "bad.png" in answer.err
    events = [json.loads(line) for line in (here / "run" / "log.jsonl").read_text().splitlines()]
    assert [("bad.png" in e["message"]) for e in events if e.get("event") == "skipped"] == [True]


def test_more_than_one_in_a_hundred_damaged_are_refused(typed, here: Path) -> None:
    folder(here / "mostly")
    for name in "ab":
        (here / "mostly" / f"{name}.png").write_bytes(b"no image")
    answer = typed("train gan --data mostly --rounds 2 --run run")
    assert answer.status == 2
    assert "2 of 10 images in mostly cannot be read" in answer.err and "a.png" in answer.err
    assert not (here / "run").exists()


@pytest.mark.parametrize("kind", ["16-bit", "palette", "CMYK", "animated", "alpha", "1-bit"])
def test_images_of_every_kind_are_trained_on(typed, here: Path, kind: str) -> None:
    path = here / "odd"
    path.mkdir()
    for i in range(4):
        image = noise(i)
        if kind == "16-bit":
            deep = np.random.default_rng(i).integers(2**16, size=(10, 8), dtype=np.uint16)
            Image.fromarray(deep).save(path / f"{i}.png")
        elif kind == "CMYK":
            image.convert("CMYK").save(path / f"{i}.jpg")
        elif kind == "animated":
            image.save(path / f"{i}.gif", save_all=True, append_images=[noise(i + 50)])
            noise(i).save(path / "still.png")  # a folder of GIFs alone holds clips
        elif kind == "alpha":
            image.putalpha(100 + i)
            image.save(path / f"{i}.png")
        else:
            image.convert({"palette": "P", "1-bit": "1"}[kind]).save(path / f"{i}.png")
    answer = typed("train gan --data odd --rounds 1 -s width=8 --run run -q")
    assert (answer.status, answer.err) == (0, "")
    channels = {"16-bit": 1, "1-bit": 1, "alpha": 4}.get(kind, 3)
    assert Run.open("run").config["spec"]["shape"] == [channels, 10, 8]


# ------------------------------------------------------------------ runs that are damaged


def spoil(file: Path) -> None:
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(typed, ring: Path) -> None:
    newest, before = Run.open("ring").checkpoints()[:2]
    whole = {name: value.clone() for name, value in newest.weights().items()}  # they are mapped from the file
    spoil(newest.path / "weights.safetensors")
    answer = typed("resume", "ring", "-q")
    assert answer.status == 0
    assert f"{newest.path}/weights.safetensors is damaged" in answer.err
    assert before.round < 60
    again = Run.open("ring").checkpoint("newest").weights()
    assert all((whole[name] == again[name]).all() for name in whole)  # the lost rounds were played again


def test_a_run_whose_checkpoints_are_all_damaged_is_refused_and_kept(typed, ring: Path) -> None:
    for checkpoint in Run.open(ring).checkpoints():
        spoil(checkpoint.path / "state.safetensors")
    before = snapshot(ring)
    answer = typed("resume", "ring")
    assert answer.status == 2
    assert "every checkpoint of ring is damaged; train anew with: rivalry train gan" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert snapshot(ring) == before


def test_samples_of_a_damaged_checkpoint_are_refused_with_the_way_to_others(typed, ring: Path) -> None:
    best = Run.open("ring").best()
    spoil(best.path / "weights.safetensors")
    answer = typed("sample", "ring", "-o", "x.png")
    assert answer.status == 1
    assert f"{best.path}/weights.safetensors is damaged" in answer.err and "--which newest" in answer.err
    assert not Path("x.png").exists()
    assert typed("sample", "ring", "-o", "x.png", "--which", "newest").status == 0


def test_a_checkpoint_of_another_game_is_refused(typed, ring: Path) -> None:
    told = json.loads((ring / "run.json").read_text())
    told["settings"]["width"] = 17
    (ring / "run.json").write_text(json.dumps(told))
    for words in (("sample", "ring"), ("resume", "ring", "--rounds", 70)):
        before = snapshot(ring)
        answer = typed(*words)
        assert answer.status == 2
        assert "holds another game than ring/run.json names" in answer.err
        assert snapshot(ring) == before


def test_resume_refuses_data_that_have_changed(typed, here: Path) -> None:
    folder(here / "pictures")
    typed("train gan --data pictures --rounds 2 -s width=8 -s batch=4 --run run -q")
    noise(9).save(here / "pictures" / "9.png")
    before = snapshot(here / "run")
    answer = typed("resume", "run", "--rounds", 4)
    assert answer.status == 2
    assert "was trained on 8 data, 'pictures' now has 9" in answer.err
    assert snapshot(here / "run") == before


# ------------------------------------------------------------------ one of many processes, one of two


def test_a_batch_that_processes_cannot_share_is_refused_before_a_run_exists(
    typed, here: Path, monkeypatch
) -> None:
    from rivalry.play.ranks import Ranks
    from rivalry.runs import training

    monkeypatch.setattr(training, "join", lambda: Ranks(0, 2))
    answer = typed(f"{RING} -s batch=7 --run run")
    assert answer.status == 2
    assert "a batch of 7 cannot be shared by 2 processes" in answer.err
    assert list(here.iterdir()) == []


def test_a_batch_of_one_is_refused_where_a_batch_is_normalized(typed, here: Path) -> None:
    answer = typed("train gan --data digits --rounds 2 -s batch=1 -s width=8 --run run")
    assert answer.status == 2
    assert "batch norm needs a batch of 2 or more" in answer.err
    assert list(here.iterdir()) == []
    assert typed("train wgan-gp --data digits --rounds 1 -s batch=1 -s width=8 --run run").status == 0


def test_two_processes_do_not_train_one_run(typed, ring: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    before = snapshot(ring)
    held = os.open(ring, os.O_RDONLY)  # as a process that trains it does
    fcntl.flock(held, fcntl.LOCK_EX)
    answer = typed("resume", "ring", "--rounds", 70)
    os.close(held)
    assert answer.status == 2
    assert "another process is training ring" in answer.err
    assert snapshot(ring) == before
    assert typed("resume", "ring", "--rounds", 61, "-q").status == 0


# ------------------------------------------------------------------ --debug


def test_debug_shows_the_traceback_and_nothing_else_does(typed) -> None:
    assert "Traceback" in typed("train", "gan", "--data", "rign", "--debug").err
    assert "Traceback" not in typed("train", "gan", "--data", "rign").err


def test_a_mistake_of_our_own_keeps_its_traceback(typed, monkeypatch) -> None:
    def mistaken(*words: object, **more: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("rivalry.runs.training.train", mistaken)
    with pytest.raises(RuntimeError, match="a mistake"):
        typed(RING)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out of memory"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_what_the_machine_lacks_is_one_line(typed, monkeypatch, error: Exception, said: str) -> None:
    def starve(*words: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("rivalry.runs.training.train", starve)
    answer = typed(RING)
    assert answer.status == 1
    assert said in answer.err and len(answer.err.splitlines()) == 1
