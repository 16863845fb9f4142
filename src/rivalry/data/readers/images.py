"""Folders and zips of images: their files, the split of each image, and its label.

    pictures/cat/1.png  pictures/dog/2.png            sub-folders are labels
    pictures/1.png      pictures/labels.csv           or a file holds the labels, see `label_files`
    pictures/1.png      pictures/metadata.csv         or sentences, in a column "text": the column "caption"
    pictures/train/...  pictures/test/...             these folders at the top are splits, see `SPLITS`
    pictures/trainA/...  pictures/trainB/...          splits of two domains, A and B

If a folder holds only one folder, the inner one is read.  Files without the extension of an image are skipped and
counted.  Files whose names begin with a dot, and folders that `rivalry train` wrote, are skipped.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import torch

from rivalry.data.readers.captions import caption_column, with_sentences
from rivalry.data.readers.decode import formats
from rivalry.data.readers.decoded import Size, decode_once
from rivalry.data.readers.label_files import read_captions, read_labels
from rivalry.data.readers.members import EXTENSIONS, Member, members_of
from rivalry.data.readers.splits import SPLITS, canonical
from rivalry.data.source import Column, Dataset, Spec
from rivalry.errors import BadRequest

__all__ = ["EXTENSIONS", "Listing", "Member", "list_images", "open_images", "sort_classes"]

_DOMAIN = re.compile(rf"((?i:{'|'.join(SPLITS)}))([AB])")  # trainA/ is train/A/


@dataclass
class Listing:
    """The images of a folder or zip, before any is decoded.

    Attributes:
        splits: the images of each split, by name; "train" is always there.
        labels: the label of each image that has one, by the image's name.
        classes: every label in any split, sorted; numbers in the order of numbers.
        unlabeled: split -> (name, reason) of each image without a label, and of each label without an image.
        passed: what is skipped -> how many: files by their ending, images outside of the splits by their folder.
        captions: the sentence of each image that has one, by the image's name.
    """

    splits: dict[str, list[Member]]
    labels: dict[str, str]
    classes: tuple[str, ...]
    unlabeled: dict[str, list[tuple[str, str]]]
    passed: dict[str, int] = field(default_factory=dict)
    captions: dict[str, str] = field(default_factory=dict)


def open_images(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A folder or zip of images as a table, decoded once into the cache.

    Args:
        size: height and width in pixels; the most common size of the split by default.

    Returns:
        uint8 (n, c, h, w), c from 1 to 4, and labels if sub-folders or a table have them.
        `facts["skipped"]` lists (name, reason) of each image that cannot be used, `facts["converted"]` counts the
        conversions, and `facts["passed"]` counts what was skipped.

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
    members, mute = with_sentences(members, listing.captions, path)
    others = [one for name, some in listing.splits.items() if name != split for one in some]
    decoded = decode_once(
        [one.encoded for one in members],
        size,
        key=[str(path.resolve()), *([[one.name, *one.stamp] for one in some] for some in (members, others))],
        where=str(path),
        others=[one.encoded for one in others],
    )
    name = path.resolve().name if path.is_dir() else path.stem
    extra: dict[str, Column] = {}
    columns: dict[str, torch.Tensor] = {}
    if listing.captions:
        said = [listing.captions[members[i].name] for i in decoded.kept]
        taught = [listing.captions.get(one.name, "") for one in listing.splits["train"]]
        extra["caption"], columns["caption"] = caption_column(said, taught)
    spec = Spec(name, "image", tuple(decoded.x.shape[1:]), listing.classes, extra)
    label = None
    if listing.classes:
        number = {name: i for i, name in enumerate(listing.classes)}
        label = torch.tensor([number[listing.labels[members[i].name]] for i in decoded.kept])
    facts = {
        "source": str(path),
        "splits": tuple(listing.splits),
        "skipped": decoded.skipped + unlabeled + mute,
        "converted": decoded.converted,
        "other_size": decoded.other_size,
        "passed": listing.passed,
    }
    return Dataset(spec, decoded.x, label, facts, columns)


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
    passed.update(f"images {_outside_splits(one.name)}" for one in images if one.name not in held)
    listed, unread, captions = _labels_from_files(members, into)
    passed.update(unread)
    labels, unlabeled = (
        _match_labels(listed, splits, bool(tops)) if listed else ({}, {name: [] for name in splits})
    )
    if listed is None:
        labels = _labels_from_folders(splits, bool(tops))
    return Listing(splits, labels, sort_classes(set(labels.values())), unlabeled, dict(passed), captions)


def sort_classes(labels: Collection[str]) -> tuple[str, ...]:
    """Labels sorted as numbers if all are whole numbers, else as text."""
    numbers = all(re.fullmatch(r"-?\d{1,18}", label) for label in labels)
    return tuple(sorted(labels, key=int) if numbers else sorted(labels))


def _is_readable(one: Member) -> bool:
    return one.is_image and (one.ending not in (".heic", ".heif") or "HEIF" in formats())


def _passed(one: Member) -> str:
    """The words under which a file that is not read is counted: its ending, or the name of a table of labels."""
    if one.is_image:
        return f"{one.ending} (pip install 'rivalry[heic]' reads it)"
    if one.ending in (".csv", ".tsv", ".json", ".jsonl", ".parquet"):
        return f"{one.name} (labels are read from labels.csv)"
    return one.ending or "without an ending"


def _outside_splits(name: str) -> str:
    folder, slash, _ = name.partition("/")
    return f"in {folder}/, which is no split" if slash else "beside the splits"


def _splits_at_top(images: list[Member]) -> dict[str, str]:
    """Folder -> its split; empty if no folder is the train split."""
    folders = {_without_domain(one.name.partition("/")[0])[0] for one in images if "/" in one.name}
    tops = {folder: canonical(folder) for folder in folders if folder.lower() in SPLITS}
    return tops if "train" in tops.values() else {}


def _in_its_split(name: str, tops: dict[str, str]) -> str:
    """The name with the common name of its split: "train/A/1.png" for "TrainA/1.png"."""
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
    """Image -> its first folder below the split.  Every image must lie in one of two or more folders."""
    labels = {}
    for one in (one for some in splits.values() for one in some):
        folder, slash, _ = (one.name.partition("/")[2] if split else one.name).partition("/")
        if not slash:
            return {}
        labels[one.name] = folder
    return labels if len(set(labels.values())) > 1 else {}


def _labels_from_files(
    members: list[Member], into: Callable[[str], str]
) -> tuple[dict[str, str] | None, list[str], dict[str, str]]:
    """Image -> label from all files of labels at the top or in a split, or None; files without; image -> sentence."""
    labels: dict[str, str] | None = None
    unread, captions = list[str](), dict[str, str]()
    for table in (one for one in members if one.is_table and one.name.count("/") < 2):
        folder, found, said = PurePosixPath(table.name).parent, read_labels(table), read_captions(table)
        if found is None and said is None:
            unread.append(f"{table.name} (it holds no labels)")
        if found is not None:
            labels = (labels or {}) | {into(str(folder / name)): label for name, label in found.items()}
        captions |= {into(str(folder / name)): text for name, text in (said or {}).items()}
    return labels, unread, captions


def _match_labels(
    labels: dict[str, str], splits: dict[str, list[Member]], split: bool
) -> tuple[dict[str, str], dict[str, list[tuple[str, str]]]]:
    """The labels of existing images; and by split the images without a label and the labels without an image."""
    unpaired: dict[str, list[tuple[str, str]]] = {name: [] for name in splits}
    known = {one.name for some in splits.values() for one in some}
    for name, some in splits.items():
        unpaired[name] += [(one.name, "no label of this image") for one in some if one.name not in labels]
        unused = [k for k in labels if k not in known and (not split or k.startswith(f"{name}/"))]
        unpaired[name] += [(k, "a label, but no image of this name") for k in unused]
    return {name: label for name, label in labels.items() if name in known}, unpaired


def _without_single_folder(members: list[Member]) -> list[Member]:
    """Go down while a single folder holds all images and tables of labels."""
    counts = [one for one in members if one.is_image or one.is_table]
    while (
        counts
        and all("/" in one.name for one in counts)
        and len({one.name.split("/")[0] for one in counts}) == 1
    ):
        counts = [replace(one, name=one.name.partition("/")[2]) for one in counts]
    return counts
