"""What a set of data holds, what is wrong with it, and which games it suits."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rivalry.data import open_data
from rivalry.data.decode import Look
from rivalry.data.decoded import Encoded, attempt, decode_as, look_at, plan
from rivalry.data.images import Listing, list_images
from rivalry.data.names import NAMES
from rivalry.data.pairs import align, find_sides
from rivalry.data.source import Dataset
from rivalry.errors import BadRequest


class Playable(Protocol):
    """What `check` must know of a game: its name, and which of these it needs.

    "image" or another kind; "labels", two or more; "domains", two labels exactly; "pairs", aligned.
    """

    @property
    def name(self) -> str: ...
    @property
    def needs(self) -> tuple[str, ...]: ...


@dataclass
class Report:
    """What `check` found.

    Attributes:
        path: what was checked.
        kind: "image" or "points".
        n: data that can be used, over all splits.
        splits: split -> how many data, damaged ones among them.
        sizes: (height, width) -> how many images; empty for points.
        channels: 1 to 4, what the images will have; for points their dimension.
        labels: label -> how many; empty without labels.
        pairs: in words, how pairs are laid out in it; empty where there are none.
        corrupt: (name, reason) of what cannot be used.
        duplicates: groups of names whose pixels are exactly the same.
        converted: conversion -> how many images take it.
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
        report.suits = [game.name for game in games if set(game.needs) <= offers]
    return report


def render(report: Report) -> str:
    """The report as plain text, one line a finding."""
    lines = [
        f"{report.path}: {report.n:,} {'images' if report.kind == 'image' else report.kind} that can be used"
    ]
    lines.append("splits      " + ", ".join(f"{name} {n:,}" for name, n in report.splits.items()))
    if report.kind == "image":
        sizes = sorted(report.sizes.items(), key=lambda one: -one[1])
        lines.append("sizes       " + _several([f"{h} x {w} ({n:,})" for (h, w), n in sizes]))
        mode = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}.get(report.channels, "unknown")
        lines.append(f"channels    {report.channels} ({mode})")
    else:
        lines.append(f"dimensions  {report.channels}")
    lines.append("labels      " + (_several([f"{k} ({n:,})" for k, n in report.labels.items()]) or "none"))
    if report.pairs:
        lines.append(f"pairs       {report.pairs}")
    if report.converted:
        lines.append("converted   " + _several([f"{how} ({n:,})" for how, n in report.converted.items()]))
    if report.duplicates:
        extra = sum(len(group) - 1 for group in report.duplicates)
        first = " = ".join(report.duplicates[0][:3])
        lines.append(f"duplicates  {extra:,} with exactly the pixels of another, as {first}")
    lines += [f"corrupt     {name}: {why}" for name, why in report.corrupt[:20]]
    if len(report.corrupt) > 20:
        lines.append(f"corrupt     and {len(report.corrupt) - 20:,} more")
    lines += [f"wrong       {what}" for what in report.wrong]
    if report.suits:
        lines.append("suits       " + ", ".join(report.suits))
    return "\n".join(lines)


def _offers(report: Report) -> set[str]:
    """What games can find in it, in the words of `Playable.needs`."""
    there = {
        "labels": len(report.labels) > 1,
        "domains": len(report.labels) == 2,
        "pairs": bool(report.pairs),
    }
    return {report.kind, *(what for what, so in there.items() if so)}


def _check_files(path: str, where: Path) -> Report:
    listing = list_images(where)
    members = [one for some in listing.splits.values() for one in some]
    if not members:
        raise BadRequest(f"no images in {path}; expected .png, .jpg, .webp or another image format")
    images = [Encoded(one.name, one.open) for one in members]
    looks = list(attempt(look_at, images))
    readable = [(image, seen) for image, seen in zip(images, looks) if isinstance(seen, Look)]
    channels = plan(seen for _, seen in readable)[0] if readable else 0
    told = dict(zip((image.name for image, _ in readable), (seen.size for _, seen in readable)))
    decoded = attempt(
        lambda image: _digest(image, channels, told[image.name]), [image for image, _ in readable]
    )
    report = Report(
        path, channels=channels, splits={name: len(some) for name, some in listing.splits.items()}
    )
    report.corrupt = [(image.name, seen) for image, seen in zip(images, looks) if isinstance(seen, str)]
    same: dict[str, list[str]] = {}
    sizes: Counter[tuple[int, int]] = Counter()
    converted: Counter[str] = Counter()
    for (image, seen), one in zip(readable, decoded):
        if isinstance(one, str):
            report.corrupt.append((image.name, one))
            continue
        same.setdefault(one[0], []).append(image.name)
        converted.update(one[1])
        sizes[seen.size] += 1
    good = {name for group in same.values() for name in group}
    report.n, report.sizes, report.converted = len(good), dict(sizes), dict(converted)
    report.duplicates = [group for group in same.values() if len(group) > 1]
    counted = Counter(label for name, label in listing.labels.items() if name in good)
    report.labels = {name: counted[name] for name in listing.classes}
    report.pairs = _pairs(listing, set(sizes))
    report.corrupt = sorted(report.corrupt + [one for some in listing.unlabeled.values() for one in some])
    return report


def _digest(image: Encoded, channels: int, size: tuple[int, int]) -> tuple[str, list[str]]:
    pixels, done = decode_as(image, channels, size)
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest(), done


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
        if report.kind == "image":
            sizes[(one.spec.shape[1], one.spec.shape[2])] += len(one)
            for i in range(len(one)):
                same.setdefault(hashlib.sha256(one.x[i].numpy().tobytes()).digest(), []).append(
                    f"{split} {i}"
                )
        _count_labels(one, labels)
        report.corrupt += one.facts.get("skipped", [])
        for how, n in one.facts.get("converted", {}).items():
            report.converted[how] = report.converted.get(how, 0) + n
    report.sizes, report.labels = dict(sizes), dict(labels)
    report.duplicates = [group for group in same.values() if len(group) > 1]
    return report


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


def _several(told: list[str]) -> str:
    return ", ".join(told[:8]) + (f" and {len(told) - 8} more" if len(told) > 8 else "")
