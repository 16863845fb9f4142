"""A run on disk: everything to look at it, to resume it and to start it again.

    run.json            the request: game, settings, data, seed, versions, device, command
    log.jsonl           one line for each report
    samples/000500.png  sheets from fixed latents
    checkpoints/000500/ weights.safetensors  state.safetensors  state.json
    best -> checkpoints/000400
    report.html

A checkpoint is written under a temporary name, synced and renamed, so an incomplete one is never used.  It has hashes,
so damage is noticed, and the checkpoint before it is used.  A run may come from somebody else: run.json is checked
against a schema when the run is opened, and nothing is written through a link (see `files`).
"""

import datetime
import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from PIL import Image
from torch import Tensor

from rivalry.errors import BadRequest, RunFailed, unknown
from rivalry.files import Folder, pointed_at, removed, require_own
from rivalry.paths import is_absolute, last_name, without_places
from rivalry.runs import schema
from rivalry.runs.checkpoint import Checkpoint, Damaged, Gone
from rivalry.runs.schema import FORMAT
from rivalry.runs.trees import finite, read_json, write_json

OWN = (
    "run.json",
    "log.jsonl",
    "samples",
    "checkpoints",
    "report.html",
    "tensorboard",
)  # the files and folders of a run
LARGEST = 2**24  # the largest run.json, in bytes
LONGEST = 2**20  # the longest line of a log, in bytes
TRIES = 500  # times to try to read a checkpoint while training replaces it


class Listener(Protocol):
    """Something that wants to know what is written into a run."""

    def line(self, line: dict[str, Any]) -> None: ...
    def picture(self, name: str, image: Image.Image) -> None: ...


class Run:
    """One directory under `runs/`."""

    def __init__(self, path: Path, config: dict[str, Any]):
        self.path, self.config, self.folder = path, config, Folder(path)
        self.listeners: list[Listener] = []  # told of every line of the log and of every sheet

    # ------------------------------------------------------------------ creating and opening

    @classmethod
    def create(cls, path: Path | None, config: dict[str, Any], name: str = "run") -> "Run":
        """Create a run at `path`, or at `runs/<name>-<date>-<k>` if `path` is None.

        Raises:
            BadRequest: the directory is not empty, or cannot be written.
        """
        path = path or _free_name(Path("runs"), name)
        try:
            if path.exists() and (not path.is_dir() or any(not p.is_dir() for p in path.rglob("[!.]*"))):
                raise BadRequest(
                    f"{path} is not empty; `rivalry resume {path}` goes on with a run, or name another"
                )
            path.mkdir(parents=True, exist_ok=True)
            run = cls(path, {"format": FORMAT, **config, "started": _now()})
            for folder in ("samples", "checkpoints"):
                run.folder.make(folder)
            run.tidy()
            run.write_about()
        except OSError as error:
            raise BadRequest(f"cannot write a run to {path}: {error.strerror or error}") from error
        return run

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """Open the run at `path`.  Its run.json must fit the schema, and none of its files may be a link.

        Raises:
            BadRequest: no run, a run of a newer version, or one that `train` cannot have written.
        """
        path = Path(path)
        config = _about(path)
        if config["format"] > FORMAT:
            raise BadRequest(
                f"{path} was written by a newer rivalry (format {schema.shown(config['format'])}, "
                f"this one reads {FORMAT}); upgrade"
            )
        if trouble := schema.wrong(config, schema.RUN, schema.RUN_FURTHER):
            raise BadRequest(f"{path}/run.json {trouble}: it is not what `train` wrote")
        require_own(path, OWN, link="best")
        return cls(path, config)

    def _repr_html_(self) -> str:
        """What a notebook shows: the last sheet, what the run is, and a link to its report."""
        from rivalry.report.markup import tag
        from rivalry.report.pictures import embed

        sheets = sorted(p for p in (self.path / "samples").glob("*.png") if _digits(p.stem))
        picture = embed(sheets[-1], 480, 2**19) if sheets else None
        played = max((line.get("round", 0) for line in self.lines()), default=0)
        data = without_places(self.config["data"]).removeprefix("./")
        said = f"{self.config['game']} on {data}, {played:,} rounds"
        report = self.path / "report.html"
        link = tag("a", "report", href=report) if report.exists() else None
        return tag("div", picture.html("samples") if picture else None, tag("p", said, " ", link))

    def write_about(self) -> None:
        """Write run.json again, from `config`."""
        with self.folder.writing("run.json", sync=True) as file:
            write_json(self.config, file)

    # ------------------------------------------------------------------ checkpoints

    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints on disk, newest first.  Damage is noticed when they are read."""
        folder = self.path / "checkpoints"
        try:
            found = [Checkpoint(p) for p in folder.iterdir() if _digits(p.name)]
        except OSError:
            return []
        return sorted(found, key=lambda checkpoint: checkpoint.round, reverse=True)

    def begun(self) -> list[Checkpoint]:
        """Checkpoints whose writing, renaming or deleting was interrupted, newest first.  Some of them are complete."""
        names = [n for n in self.folder.partial("checkpoints") if _digits(n.lstrip(".").split(".")[0])]
        paths = [self.path / "checkpoints" / name for name in names]
        return sorted(map(Checkpoint, paths), key=lambda c: (c.round, _changed(c.path)), reverse=True)

    def newest(
        self, warn: Callable[[str], None] = lambda message: None
    ) -> tuple[Checkpoint, Any, Any] | None:
        """The newest undamaged checkpoint with its weights and state.  `warn` is called for each damaged one."""
        for _ in range(TRIES):
            try:
                return self._newest(warn)
            except Gone:  # training goes on, so a newer one is there or will be
                time.sleep(0.01)
        return None

    def _newest(self, warn: Callable[[str], None]) -> tuple[Checkpoint, Any, Any] | None:
        listed = self.checkpoints()
        for checkpoint in listed:
            try:
                return checkpoint, *checkpoint.read()
            except Gone:
                raise
            except Damaged as damage:
                warn(f"{damage}; using the checkpoint before it")
        for checkpoint in self.begun():
            try:
                return checkpoint, *checkpoint.read()
            except Gone:
                raise
            except Damaged:
                continue
        if [c.path for c in self.checkpoints()] != [c.path for c in listed]:
            raise Gone(f"{self.path}: checkpoints were renamed while they were looked for")
        return None

    def mend(self) -> None:
        """After an interruption: rename complete checkpoints to their proper names, and delete incomplete ones.

        Only the process that trains the run may call this.
        """
        for checkpoint in self.begun():
            name = f"checkpoints/{checkpoint.round:06d}"
            if not _is_sound(Checkpoint(self.path / name)) and _is_sound(checkpoint):
                if (self.path / name).exists():
                    removed(self.folder, self.folder.set_aside(name))
                self.folder.move(f"checkpoints/{checkpoint.path.name}", name)
        self.tidy()

    def tidy(self) -> None:
        """Delete incomplete files and folders that an interruption left."""
        for above in (".", "samples", "checkpoints"):
            for name in self.folder.partial(above):
                removed(self.folder, f"{above}/{name}")

    def save(self, t: int, weights: dict[str, Tensor], state: dict[str, Any], keep: int = 2) -> Checkpoint:
        """Write the checkpoint of round `t`, then delete all but the newest `keep` and the best.

        Raises:
            RunFailed: it could not be written; earlier checkpoints are not changed.
        """
        try:
            written = Checkpoint.write(self.folder, t, weights, state)
        except OSError as error:
            last = self.checkpoints()
            kept = f"the last good one is {last[0].path}" if last else "there is none before it"
            raise RunFailed(
                f"cannot write the checkpoint of round {t}: {error.strerror or error}; {kept}.\n"
                f"{self.way_on(error)}"
            ) from error
        best = self.best()
        for old in self.checkpoints()[keep:]:
            if best is None or old.path.name != best.path.name:
                self._drop(old)
        return written

    def way_on(self, error: OSError) -> str:
        """A sentence that says what to do after something could not be written."""
        if isinstance(error, FileNotFoundError):
            return "Was its folder moved?  What was saved is in it: rivalry resume FOLDER"
        return f"Make room, then: rivalry resume {self.path}"

    def _drop(self, checkpoint: Checkpoint) -> None:
        """Delete a checkpoint.  It is renamed first, so that an incomplete one never has the name of a checkpoint."""
        try:
            removed(self.folder, self.folder.set_aside(f"checkpoints/{checkpoint.path.name}"))
        except OSError:  # the directory cannot be written
            return

    def best(self) -> Checkpoint | None:
        """The checkpoint that `best` points to."""
        name = os.path.basename(pointed_at(self.path / "best"))
        path = self.path / "checkpoints" / name
        return Checkpoint(path) if _digits(name) and path.is_dir() else None

    def checkpoint(self, which: str = "best") -> Checkpoint:
        """A checkpoint by name: "best" (the newest undamaged one if there is no best), "newest", or its round.

        Raises:
            BadRequest: there is no such checkpoint.
        """
        best = self.best()
        if which == "best" and best is not None:
            return best
        if which in ("best", "newest"):
            if found := self.newest():
                return found[0]
            if self.checkpoints():
                raise BadRequest(f"every checkpoint of {self.path} is damaged; {self.anew()}")
            raise BadRequest(f"{self.path} holds no checkpoint yet; `rivalry resume {self.path}` trains it")
        for checkpoint in self.checkpoints():
            if _digits(which) and checkpoint.round == int(which):
                return checkpoint
        raise unknown(
            "checkpoint", which, [str(c.round) for c in self.checkpoints()], "best, newest or its round"
        )

    def anew(self) -> str:
        """A phrase that says how to train this run again from its start."""
        return f"train anew with: {self.config.get('command', 'rivalry train')}"

    def read(self, which: str = "best") -> tuple[Checkpoint, dict[str, Tensor], dict[str, Any]]:
        """A checkpoint by name (see `checkpoint`) with its weights and state.  It works while the run is trained.

        Raises:
            BadRequest: there is no such checkpoint.
            Damaged: it is not what was written.
        """
        for _ in range(TRIES):
            checkpoint = self.checkpoint(which)
            try:
                return checkpoint, *checkpoint.read()
            except Gone:
                continue
        raise Damaged(f"{self.path}: checkpoints are replaced faster than one can be read; try again")

    def crown(self, checkpoint: Checkpoint) -> None:
        """Make `best` a link to this checkpoint."""
        self.folder.point("best", f"checkpoints/{checkpoint.path.name}")

    # ------------------------------------------------------------------ pictures and the log

    def picture(self, name: str, image: Image.Image) -> None:
        """Write samples/<name>.png."""
        with self.folder.writing(f"samples/{name}.png") as file:
            image.save(file, "png")
        for listener in self.listeners:
            listener.picture(name, image)

    def beside(self, name: str, content: bytes) -> None:
        """Write samples/<name>, a file that belongs to a sheet, such as its sounds."""
        with self.folder.writing(f"samples/{name}") as file:
            file.write(content)

    def log(self, line: dict[str, Any]) -> None:
        """Append one line to the log.  A number that is not finite is written as null, a path by its last name."""
        if "message" in line:
            line = {**line, "message": without_places(line["message"])}
        self.folder.append("log.jsonl", (json.dumps(finite(line)) + "\n").encode())
        for listener in self.listeners:
            listener.line(line)

    def lines(self) -> Iterator[dict[str, Any]]:
        """The lines of the log.  Incomplete lines, and lines that are not a report, are skipped."""
        try:
            file = (self.path / "log.jsonl").open("rb")
        except OSError:
            return
        with file:
            while text := file.readline(LONGEST):
                try:
                    line = read_json(text)
                except ValueError:
                    continue
                if isinstance(line, dict) and _ROUND.holds(line.get("round", 0)):
                    yield line

    def rewind(self, t: int) -> None:
        """Delete the log's lines and the checkpoints after round `t`, since these rounds will be played again."""
        for checkpoint in self.checkpoints():
            if checkpoint.round > t:
                self._drop(checkpoint)
        with self.folder.writing("log.jsonl") as file:
            for line in self.lines():
                if line.get("round", 0) <= t or "event" in line:
                    file.write((json.dumps(line) + "\n").encode())


_ROUND = schema.whole(0)


def _about(path: Path) -> dict[str, Any]:
    """The content of run.json: a dict with a whole number as `format`."""
    file = path / "run.json"
    try:
        require_own(path, ("run.json",), link="best")
        if file.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        config = read_json(file.read_bytes())
        if not (isinstance(config, dict) and schema.whole(1).holds(config.get("format"))):
            raise ValueError("it is no table with a format")
    except BadRequest:
        raise
    except (OSError, ValueError):
        raise BadRequest(
            f"{path} is not a run: a run is a directory with a run.json, made by `train`"
        ) from None
    return config


def _is_sound(checkpoint: Checkpoint) -> bool:
    try:
        checkpoint.read()
    except Damaged:
        return False
    return True


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digits(name: str) -> bool:
    return name.isascii() and name.isdigit() and len(name) < 16


def command() -> str:
    """The command line of this process, quoted for a shell.  Absolute paths are written by their last names."""
    if Path(sys.argv[0]).stem not in ("rivalry", "__main__"):
        return "python"
    return shlex.join(["rivalry", *map(_without_place, sys.argv[1:])])


def _without_place(word: str) -> str:
    """A word of a command line, `PATH` or `NAME=PATH`."""
    name, sign, value = word.rpartition("=")
    return f"{name}{sign}{last_name(value)}" if is_absolute(value) else word


def _free_name(folder: Path, name: str) -> Path:
    stem = f"{name}-{datetime.date.today().isoformat()}"
    k = 0
    while (folder / f"{stem}-{k}").exists():
        k += 1
    return folder / f"{stem}-{k}"


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")
