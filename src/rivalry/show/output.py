"""Output files: each is written completely or not at all, and its place is tested before the work begins."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rivalry.errors import BadRequest
from rivalry.files import Folder


def require_ending(output: Path, endings: Sequence[str]) -> None:
    """Refuse a file name whose ending is not one of `endings`.

    Raises:
        BadRequest: names the possible endings.
    """
    if output.suffix.lower() not in endings:
        raise BadRequest(f"this is written to a {' or '.join(endings)}; got {output}")


@contextmanager
def written(output: Path) -> Iterator[BinaryIO]:
    """A file that replaces `output` when the context ends without an error; otherwise nothing changes.

    If `output` is a link, the link is replaced, and its target stays as it is.

    Raises:
        BadRequest: the place cannot be written, or the disk is full.
    """
    if output.is_dir():
        raise BadRequest(f"cannot write {output}: it is a folder")
    made = [folder for folder in output.parents if not folder.exists()]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with Folder(output.parent).writing(output.name) as file:
            yield file
    except BaseException as error:
        with suppress(OSError):
            for folder in made:  # innermost first
                folder.rmdir()
        if isinstance(error, OSError):
            raise BadRequest(f"cannot write {output}: {error.strerror or error}") from error
        raise


def tried_folder(folder: Path) -> Path:
    """A folder for several files.  It is created if it is missing.

    Raises:
        BadRequest: nothing can be written there; raised before any work is done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Folder(folder).writing("x"):
            raise _Tried
    except _Tried:
        return folder
    except OSError as error:
        raise BadRequest(f"cannot write to {folder}: {error.strerror or error}") from error


class _Tried(Exception):
    """Raised to end the test of a place without writing a file."""
