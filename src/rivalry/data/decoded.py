"""Many encoded images as one table of bytes, decoded once and kept in the cache.

Two passes: the headers decide the channels and the size, then the images are decoded in order into one .npy
file.  No more than a few hundred images are in memory at a time.
"""

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from torch import Tensor

from rivalry.data.decode import DAMAGED, Look, decode, look
from rivalry.data.kept import DONE, is_whole, kept_at, load_table, write_whole
from rivalry.errors import BadRequest

VERSION = 1  # of the tables in the cache; raise it when the same files would be decoded differently

Size = tuple[int, int]
R = TypeVar("R")


@dataclass(frozen=True)
class Encoded:
    """One encoded image: the name by which a person finds it, and how to open it."""

    name: str
    open: Callable[[], BinaryIO]


@dataclass
class Decoded:
    """What became of a sequence of encoded images.

    Attributes:
        x: uint8 (n, c, h, w) of those that could be decoded, in order; in memory, or mapped from the cache.
        kept: which of the sequence they are.
        skipped: (name, reason) of the others.
        converted: how many took each conversion.
    """

    x: Tensor
    kept: list[int]
    skipped: list[tuple[str, str]]
    converted: dict[str, int]


def decode_once(images: Sequence[Encoded], size: Size | None, *, key: Any, where: str) -> Decoded:
    """Decode the images, or find them decoded in the cache.

    The richest of the images decides the channels (color if any has color, alpha if any has alpha), and the
    most common size is the size; `decode` says how the others are made to fit.

    Args:
        size: height and width in pixels to use instead of the most common size.
        key: what tells these very bytes from any others: paths, sizes, times of change; of JSON's types.
        where: the source, for messages.

    Raises:
        BadRequest: there are no images, none can be decoded, more than 1 % (and more than one) cannot be
            decoded, or the cache has no room for them.
    """
    if not images:
        raise BadRequest(f"no images in {where}; expected .png, .jpg, .webp or another image format")
    told = json.dumps([VERSION, size, key], sort_keys=True)
    folder = kept_at("decoded", hashlib.sha256(told.encode()).hexdigest()[:32])
    if not is_whole(folder):
        write_whole(folder, lambda beside: _decode_into(beside, images, size, where))
    facts = json.loads((folder / DONE).read_text())
    skipped = {i: (images[i].name, why) for i, why in facts["skipped"]}
    kept = [i for i in range(len(images)) if i not in skipped]
    return Decoded(load_table(folder / "x.npy"), kept, [*skipped.values()], facts["converted"])


def attempt(work: Callable[[Encoded], R], images: Sequence[Encoded]) -> Iterator[R | str]:
    """`work` on each image, in order and in threads; where its bytes are damaged, the reason as a string."""

    def one(image: Encoded) -> R | str:
        try:
            return work(image)
        except DAMAGED as error:
            return _reason(error)

    chunk = 256  # how many results may wait for the consumer
    with ThreadPoolExecutor(_processors()) as pool:
        for start in range(0, len(images), chunk):
            yield from pool.map(one, images[start : start + chunk])


def plan(looks: Iterable[Look], size: Size | None = None) -> tuple[int, int, int]:
    """Channels, height and width for images that look like this: the richest, and the most common size."""
    seen = list(looks)
    channels = (3 if any(one.color for one in seen) else 1) + any(one.alpha for one in seen)
    if size is None:
        counted = Counter(one.size for one in seen)
        size = max(counted, key=lambda s: (counted[s], s[0] * s[1], s))  # of two as common, the larger
    return channels, *size


def look_at(image: Encoded) -> Look:
    with image.open() as file:
        return look(file)


def decode_as(image: Encoded, channels: int, size: Size) -> tuple[np.ndarray, list[str]]:
    with image.open() as file:
        return decode(file, channels, size)


def _decode_into(folder: Path, images: Sequence[Encoded], size: Size | None, where: str) -> None:
    """Write x.npy and the facts of its making."""
    looks = list(attempt(look_at, images))
    shape = _shape(looks, images, size, where)
    while True:
        good = [i for i, seen in enumerate(looks) if isinstance(seen, Look)]
        _refuse_without_room(folder, (len(good), *shape), where)
        failed, converted = _write_table(folder / "x.npy", [images[i] for i in good], shape)
        for k, why in failed.items():
            looks[good[k]] = why
        planned, shape = shape, _shape(looks, images, size, where)
        if shape == planned:
            break  # else a damaged image had a say in the shape: again, without it
    skipped = [[i, seen] for i, seen in enumerate(looks) if isinstance(seen, str)]
    (folder / DONE).write_text(json.dumps({"where": where, "skipped": skipped, "converted": converted}))


def _shape(
    looks: Sequence[Look | str], images: Sequence[Encoded], size: Size | None, where: str
) -> tuple[int, int, int]:
    """The shape that the readable images ask for; refuses a set of which too many cannot be read."""
    bad = {i: seen for i, seen in enumerate(looks) if isinstance(seen, str)}
    if bad:
        first = f"{images[min(bad)].name}: {bad[min(bad)]}"
        if len(bad) == len(images):
            raise BadRequest(f"none of the {len(bad)} images in {where} can be read; the first, {first}")
        if len(bad) > max(1, len(images) // 100):
            raise BadRequest(
                f"{len(bad)} of {len(images)} images in {where} cannot be read, which is more than 1 %; "
                f"mend or remove them (the first, {first})"
            )
    return plan((seen for seen in looks if isinstance(seen, Look)), size)


def _write_table(
    path: Path, images: Sequence[Encoded], shape: tuple[int, int, int]
) -> tuple[dict[int, str], dict[str, int]]:
    """Decode into a .npy file; which images failed and why, and how many took each conversion."""
    channels, *size = shape
    failed: dict[int, str] = {}
    converted: Counter[str] = Counter()
    with open(path, "wb") as file:
        begin = _write_header(file, (len(images), *shape))
        for k, one in enumerate(
            attempt(lambda image: decode_as(image, channels, (size[0], size[1])), images)
        ):
            if isinstance(one, str):
                failed[k] = one
            else:
                file.write(one[0].tobytes())
                converted.update(one[1])
        file.seek(0)
        # numpy leaves room in the header for the number of rows to change
        assert _write_header(file, (len(images) - len(failed), *shape)) == begin
    return failed, dict(converted)


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


def _reason(error: Exception) -> str:
    """Why an image cannot be read, in one line."""
    said = getattr(error, "strerror", None) or str(error).split("\n")[0]
    return "not an image" if said.startswith("cannot identify image file") else said or type(error).__name__


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
