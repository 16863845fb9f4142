"""A run on disk: enough to look at it, to go on with it and to start it again.

    run.json            what was asked for: game, settings, data, seed, versions, device, command
    log.jsonl           one line a report
    samples/000500.png  sheets from fixed latents
    checkpoints/000500/ weights.safetensors  state.safetensors  state.json
    best -> checkpoints/000400
    report.html

A checkpoint is written beside its place, synced and renamed, so half of one is never seen; it carries
hashes, so a damaged one is known and the one before it is used.
"""

import datetime
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from rivalry.errors import BadRequest, RunFailed, unknown
from rivalry.trees import finite, flatten, load_tensors, save_json, save_tensors, unflatten

FORMAT = 1  # of a run on disk


class Damaged(RunFailed):
    """A checkpoint that is not what was written."""


class Checkpoint:
    """One checkpoint's directory: `weights.safetensors`, `state.safetensors`, `state.json`."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def round(self) -> int:
        return int(self.path.name)

    def weights(self) -> dict[str, Tensor]:
        """The game's weights alone: what sampling needs.

        Raises:
            Damaged: a file is missing or its hash is not the one that was written.
        """
        return self._read("weights")[0]

    def state(self) -> dict[str, Any]:
        """All else that the next round depends on.  Raises Damaged like `weights`."""
        tensors, told = self._read("state")
        return unflatten(told["state"], tensors)

    def _read(self, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
        try:
            told = json.loads((self.path / "state.json").read_text())
            file = self.path / f"{name}.safetensors"
            if _hash(file) != told["sha256"][file.name]:
                raise Damaged(f"{file} is damaged: its hash is not the one that was written")
            if _hash_of_tree(told["state"]) != told["sha256"]["state"]:
                raise Damaged(
                    f"{self.path / 'state.json'} is damaged: its hash is not the one that was written"
                )
            return load_tensors(file), told
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Damaged(f"{self.path} is damaged: {error}") from error

    @classmethod
    def write(cls, path: Path, weights: dict[str, Tensor], state: dict[str, Any]) -> "Checkpoint":
        """Write beside, sync, rename.  Raises OSError; then nothing is left at `path`."""
        beside = path.with_name(f".{path.name}.partial")
        for left in path.parent.glob(".*.partial"):  # by a kill
            shutil.rmtree(left, ignore_errors=True)
        try:
            beside.mkdir(parents=True)
            tensors: dict[str, Tensor] = {}
            tree = flatten(state, tensors)
            save_tensors(weights, beside / "weights.safetensors")
            save_tensors(tensors, beside / "state.safetensors")
            hashes = {
                f"{name}.safetensors": _hash(beside / f"{name}.safetensors") for name in ("weights", "state")
            }
            hashes["state"] = _hash_of_tree(tree)
            save_json({"format": FORMAT, "sha256": hashes, "state": tree}, beside / "state.json")
            for file in beside.iterdir():
                _sync(file)
            _sync(beside)
            shutil.rmtree(path, ignore_errors=True)  # the same round again, after a rollback
            beside.rename(path)
            _sync(path.parent)
        except BaseException as error:
            shutil.rmtree(beside, ignore_errors=True)
            if isinstance(error, SafetensorError):  # how safetensors says that it could not write
                raise OSError(str(error)) from error
            raise
        return cls(path)


class Run:
    """One directory under `runs/`."""

    def __init__(self, path: Path, told: dict[str, Any]):
        self.path, self.told = path, told

    # ------------------------------------------------------------------ beginning

    @classmethod
    def create(cls, path: Path | None, told: dict[str, Any], name: str = "run") -> "Run":
        """A new run at `path`, or at `runs/<name>-<date>-<k>` when that is None.

        Raises:
            BadRequest: the directory has something in it, or cannot be written.
        """
        path = path or _free_name(Path("runs"), name)
        try:
            if path.exists() and (not path.is_dir() or any(not p.is_dir() for p in path.rglob("[!.]*"))):
                raise BadRequest(
                    f"{path} is not empty; `rivalry resume {path}` goes on with a run, or name another"
                )
            for folder in (path, path / "samples", path / "checkpoints"):
                folder.mkdir(parents=True, exist_ok=True)
            run = cls(path, {"format": FORMAT, **told, "started": _now()})
            save_json(run.told, path / "run.json")
        except OSError as error:
            raise BadRequest(f"cannot write a run to {path}: {error.strerror or error}") from error
        return run

    @classmethod
    def open(cls, path: str | Path) -> "Run":
        """The run at `path`.

        Raises:
            BadRequest: no run, or one of a newer version.
        """
        path = Path(path)
        try:
            told = json.loads((path / "run.json").read_text())
            form = int(told["format"])
        except (OSError, ValueError, KeyError, TypeError):
            raise BadRequest(
                f"{path} is not a run: a run is a directory with a run.json, made by `train`"
            ) from None
        if form > FORMAT:
            raise BadRequest(
                f"{path} was written by a newer rivalry (format {form}, this one reads {FORMAT}); upgrade"
            )
        return cls(path, told)

    # ------------------------------------------------------------------ checkpoints

    def checkpoints(self) -> list[Checkpoint]:
        """Those on disk, newest first; whether they are sound is seen when they are read."""
        folder = self.path / "checkpoints"
        found = [p for p in folder.iterdir() if p.name.isdigit()] if folder.is_dir() else []
        return [Checkpoint(p) for p in sorted(found, key=lambda p: int(p.name), reverse=True)]

    def newest(
        self, warn: Callable[[str], None] = lambda message: None
    ) -> tuple[Checkpoint, Any, Any] | None:
        """The newest sound checkpoint with its weights and state; damaged ones are named to `warn` and skipped."""
        for checkpoint in self.checkpoints():
            try:
                return checkpoint, checkpoint.weights(), checkpoint.state()
            except Damaged as damage:
                warn(f"{damage}; using the checkpoint before it")
        return None

    def save(self, t: int, weights: dict[str, Tensor], state: dict[str, Any], keep: int = 2) -> Checkpoint:
        """Write the checkpoint of round `t`, then drop all but the newest `keep` and the best.

        Raises:
            RunFailed: it could not be written; those before it are untouched.
        """
        try:
            written = Checkpoint.write(self.path / "checkpoints" / f"{t:06d}", weights, state)
        except OSError as error:
            last = self.checkpoints()
            kept = f"the last good one is {last[0].path}" if last else "there is none before it"
            raise RunFailed(
                f"cannot write the checkpoint of round {t}: {error.strerror or error}; {kept}.\n"
                f"Make room, then: rivalry resume {self.path}"
            ) from error
        best = self.best()
        for old in self.checkpoints()[keep:]:
            if best is None or old.path.name != best.path.name:
                shutil.rmtree(old.path, ignore_errors=True)
        return written

    def best(self) -> Checkpoint | None:
        """The checkpoint that `best` points to."""
        name = os.path.basename(os.readlink(self.path / "best")) if (self.path / "best").is_symlink() else ""
        path = self.path / "checkpoints" / name
        return Checkpoint(path) if name.isdigit() and path.is_dir() else None

    def checkpoint(self, which: str = "best") -> Checkpoint:
        """One by name: "best" (the newest sound one where none was crowned), "newest", or its round.

        Raises:
            BadRequest: there is none of that name.
        """
        best = self.best()
        if which == "best" and best is not None:
            return best
        if which in ("best", "newest"):
            if found := self.newest():
                return found[0]
            if self.checkpoints():
                raise BadRequest(
                    f"every checkpoint of {self.path} is damaged; train anew with: {self.told['command']}"
                )
            raise BadRequest(f"{self.path} holds no checkpoint yet; `rivalry resume {self.path}` trains it")
        for checkpoint in self.checkpoints():
            if which.isdigit() and checkpoint.round == int(which):
                return checkpoint
        raise unknown(
            "checkpoint", which, [str(c.round) for c in self.checkpoints()], "best, newest or its round"
        )

    def crown(self, checkpoint: Checkpoint) -> None:
        """Let `best` point to this checkpoint."""
        beside = self.path / ".best.partial"
        beside.unlink(missing_ok=True)
        beside.symlink_to(Path("checkpoints") / checkpoint.path.name)
        beside.rename(self.path / "best")

    # ------------------------------------------------------------------ the log

    def log(self, line: dict[str, Any]) -> None:
        """Append one line; a number that is not finite is written as null."""
        with (self.path / "log.jsonl").open("a") as file:
            file.write(json.dumps(finite(line)) + "\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        """The log's lines; one torn by a kill is passed over."""
        file = self.path / "log.jsonl"
        for line in file.read_text().splitlines() if file.exists() else []:
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def rewind(self, t: int) -> None:
        """Forget what came after round `t`, lines of the log and checkpoints: it will be played again."""
        for checkpoint in self.checkpoints():
            if checkpoint.round > t:
                shutil.rmtree(checkpoint.path, ignore_errors=True)
        kept = [line for line in self.lines() if line.get("round", 0) <= t or "event" in line]
        beside = self.path / ".log.partial"
        beside.write_text("".join(json.dumps(line) + "\n" for line in kept))
        beside.rename(self.path / "log.jsonl")


def command() -> str:
    """The command of this process, as one would type it again."""
    return (
        " ".join(["rivalry", *sys.argv[1:]])
        if Path(sys.argv[0]).stem in ("rivalry", "__main__")
        else "python"
    )


def _free_name(folder: Path, name: str) -> Path:
    stem = f"{name}-{datetime.date.today().isoformat()}"
    k = 0
    while (folder / f"{stem}-{k}").exists():
        k += 1
    return folder / f"{stem}-{k}"


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(timespec="seconds")


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _hash_of_tree(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree).encode()).hexdigest()


def _sync(path: Path) -> None:
    """Wait until a file, or a directory's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
