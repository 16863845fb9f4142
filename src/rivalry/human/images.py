"""The images of a study: copied under names that do not show where they come from.

A path such as `photographs/17.jpg` would show a judge the answer.  Each image is therefore decoded, written as PNG
without the other contents of its file, and numbered in random order.
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
    """Images of each source: at most `most` of each, drawn at random, all in random order.

    Args:
        sources: a folder or zip of images for each name.

    Raises:
        BadRequest: a source does not exist, or holds no images.
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
    """Write the images into a study's folder.  Returns (source, path, hash, whether it is real) for each.

    Args:
        real: the name of the source of real images.

    Raises:
        BadRequest: an image cannot be read; names it.
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
    """The image upright and in 8 bits, with color and alpha if the file has them, and nothing else from the file."""
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
