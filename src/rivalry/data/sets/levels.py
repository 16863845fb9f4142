"""Levels of platform games as windows of tiles: `mario-levels`, which ships with the package, and a user's own.

Fifteen levels of Super Mario Bros. as tiles, of the Video Game Level Corpus (Summerville et al. 2016, arXiv 1606.07487,
MIT license): what each place is, not how it looks.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from rivalry.data.readers.members import members_of
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.settings import Count

BUNDLED = Path(__file__).parent / "bundled" / "mario_levels.zip"
TILES = {
    "-": "empty",
    "X": "ground",
    "S": "a block that breaks",
    "?": "a block with something in it",
    "Q": "a block with a coin in it",
    "E": "an enemy",
    "<": "the left of a pipe's top",
    ">": "the right of a pipe's top",
    "[": "the left of a pipe",
    "]": "the right of a pipe",
    "o": "a coin",
    "B": "a cannon",
    "b": "what a cannon stands on",
}
LARGEST = 1_000_000  # bytes of a file


def open_levels(
    name: str, split: str = "train", *, path: str = "", width: Count = 28, step: Count = 1
) -> Dataset:
    """The set "mario-levels", or "levels", those of a folder or zip of .txt files: a line for each row of tiles.

    Settings:
        path: of "levels": the folder or zip; all its levels have the same height
        width: of a window, in tiles
        step: from one window to the next, in tiles

    Returns:
        int64 (n, h, width); `about` has a letter for each tile.

    Raises:
        BadRequest: no path or nothing there, unequal heights, ragged lines, tiles that are not known, levels that are
            shorter than a window, or no such split.
    """
    if split != "train":
        raise BadRequest(f"{name!r} has no split {split!r}; it has train")
    if name == "mario-levels" and path:
        raise BadRequest("mario-levels ships with the package: levels:path=FOLDER reads your own")
    if name != "mario-levels" and not Path(path or "\0").expanduser().exists():
        missing = f"{path} is not there" if path else "'levels' reads your own"
        raise BadRequest(f"{missing}: levels:path=FOLDER names a folder or zip of .txt files")
    grids = read_levels(BUNDLED if name == "mario-levels" else Path(path).expanduser())
    x = np.concatenate([windows(grid, width, step) for grid in grids.values()])
    if not len(x):
        longest = max(grid.shape[1] for grid in grids.values())
        raise BadRequest(f"no level is {width} tiles wide; the longest has {longest}: {name}:width={longest}")
    facts: dict[str, object] = {"source": path or "bundled", "splits": ("train",)}
    if not path:
        facts["license"] = "MIT"
    spec = Spec(name, "tiles", tuple(x.shape[1:]), about={"tiles": list(TILES)})
    return Dataset(spec, torch.from_numpy(x), None, facts)


def read_levels(path: Path) -> dict[str, np.ndarray]:
    """The levels of a folder or zip by name: int64 (h, w) each, all of one height."""
    members = [member for member in members_of(path) if member.ending == ".txt"]
    if not members:
        raise BadRequest(f"{path} holds no .txt files: a level is a line of letters for each row of tiles")
    found = {}
    for member in members:
        with member.open() as file:
            raw = file.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise BadRequest(f"{member.name} is larger than {LARGEST:,} bytes; no level is")
        found[member.name] = grid(raw.decode("utf-8", errors="replace").splitlines(), member.name)
    first, *others = found
    for other in others:
        a, b = len(found[first]), len(found[other])
        if a != b:
            raise BadRequest(f"all levels have one height; {first} has {a} rows and {other} has {b}")
    return found


def grid(lines: Iterable[str], name: str) -> np.ndarray:
    """Lines of letters as numbers of tiles: int64 (h, w).

    Raises:
        BadRequest: no lines, lines of unequal length, or letters that are no tiles.
    """
    rows = [line.rstrip() for line in lines if line.strip()]
    number = {letter: i for i, letter in enumerate(TILES)}
    if not rows or len({len(row) for row in rows}) > 1:
        raise BadRequest(
            f"{name} is no level: its lines have {len({len(row) for row in rows})} different lengths"
        )
    if unknown := sorted(set("".join(rows)) - set(number)):
        raise BadRequest(f"{name} has unknown tiles {' '.join(unknown)[:40]}; known are {' '.join(number)}")
    return np.array([[number[letter] for letter in row] for row in rows], dtype=np.int64)


def windows(level: np.ndarray, width: int, step: int) -> np.ndarray:
    """All windows of a level, `step` tiles apart: (h, w) -> (n, h, width)."""
    starts = range(0, level.shape[1] - width + 1, step)
    cut = [level[:, start : start + width] for start in starts]
    return np.stack(cut) if cut else np.zeros((0, len(level), width), np.int64)
