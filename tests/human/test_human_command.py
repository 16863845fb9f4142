"""`rivalry human` as a person types it."""

import io
import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import pictures

from rivalry.cli import main
from rivalry.cli.app import app
from rivalry.cli.human import human, put
from rivalry.human import Study
from rivalry.human.store import FILE

Typed = Callable[..., tuple[int, str, str]]
NEW = "new study gan --kind real-or-fake --real photos"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Run `rivalry human ...` here, with lines on its standard input: exit status, output, errors."""
    monkeypatch.setitem(app.commands, "human", human)

    def run(words: str, lines: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rivalry", "human", *words.split()])
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        status = 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with images in it."""
    for name in ("photos", "gan", "vae"):
        pictures(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answers(study: str = "study") -> list[str]:
    with Study.open(study) as opened:
        return [one.answer for one in opened._store.judgements()]


def test_a_study_is_made_asked_and_told(typed: Typed) -> None:
    assert typed(NEW) == (0, "study\n", "")
    status, out, err = typed("ask study --judge ada", "r\nf\n REAL \nq\nf\n")
    assert (status, err) == (0, "")
    assert out.startswith("1. study/images/0")
    assert "[r = real, f = fake, q = stop]" in out
    assert out.endswith("3 answers of ada were kept; `rivalry human result study` tells what all amount to\n")
    assert answers() == ["real", "fake", "real"]
    for judge in ("bob", "cyd"):
        typed(f"ask study --judge {judge}", "r\n" * 20)
    status, out, err = typed("result study")
    assert (status, err) == (0, "")
    assert "hype-infinity[gan]" in out and "high is better" in out
    status, out, _ = typed("result study --json")
    scores = json.loads(out)
    assert scores[0]["name"] == "hype-infinity[gan]"
    assert len(scores[0]["details"]["interval"]) == 2


def test_pairs_are_answered_by_left_right_and_tie(typed: Typed) -> None:
    assert typed("new study gan other=vae --kind pairs --real photos")[0] == 0
    status, out, _ = typed("ask study --judge ada", "l\nr\nt\nleft\n")
    assert status == 0 and " | study/images/" in out and "[l = left, r = right, t = tie, q = stop]" in out
    assert answers() == ["left", "right", "tie", "left"]
    out = typed("result study")[1]
    assert all(f"strength[{name}]" in out for name in ("gan", "other", "real"))


def test_what_is_no_answer_is_asked_again(typed: Typed) -> None:
    typed(NEW)
    status, _, err = typed("ask study --judge ada", "x\n\nleft\nf\nq\n")
    assert status == 0
    assert err.splitlines() == [
        f"no answer: {word!r}; it is r, f, or q to stop" for word in ("x", "", "left")
    ]
    assert answers() == ["fake"]


def test_asking_ends_when_there_is_nothing_left(typed: Typed) -> None:
    typed(NEW)
    status, out, _ = typed("ask study --judge ada", "r\n" * 50)
    assert status == 0 and "there is nothing left to ask" in out
    assert 6 <= len(answers()) <= 11


def test_an_interrupted_judge_loses_nothing(typed: Typed) -> None:
    typed(NEW)
    lines = iter(["r\n", "f\n"])

    def read() -> str:
        try:
            return next(lines)
        except StopIteration:
            raise KeyboardInterrupt from None

    with Study.open("study") as study, pytest.raises(KeyboardInterrupt):
        put(study, "ada", read)
    assert answers() == ["real", "fake"]
    with Study.open("study") as study:
        assert put(study, "ada", lambda: "") == 0


def test_a_timed_study_says_for_how_long_to_look(typed: Typed) -> None:
    typed(f"{NEW} --timed")
    out = typed("ask study --judge ada", "r\nq\n")[1]
    assert "for 500 ms [" in out
    with Study.open("study") as study:
        assert [one.exposure for one in study._store.judgements()] == [500]


BAD = {
    "new study": "missing argument",
    "new study gan": "say what is asked: --kind real-or-fake, or --kind pairs",
    "new study gan --kind fakes --real photos": "'fakes' is not one of 'real-or-fake', 'pairs'",
    "new study gan --kind real-or-fake": "needs fakes and, with --real",
    "new study gan --kind pairs": "two sources or more",
    "new study gan gan --kind pairs": "each source needs a name of its own",
    "new study =gan vae --kind pairs": "each source needs a name of its own",
    "new study nowhere --kind real-or-fake --real photos": "no file or folder 'nowhere'",
    "new gan vae --kind real-or-fake --real photos": "gan is already there",
    f"{NEW} --width -1": "above 0; got -1.0",
    f"{NEW} --most 0": "0 is not in the range x>=1",
    f"{NEW} --seed -1": "0 or more",
    "ask nowhere --judge ada": "nowhere is no study; `rivalry human new` makes one",
    "ask photos --judge ada": "photos is no study",
    "ask old --judge ada": "written by a newer rivalry",
    "ask made": "missing option '--judge'",
    "ask made --judge ada@example.org": "a judge is a pseudonym",
    "result nowhere": "nowhere is no study",
    "result text": "is no study, or a damaged one",
    "result made": "made has too few answers",
    "reslut made": "did you mean 'result'?",
}


@pytest.mark.parametrize("words", BAD)
def test_a_request_without_sense_is_refused_and_writes_nothing(typed: Typed, here: Path, words: str) -> None:
    for name in ("made", "old"):
        assert typed(NEW.replace("study", name))[0] == 0
    with sqlite3.connect(here / "old" / FILE) as db:
        db.execute("PRAGMA user_version = 9")
    db.close()
    (here / "text").mkdir()
    (here / "text" / FILE).write_text("no study " * 100)
    before = {path: path.read_bytes() if path.is_file() else b"" for path in here.rglob("*")}
    status, out, err = typed(words, "r\n")
    assert (status, out) == (2, "")
    assert 1 <= len(err.splitlines()) <= 2 and err.startswith("rivalry: ")
    assert BAD[words] in err
    assert {path: path.read_bytes() if path.is_file() else b"" for path in here.rglob("*")} == before
