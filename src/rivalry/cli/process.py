"""How a process of ours treats the machine that it shares: set once, before torch is imported."""

import ctypes
import os
import sys

_KEEP = 1 << 30  # bytes
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names for mallopt(3)


def settle() -> None:
    """Let waiting threads sleep, and keep the memory that every round asks for again.

    OpenMP's threads spin while they wait for each other.  Where another program holds one of two cores, a
    round of a small network then takes five to fifteen times as long; sleeping costs microseconds.

    glibc gives every large block back to the system and fetches it anew, page by page, in each round: a
    tenth of the time of a DCGAN round.  Both were measured; benchmarks/README.md says how.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if sys.platform == "linux" and "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        try:
            mallopt = ctypes.CDLL(None).mallopt
        except (OSError, AttributeError):  # another C library
            return
        mallopt(_TRIM_THRESHOLD, _KEEP)
        mallopt(_MMAP_THRESHOLD, _KEEP)
