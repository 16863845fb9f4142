"""One checkpoint of a run on disk: a directory that is either complete or absent, with hashes of its files."""

import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

from safetensors import SafetensorError
from torch import Tensor

from rivalry.errors import RunFailed
from rivalry.files import Folder, removed
from rivalry.runs.schema import FORMAT, shown
from rivalry.runs.trees import flatten, load_tensors, read_json, unflatten, write_json, write_tensors

WORDS = ("weights", "state")
STRANGE = (  # raised while reading JSON whose values have other types than expected
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    SafetensorError,
    TypeError,
    ValueError,
)


class Damaged(RunFailed):
    """A checkpoint is not what was written."""


class Gone(Damaged):
    """A checkpoint was deleted, or replaced by another, while it was read."""


class Checkpoint:
    """One checkpoint's directory: `weights.safetensors`, `state.safetensors`, `state.json`."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def round(self) -> int:
        return int(self.path.name.lstrip(".").split(".")[0])

    def weights(self) -> dict[str, Tensor]:
        """The game's weights.  Sampling needs nothing else.

        Raises:
            Damaged: a file is missing or its hash is not the one that was written.
            Gone: it was deleted, or replaced by another, while it was read.
        """
        return cast(dict[str, Tensor], self._read("weights")[0])

    def state(self) -> dict[str, Any]:
        """Everything else that the next round depends on.  Raises Damaged and Gone like `weights`."""
        return self._read("state")[0]

    def read(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Weights and state.  Raises Damaged and Gone like `weights`."""
        weights, state = self._read(*WORDS)
        return weights, state

    def _read(self, *names: str) -> list[dict[str, Any]]:
        which = self._identity()
        try:
            found = self._sound(names)
        except Damaged as damage:
            if which is None or self._identity() != which:
                raise Gone(str(damage)) from damage
            raise
        if self._identity() != which:
            raise Gone(f"{self.path} was replaced while it was read")
        return found

    def _sound(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        file = self.path / "state.json"
        try:
            recorded = read_json(file.read_bytes())
            if _hash_of_tree(recorded["state"]) != recorded["sha256"]["state"]:
                raise Damaged(f"{file} is damaged: its hash is not the one that was written")
            tensors = [self._tensors(name, recorded["sha256"]) for name in names]
            return [
                unflatten(recorded["state"], found) if name == "state" else found
                for name, found in zip(names, tensors)
            ]
        except OSError as error:
            raise Damaged(f"{self.path} is damaged: {error}") from error
        except STRANGE as error:
            raise Damaged(f"{self.path} is damaged: {shown(str(error))}") from error

    def _tensors(self, name: str, hashes: dict[str, str]) -> dict[str, Tensor]:
        file = self.path / f"{name}.safetensors"
        if _hash(file) != hashes[file.name]:
            raise Damaged(f"{file} is damaged: its hash is not the one that was written")
        return load_tensors(file)

    def _identity(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_ctime_ns  # a number may be given again at once

    @classmethod
    def write(cls, folder: Folder, t: int, weights: dict[str, Tensor], state: dict[str, Any]) -> "Checkpoint":
        """Write the checkpoint of round t under a temporary name, sync it, and rename it.

        At every moment the folder holds a complete checkpoint, though perhaps under a temporary name.

        Raises:
            OSError: it cannot be written; the existing checkpoints are not changed.
        """
        name = f"checkpoints/{t:06d}"
        temporary = folder.begin(name)
        try:
            _write_into(folder, temporary, weights, state)
        except BaseException:
            removed(folder, temporary)
            raise
        before = (
            folder.set_aside(name) if (folder.path / name).exists() else ""
        )  # the same round, after a rollback
        folder.move(temporary, name)
        folder.sync("checkpoints")
        if before:
            removed(folder, before)
        return cls(folder.path / name)


def _write_into(folder: Folder, name: str, weights: dict[str, Tensor], state: dict[str, Any]) -> None:
    tensors: dict[str, Tensor] = {}
    tree = flatten(state, tensors)
    hashes = {"state": _hash_of_tree(tree)}
    for word, table in zip(WORDS, (weights, tensors)):
        with folder.writing(f"{name}/{word}.safetensors", sync=True) as file:
            hashing = _Hashing(file)
            write_tensors(table, cast(BinaryIO, hashing))
        hashes[f"{word}.safetensors"] = hashing.sha256.hexdigest()
    with folder.writing(f"{name}/state.json", sync=True) as file:
        write_json({"format": FORMAT, "sha256": hashes, "state": tree}, file)


class _Hashing:
    """A file to write to that also computes the hash of what was written."""

    def __init__(self, file: BinaryIO):
        self.file, self.sha256 = file, hashlib.sha256()

    def write(self, data: Any) -> None:
        self.sha256.update(data)
        self.file.write(data)


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _hash_of_tree(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree).encode()).hexdigest()
