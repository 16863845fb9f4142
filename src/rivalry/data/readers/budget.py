"""Limits on the memory that reading data may take, checked from headers before anything is allocated.

A file of a kilobyte can describe a picture of gigabytes.  There are three limits: the pixels of one picture, the size
of a whole set relative to its files, and the bytes that are unpacked at the same time.
"""

import functools
import os
import threading
from contextlib import AbstractContextManager, nullcontext

from rivalry.errors import BadRequest

LARGEST_IMAGE = 2**27  # pixels, 134 million
LARGEST_MEMBER = 2**30  # bytes of one file of an archive, when unpacked
RATIO = 500  # unpacked size / packed size of a whole set; about 1,000 for uniform PNG, 30 to 300 for masks
ALLOWANCE = 2**31  # bytes that every set may unpack to, whatever its ratio
LARGE = 2**26  # bytes; the ratio of a larger picture is at most twice `RATIO`
_AT_ONCE = 2**30  # bytes of all pictures that are unpacked at once without waiting

_turn = threading.RLock()
_NO_TURN = nullcontext()


@functools.cache
def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def room(size: int) -> AbstractContextManager[object]:
    """A context for unpacking `size` bytes.  Large pictures wait here, so that only one is unpacked at a time."""
    return _NO_TURN if size <= max(_AT_ONCE // processors(), 2**24) else _turn


def require_image(width: int, height: int, size: int, packed: int) -> None:
    """Refuse a picture that is too large, from its header.

    Args:
        size: bytes that its pixels take.
        packed: bytes of its file.

    Raises:
        ValueError: it has too many pixels, or its file is too small to hold them.
    """
    if width * height > LARGEST_IMAGE:
        raise ValueError(f"{height:,} x {width:,} pixels; at most {LARGEST_IMAGE:,} are read")
    if size > LARGE and size > 2 * RATIO * packed:
        raise ValueError(f"{packed:,} bytes that unpack to {size:,}: made to exhaust memory")


def require_set(unpacked: int, packed: int, where: object) -> None:
    """Refuse a set that unpacks to far more than its files.

    Raises:
        BadRequest: it does; names the sizes and the limit.
    """
    if unpacked > ALLOWANCE + RATIO * packed:
        raise BadRequest(
            f"{where} is refused: {packed:,} bytes unpack to {unpacked:,}, more than {RATIO} times as many: made to "
            "exhaust memory or time"
        )
