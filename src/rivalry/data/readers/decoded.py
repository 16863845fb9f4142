"""Many encoded images as one table of bytes, decoded once and kept in the cache.

There are two passes: the headers decide the channels and the size; then the images are decoded, in order, into one
.npy file.  At most a few hundred images are in memory at a time.
"""

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from torch import Tensor

from rivalry.data.readers.budget import processors, require_set, room
from rivalry.data.readers.decode import DAMAGED, DEEP, Look, Pixels, decode, look, reason_of, white_of
from rivalry.data.readers.kept import DONE, is_whole, kept_at, load_table, write_whole
from rivalry.errors import BadRequest
from rivalry.waiting import counted

VERSION = 2  # of the tables in the cache; increase it when decoding changes

Size = tuple[int, int]
R = TypeVar("R")


@dataclass(frozen=True)
class Encoded:
    """One encoded image.

    Attributes:
        name: a name by which a person finds the image.
        open: a function that opens it for reading.
        packed: its bytes in an archive; 0 means the size of the file that `open` returns.
        unpacked: the bytes that `open` takes in memory; 0 for a file on disk.
    """

    name: str
    open: Callable[[], BinaryIO]
    packed: int = 0
    unpacked: int = 0


@dataclass
class Contents:
    """What the pixels of a set really hold; the modes of the files may allow more."""

    color: bool = False
    alpha: bool = False
    highest: int = 0  # the highest value before scaling, of files of more than 8 bits

    @property
    def channels(self) -> int:
        return (3 if self.color else 1) + self.alpha

    def add(self, one: Pixels) -> None:
        channels = len(one.values)
        if channels > 2 and not self.color:
            self.color = bool((one.values[1:3] != one.values[:1]).any())
        if channels in (2, 4) and not self.alpha:
            self.alpha = bool((one.values[-1] < 255).any())
        self.highest = max(self.highest, one.highest)

    def join(self, other: "Contents") -> None:
        self.color, self.alpha = self.color or other.color, self.alpha or other.alpha
        self.highest = max(self.highest, other.highest)


@dataclass
class Decoded:
    """The result of decoding a sequence of images.

    Attributes:
        x: uint8 (n, c, h, w), the decoded images in order; in memory, or mapped from the cache.
        kept: their indices in the sequence.
        skipped: (name, reason) of the images that could not be decoded.
        converted: conversion -> number of images.
        other_size: the first image of another size than the table's, as "b.png is 40 x 32"; "" if there is none.
    """

    x: Tensor
    kept: list[int]
    skipped: list[tuple[str, str]]
    converted: dict[str, int]
    other_size: str = ""


def decode_once(
    images: Sequence[Encoded],
    size: Size | None,
    *,
    key: Any,
    where: str,
    others: Sequence[Encoded] = (),
) -> Decoded:
    """Decode the images, or find them decoded in the cache.

    The pixels of the whole set decide the channels: color if any pixel is not grey, alpha if any is not opaque.  The
    size is the most common one; `decode` crops and resizes the other images.  Values of more than 8 bits have one
    scale, from the highest value in the set and in `others`.

    Args:
        size: height and width in pixels to use instead of the most common size.
        key: a value of JSON's types that changes when the images or `others` change: paths, sizes, times of change.
        where: a name of the source, for messages.
        others: the images of other splits, which get the same scale.

    Raises:
        BadRequest: there are no images, none can be decoded, more than 1 % (and more than one image) cannot be
            decoded, or the cache has no room for them.
    """
    if not images:
        raise BadRequest(
            f"no images in {where}; expected .png, .jpg, .webp or another image format; "
            "docs/your-data.md shows every layout that is read"
        )
    identity = json.dumps([VERSION, size, key], sort_keys=True)
    folder = kept_at("decoded", hashlib.sha256(identity.encode()).hexdigest()[:32])
    if not is_whole(folder):
        write_whole(folder, lambda made: _decode_into(made, images, size, where, others))
    facts = json.loads((folder / DONE).read_text())
    skipped = {i: (images[i].name, why) for i, why in facts["skipped"]}
    kept = [i for i in range(len(images)) if i not in skipped]
    other_size = facts.get("other_size", "")  # a table of an earlier version does not know
    return Decoded(load_table(folder / "x.npy"), kept, [*skipped.values()], facts["converted"], other_size)


def attempt(
    work: Callable[[Encoded], R], images: Sequence[Encoded], size: int = 2**18, what: str = "reading images"
) -> Iterator[R | str]:
    """The results of `work` on each image, in order, computed in threads.  For a damaged image: the reason as a string.

    Args:
        size: bytes of one result; at most 256 MiB of results wait for the consumer.
        what: the name of the work, for whoever shows its progress.
    """

    def one(image: Encoded) -> R | str:
        try:
            return work(image)
        except DAMAGED as error:
            return reason_of(error)

    chunk = min(max(2**28 // size, 1), 256)
    with ThreadPoolExecutor(processors()) as pool:
        starts = range(0, len(images), chunk)
        done = (result for start in starts for result in pool.map(one, images[start : start + chunk]))
        yield from counted(what, done, len(images))


def plan(looks: Iterable[Look], size: Size | None = None) -> tuple[int, int, int]:
    """Channels, height and width for images with these headers: the most channels, and the most common size."""
    known = list(looks)
    channels = (3 if any(one.color for one in known) else 1) + any(one.alpha for one in known)
    if size is None:
        counted = Counter(one.size for one in known)
        size = max(counted, key=lambda s: (counted[s], s[0] * s[1], s))  # if two are as common, the larger
    return channels, *size


def look_at(image: Encoded) -> Look:
    with room(image.unpacked), image.open() as file:
        return look(file)


def decode_as(image: Encoded, channels: int, size: Size, white: int = DEEP) -> Pixels:
    with room(image.unpacked), image.open() as file:
        return decode(file, channels, size, white)


def require_room(images: Sequence[Encoded], looks: Sequence[Look | str], where: str) -> None:
    """Refuse a set whose headers announce far more pixels than its bytes can hold.

    Raises:
        BadRequest: they do; names the sizes.
    """
    readable = [(image, one) for image, one in zip(images, looks) if isinstance(one, Look)]
    packed = sum(image.packed or one.packed for image, one in readable)
    require_set(sum(one.unpacked for _, one in readable), packed, where)


def white_in(contents: Contents, others: Sequence[Encoded]) -> int:
    """The value of white in files of more than 8 bits (see `white_of`).  `others` are decoded only if necessary."""
    if white_of(contents.highest) < DEEP:
        for highest in attempt(_highest, others):
            contents.highest = max(contents.highest, highest if isinstance(highest, int) else 0)
            if white_of(contents.highest) == DEEP:
                break
    return white_of(contents.highest)


def _highest(image: Encoded) -> int:
    header = look_at(image)
    return 0 if header.color or header.alpha else decode_as(image, 1, header.size).highest


def _decode_into(
    folder: Path, images: Sequence[Encoded], size: Size | None, where: str, others: Sequence[Encoded]
) -> None:
    """Write x.npy, and a file with facts about its images."""
    looks = list(attempt(look_at, images, what="looking at images"))
    require_room(images, looks, where)
    shape, white = _shape(looks, images, size, where), DEEP
    while True:
        good = [i for i, look in enumerate(looks) if isinstance(look, Look)]
        _refuse_without_room(folder, (len(good), *shape), where)
        failed, converted, found = _write_table(folder / "x.npy", [images[i] for i in good], shape, white)
        for k, why in failed.items():
            looks[good[k]] = why
        planned = shape, white
        shape = (found.channels, *_shape(looks, images, size, where)[1:])
        white = white_in(found, others)
        if (shape, white) == planned:
            break  # else decode again, in the shape of the images that are not damaged
    skipped = [[i, look] for i, look in enumerate(looks) if isinstance(look, str)]
    facts = {"where": where, "skipped": skipped, "converted": converted}
    (folder / DONE).write_text(json.dumps({**facts, "other_size": _other_size(looks, images, shape[1:])}))


def _other_size(looks: Sequence[Look | str], images: Sequence[Encoded], size: Size) -> str:
    """The first image of another size, in words; "" if there is none."""
    for one, image in zip(looks, images):
        if isinstance(one, Look) and one.size != size:
            return f"{image.name} is {' x '.join(map(str, one.size))}"
    return ""


def _shape(
    looks: Sequence[Look | str], images: Sequence[Encoded], size: Size | None, where: str
) -> tuple[int, int, int]:
    """The shape for the readable images.  A set with too many unreadable images is refused."""
    bad = {i: look for i, look in enumerate(looks) if isinstance(look, str)}
    if bad:
        first = f"{images[min(bad)].name}: {bad[min(bad)]}"
        if len(bad) == len(images):
            raise BadRequest(f"none of the {len(bad)} images in {where} can be read; the first, {first}")
        if len(bad) > max(1, len(images) // 100):
            raise BadRequest(
                f"{len(bad)} of {len(images)} images in {where} cannot be read, which is more than 1 %; "
                f"mend or remove them (the first, {first})"
            )
    return plan((look for look in looks if isinstance(look, Look)), size)


def _write_table(
    path: Path, images: Sequence[Encoded], shape: tuple[int, int, int], white: int
) -> tuple[dict[int, str], dict[str, int], Contents]:
    """Decode into a .npy file.  Returns the failed images with reasons, the counts of conversions, and the contents."""
    channels, height, width = shape
    failed: dict[int, str] = {}
    converted: Counter[str] = Counter()
    contents = Contents()
    work = lambda image: decode_as(image, channels, (height, width), white)
    with open(path, "wb") as file:
        begin = _write_header(file, (len(images), *shape))
        for k, one in enumerate(attempt(work, images, channels * height * width)):
            if isinstance(one, str):
                failed[k] = one
            else:
                file.write(one.values.tobytes())
                converted.update(one.done)
                contents.add(one)
        file.seek(0)
        # numpy's header has spare room, so that the number of rows can be corrected
        assert _write_header(file, (len(images) - len(failed), *shape)) == begin
    return failed, dict(converted), contents


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> int:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.tell()


def _refuse_without_room(folder: Path, shape: tuple[int, ...], where: str) -> None:
    need, free = int(np.prod(shape, dtype=np.int64)) / 2**30, shutil.disk_usage(folder).free / 2**30
    if need > 0.95 * free:
        n, _, h, w = shape
        raise BadRequest(
            f"{n} images of {h} x {w} in {where} take {need:.1f} GiB decoded, and {free:.1f} GiB are free in "
            f"{folder.parent}; ask for a smaller size, or set RIVALRY_CACHE to a folder with more room"
        )
