"""What was acknowledged is kept, whatever is killed; and no file that is no study is touched."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rivalry.errors import BadRequest, RunFailed
from rivalry.human import store as store_module
from rivalry.human.store import FILE, Store

WRITER = """
import sys
from pathlib import Path
from rivalry.human.store import Store
assert not {"numpy", "torch"} & {*sys.modules}
with Store.open(Path(sys.argv[1])) as store:
    for _ in range(int(sys.argv[3])):
        print(store.add(sys.argv[2], (1,), "real", seconds=0.5), flush=True)
"""

LATE = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("INSERT INTO judges (name) VALUES ('judge')")
db.execute("BEGIN")
while True:
    db.execute("INSERT INTO judgements (judge, item, answer, at) VALUES (1, 1, 'real', '')")
    print("kept, or so it says", flush=True)
"""


def made(
    folder: Path, kind: str = "real-or-fake", sources: tuple[str, ...] = ("a", "a", "real", "real")
) -> Path:
    """A study of four images, closed; the path of its file."""
    (folder / "images").mkdir(parents=True)
    rows = [(source, f"images/{i}.png", f"hash {i}", source == "real") for i, source in enumerate(sources)]
    for _, path, _, _ in rows:
        (folder / path).write_bytes(b"an image")
    with Store.create(folder / FILE, kind, {"seed": 3}) as store:
        store.add_items(rows)
    return folder / FILE


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def writer(path: Path, judge: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), judge, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_everything_comes_back(tmp_path: Path) -> None:
    path = made(tmp_path / "study")
    with Store.open(path) as store:
        number = store.add("judge-1", (2,), "fake", exposure=470, seconds=1.25)
        store.add("judge_2", (3,), "real")
    with Store.open(path) as store:
        assert (store.kind, store.settings) == ("real-or-fake", {"seed": 3})
        assert [(i.id, i.source, i.path, i.digest, i.real) for i in store.items()] == [
            (1, "a", "images/0.png", "hash 0", False),
            (2, "a", "images/1.png", "hash 1", False),
            (3, "real", "images/2.png", "hash 2", True),
            (4, "real", "images/3.png", "hash 3", True),
        ]
        first, second = store.judgements()
    assert (first.id, first.judge, first.shown, first.answer) == (number, "judge-1", (2,), "fake")
    assert (first.exposure, first.seconds, second.exposure, second.seconds) == (470, 1.25, None, None)
    assert first.at.endswith("+00:00")


def test_a_pair_keeps_its_sides(tmp_path: Path) -> None:
    with Store.open(made(tmp_path / "study", "pairs")) as store:
        store.add("judge", (4, 1), "tie")
        assert [(one.shown, one.answer) for one in store.judgements()] == [((4, 1), "tie")]


def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    path = made(tmp_path / "study")
    with writer(path, "judge", 10**6) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(40)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        kept = [one.id for one in store.judgements()]
        assert acknowledged == list(range(1, len(acknowledged) + 1))
        assert kept[: len(acknowledged)] == acknowledged
        assert len(kept) <= len(acknowledged) + 1  # one may have been kept before it could be told
        assert store.add("judge", (1,), "fake") == len(kept) + 1


def test_what_is_acknowledged_before_it_is_committed_would_be_lost(tmp_path: Path) -> None:
    """The control."""
    path = made(tmp_path / "study")
    with subprocess.Popen(
        [sys.executable, "-c", LATE, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(40)] == ["kept, or so it says\n"] * 40
        process.send_signal(signal.SIGKILL)
    with Store.open(path) as store:
        assert store.judgements() == []


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    path = made(tmp_path / "study")
    numbers = []
    with writer(path, "judge-a", 40) as one, writer(path, "judge-b", 40) as other:
        for process in (one, other):
            numbers += [int(line) for line in process.communicate()[0].splitlines()]
    assert (one.returncode, other.returncode) == (0, 0)
    assert sorted(numbers) == list(range(1, 81))
    with Store.open(path) as store:
        assert sorted(j.judge for j in store.judgements()) == ["judge-a"] * 40 + ["judge-b"] * 40


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = made(tmp_path / "study")
        with Store.open(path) as store:
            store.add("judge", (1,), "real")
            files = list(path.parent.glob(f"{FILE}*"))
            assert len(files) > 1  # the log of what is not yet in the file itself
            assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    finally:
        os.umask(before)


def test_text_that_looks_like_a_statement_is_text(tmp_path: Path) -> None:
    name = "'); DROP TABLE items; --"
    with Store.open(made(tmp_path / "study", sources=(name, "real"))) as store:
        assert [item.source for item in store.items()] == [name, "real"]
        with pytest.raises(BadRequest, match="a judge is a pseudonym"):
            store.add("x'); DROP TABLE items; --", (1,), "real")


def test_what_waits_in_vain_for_its_turn_says_so_and_keeps_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(store_module, "WAIT", 0.05)
    path = made(tmp_path / "study")
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    with Store.open(path) as store:
        with pytest.raises(RunFailed, match="locked; the answers before are kept"):
            store.add("judge", (1,), "real")
        held.execute("ROLLBACK")
        held.close()
        assert store.judgements() == []
        assert store.add("judge", (1,), "real") == 1


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"judge": "Jane Doe"}, "a judge is a pseudonym of up to 32 letters"),
        ({"judge": "jane@example.org"}, "got 'jane@example.org'"),
        ({"judge": ""}, "a judge is a pseudonym"),
        ({"answer": "left"}, "the answer is real or fake; got 'left'"),
        ({"shown": (1, 2)}, "asks about one image"),
        ({"shown": ()}, "asks about one image"),
        ({"shown": (99,)}, "the study has no image 99"),
        ({"exposure": 0}, "1 ms or more; got 0"),
        ({"seconds": -1.0}, "0 seconds or more; got -1.0"),
        ({"seconds": float("nan")}, "0 seconds or more; got nan"),
    ],
)
def test_an_answer_without_sense_is_refused_and_nothing_is_kept(tmp_path: Path, given, says) -> None:
    path = made(tmp_path / "study")
    with Store.open(path) as store:
        with pytest.raises(BadRequest, match=says):
            store.add(**{"judge": "judge", "shown": (1,), "answer": "real", **given})
        assert store.judgements() == []
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM judges").fetchone() == (0,)
    db.close()


def test_an_image_is_not_compared_with_itself(tmp_path: Path) -> None:
    with (
        Store.open(made(tmp_path / "study", "pairs")) as store,
        pytest.raises(BadRequest, match="two different ones"),
    ):
        store.add("judge", (2, 2), "left")


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (cake TEXT)")
    db.close()


def newer(path: Path) -> None:
    made(path.parent)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()


def torn(path: Path) -> None:
    made(path.parent)
    held = bytearray(path.read_bytes())
    held[100:3000] = b"\xff" * 2900
    path.write_bytes(held)


def strange(path: Path) -> None:
    made(path.parent)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE study SET settings = 'no JSON'")
    db.close()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda path: path.write_text("a letter, and no study\n" * 100), "is no study, or a damaged one"),
        (lambda path: path.write_bytes(b""), "is no study, but another database"),
        (other_database, "is no study, but another database; nothing was changed"),
        (newer, "written by a newer rivalry (format 2, this one reads 1); upgrade"),
        (torn, "is no study, or a damaged one"),
        (strange, "is damaged: its settings cannot be read"),
        (lambda path: None, "is no study; `rivalry human new` makes one"),
    ],
)
def test_a_file_that_is_no_study_is_refused_and_left_as_it_is(tmp_path: Path, spoil, says) -> None:
    path = tmp_path / "study" / FILE
    if spoil in (newer, torn, strange):
        spoil(path)
    else:
        path.parent.mkdir()
        spoil(path)
    before = {file.name: hash_of(file) for file in path.parent.glob("*") if file.is_file()}
    with pytest.raises(BadRequest) as refusal, Store.open(path) as store:
        store.items()
    assert says in str(refusal.value) and "\n" not in str(refusal.value)
    assert {file.name: hash_of(file) for file in path.parent.glob("*") if file.is_file()} == before


def test_a_study_is_not_written_over_another(tmp_path: Path) -> None:
    path = made(tmp_path / "study")
    before = hash_of(path)
    with pytest.raises(BadRequest, match="already there"):
        Store.create(path, "pairs", {})
    assert hash_of(path) == before


@pytest.mark.parametrize(
    "path", ["../secret.png", "/etc/passwd", "images/../../secret.png", "link/secret.png"]
)
def test_an_image_outside_of_the_study_is_neither_added_nor_shown(tmp_path: Path, path: str) -> None:
    file = made(tmp_path / "study")
    (tmp_path / "secret.png").write_text("secret")
    (tmp_path / "study" / "link").symlink_to(tmp_path)
    with Store.open(file) as store, pytest.raises(BadRequest, match="outside of the study"):
        store.add_items([("a", "images/9.png", "", False), ("a", path, "", False)])
    with sqlite3.connect(file) as db:  # as a study that somebody sent might have it
        db.execute("UPDATE items SET path = ? WHERE id = 1", (path,))
    db.close()
    with Store.open(file) as store:
        assert len(store.items()) == 4
        with pytest.raises(BadRequest, match="outside of the study"):
            store.image(store.items()[0])
        assert store.image(store.items()[1]).read_bytes() == b"an image"


def test_an_image_that_is_gone_is_named(tmp_path: Path) -> None:
    with Store.open(made(tmp_path / "study")) as store:
        (tmp_path / "study" / "images" / "0.png").unlink()
        with pytest.raises(BadRequest, match=r"images/0\.png is gone"):
            store.image(store.items()[0])
