"""Tables in the cache: folders that are written completely or not at all, and .npy files of any size."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rivalry.cache import cache_dir
from rivalry.errors import BadRequest

IN_MEMORY = 2**30  # bytes; a larger table is mapped from its file
DONE = "facts.json"  # the file that is written last, in every folder


def kept_at(*parts: str) -> Path:
    """The path of a folder in the cache.  Its parents are created; the folder itself is not.

    Raises:
        BadRequest: the cache cannot be written.
    """
    try:
        return cache_dir(*parts[:-1]) / parts[-1]
    except OSError as error:
        raise _cannot_write(error.filename, error) from error


def is_whole(folder: Path) -> bool:
    return (folder / DONE).is_file()


def write_whole(folder: Path, write: Callable[[Path], None]) -> None:
    """Create `folder` completely or not at all: `write` fills a temporary folder, which is then renamed.

    Raises:
        BadRequest: the disk is full, or the cache cannot be written.
    """
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            write(temporary)
            assert is_whole(temporary)
            if not is_whole(folder):  # another process may have created it already
                shutil.rmtree(folder, ignore_errors=True)
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        if not is_whole(folder):
            raise _cannot_write(folder, error) from error


def load_table(path: Path) -> Tensor:
    """A table from a .npy file: in memory up to `IN_MEMORY` bytes, mapped from the file beyond that."""
    mapped = path.stat().st_size > IN_MEMORY
    # "c" is copy on write: torch warns about arrays that are read-only
    return torch.from_numpy(np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False))


def _cannot_write(where: Path | str, error: OSError) -> BadRequest:
    why = error.strerror or error
    return BadRequest(
        f"cannot write {where}: {why}; set RIVALRY_CACHE to a folder with room that can be written"
    )
