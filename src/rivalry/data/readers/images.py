"""Folders and zips of images: which files they hold, which split each belongs to, and what labels it.

    pictures/cat/1.png  pictures/dog/2.png            sub-folders are labels
    pictures/1.png      pictures/labels.csv           so is a file of labels, see `label_files`
    pictures/train/...  pictures/test/...             folders beside train/ at the top are splits, see `SPLITS`
    pictures/trainA/...  pictures/trainB/...          and so are these, of two domains A and B

A folder that holds nothing but one folder is that folder.  Files without an image's extension are passed over and
counted; those whose name begins with a dot, and folders that `rivalry train` wrote, are passed over.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import torch

from rivalry.data.readers.decode import formats
from rivalry.data.readers.decoded import Size, decode_once
from rivalry.data.readers.label_files import read_labels
from rivalry.data.readers.members import EXTENSIONS, Member, members_of
from rivalry.data.readers.splits import SPLITS, canonical
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest

__all__ = ["EXTENSIONS", "Listing", "Member", "list_images", "open_images", "sort_classes"]

_DOMAIN = re.compile(rf"((?i:{'|'.join(SPLITS)}))([AB])")  # trainA/ is train/A/


@dataclass
class Listing:
    """The images of a folder or zip before any is decoded.

    Attributes:
        splits: the images of each split, by name; "train" is always there.
        labels: the label of each image that has one, by the image's name.
        classes: every label in any split, sorted; numbers in the order of numbers.
        unlabeled: split -> (name, reason) of images that a table of labels leaves out, or names in vain.
        passed: what is passed over -> how many: files by their ending, images beside the splits by their folder.
    """

    splits: dict[str, list[Member]]
    labels: dict[str, str]
    classes: tuple[str, ...]
    unlabeled: dict[str, list[tuple[str, str]]]
    passed: dict[str, int] = field(default_factory=dict)


def open_images(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A folder or zip of images as a table, decoded once into the cache.

    Args:
        size: height and width in pixels; left out, the most common size of the split.

    Returns:
        uint8 (n, c, h, w), c from 1 to 4, and labels where sub-folders or a table give them.
        `facts["skipped"]` lists (name, reason) of what cannot be used, `facts["converted"]` counts how many
        took each conversion, `facts["passed"]` what was passed over.

    Raises:
        BadRequest: no images, no such split, too many damaged or unlabeled files, an unsafe or damaged zip.
    """
    listing, split = list_images(path), canonical(split)
    if split not in listing.splits:
        raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(listing.splits)}")
    members, unlabeled = listing.splits[split], listing.unlabeled[split]
    if len(unlabeled) > max(1, len(members) // 100):
        name, why = unlabeled[0]
        raise BadRequest(f"{len(unlabeled)} images or labels in {path} are alone; the first, {name}: {why}")
    if listing.classes:
        members = [one for one in members if one.name in listing.labels]
    beside = [one for name, some in listing.splits.items() if name != split for one in some]
    decoded = decode_once(
        [one.encoded for one in members],
        size,
        key=[str(path.resolve()), *([[one.name, *one.stamp] for one in some] for some in (members, beside))],
        where=str(path),
        beside=[one.encoded for one in beside],
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
        "passed": listing.passed,
    }
    return Dataset(spec, decoded.x, label, facts)


def list_images(path: Path) -> Listing:
    """Find the images of a folder or zip, their splits and their labels.

    Raises:
        BadRequest: an unsafe or damaged zip, a table of labels that cannot be understood.
    """
    found = members_of(path)
    members = _without_single_folder(found)
    passed = Counter(_passed(one) for one in found if not (_is_readable(one) or one.is_table))
    images = [one for one in members if one.is_image]
    tops = _splits_at_top(images)
    into = lambda name: _in_its_split(name, tops)
    members = [one if (name := into(one.name)) == one.name else replace(one, name=name) for one in members]
    images = [one for one in members if _is_readable(one)]
    names = [name for name in SPLITS.values() if name in tops.values()] if tops else ["train"]
    splits = {name: [one for one in images if not tops or one.name.startswith(f"{name}/")] for name in names}
    held = {one.name for some in splits.values() for one in some}
    passed.update(f"images {_beside(one.name)}" for one in images if one.name not in held)
    told, unread = _labels_from_files(members, into)
    passed.update(unread)
    labels, unlabeled = (
        _told_labels(told, splits, bool(tops)) if told else ({}, {name: [] for name in splits})
    )
    if told is None:
        labels = _labels_from_folders(splits, bool(tops))
    return Listing(splits, labels, sort_classes(set(labels.values())), unlabeled, dict(passed))


def sort_classes(labels: Collection[str]) -> tuple[str, ...]:
    """Labels in the order of numbers where all are whole numbers, else of letters."""
    numbers = all(re.fullmatch(r"-?\d{1,18}", label) for label in labels)
    return tuple(sorted(labels, key=int) if numbers else sorted(labels))


def _is_readable(one: Member) -> bool:
    return one.is_image and (one.ending not in (".heic", ".heif") or "HEIF" in formats())


def _passed(one: Member) -> str:
    """Under which words a file that is not read is counted: its ending, or the name of what may hold labels."""
    if one.is_image:
        return f"{one.ending} (pip install 'rivalry[heic]' reads it)"
    if one.ending in (".csv", ".tsv", ".json", ".jsonl", ".parquet"):
        return f"{one.name} (labels are read from labels.csv)"
    return one.ending or "without an ending"


def _beside(name: str) -> str:
    folder, slash, _ = name.partition("/")
    return f"in {folder}/, which is no split" if slash else "beside the splits"


def _splits_at_top(images: list[Member]) -> dict[str, str]:
    """Folder -> the split that it is; empty where none is the train split."""
    folders = {_without_domain(one.name.partition("/")[0])[0] for one in images if "/" in one.name}
    tops = {folder: canonical(folder) for folder in folders if folder.lower() in SPLITS}
    return tops if "train" in tops.values() else {}


def _in_its_split(name: str, tops: dict[str, str]) -> str:
    """The name with its folder under the common name of the split: "train/A/1.png" for "TrainA/1.png"."""
    folder, slash, rest = name.partition("/")
    if not slash:
        return name
    folder, domain = _without_domain(folder)
    return f"{tops.get(folder, folder)}/{domain}{rest}"


@functools.cache
def _without_domain(folder: str) -> tuple[str, str]:
    """("train", "A/") for "trainA", and ("cats", "") for any other."""
    found = _DOMAIN.fullmatch(folder)
    return (found[1], f"{found[2]}/") if found else (folder, "")


def _labels_from_folders(splits: dict[str, list[Member]], split: bool) -> dict[str, str]:
    """The first folder below the split, if every image lies in one and there are two or more."""
    labels = {}
    for one in (one for some in splits.values() for one in some):
        folder, slash, _ = (one.name.partition("/")[2] if split else one.name).partition("/")
        if not slash:
            return {}
        labels[one.name] = folder
    return labels if len(set(labels.values())) > 1 else {}


def _labels_from_files(
    members: list[Member], into: Callable[[str], str]
) -> tuple[dict[str, str] | None, list[str]]:
    """Name -> label of every file of labels at the top or in a split; None without any; and files that hold none."""
    told: dict[str, str] | None = None
    unread = []
    for table in (one for one in members if one.is_table and one.name.count("/") < 2):
        folder, found = PurePosixPath(table.name).parent, read_labels(table)
        if found is None:
            unread.append(f"{table.name} (it holds no labels)")
        else:
            told = (told or {}) | {into(str(folder / name)): label for name, label in found.items()}
    return told, unread


def _told_labels(
    told: dict[str, str], splits: dict[str, list[Member]], split: bool
) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """The labels of images that are there, and what of either has no partner."""
    alone: dict[str, list[tuple[str, str]]] = {name: [] for name in splits}
    known = {one.name for some in splits.values() for one in some}
    for name, some in splits.items():
        alone[name] += [(one.name, "no label of this image") for one in some if one.name not in told]
        in_vain = [k for k in told if k not in known and (not split or k.startswith(f"{name}/"))]
        alone[name] += [(k, "a label, but no image of this name") for k in in_vain]
    return {name: label for name, label in told.items() if name in known}, alone


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
