"""The files of a folder or of a zip: only regular files, each once.  Nothing is extracted; unsafe zips are refused."""

import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from rivalry.data.readers.budget import LARGEST_MEMBER, require_set
from rivalry.data.readers.decode import DAMAGED
from rivalry.data.readers.decoded import Encoded
from rivalry.errors import BadRequest

_IMAGES = ".png .jpg .jpeg .jpe .jfif .bmp .gif .webp .tif .tiff .avif .ppm .pgm .pbm .heic .heif"
EXTENSIONS = frozenset(_IMAGES.split(" "))
TABLES = ("labels.csv", "metadata.csv", "metadata.jsonl", "dataset.json")
_ONLY_READ = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class Member:
    """One file of a folder or of a zip.

    Attributes:
        name: its path from the top, with forward slashes.
        open: a function that opens it for reading.
        stamp: changes when the file changes: size and time of a file, size and checksum of a member of a zip.
        packed: its bytes in a zip; 0 for a file on disk.
    """

    name: str
    open: Callable[[], BinaryIO]
    stamp: tuple[int, int]
    packed: int = 0

    @property
    def ending(self) -> str:
        return os.path.splitext(self.name)[1].lower()

    @property
    def is_image(self) -> bool:
        return self.ending in EXTENSIONS

    @property
    def is_table(self) -> bool:
        return self.name.rpartition("/")[2] in TABLES

    @property
    def encoded(self) -> Encoded:
        return Encoded(self.name, self.open, self.packed, self.stamp[0] if self.packed else 0)


def members_of(path: Path) -> list[Member]:
    """The files of a folder or zip in the order of their names, without those whose name begins with a dot.

    Raises:
        BadRequest: a folder that cannot be read, an unsafe or damaged zip.
    """
    return sorted(_in_zip(path) if path.is_file() else _in_folder(path), key=lambda one: one.name)


def _in_folder(path: Path) -> Iterator[Member]:
    """The files of a folder: real sub-folders first, then linked ones.  No folder is read twice."""
    waiting, linked, visited = [(str(path), "")], list[tuple[str, str]](), set[tuple[int, int]]()
    while waiting or linked:
        folder, below = (waiting or linked).pop()
        try:
            known = os.stat(folder)
            if (known.st_dev, known.st_ino) in visited:
                continue
            visited.add((known.st_dev, known.st_ino))
            entries = list(os.scandir(folder))
        except OSError as error:
            raise BadRequest(f"cannot read the folder {folder}: {error.strerror}") from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not _is_folder(entry):
                yield Member(below + entry.name, partial(open_regular, entry.path), _stamp(entry))
            elif not _is_run(entry.path):
                (linked if entry.is_symlink() else waiting).append((entry.path, f"{below}{entry.name}/"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_run(folder: str) -> bool:
    """Whether a folder is a run, whose pictures are not data."""
    return os.path.exists(os.path.join(folder, "run.json"))


def open_regular(file: str | Path) -> BinaryIO:
    """Open a regular file for reading.  Others are refused: a pipe could wait, and a device could never end.

    Raises:
        OSError: it is not a regular file, or cannot be opened.
    """
    opened = os.open(file, os.O_RDONLY | _ONLY_READ)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError("not a regular file")
    return open(opened, "rb")


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        status = entry.stat()
    except OSError:  # a link without a target: opening it later reports the error
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _in_zip(path: Path) -> Iterator[Member]:
    """The members of a zip, read in memory and never extracted.  One unsafe member makes the zip be refused."""
    try:
        archive = zipfile.ZipFile(path)
        size = path.stat().st_size
    except DAMAGED as error:
        raise BadRequest(f"{path} is not a whole zip: {error}") from error
    wanted = []
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        unsafe = _unsafe(name, info)
        if unsafe:
            raise BadRequest(f"{path} is refused: its member {info.filename!r} {unsafe}")
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
        if not info.is_dir() and not hidden:
            wanted.append((name, info))
    packed = sum(info.compress_size for _, info in wanted)
    if packed > size:
        raise BadRequest(f"{path} is refused: its members lie over each other")
    require_set(sum(info.file_size for _, info in wanted), packed, path)
    for name, info in wanted:
        open_it = partial(_read_member, archive, info)
        yield Member(name, open_it, (info.file_size, info.CRC), max(info.compress_size, 1))


def _unsafe(name: str, info: zipfile.ZipInfo) -> str:
    if not name:
        return "has no name"
    if ".." in name.split("/"):
        return "leads out of the archive"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "has an absolute path"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a symbolic link"
    return "is encrypted" if info.flag_bits & 1 else ""


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    if info.file_size > LARGEST_MEMBER:
        raise ValueError(f"{info.file_size:,} bytes in one file")
    return io.BytesIO(archive.read(info))
