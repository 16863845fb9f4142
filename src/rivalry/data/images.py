"""Folders and zips of images: which files they hold, which split each belongs to, and what labels it.

    pictures/cat/1.png  pictures/dog/2.png            sub-folders are labels
    pictures/1.png      pictures/labels.csv           so is a table: file_name, label  (or metadata.csv)
    pictures/train/...  pictures/test/...             folders beside train/ at the top are splits
    pictures/trainA/...  pictures/trainB/...          and so are these, of two domains A and B

A folder that holds nothing but one folder is that folder.  Files without an image's extension, those whose
name begins with a dot, and folders that `rivalry train` wrote are passed over.
"""

import csv
import io
import os
import re
import stat
import zipfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import torch

from rivalry.data.decode import DAMAGED
from rivalry.data.decoded import Encoded, Size, decode_once
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

EXTENSIONS = frozenset(
    (
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".bmp",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".avif",
        ".ppm",
        ".pgm",
        ".pbm",
    )
)
SPLITS = ("train", "test", "val", "valid", "validation")
_DOMAIN = re.compile(rf"^({'|'.join(SPLITS)})([AB])/")  # trainA/ is train/A/
TABLES = ("labels.csv", "metadata.csv")
LARGEST_MEMBER = 2**30  # bytes of one image in a zip, unpacked
_FILE_COLUMNS = ("file_name", "filename", "file", "path", "image", "name")
_LABEL_COLUMNS = ("label", "labels", "class", "category", "target")


@dataclass(frozen=True)
class Member:
    """One file of a folder or of a zip.

    Attributes:
        name: its path from the top, with forward slashes.
        open: opens it for reading.
        stamp: what changes when it changes: bytes and time of a file, bytes and checksum of a zip's member.
    """

    name: str
    open: Callable[[], BinaryIO]
    stamp: tuple[int, int]

    @property
    def is_image(self) -> bool:
        return os.path.splitext(self.name)[1].lower() in EXTENSIONS

    @property
    def is_table(self) -> bool:
        return self.name.rpartition("/")[2] in TABLES


@dataclass
class Listing:
    """The images of a folder or zip before any is decoded.

    Attributes:
        splits: the images of each split, by name; "train" is always there.
        labels: the label of each image that has one, by the image's name.
        classes: every label in any split, sorted; numbers in the order of numbers.
        unlabeled: split -> (name, reason) of images that a table of labels leaves out, or names in vain.
    """

    splits: dict[str, list[Member]]
    labels: dict[str, str]
    classes: tuple[str, ...]
    unlabeled: dict[str, list[tuple[str, str]]]


def open_images(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A folder or zip of images as a table, decoded once into the cache.

    Args:
        size: height and width in pixels; left out, the most common size of the split.

    Returns:
        uint8 (n, c, h, w), c from 1 to 4, and labels where sub-folders or a table give them.
        `facts["skipped"]` lists (name, reason) of what cannot be used, `facts["converted"]` counts how many
        took each conversion.

    Raises:
        BadRequest: no images, no such split, too many damaged or unlabeled files, an unsafe or damaged zip.
    """
    listing = list_images(path)
    if split not in listing.splits:
        raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(listing.splits)}")
    members, unlabeled = listing.splits[split], listing.unlabeled[split]
    if len(unlabeled) > max(1, len(members) // 100):
        name, why = unlabeled[0]
        raise BadRequest(f"{len(unlabeled)} images or labels in {path} are alone; the first, {name}: {why}")
    if listing.classes:
        members = [one for one in members if one.name in listing.labels]
    decoded = decode_once(
        [Encoded(one.name, one.open) for one in members],
        size,
        key=[str(path.resolve()), [[one.name, *one.stamp] for one in members]],
        where=str(path),
    )
    name = path.resolve().name if path.is_dir() else path.stem
    spec = Spec(name, "image", tuple(decoded.x.shape[1:]), listing.classes)
    label = None
    if listing.classes:
        number = {name: i for i, name in enumerate(listing.classes)}
        label = torch.tensor([number[listing.labels[members[i].name]] for i in decoded.kept])
    facts = {
        "source": str(path),
        "splits": tuple(listing.splits),
        "skipped": decoded.skipped + unlabeled,
        "converted": decoded.converted,
    }
    return Dataset(spec, decoded.x, label, facts)


def list_images(path: Path) -> Listing:
    """Find the images of a folder or zip, their splits and their labels.

    Raises:
        BadRequest: an unsafe or damaged zip, a table of labels that cannot be understood.
    """
    members = _without_single_folder(_in_zip(path) if path.is_file() else _in_folder(path))
    members = [replace(one, name=_DOMAIN.sub(r"\1/\2/", one.name)) for one in members]
    images = [one for one in members if one.is_image]
    folders = {one.name.split("/")[0] for one in images if "/" in one.name}
    names = [name for name in SPLITS if name in folders] if "train" in folders else []
    tops = {name: f"{name}/" for name in names} or {"train": ""}
    splits = {name: [one for one in images if one.name.startswith(top)] for name, top in tops.items()}
    labels, unlabeled = _labels_from_tables(members, splits, tops)
    if not labels:
        labels = _labels_from_folders(splits, tops)
    return Listing(splits, labels, sort_classes(set(labels.values())), unlabeled)


def sort_classes(labels: Collection[str]) -> tuple[str, ...]:
    """Labels in the order of numbers where all are whole numbers, else of letters."""
    numbers = all(re.fullmatch(r"-?\d+", label) for label in labels)
    return tuple(sorted(labels, key=int) if numbers else sorted(labels))


def _labels_from_folders(splits: dict[str, list[Member]], tops: dict[str, str]) -> dict[str, str]:
    """The first folder below the split, if every image lies in one and there are two or more."""
    labels = {}
    for split, members in splits.items():
        for one in members:
            folder, slash, _ = one.name.removeprefix(tops[split]).partition("/")
            if not slash:
                return {}
            labels[one.name] = folder
    return labels if len(set(labels.values())) > 1 else {}


def _labels_from_tables(
    members: list[Member], splits: dict[str, list[Member]], tops: dict[str, str]
) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """Labels from every labels.csv or metadata.csv at the top or in a split, and what they left out."""
    told: dict[str, str] = {}
    tables = [one for one in members if one.is_table and one.name.count("/") < 2]
    for table in tables:
        folder = PurePosixPath(table.name).parent
        told |= {str(folder / name): label for name, label in _read_table(table).items()}
    alone: dict[str, list[tuple[str, str]]] = {split: [] for split in splits}
    known = {one.name for some in splits.values() for one in some}
    for split, some in splits.items() if told else ():
        alone[split] += [(one.name, "no label of this image") for one in some if one.name not in told]
        in_vain = [name for name in told if name.startswith(tops[split]) and name not in known]
        alone[split] += [(name, "a label, but no image of this name") for name in in_vain]
    return {name: label for name, label in told.items() if name in known}, alone


def _read_table(table: Member) -> dict[str, str]:
    """File name -> label; empty for a metadata.csv that has no labels."""
    try:
        with table.open() as file:
            rows = list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))
    except (*DAMAGED, csv.Error) as error:
        raise BadRequest(
            f"{table.name} cannot be read as a table of comma-separated values: {error}"
        ) from error
    columns = {str(name).strip().lower(): name for name in (rows[0] if rows else ())}
    file_column = next((columns[name] for name in _FILE_COLUMNS if name in columns), None)
    label_column = next((columns[name] for name in _LABEL_COLUMNS if name in columns), None)
    if file_column is None or label_column is None:
        if PurePosixPath(table.name).name == "metadata.csv":
            return {}
        came = ", ".join(columns) or "nothing"
        raise BadRequest(
            f"{table.name} needs the columns file_name and label in its first line; it has {came}"
        )
    told = {(row[file_column] or "").strip(): (row[label_column] or "").strip() for row in rows}
    return {name: label for name, label in told.items() if name and label}


def _in_folder(path: Path) -> list[Member]:
    members = []
    waiting = [(str(path), "")]
    while waiting:
        folder, below = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            raise BadRequest(f"cannot read the folder {folder}: {error.strerror}") from error
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                members.append(Member(below + entry.name, partial(_open_file, entry.path), _stamp(entry)))
            elif not (_is_run(entry.path) or (entry.is_symlink() and _leads_up(entry.path))):
                waiting.append((entry.path, f"{below}{entry.name}/"))
    return sorted(members, key=lambda one: one.name)


def _is_run(folder: str) -> bool:
    """Whether a folder is a run of ours, whose sheets are no data."""
    return os.path.exists(os.path.join(folder, "run.json"))


def _leads_up(link: str) -> bool:
    """Whether a linked folder holds itself, so that following it would never end."""
    return Path(os.path.realpath(os.path.dirname(link))).is_relative_to(os.path.realpath(link))


def _open_file(file: str) -> BinaryIO:
    return open(file, "rb")


def _stamp(entry: os.DirEntry[str]) -> tuple[int, int]:
    try:
        told = entry.stat()
    except OSError:  # a link to nowhere: it is named when it cannot be opened
        return -1, -1
    return told.st_size, told.st_mtime_ns


def _in_zip(path: Path) -> list[Member]:
    """The members of a zip, read in memory and never extracted; one unsafe member refuses them all."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise BadRequest(f"{path} is not a whole zip: {error}") from error
    members = []
    for info in archive.infolist():
        name = info.filename.replace("\\", "/")
        unsafe = _unsafe(name, info)
        if unsafe:
            raise BadRequest(f"{path} is refused: its member {info.filename!r} {unsafe}")
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
        if not info.is_dir() and not hidden:
            members.append(Member(name, partial(_read_member, archive, info), (info.file_size, info.CRC)))
    return sorted(members, key=lambda one: one.name)


def _unsafe(name: str, info: zipfile.ZipInfo) -> str:
    if ".." in name.split("/"):
        return "leads out of the archive"
    if name.startswith("/") or re.match("[A-Za-z]:", name):
        return "has an absolute path"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a symbolic link"
    return "is encrypted" if info.flag_bits & 1 else ""


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    if info.file_size > LARGEST_MEMBER:
        raise ValueError(f"{info.file_size:,} bytes in one file")
    return io.BytesIO(archive.read(info))


def _without_single_folder(members: list[Member]) -> list[Member]:
    """Descend while one folder holds everything that counts: images and tables of labels."""
    counts = [one for one in members if one.is_image or one.is_table]
    while (
        counts
        and all("/" in one.name for one in counts)
        and len({one.name.split("/")[0] for one in counts}) == 1
    ):
        counts = [replace(one, name=one.name.partition("/")[2]) for one in counts]
    return counts
