"""How much a reading may unpack: known from headers before anything is allocated.

A kilobyte can tell of a picture that takes gigabytes.  Three limits hold for every reading: the pixels of one
picture, how much larger a whole set may be than its files, and how much is unpacked at the same time.
"""

import functools
import os
import threading
from contextlib import AbstractContextManager, nullcontext

from rivalry.errors import BadRequest

LARGEST_IMAGE = 2**27  # pixels, 134 million
LARGEST_MEMBER = 2**30  # bytes of one file in an archive, unpacked
RATIO = 500  # unpacked to packed, of a whole set; uniform PNG is about 1,000, masks are 30 to 300
ALLOWANCE = 2**31  # bytes that any set may unpack to, whatever the ratio
LARGE = 2**26  # bytes; a picture of more must not be packed more than twice as tightly as `RATIO`
_AT_ONCE = 2**30  # bytes, over all threads, of pictures that need no turn

_turn = threading.RLock()
_NO_TURN = nullcontext()


@functools.cache
def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def room(size: int) -> AbstractContextManager[object]:
    """Room for so many bytes: what is large for the number of threads waits until no other such thing is open."""
    return _NO_TURN if size <= max(_AT_ONCE // processors(), 2**24) else _turn


def require_image(width: int, height: int, size: int, packed: int) -> None:
    """Refuse a picture by its header.

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
        BadRequest: the sizes, and the limit.
    """
    if unpacked > ALLOWANCE + RATIO * packed:
        raise BadRequest(
            f"{where} is refused: {packed:,} bytes unpack to {unpacked:,}, more than {RATIO} times as many: made to "
            "exhaust memory or time"
        )
