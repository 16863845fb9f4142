"""Checking a set of data: its contents, its faults, and the games that can use it."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from rivalry.data import LAYOUTS, open_data
from rivalry.data.names import NAMES
from rivalry.data.readers.array_folders import reader_of_arrays
from rivalry.data.readers.decode import DEEP, Look, white_of
from rivalry.data.readers.decoded import Contents, Encoded, attempt, decode_as, look_at, plan, require_room
from rivalry.data.readers.images import Listing, list_images
from rivalry.data.readers.pairs import align, find_sides
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds import find_kind, reader_of_folder
from rivalry.terminal import plain


class Playable(Protocol):
    """What `check` must know about a game: its name, the kinds of data it plays on, and its further needs.

    Needs are "labels" (two or more), "domains" (exactly two labels) and "pairs" (aligned).
    """

    @property
    def name(self) -> str: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def needs(self) -> tuple[str, ...]: ...


@dataclass
class Report:
    """The findings of `check`.

    Attributes:
        path: the path or name that was checked.
        kind: of the data, a name of `rivalry.kinds.KINDS`.
        n: the number of usable data, over all splits.
        splits: split -> number of data, including damaged ones.
        sizes: (height, width) -> number of images; empty for points.
        channels: the channels that the images will have, 1 to 4; for points their dimension.
        labels: label -> number of data; empty without labels.
        pairs: how pairs are laid out, in words; empty if there are none.
        corrupt: (name, reason) of each datum that cannot be used.
        duplicates: groups of names whose pixels are exactly the same.
        converted: conversion -> number of images that need it.
        passed: what is skipped (endings of files, rows, arrays) -> how many.
        columns: what the columns of a table hold, a line for each.
        notes: decisions that may be wrong, in words, each with a remedy.
        suits: the games that can use the data.
        wrong: why a game could not be trained on the data as they are, in words; empty if it could.
    """

    path: str
    kind: str = "image"
    n: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)
    channels: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    pairs: str = ""
    corrupt: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[list[str]] = field(default_factory=list)
    converted: dict[str, int] = field(default_factory=dict)
    passed: dict[str, int] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    suits: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def check(path: str, games: Iterable[Playable] = ()) -> Report:
    """Check every datum of `path`: a folder, .zip, .npz, .parquet, or a name that `open_data` knows.

    A folder or zip is decoded image by image and nothing is kept.  Any number of its files may be damaged.

    Args:
        games: the games to check the data for.

    Raises:
        BadRequest: `path` does not exist, or cannot be opened at all.
    """
    where = Path(path).expanduser()
    encoded = _is_encoded(path, where)
    report = _check_files(path, where) if encoded else _check_tables(path)
    report.wrong = _what_is_wrong(report, encoded)
    report.suits = _suits(report, games)
    return report


def _is_encoded(path: str, where: Path) -> bool:
    """Whether the data are files of encoded images, which `check` decodes one by one; else they are tables."""
    if path in NAMES:
        return False
    if where.is_dir():
        return not reader_of_arrays(where) and reader_of_folder(where).startswith("images:")
    return where.is_file() and where.suffix.lower() == ".zip"


def glance(path: str, games: Iterable[Playable] = ()) -> Report:
    """What `check` finds, from the headers of the images alone: no damage and no duplicates, but in little time.

    Raises:
        BadRequest: as `check` does.
    """
    where = Path(path).expanduser()
    if not _is_encoded(path, where):
        return check(path, games)
    listing = list_images(where)
    images = [one.encoded for some in listing.splits.values() for one in some]
    if not images:
        return check(path, games)  # it says why
    looks = [one for one in attempt(look_at, images, what="looking at images") if isinstance(one, Look)]
    splits = {name: len(some) for name, some in listing.splits.items()}
    report = Report(path, n=len(looks), channels=plan(looks)[0] if looks else 0, splits=splits)
    report.sizes = dict(Counter(look.size for look in looks))
    report.labels = {name: 0 for name in listing.classes} | dict(Counter(listing.labels.values()))
    report.pairs = _pairs(listing, set(report.sizes))
    report.suits = _suits(report, games)
    return report


def render(report: Report, suits: bool = True) -> str:
    """The report as plain text, a line for each finding.  Control characters in names are escaped.

    Args:
        suits: name the games that suit.
    """
    return "\n".join(plain(line) for line in _lines(report, suits))


def _lines(report: Report, suits: bool) -> list[str]:
    lines = [f"{report.path}: {report.n:,} {find_kind(report.kind).plural} that can be used"]
    lines.append("splits      " + ", ".join(f"{name} {n:,}" for name, n in report.splits.items()))
    if report.sizes:
        sizes = sorted(report.sizes.items(), key=lambda one: -one[1])
        lines.append("sizes       " + _several([f"{h} x {w} ({n:,})" for (h, w), n in sizes]))
        mode = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}.get(report.channels, "unknown")
        lines.append(f"channels    {report.channels} ({mode})")
    elif report.n:
        lines.append(f"dimensions  {report.channels}")
    lines.append("labels      " + (_several([f"{k} ({n:,})" for k, n in report.labels.items()]) or "none"))
    if report.pairs:
        lines.append(f"pairs       {report.pairs}")
    if report.converted:
        lines.append("converted   " + _several([f"{how} ({n:,})" for how, n in report.converted.items()]))
    if report.passed:
        lines.append("passed over " + _several([f"{what} ({n:,})" for what, n in report.passed.items()]))
    if report.duplicates:
        extra = sum(len(group) - 1 for group in report.duplicates)
        first = " = ".join(report.duplicates[0][:3])
        lines.append(f"duplicates  {extra:,} with exactly the pixels of another, as {first}")
    lines += [f"corrupt     {name}: {why}" for name, why in report.corrupt[:20]]
    if len(report.corrupt) > 20:
        lines.append(f"corrupt     and {len(report.corrupt) - 20:,} more")
    lines += [f"column      {what}" for what in report.columns]
    lines += [f"note        {what}" for what in report.notes]
    lines += [f"wrong       {what}" for what in report.wrong]
    if suits and report.suits:
        lines.append("suits       " + ", ".join(report.suits))
    return lines


def _suits(report: Report, games: Iterable[Playable]) -> list[str]:
    offers = _offers(report)
    return [g.name for g in games if report.n and report.kind in g.kinds and set(g.needs) <= offers]


def _offers(report: Report) -> set[str]:
    """The needs of games that the data meet, in the words of `Playable.needs`."""
    there = {
        "labels": len(report.labels) > 1,
        "domains": len(report.labels) == 2,
        "pairs": bool(report.pairs),
    }
    return {what for what, so in there.items() if so}


def _check_files(path: str, where: Path) -> Report:
    listing = list_images(where)
    images = [one.encoded for some in listing.splits.values() for one in some]
    if not images:
        raise BadRequest(
            f"no images in {path}; expected .png, .jpg, .webp or another image format.  {LAYOUTS}"
        )
    looks = list(attempt(look_at, images, what="looking at images"))
    require_room(images, looks, path)
    readable = [(image, contents) for image, contents in zip(images, looks) if isinstance(contents, Look)]
    digests, contents, white = _digests(readable)
    splits = {name: len(some) for name, some in listing.splits.items()}
    report = Report(path, channels=contents.channels if readable else 0, splits=splits, passed=listing.passed)
    report.corrupt = [(image.name, why) for image, why in zip(images, looks) if isinstance(why, str)]
    same: dict[str, list[str]] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    converted: Counter[str] = Counter()
    for (image, look), one in zip(readable, digests):
        if isinstance(one, str):
            report.corrupt.append((image.name, one))
            continue
        same.setdefault(one.digest, []).append(image.name)
        converted.update(one.done)
        sizes[look.size] += 1
    good = {name for group in same.values() for name in group}
    report.n, report.sizes, report.converted = len(good), dict(sizes), dict(converted)
    report.duplicates = [group for group in same.values() if len(group) > 1]
    counted = Counter(label for name, label in listing.labels.items() if name in good)
    report.labels = {name: counted[name] for name in listing.classes}
    report.pairs = _pairs(listing, set(sizes))
    report.corrupt = sorted(report.corrupt + [one for some in listing.unlabeled.values() for one in some])
    report.notes = _depth(contents.highest, white)
    return report


@dataclass
class _Digest:
    """The findings about one image: a hash of its pixels, its conversions, and what its pixels hold."""

    digest: str
    done: list[str]
    contents: Contents


def _digests(readable: list[tuple[Encoded, Look]]) -> tuple[list[_Digest | str], Contents, int]:
    """Digests of all images.  They are decoded again if the pixels need another format than the headers say."""
    sizes = {image.name: look.size for image, look in readable}
    images = [image for image, _ in readable]
    channels, white = plan(look for _, look in readable)[0] if readable else 1, DEEP
    while True:
        work = partial(_digest, channels=channels, sizes=sizes, white=white)
        digests, contents = list(attempt(work, images)), Contents()
        for one in digests:
            if isinstance(one, _Digest):
                contents.join(one.contents)
        if (contents.channels, white_of(contents.highest)) == (channels, white):
            return digests, contents, white
        channels, white = contents.channels, white_of(contents.highest)


def _digest(image: Encoded, channels: int, sizes: dict[str, tuple[int, int]], white: int) -> _Digest:
    pixels, contents = decode_as(image, channels, sizes[image.name], white), Contents()
    contents.add(pixels)
    held = hashlib.sha256(str(pixels.values.shape).encode() + pixels.values.tobytes()).hexdigest()
    return _Digest(held, pixels.done, contents)


def _depth(highest: int, white: int) -> list[str]:
    """A note on files that have more bits than their values use."""
    if not highest or highest >= 2**14:
        return []
    read = f"read as {white.bit_length()}-bit, so that {white:,} is white"
    remedy = "if that is not meant, scale the files so that 65,535 is white"
    return [f"no value above {highest:,} of 65,535 in the deeper files: {read}; {remedy}"]


def _pairs(listing: Listing, sizes: set[tuple[int, int]]) -> str:
    """How the images are laid out as pairs, in words; empty if they are not pairs."""
    sides = find_sides(listing)
    try:
        n = sum(len(align(both, "")) for both in sides.values())
    except BadRequest:  # the folders A and B do not match: they are two domains
        return ""
    if sides:
        return f"{n:,}, of one name in the folders A and B"
    if sizes and all(w == 2 * h for h, w in sizes):
        return "perhaps side by side: every image is twice as wide as tall"
    return ""


def _check_tables(path: str) -> Report:
    """Check data that are tables already: every split is opened completely."""
    first = open_data(path)
    tables, refused = dict[str, Dataset](), dict[str, str]()
    for name in first.facts["splits"]:
        try:
            tables[name] = first if name == "train" else open_data(path, name)
        except BadRequest as error:  # no datum of this split can be used
            refused[name] = str(error)
    report = Report(path, first.spec.kind, sum(map(len, tables.values())), channels=first.spec.shape[0])
    report.splits = {name: len(one) for name, one in tables.items()} | {name: 0 for name in refused}
    report.pairs = "each with the image that it is made from" if "source" in first.spec.extra else ""
    sizes: Counter[tuple[int, int]] = Counter()
    labels = Counter({name: 0 for name in first.spec.classes})
    same: dict[bytes, list[str]] = {}
    for split, one in tables.items():
        if one.spec.meaning.axes == 2:
            sizes[(one.spec.shape[1], one.spec.shape[2])] += len(one)
            for i in range(len(one)):
                same.setdefault(hashlib.sha256(one.x[i].numpy().tobytes()).digest(), []).append(
                    f"{split} {i}"
                )
        _count_labels(one, labels)
        _count(report.passed, one.facts.get("passed", {}), most=True)
        report.corrupt += one.facts.get("skipped", [])
        _count(report.converted, one.facts.get("converted", {}))
    said = [what for name in ("notes", "remarks") for what in first.facts.get(name, [])]
    report.notes = [*_dark(report.kind, tables), *said, *refused.values()]
    report.columns = first.spec.meaning.described(first.spec.x)
    report.sizes, report.labels = dict(sizes), dict(labels)
    report.duplicates = [group for group in same.values() if len(group) > 1]
    return report


def _count(into: dict[str, int], some: dict[str, int], most: bool = False) -> None:
    """Add `some` to the counts `into`.  With `most`, take the larger: each split then reports the whole file."""
    for what, n in some.items():
        into[what] = max(into.get(what, 0), n) if most else into.get(what, 0) + n


def _dark(kind: str, tables: dict[str, Dataset]) -> list[str]:
    """A note if no image has a bright pixel: the values may have another range than was assumed."""
    highest = max(int(one.x.max()) for one in tables.values()) if find_kind(kind).axes == 2 else 255
    if highest > 32:
        return []
    return [
        f"no value above {highest} of 255: nearly black; scale the values to 0 to 255 if that is not meant"
    ]


def _count_labels(dataset: Dataset, labels: Counter[str]) -> None:
    if dataset.label is not None:
        counts = dataset.label.bincount(minlength=len(dataset.spec.classes)).tolist()
        labels.update(dict(zip(dataset.spec.classes, counts)))


def _what_is_wrong(report: Report, encoded: bool) -> list[str]:
    """What must be mended before training; of images more than 1 % are not left out, of other files any number is."""
    total = sum(report.splits.values())
    wrong = []
    if report.n == 0:
        wrong.append("nothing in it can be read")
    elif encoded and len(report.corrupt) > max(1, total // 100):
        wrong.append(f"{len(report.corrupt):,} of {total:,} cannot be used, and more than 1 % is refused")
    if report.sizes and min(max(report.sizes.items(), key=lambda one: one[1])[0]) < 8:
        wrong.append("most images are smaller than 8 x 8; give a size")
    wrong += [f"the label {name!r} has no data" for name, n in report.labels.items() if not n]
    return wrong


def _several(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
