"""Aligned pairs of a picture A and the picture B to make from it, in a folder or a zip.

    facades/1.jpg                              A and B side by side in one picture, of one width
    facades/A/1.png        facades/B/1.png     or in two folders, with the same name
    facades/trainA/1.png   facades/trainB/1.png    with splits; train/A and A/train are read as well

A is the column "source", B is `x`.  Pictures side by side can have splits as other folders: train/, test/, val/.
"""

import contextlib
import io
import os
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from rivalry.data.readers.decode import DAMAGED, Look, resize
from rivalry.data.readers.decoded import Encoded, Size, decode_as, decode_once, look_at, plan
from rivalry.data.readers.images import Listing, list_images
from rivalry.data.readers.members import Member, members_of
from rivalry.data.readers.splits import SPLITS, canonical
from rivalry.data.source import Column, Dataset, Spec
from rivalry.errors import BadRequest

Sides = dict[
    str, dict[str, list[Member]]
]  # "A" and "B" -> name without extension -> images, of which there should be one
_SPLIT = f"(?i:{'|'.join(SPLITS)})"


@dataclass(frozen=True)
class Pair:
    """One pair before it is decoded.

    Attributes:
        members: its files: one with both pictures side by side, or one for A and one for B.
    """

    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        return " and ".join(one.name for one in self.members)

    @property
    def images(self) -> list[Encoded]:
        return [one.encoded for one in self.members]

    @property
    def packed(self) -> int:
        return sum(one.packed or max(one.stamp[0], 0) for one in self.members)


class _Unfit(Exception):
    """A file for which the whole set is refused.  (Of files that raise one of `DAMAGED`, a few are skipped.)"""


def open_pairs(path: Path, split: str = "train", size: Size | None = None) -> Dataset:
    """A folder or zip of aligned pairs as a table, decoded once into the cache.

    Both pictures of a pair get the richer of their modes.  If one picture is damaged, the pair is skipped.

    Args:
        size: height and width in pixels, to which each of the two pictures is cropped and resized.  Without it, all
            pictures must have one size.

    Returns:
        `x` (B) and the column "source" (A), both uint8 (n, c, h, w).  `facts["skipped"]` lists (name, reason).

    Raises:
        BadRequest: no folder or zip, no pairs, no such split, a picture without a partner, pictures of
            different sizes, too many damaged.
    """
    if path.is_file() and path.suffix.lower() != ".zip":
        raise BadRequest(f"pairs are read from a folder or a .zip; {path} is neither")
    listing = list_images(path)
    sides = find_sides(listing)
    if not sides:
        _refuse_lone_side(path)
    splits, split = sides or listing.splits, canonical(split)
    if split not in splits:
        raise BadRequest(f"{path} has no split {split!r}; it has {', '.join(splits)}")
    pairs = align(sides[split], path) if sides else [Pair((one,)) for one in listing.splits[split]]
    try:
        fit = size or _size_of_first(pairs)
        decoded = decode_once(
            [
                Encoded(one.name, partial(_stacked, one, fit, strict=size is None), one.packed)
                for one in pairs
            ],
            (2 * fit[0], fit[1]),
            key=[
                "pairs",
                str(path.resolve()),
                size,
                [[m.name, *m.stamp] for one in pairs for m in one.members],
            ],
            where=str(path),
        )
    except _Unfit as unfit:
        raise BadRequest(f"{path} cannot be read as pairs: {unfit}") from unfit
    source, x = decoded.x[:, :, : fit[0]], decoded.x[:, :, fit[0] :]
    name = path.resolve().name if path.is_dir() else path.stem
    facts = {
        "source": str(path),
        "splits": tuple(splits),
        "skipped": decoded.skipped,
        "converted": decoded.converted,
        "passed": listing.passed,
    }
    shape = tuple(x.shape[1:])
    return Dataset(
        Spec(name, "image", shape, extra={"source": Column("image", shape)}),
        x,
        None,
        facts,
        {"source": source},
    )


def find_sides(listing: Listing) -> dict[str, Sides]:
    """Split -> the images of its folders A and B; empty if there are no such folders."""
    found: dict[str, Sides] = {}
    for one in (one for some in listing.splits.values() for one in some):
        if place := _placed(one.name):
            split, side, rest = place
            found.setdefault(split, {"A": {}, "B": {}})[side].setdefault(rest, []).append(one)
    return {split: found[split] for split in dict.fromkeys(SPLITS.values()) if split in found}


def align(sides: Sides, where: Path | str) -> list[Pair]:
    """The pairs of two folders, in the order of their names.

    Raises:
        BadRequest: a side is empty, or a picture has no partner, or two.
    """
    counts = {side: sum(len(some) for some in named.values()) for side, named in sides.items()}
    for side, other in ("AB", "BA"):
        if not counts[side]:
            raise BadRequest(
                f"{where} has {counts[other]} images in {other} and none in {side}; pairs need both"
            )
    for side, other in ("AB", "BA"):
        unpaired = [some[0] for rest, some in sides[side].items() if rest not in sides[other]]
        if unpaired:
            raise BadRequest(
                f"{len(unpaired)} of {counts[side]} images in {side} of {where} have no partner in {other}, "
                f"an image of the same name; the first is {unpaired[0].name}"
            )
        twice = next((some for some in sides[side].values() if len(some) > 1), None)
        if twice:
            raise BadRequest(
                f"{twice[0].name} and {twice[1].name} in {where} have one partner; keep one of them"
            )
    return [Pair((*sides["A"][rest], *sides["B"][rest])) for rest in sorted(sides["A"])]


def _placed(name: str) -> tuple[str, str, str] | None:
    """Split, side, and name without extension of an image in a folder A or B; None for other images."""
    name = re.sub(f"^([AB])/({_SPLIT})/", r"\2/\1/", name)
    found = re.fullmatch(f"(?:({_SPLIT})/)?([AB])/(.+)", name)
    return (canonical(found[1] or "train"), found[2], os.path.splitext(found[3])[0]) if found else None


def _refuse_lone_side(path: Path) -> None:
    """Refuse a folder of which only A or only B has images.  `list_images` would read that folder like any other."""
    if path.is_file():
        folders = [one.name.rpartition("/")[0] for one in members_of(path)]
    else:
        folders = [one.relative_to(path).as_posix() for one in path.rglob("*/")]
    shown = [folder for folder in folders if not folder.startswith(".")]
    if any(re.search(f"(?:^|/)(?:{_SPLIT})?[AB](?:/|$)", folder) for folder in shown):
        raise BadRequest(f"{path} has a folder A or B, but not images in both; pairs need both")


def _size_of_first(pairs: list[Pair]) -> Size:
    """The size of a picture in the first pair whose headers can be read."""
    for pair in pairs:
        with contextlib.suppress(*DAMAGED):
            return _sizes([look_at(one) for one in pair.images], pair)[0]
    return 1, 1  # any size: no image can be decoded, and `decode_once` raises


def _sizes(looks: list[Look], pair: Pair) -> list[Size]:
    """The sizes of the two pictures of a pair."""
    if len(looks) == 2:
        return [looks[0].size, looks[1].size]
    h, w = looks[0].size
    if w <= h:
        raise _Unfit(
            f"{pair.name} is {h} x {w}; expected folders A and B, or two pictures side by side, wider than tall"
        )
    if w % 2:
        raise _Unfit(
            f"{pair.name} is {w} pixels wide; two pictures side by side are an even number of pixels"
        )
    return [(h, w // 2)] * 2


def _stacked(pair: Pair, size: Size, strict: bool) -> BinaryIO:
    """A picture with A above B, each of this size.  `decode_once` so keeps or skips both of a pair together.

    The two are resized separately, since a filter over both would mix them along their border.
    """
    looks = [look_at(one) for one in pair.images]
    for (h, w), name in zip(_sizes(looks, pair), (pair.members[0].name, pair.members[-1].name)):
        if strict and (h, w) != size:
            raise _Unfit(
                f"{name} holds a picture of {h} x {w}, the first pair of {size[0]} x {size[1]}; give one size for all"
            )
    channels = plan(looks)[0]
    pixels = [decode_as(one, channels, look.size)[0] for one, look in zip(pair.images, looks)]
    both = pixels if len(pixels) == 2 else np.split(pixels[0], 2, axis=2)
    stacked = np.concatenate([resize(one[None], size)[0] for one in both], axis=1)  # (c, 2h, w)
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(stacked.transpose(1, 2, 0)) if channels > 1 else stacked[0])
    image.save(file, "PNG", compress_level=0)
    file.seek(0)
    return file
