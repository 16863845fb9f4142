"""Settings of the process for threads and memory, made before torch is imported."""

import ctypes
import os
import sys

_SPINS = 20_000  # some tens of microseconds
_KEEP = 1 << 30  # bytes
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names for mallopt(3)


def settle() -> None:
    """Let threads that wait go to sleep soon, and keep the memory that every round asks for again.

    OpenMP's threads spin while they wait for each other.  Where another program holds one of two cores, a
    round of a small network then takes up to fifteen times as long as on one thread; threads that sleep at
    once lose as much as the second core gains.  Some thousand turns of spinning, and then sleep, are good for
    both.

    glibc gives every large block back to the system and fetches it anew, page by page, in each round: a
    tenth of the time of a DCGAN round in float32.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(_SPINS))
    if sys.platform == "linux" and "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except (OSError, AttributeError):  # another C library
            return
        mallopt(_TRIM_THRESHOLD, _KEEP)
        mallopt(_MMAP_THRESHOLD, _KEEP)
