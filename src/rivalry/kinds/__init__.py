"""Kinds of data: images, points, sentences, sounds and others.

A datum is a tensor of a fixed shape; its kind says everything else about it.  A kind is one object in a file of its own
and one row of `KINDS`.  Its methods say how data are stored, checked, described, shown, written and compared.  No
module outside of this package compares a kind with a string.

Importing this package imports no torch; a kind's file is imported when the kind is asked for.
"""

import importlib
import os
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rivalry.errors import unknown

if TYPE_CHECKING:
    from rivalry.kinds.kind import Kind

__all__ = ["KINDS", "Row", "find_kind", "reader_of", "reader_of_folder", "require_kind"]


LOOKED_AT = 2000  # the number of files of a folder that decide its reader
PICTURES = {
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".bmp",
    ".tif",
    ".tiff",
}  # next to these, text files are descriptions


class Row(NamedTuple):
    """One kind: where it is, and which files hold it.

    Attributes:
        target: "module:attribute" in `rivalry.kinds`.
        what: a line that says what a datum is.
        reads: ending of a file -> "module:function" in `rivalry.data.readers` that opens it.
        folders: the same for a folder; the ending is that of most of its files.
        one: the same for one file that holds one datum, which a game may be told; "" if there is none.
    """

    target: str
    what: str
    reads: dict[str, str] = {}  # noqa: RUF012  # a row is a constant
    folders: dict[str, str] = {}  # noqa: RUF012
    one: str = ""


KINDS = {
    "image": Row(
        "image:IMAGE",
        "a picture: grey, color, either with alpha",
        {".zip": "images:open_images", ".parquet": "columns:open_parquet", ".npz": "arrays:open_npz"},
    ),
    "points": Row("points:POINTS", "a point: a few real numbers"),
    "tokens": Row(
        "tokens:TOKENS",
        "a sentence: words, characters or bytes by number",
        reads={".txt": "text:open_text", ".csv": "text:open_csv"},
        folders={".txt": "text:open_text"},
    ),
    "wave": Row(
        "wave:WAVE",
        "a sound: its waveform, in one or two channels",
        folders=dict.fromkeys((".wav", ".flac", ".ogg", ".mp3"), "sounds:open_sounds"),
        one="sounds:one_sound",
    ),
    "clip": Row(
        "clip:CLIP",
        "a moving picture: some frames of one size",
        folders=dict.fromkeys((".gif", ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi"), "clips:open_clips"),
    ),
    "graph": Row(
        "graph:GRAPH",
        "a graph: which of its nodes are joined",
        reads={
            ".edges": "graphs:open_edges",
            ".edgelist": "graphs:open_edges",
            ".tsv": "graphs:open_edges",
            ".graphml": "graphs:open_marked_up",
            ".gml": "graphs:open_marked_up",
            ".gexf": "graphs:open_marked_up",
            ".net": "graphs:open_marked_up",
            ".adjlist": "graphs:open_marked_up",
        },
    ),
    "table": Row(
        "table:TABLE",
        "a row of a table: numbers, dates and categories",
        reads={".csv": "table:open_table", ".xlsx": "table:open_table"},
    ),
    "tiles": Row("tiles:TILES", "a level of a game: tiles on a grid"),
    "episode": Row(
        "episode:EPISODE",
        "an episode: what an agent saw and did, step by step",
        reads={".hdf5": "minari:open_minari"},
    ),
}


def find_kind(name: str) -> "Kind":
    """The kind of this name.

    Raises:
        BadRequest: no such kind; names the nearest.
    """
    require_kind(name)
    module, attribute = KINDS[name].target.split(":")
    return getattr(importlib.import_module(f"rivalry.kinds.{module}"), attribute)


def require_kind(name: str) -> None:
    """Refuse a kind that the table does not have.

    Raises:
        BadRequest: names the nearest.
    """
    if name not in KINDS:
        raise unknown("kind of data", name, KINDS, f"there are {', '.join(KINDS)}")


def reader_of_folder(folder: Path) -> str:
    """The reader for a folder, from the ending that most of its first files have (of endings that a kind reads)."""
    files = islice((name for _, _, names in os.walk(folder) for name in sorted(names)), LOOKED_AT)
    endings = Counter(Path(name).suffix.lower() for name in files)
    readers = {ending: reader for row in KINDS.values() for ending, reader in row.folders.items()}
    known = [ending for ending, _ in endings.most_common() if ending in readers]
    return readers[known[0]] if known and not endings.keys() & PICTURES else "images:open_images"


def reader_of(ending: str) -> str:
    """The reader for files with this ending, as "module:function" in `rivalry.data.readers`; "" if there is none."""
    return next((row.reads[ending] for row in KINDS.values() if ending in row.reads), "")
