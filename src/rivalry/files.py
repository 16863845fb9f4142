"""Writing inside one directory: no link is followed, and a file is written completely or not at all.

A folder from elsewhere may hold links that lead out of it.  Each directory is therefore opened, and the next name is
looked up from the open directory (`dir_fd`).  A link on the path is refused.  New files and folders first get a
random name that nobody can guess.  Windows has no `dir_fd`; there, each name is checked for a link first.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rivalry.errors import BadRequest

HELD = {os.open, os.mkdir, os.rename, os.unlink, os.symlink, os.stat} <= os.supports_dir_fd
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # without it, opening a pipe waits for its writer
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)
_MORE = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK | _NO_WAIT | getattr(os, "O_BINARY", 0)
LONGEST_TARGET = 4096  # bytes
PARTIAL = ".partial"  # the ending of names of files and folders that are not complete


class Place(NamedTuple):
    """An open directory and its path."""

    handle: int | None  # None where names cannot be looked up from a directory
    path: Path

    def name(self, name: str) -> str:
        return name if self.handle is not None else str(self.path / name)


class Folder:
    """A directory to write into.  Names are relative, with "/" between the parts.

    Every method raises BadRequest where a part of the path is a link or not a directory, and OSError where the
    system refuses.
    """

    def __init__(self, path: Path):
        self.path = path
        self._first: tuple[int, int] | None = None  # device and inode when first opened

    @contextmanager
    def held(self, name: str = ".", make: bool = False) -> Iterator[Place]:
        """The directory `name`, open while the context lasts.  `make` creates it if it is missing.

        Raises:
            FileNotFoundError: the folder was moved, and another directory has its path now.
        """
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not HELD:
            yield self._looked_for(parts, make)
            return
        handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._require_the_same(handle)
            for i, part in enumerate(parts):
                inner = _into(handle, part, self.path.joinpath(*parts[: i + 1]), make)
                os.close(handle)
                handle = inner
            yield Place(handle, self.path.joinpath(*parts))
        finally:
            os.close(handle)

    def _require_the_same(self, handle: int) -> None:
        found = os.fstat(handle)
        self._first = self._first or (found.st_dev, found.st_ino)
        if self._first != (found.st_dev, found.st_ino):
            raise FileNotFoundError(
                2, "the folder was moved, and another one is in its place", str(self.path)
            )

    def _looked_for(self, parts: list[str], make: bool) -> Place:
        path = self.path
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise _linked(path)
            if make:
                path.mkdir(exist_ok=True)
        return Place(None, path)

    # ------------------------------------------------------------------ files

    @contextmanager
    def writing(self, name: str, sync: bool = False) -> Iterator[BinaryIO]:
        """A new file that replaces `name` when the context ends without an error; otherwise `name` stays as it was.

        Args:
            sync: wait until the file is on the disk.
        """
        above, last = _split(name)
        with self.held(above, make=True) as place:
            temporary = place.name(_unforeseen(last))
            handle = os.open(temporary, _NEW, 0o666, dir_fd=place.handle)
            try:
                with os.fdopen(handle, "wb") as file:
                    yield file
                    file.flush()
                    if sync:
                        os.fsync(file.fileno())
                os.replace(temporary, place.name(last), src_dir_fd=place.handle, dst_dir_fd=place.handle)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=place.handle)
                raise
            if sync:
                _sync(place)

    def append(self, name: str, data: bytes) -> None:
        """Add bytes to the end of a file.  It is created if it is missing."""
        above, last = _split(name)
        with self.held(above) as place:
            try:
                if place.handle is None and (place.path / last).is_symlink():
                    raise _linked(place.path / last)
                handle = os.open(place.name(last), _MORE, 0o666, dir_fd=place.handle)
            except OSError as error:
                raise _linked(place.path / last) if _is_link(place, last) else error from error
            with os.fdopen(handle, "ab") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise BadRequest(f"{place.path / last} is no regular file; nothing is written to it")
                file.write(data)

    # ------------------------------------------------------------------ folders, links, deleting

    def make(self, name: str) -> None:
        """Create a folder and its parents where they are missing."""
        with self.held(name, make=True):
            pass

    def begin(self, name: str) -> str:
        """Create a temporary folder next to `name`, for `move`; returns its name, which ends in `.partial`."""
        above, last = _split(name)
        temporary = _unforeseen(last)
        with self.held(above, make=True) as place:
            os.mkdir(place.name(temporary), dir_fd=place.handle)
        return f"{above}/{temporary}"

    def move(self, name: str, other: str) -> None:
        """Rename within one folder.  If there is a folder `other` already, move it away first (`set_aside`)."""
        above, last = _split(name)
        with self.held(above) as place:
            to = place.name(_split(other)[1])
            os.rename(place.name(last), to, src_dir_fd=place.handle, dst_dir_fd=place.handle)

    def set_aside(self, name: str) -> str:
        """Rename `name` to a temporary name, which ends in `.partial`, and return the new name."""
        above, last = _split(name)
        temporary = f"{above}/{_unforeseen(last)}"
        self.move(name, temporary)
        return temporary

    def point(self, name: str, target: str) -> None:
        """Make `name` a link to `target`, in one step.

        Where links are refused, as Windows does to most users, `name` is a file that holds the target as text.
        """
        above, last = _split(name)
        with self.held(above) as place:
            temporary = place.name(_unforeseen(last))
            try:
                os.symlink(target, temporary, dir_fd=place.handle)
            except (OSError, NotImplementedError):
                with self.writing(name) as file:
                    file.write(target.encode())
                return
            os.replace(temporary, place.name(last), src_dir_fd=place.handle, dst_dir_fd=place.handle)

    def remove(self, name: str) -> None:
        """Delete a file, a link (not its target) or a folder with its contents."""
        above, last = _split(name)
        with self.held(above) as place:
            found = os.stat(place.name(last), dir_fd=place.handle, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(place.name(last), dir_fd=place.handle)
            else:
                os.unlink(place.name(last), dir_fd=place.handle)

    def sync(self, name: str = ".") -> None:
        """Wait until a folder's list of names is on the disk, where the system supports this."""
        with self.held(name) as place:
            _sync(place)

    def partial(self, name: str = ".") -> list[str]:
        """The names of incomplete files and folders: their writing was interrupted."""
        try:
            with self.held(name) as place:
                found = os.listdir(place.path if place.handle is None else place.handle)
        except FileNotFoundError:
            return []
        return sorted(n for n in found if n.startswith(".") and n.endswith(PARTIAL))


def removed(folder: Folder, name: str) -> None:
    """Delete a temporary file or folder if possible.  If not, its name still shows that it is incomplete."""
    try:
        folder.remove(name)
    except OSError:
        return


def pointed_at(link: Path) -> str:
    """The target that `Folder.point` gave to this name; an empty text if it is something else."""
    try:
        if link.is_symlink():
            return os.readlink(link)
        return link.read_text() if link.is_file() and link.stat().st_size <= LONGEST_TARGET else ""
    except (OSError, ValueError):
        return ""


def require_own(folder: Path, own: tuple[str, ...], link: str) -> None:
    """Refuse a folder in which one of the names `own`, or something below one, is not a regular file or folder.

    Args:
        link: the only name that may be a link, or a file that stands for one (see `Folder.point`).

    Raises:
        BadRequest: a link, pipe or device was found; names the first one.
    """
    waiting = [folder / name for name in own]
    while waiting:
        path = waiting.pop()
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                waiting += path.iterdir()
        except OSError:  # it does not exist, or was deleted in the meantime
            continue
        if stat.S_ISLNK(mode):
            raise _linked(path)
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise BadRequest(
                f"{path} is neither a regular file nor a folder: this is no run that `train` left"
            )
        is_file, named_as_file = stat.S_ISREG(mode), bool(path.suffix)
        if path.parent == folder and is_file != named_as_file:
            found, expected = ("a file", "a folder") if is_file else ("a folder", "a file")
            raise BadRequest(f"{path} is {found} and should be {expected}: this is no run that `train` left")
    if (folder / link).exists() and not pointed_at(folder / link):
        raise BadRequest(f"{folder / link} is no link: this is no run that `train` left")


def _into(handle: int, part: str, path: Path, make: bool) -> int:
    """Open the directory `part` of the open directory `handle`."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=handle)
    try:
        return os.open(part, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK, dir_fd=handle)
    except FileNotFoundError:
        raise
    except OSError as error:
        if _is_link(Place(handle, path.parent), part):
            raise _linked(path) from error
        raise


def _is_link(place: Place, name: str) -> bool:
    try:
        found = os.stat(place.name(name), dir_fd=place.handle, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISLNK(found.st_mode)


def _linked(path: Path) -> BadRequest:
    return BadRequest(
        f"{path} is a link, and nothing is written through one; put what it leads to in its place"
    )


def _split(name: str) -> tuple[str, str]:
    above, _, last = name.rpartition("/")
    return above or ".", last


def _unforeseen(name: str) -> str:
    return f".{name[:180]}.{secrets.token_hex(8)}{PARTIAL}"  # a name has at most 255 bytes


def _sync(place: Place) -> None:
    if place.handle is not None:
        with suppress(OSError):  # some file systems cannot sync folders
            os.fsync(place.handle)
