"""What a set of data holds, what is wrong with it, and which games it suits."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from rivalry.data import open_data
from rivalry.data.names import NAMES
from rivalry.data.readers.decode import DEEP, Look, white_of
from rivalry.data.readers.decoded import Contents, Encoded, attempt, decode_as, look_at, plan, require_room
from rivalry.data.readers.images import Listing, list_images
from rivalry.data.readers.pairs import align, find_sides
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds import find_kind
from rivalry.terminal import plain


class Playable(Protocol):
    """What `check` must know of a game: its name, the kinds that it plays on, and which of these it needs beside.

    "labels", two or more; "domains", two labels exactly; "pairs", aligned.
    """

    @property
    def name(self) -> str: ...
    @property
    def kinds(self) -> tuple[str, ...]: ...
    @property
    def needs(self) -> tuple[str, ...]: ...


@dataclass
class Report:
    """What `check` found.

    Attributes:
        path: what was checked.
        kind: of the data, a name of `rivalry.kinds.KINDS`.
        n: data that can be used, over all splits.
        splits: split -> how many data, damaged ones among them.
        sizes: (height, width) -> how many images; empty for points.
        channels: 1 to 4, what the images will have; for points their dimension.
        labels: label -> how many; empty without labels.
        pairs: in words, how pairs are laid out in it; empty where there are none.
        corrupt: (name, reason) of what cannot be used.
        duplicates: groups of names whose pixels are exactly the same.
        converted: conversion -> how many images take it.
        passed: what is passed over -> how many: endings of files, rows, arrays.
        notes: in words, what was decided that may not be meant, and the remedy.
        suits: the games whose needs it meets.
        wrong: in words, why a game could not be trained on it as it is; empty if one could.
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
    notes: list[str] = field(default_factory=list)
    suits: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def check(path: str, games: Iterable[Playable] = ()) -> Report:
    """Look at every datum of `path`: a folder, .zip, .npz, .parquet, or a name that `open_data` knows.

    A folder or zip is decoded image by image and nothing is kept; it may be as damaged as it likes.

    Args:
        games: those among which to look for what it suits.

    Raises:
        BadRequest: there is nothing at `path`, or what is there cannot be opened at all.
    """
    where = Path(path).expanduser()
    encoded = path not in NAMES and (where.is_dir() or (where.is_file() and where.suffix.lower() == ".zip"))
    report = _check_files(path, where) if encoded else _check_tables(path)
    report.wrong = _what_is_wrong(report)
    if report.n:
        offers = _offers(report)
        report.suits = [g.name for g in games if report.kind in g.kinds and set(g.needs) <= offers]
    return report


def render(report: Report) -> str:
    """The report as plain text, one line a finding; what steers a terminal in names is shown as escapes."""
    return "\n".join(plain(line) for line in _lines(report))


def _lines(report: Report) -> list[str]:
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
    lines += [f"note        {what}" for what in report.notes]
    lines += [f"wrong       {what}" for what in report.wrong]
    if report.suits:
        lines.append("suits       " + ", ".join(report.suits))
    return lines


def _offers(report: Report) -> set[str]:
    """What games can find in it, in the words of `Playable.needs`."""
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
        raise BadRequest(f"no images in {path}; expected .png, .jpg, .webp or another image format")
    looks = list(attempt(look_at, images))
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
    """What is kept of one image: a hash of its pixels, what it took, what its pixels hold."""

    digest: str
    done: list[str]
    contents: Contents


def _digests(readable: list[tuple[Encoded, Look]]) -> tuple[list[_Digest | str], Contents, int]:
    """Of every image; once more where the pixels ask for other channels or another scale than the headers do."""
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
    """What was made of files that hold more bits than their values use."""
    if not highest or highest >= 2**14:
        return []
    read = f"read as {white.bit_length()}-bit, so that {white:,} is white"
    remedy = "if that is not meant, scale the files so that 65,535 is white"
    return [f"no value above {highest:,} of 65,535 in the deeper files: {read}; {remedy}"]


def _pairs(listing: Listing, sizes: set[tuple[int, int]]) -> str:
    """How the images are laid out as pairs, in words; empty where they are not."""
    sides = find_sides(listing)
    try:
        n = sum(len(align(both, "")) for both in sides.values())
    except BadRequest:  # folders that happen to be named so: two domains, as any others
        return ""
    if sides:
        return f"{n:,}, of one name in the folders A and B"
    if sizes and all(w == 2 * h for h, w in sizes):
        return "perhaps side by side: every image is twice as wide as tall"
    return ""


def _check_tables(path: str) -> Report:
    """Data that are a table already: every split is opened whole."""
    first = open_data(path)
    tables = {name: first if name == "train" else open_data(path, name) for name in first.facts["splits"]}
    report = Report(path, first.spec.kind, sum(map(len, tables.values())), channels=first.spec.shape[0])
    report.splits = {name: len(one) for name, one in tables.items()}
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
    report.notes = _dark(report.kind, tables)
    report.sizes, report.labels = dict(sizes), dict(labels)
    report.duplicates = [group for group in same.values() if len(group) > 1]
    return report


def _count(into: dict[str, int], some: dict[str, int], most: bool = False) -> None:
    """Add counts up; or take the larger, of what every split tells of the whole file."""
    for what, n in some.items():
        into[what] = max(into.get(what, 0), n) if most else into.get(what, 0) + n


def _dark(kind: str, tables: dict[str, Dataset]) -> list[str]:
    """Pictures of which none has a bright pixel, where the values may have another range than was taken."""
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


def _what_is_wrong(report: Report) -> list[str]:
    total = sum(report.splits.values())
    wrong = []
    if report.n == 0:
        wrong.append("nothing in it can be read")
    elif len(report.corrupt) > max(1, total // 100):
        wrong.append(f"{len(report.corrupt):,} of {total:,} cannot be used, and more than 1 % is refused")
    if report.sizes and min(max(report.sizes.items(), key=lambda one: one[1])[0]) < 8:
        wrong.append("most images are smaller than 8 x 8; give a size")
    wrong += [f"the label {name!r} has no image" for name, n in report.labels.items() if not n]
    return wrong


def _several(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
