"""Where what was made goes: a file that appears whole or not at all, in a place that is tried first."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rivalry.errors import BadRequest


def require_ending(output: Path, endings: Sequence[str]) -> None:
    """Refuse a file name whose ending tells of nothing that can be written.

    Raises:
        BadRequest: the endings that there are.
    """
    if output.suffix.lower() not in endings:
        raise BadRequest(f"this is written to a {' or '.join(endings)}; got {output}")


@contextmanager
def written(output: Path) -> Iterator[BinaryIO]:
    """A file that takes `output`'s place when the context ends well; else nothing has changed.

    Raises:
        BadRequest: the place cannot be written, or the disk is full.
    """
    if output.is_dir():
        raise BadRequest(f"cannot write {output}: it is a folder")
    made = [folder for folder in output.parents if not folder.exists()]
    beside = output.with_name(f".{output.name}.partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            yield file
        beside.replace(output)
    except BaseException as error:
        _take_away(beside, made)
        if isinstance(error, OSError):
            raise BadRequest(f"cannot write {output}: {error.strerror or error}") from error
        raise


def _take_away(beside: Path, made: Sequence[Path]) -> None:
    """What was begun: the file beside, and the folders that were not there before."""
    with suppress(OSError):
        beside.unlink()
    with suppress(OSError):
        for folder in made:  # the deepest first
            folder.rmdir()
