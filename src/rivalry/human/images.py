"""The images of a study: copied under names that tell nothing of where they come from.

A judge who is shown `photographs/17.jpg` needs no eyes.  So each image is decoded, written anew as PNG without whatever
else its file held, and numbered in an order drawn at random.
"""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from rivalry.data.readers.decode import DAMAGED, MODES, decode, look
from rivalry.data.readers.images import Member, list_images
from rivalry.errors import BadRequest

FOLDER = "images"

Found = list[tuple[str, Member]]  # a source and one of its images


def find(sources: Mapping[str, Path], most: int, generator: np.random.Generator) -> Found:
    """The images of each source, at most so many of each, drawn at random, and all in random order.

    Args:
        sources: a folder or zip of images for each name.

    Raises:
        BadRequest: a source that is not there, or that holds no images.
    """
    found: Found = []
    for name, path in sources.items():
        if not path.exists():
            raise BadRequest(f"no file or folder {str(path)!r}")
        members = list_images(path).splits["train"]
        if not members:
            raise BadRequest(f"no images in {path}")
        drawn = generator.permutation(len(members))[:most]
        found += [(name, members[i]) for i in drawn]
    return [found[i] for i in generator.permutation(len(found))]


def copy(found: Found, folder: Path, real: str) -> list[tuple[str, str, str, bool]]:
    """Write the images below a study's folder, and tell of each its source, path, hash and whether it is real.

    Args:
        real: the name of the source of real images.

    Raises:
        BadRequest: an image that cannot be read; it is named.
    """
    (folder / FOLDER).mkdir(mode=0o700)
    rows: list[tuple[str, str, str, bool]] = []
    sizes: dict[bool, set[tuple[int, int]]] = {True: set(), False: set()}
    for number, (source, member) in enumerate(found):
        image = _read(member)
        path = f"{FOLDER}/{number:06d}.png"
        image.save(folder / path, "png")
        digest = hashlib.sha256((folder / path).read_bytes()).hexdigest()
        sizes[source == real].add(image.size)
        rows.append((source, path, digest, source == real))
    if all(sizes.values()) and sizes[True] != sizes[False]:
        warnings.warn("real and fake images differ in size; judges may tell them apart by it", stacklevel=3)
    return rows


def _read(member: Member) -> Image.Image:
    """Upright and in 8 bits, with color and alpha where the file has them, and nothing else of the file."""
    try:
        with member.open() as file:
            seen = look(file)
        channels = (3 if seen.color else 1) + seen.alpha
        with member.open() as file:
            pixels = decode(file, channels, seen.size)[0]  # (c, h, w)
    except DAMAGED as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise BadRequest(f"{member.name} cannot be read as an image: {why}") from error
    height, width = seen.size
    return Image.frombytes(MODES[channels], (width, height), pixels.transpose(1, 2, 0).tobytes())
