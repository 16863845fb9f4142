"""Picture files as they leave: marked, and signed."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rivalry.data.readers.decode import DAMAGED, look, reason_of
from rivalry.errors import BadRequest
from rivalry.provenance.credentials import LARGEST_KEY, Key, read_key, signed
from rivalry.provenance.watermark import Read, mark, read, room

LARGEST = 500_000_000  # bytes of a file that is verified
WRITTEN: dict[str, dict[str, Any]] = {
    ".png": {"format": "png"},
    ".jpg": {"format": "jpeg", "quality": 95},
    ".jpeg": {"format": "jpeg", "quality": 95},
    ".webp": {"format": "webp", "lossless": True},
}


def key_of(path: Path) -> Key:
    """The key in a file.

    Raises:
        BadRequest: no such file, or it holds no key.
    """
    if not path.is_file():
        raise BadRequest(f"no key {str(path)!r}: `rivalry keys new NAME -o {path}` makes one")
    with path.open("rb") as file:
        raw = file.read(LARGEST_KEY)
    return read_key(raw.decode("ascii", errors="replace"), str(path))


def leaving(picture: bytes, ending: str, key: Key, made: dict[str, Any]) -> tuple[bytes, bool]:
    """A picture file marked in its pixels, where it has room, and signed; and whether it was marked."""
    pixels = _pixels(picture)
    marked = room(pixels.shape[:2])
    if marked:
        file = io.BytesIO()
        Image.fromarray(mark(pixels)).save(file, **WRITTEN[ending])
        picture = file.getvalue()
    return signed(picture, ending, key, made), marked


def mark_in(picture: bytes) -> Read:
    """What the pixels of a picture file say.

    Raises:
        BadRequest: it is no picture.
    """
    return read(_pixels(picture))


def require_picture(picture: bytes) -> None:
    """Refuse a file that does not begin as a picture.

    Raises:
        BadRequest: says why.
    """
    try:
        look(io.BytesIO(picture))
    except DAMAGED as error:
        raise BadRequest(f"this is no picture: {reason_of(error)[:200]}") from error


def _pixels(picture: bytes) -> np.ndarray:
    """uint8 (h, w), (h, w, 3), or with alpha (h, w, 2 or 4)."""
    try:
        header = look(io.BytesIO(picture))
        mode = ("RGB" if header.color else "L") + ("A" if header.alpha else "")
        with Image.open(io.BytesIO(picture)) as image:
            return np.array(image.convert(mode))
    except DAMAGED as error:
        raise BadRequest(f"this is no picture: {reason_of(error)[:200]}") from error
