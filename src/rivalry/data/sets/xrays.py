"""`chest-xrays`: X-rays of children's chests, with and without pneumonia, 28 x 28 grey, from a copy on disk.

PneumoniaMNIST (Yang et al. 2023, "MedMNIST v2", arXiv 2110.14795; the pictures are of Kermany et al. 2018; CC BY 4.0)
is one archive of 4 MB, pneumoniamnist.npz.  It is no part of the package.
"""

from dataclasses import replace
from pathlib import Path

from rivalry.data.readers.arrays import open_npz
from rivalry.data.readers.splits import canonical
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest

CLASSES = ("normal", "pneumonia")
SHAPE = (1, 28, 28)
OFFICIAL = {"train": 4_708, "val": 524, "test": 624}  # pictures of each split, as published
WHERE = "medmnist.com has pneumoniamnist.npz (CC BY 4.0, 4 MB)"


def open_xrays(name: str, split: str = "train", *, path: str = "") -> Dataset:
    """The splits "train", "val" and "test" of pneumoniamnist.npz.

    Settings:
        path: the file, or the folder that it lies in

    Returns:
        uint8 (n, 1, 28, 28); the label is 0 for normal, 1 for pneumonia.

    Raises:
        BadRequest: no path, no such file or split, or an archive of something else.
    """
    where = Path(path).expanduser()
    file = where / "pneumoniamnist.npz" if where.is_dir() else where
    if not path or not file.is_file():
        missing = f"{file} is not there" if path else f"{name!r} reads a copy on disk: {name}:path=FILE"
        raise BadRequest(f"{missing}.  {WHERE}")
    read = open_npz(file, split)
    if read.spec.shape != SHAPE or read.spec.classes != ("0", "1"):
        what = f"{read.spec.words}, with {len(read.spec.classes)} classes"
        raise BadRequest(f"{file} holds {what}; expected 28 x 28 grey, of classes 0 and 1.  {WHERE}")
    published = OFFICIAL.get(canonical(split), len(read))
    few = f"{len(read):,} pictures, where {published:,} were published: compare with no published number"
    facts = {**read.facts, "license": "CC BY 4.0", "remarks": [few] if len(read) != published else []}
    return replace(read, spec=replace(read.spec, name=name, classes=CLASSES), facts=facts)
