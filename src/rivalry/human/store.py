"""Judgements of people in one SQLite file.  Each answer is on the disk before the next question is asked.

    study        one row: the kind of question, when the study was made, its settings as JSON
    items        the images: source, path in the study's folder, hash, whether it is real
    judges       pseudonyms, and nothing else about a person
    judgements   the judge, the image or the two images, the answer, the exposure, the time that the answer took

Several processes may write at the same time; they wait for each other.  If a process is killed, no answer that it had
confirmed is lost (write-ahead log, synchronous).  Values are bound to SQL statements, never written into their text.
"""

import json
import math
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rivalry.errors import BadRequest, RunFailed

FILE = "judgements.sqlite"
FORMAT = 1
APPLICATION = 1381387336  # "RVLH": tells this file from any other SQLite file
WAIT = 30.0  # seconds that a process waits for another's turn to end
ANSWERS = {"real-or-fake": ("real", "fake"), "pairs": ("left", "right", "tie")}  # by kind of study
PSEUDONYM = re.compile(r"[A-Za-z0-9_-]{1,32}")

_TABLES = (
    """CREATE TABLE study (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        kind TEXT NOT NULL CHECK (kind IN ('real-or-fake', 'pairs')),
        created TEXT NOT NULL,
        settings TEXT NOT NULL)""",
    """CREATE TABLE items (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        path TEXT NOT NULL UNIQUE,
        digest TEXT NOT NULL,
        real INTEGER NOT NULL CHECK (real IN (0, 1)))""",
    """CREATE TABLE judges (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE)""",
    """CREATE TABLE judgements (
        id INTEGER PRIMARY KEY,
        judge INTEGER NOT NULL REFERENCES judges (id),
        item INTEGER REFERENCES items (id),
        left_item INTEGER REFERENCES items (id),
        right_item INTEGER REFERENCES items (id),
        exposure INTEGER CHECK (exposure > 0),
        answer TEXT NOT NULL,
        seconds REAL CHECK (seconds >= 0),
        at TEXT NOT NULL,
        CHECK ((item IS NOT NULL AND left_item IS NULL AND right_item IS NULL
                AND answer IN ('real', 'fake'))
            OR (item IS NULL AND left_item IS NOT NULL AND right_item IS NOT NULL
                AND left_item <> right_item AND answer IN ('left', 'right', 'tie'))))""",
    "PRAGMA application_id = 1381387336",  # a pragma takes no bound value
    "PRAGMA user_version = 1",
)


@dataclass(frozen=True)
class Item:
    """One image.

    Attributes:
        id: its number in the study.
        source: the run, folder or model that it comes from.
        path: where it lies, relative to the study's folder.
        digest: sha256 of the file, in hexadecimal.
        real: whether it is of the real data.
    """

    id: int
    source: str
    path: str
    digest: str
    real: bool


@dataclass(frozen=True)
class Judgement:
    """One answer.

    Attributes:
        id: in the order in which answers were taken.
        judge: a pseudonym.
        shown: the item that was judged, or the left and the right one of a pair.
        answer: "real" or "fake"; of a pair "left", "right" or "tie".
        exposure: milliseconds for which it was shown; None for as long as the judge liked.
        seconds: until the answer came.
        at: when it was taken, in UTC.
    """

    id: int
    judge: str
    shown: tuple[int, ...]
    answer: str
    exposure: int | None
    seconds: float | None
    at: str


class Store:
    """An open database; made by `create` or `open`, and to be closed.

    Attributes:
        path: of the file; the images lie below its folder.
        kind: "real-or-fake" or "pairs".
        created: when, in UTC.
        settings: what the study was made with.
    """

    def __init__(self, path: Path, db: sqlite3.Connection):
        self.path, self._db = path, db
        row = db.execute("SELECT kind, created, settings FROM study").fetchone()
        if row is None or row[0] not in ANSWERS:
            raise BadRequest(f"{path} is damaged: it does not say what is asked")
        self.kind, self.created = str(row[0]), str(row[1])
        try:
            self.settings: dict[str, Any] = json.loads(row[2])
        except ValueError as error:
            raise BadRequest(f"{path} is damaged: its settings cannot be read") from error

    @classmethod
    def create(cls, path: Path, kind: str, settings: dict[str, Any]) -> "Store":
        """Create a file that only its owner may read and write.

        Raises:
            BadRequest: the file exists already, or cannot be written.
        """
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError as error:
            raise BadRequest(f"{path} is already there; a study is never written over another") from error
        except OSError as error:
            raise BadRequest(f"cannot write {path}: {error.strerror}") from error
        with _in_words(path):
            db = _connect(path)
            db.execute("PRAGMA journal_mode = WAL")
            with _turn(db):
                for statement in _TABLES:
                    db.execute(statement)
                row = (kind, _now(), json.dumps(settings))
                db.execute("INSERT INTO study (id, kind, created, settings) VALUES (1, ?, ?, ?)", row)
            return cls(path, db)

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open an existing file.

        Raises:
            BadRequest: there is none, it is no study, it is damaged, or a newer rivalry wrote it.
        """
        if not path.is_file():
            raise BadRequest(f"{path.parent} is no study; `rivalry human new` makes one")
        with _in_words(path):
            db = _connect(path)
            try:
                _require_ours(path, db)
                return cls(path, db)
            except BaseException:
                db.close()
                raise

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *trouble: object) -> None:
        self.close()

    # ------------------------------------------------------------------ images

    def add_items(self, items: Iterable[tuple[str, str, str, bool]]) -> None:
        """Add images, all or none: the source, path, hash and reality of each, as `Item` has them.

        Raises:
            BadRequest: a path leads out of the study's folder.
        """
        rows = list(items)
        for _, path, _, _ in rows:
            self._place(path)
        with _in_words(self.path), _turn(self._db):
            self._db.executemany("INSERT INTO items (source, path, digest, real) VALUES (?, ?, ?, ?)", rows)

    def items(self) -> list[Item]:
        with _in_words(self.path):
            rows = self._db.execute("SELECT id, source, path, digest, real FROM items ORDER BY id").fetchall()
        return [Item(id, source, path, digest, bool(real)) for id, source, path, digest, real in rows]

    def image(self, item: Item) -> Path:
        """The file of an image.

        Raises:
            BadRequest: it is gone, or lies outside of the study's folder.
        """
        place = self._place(item.path)
        if not place.is_file():
            raise BadRequest(f"{place} is gone; the study cannot ask about it")
        return place

    def _place(self, path: str) -> Path:
        """The file of a relative path, after links are followed.  It must be in the study's folder."""
        folder = self.path.parent
        if Path(path).is_absolute() or not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise BadRequest(f"the image {path!r} lies outside of the study {folder}")
        return folder / path

    # ------------------------------------------------------------------ answers

    def add(
        self,
        judge: str,
        shown: tuple[int, ...],
        answer: str,
        exposure: int | None = None,
        seconds: float | None = None,
    ) -> int:
        """Keep one answer, and return its number: it is then on the disk.

        Args: as the attributes of `Judgement`.

        Raises:
            BadRequest: no pseudonym, no answer to this kind of question, no such images, no such times.
            RunFailed: the disk is full, or another process did not end its turn; nothing was kept of this answer.
        """
        require_pseudonym(judge)
        if answer not in ANSWERS[self.kind]:
            raise BadRequest(f"the answer is {' or '.join(ANSWERS[self.kind])}; got {answer!r}")
        if len(set(shown)) != len(shown) or len(shown) != (1 if self.kind == "real-or-fake" else 2):
            raise BadRequest(f"{self.kind} asks about one image or two different ones; got {shown}")
        if exposure is not None and exposure < 1:
            raise BadRequest(f"an exposure is 1 ms or more; got {exposure}")
        if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
            raise BadRequest(f"an answer takes 0 seconds or more; got {seconds}")
        item, left, right = (*shown, None, None) if len(shown) == 1 else (None, *shown)
        with _in_words(self.path), _turn(self._db):
            for one in shown:
                if not self._db.execute("SELECT 1 FROM items WHERE id = ?", (one,)).fetchone():
                    raise BadRequest(f"the study has no image {one}")
            self._db.execute("INSERT OR IGNORE INTO judges (name) VALUES (?)", (judge,))
            kept = self._db.execute(
                "INSERT INTO judgements (judge, item, left_item, right_item, exposure, answer, seconds, at)"
                " SELECT id, ?, ?, ?, ?, ?, ?, ? FROM judges WHERE name = ?",
                (item, left, right, exposure, answer, seconds, _now(), judge),
            )
        assert kept.lastrowid is not None
        return kept.lastrowid

    def judgements(self) -> list[Judgement]:
        """All answers, in the order in which they were taken."""
        with _in_words(self.path):
            rows = self._db.execute(
                "SELECT judgements.id, name, item, left_item, right_item, answer, exposure, seconds, at"
                " FROM judgements JOIN judges ON judges.id = judge ORDER BY judgements.id"
            ).fetchall()
        return [
            Judgement(id, name, (left, right) if item is None else (item,), *rest)
            for id, name, item, left, right, *rest in rows
        ]


def require_pseudonym(judge: str) -> None:
    """Refuse a text that may be a person's name or address.

    Raises:
        BadRequest: it is not a pseudonym; says what a pseudonym is.
    """
    if not PSEUDONYM.fullmatch(judge):
        raise BadRequest(f"a judge is a pseudonym of up to 32 letters, digits, - and _; got {judge!r}")


def _connect(path: Path) -> sqlite3.Connection:
    """A connection to an existing file.  Only `_turn` begins and ends transactions."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT, isolation_level=None)
    try:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA trusted_schema = OFF")  # the file may be anyone's
    except BaseException:
        db.close()
        raise
    return db


def _require_ours(path: Path, db: sqlite3.Connection) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION or version < 1:
        raise BadRequest(f"{path} is no study, but another database; nothing was changed")
    if version > FORMAT:
        raise BadRequest(
            f"{path} was written by a newer rivalry (format {version}, this one reads {FORMAT}); upgrade"
        )


@contextmanager
def _turn(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction, with the lock for writing from its start: either all of it is kept, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into messages of one line."""
    try:
        yield
    except sqlite3.IntegrityError:  # our own mistake
        raise
    except sqlite3.OperationalError as error:  # a full disk, a turn that does not end, no right to write
        raise RunFailed(f"{path}: {error}; the answers before are kept") from error
    except sqlite3.DatabaseError as error:
        raise BadRequest(f"{path} is no study, or a damaged one: {error}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
