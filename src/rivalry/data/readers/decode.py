"""Decoding one image: its header, and its pixels as bytes in a given number of channels and a given size.

The four targets are grey, grey with alpha, RGB and RGBA (1 to 4 channels).  Other modes are converted, and every
conversion has a name so that it can be counted.
"""

import functools
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image, ImageMode, ImageOps

from rivalry.data.readers.budget import require_image, room

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}

# The errors that decoders raise on damaged bytes.  They document only OSError, but raise many others.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    Image.DecompressionBombError,
)


def reason_of(error: Exception) -> str:
    """Why a file cannot be read, in one line; one of `DAMAGED` may say nothing, or name an object in memory."""
    message = getattr(error, "strerror", None) or str(error).partition("\n")[0]
    if message.startswith("cannot identify image file"):
        return "not an image"
    return message or type(error).__name__


# Only formats that hold pixels.  Others, such as EPS, are programs, for which Pillow starts an interpreter.
FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
    "AVIF",
    "HEIF",
    "MPO",
    "DIB",
    "ICO",
    "TGA",
    "PCX",
)
DEEP = 65535  # white in a file of 16 bits

_GREY = {"1", "L", "LA", "La", "I", "F"}
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Look:
    """The facts in the header of an image.

    Attributes:
        size: height and width in pixels, upright.
        color: whether its mode can hold color; all pixels may still be grey.
        alpha: whether its mode can hold alpha; all pixels may still be opaque.
        unpacked: bytes of its pixels.
        packed: bytes of the file.
    """

    size: tuple[int, int]
    color: bool
    alpha: bool
    unpacked: int = field(default=0, compare=False)
    packed: int = field(default=0, compare=False)


class Pixels(NamedTuple):
    """A decoded image.

    Attributes:
        values: uint8 (c, h, w).
        done: the conversions that were made, such as ["palette", "cropped", "resized"].
        highest: the highest value before scaling, for a file of more than 8 bits; 0 for other files.
    """

    values: np.ndarray
    done: list[str]
    highest: int


@functools.cache
def formats() -> tuple[str, ...]:
    """The formats of `FORMATS` that the installed Pillow reads; HEIF needs the extra `heic`."""
    try:
        import pillow_heif
    except ImportError:
        pass
    else:
        pillow_heif.register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def white_of(highest: int) -> int:
    """The value of white for pixels with this highest value: the largest value of 1, 8, 10, 12 or 16 bits.

    Example: 12-bit pictures in 16-bit files would be nearly black if 65,535 were white.
    """
    return next((2**bits - 1 for bits in (1, 8, 10, 12) if 0 < highest < 2**bits), DEEP)


def look(file: BinaryIO) -> Look:
    """Read only the header.

    Raises:
        one of `DAMAGED`: the bytes are not an image that can be read.
    """
    packed = _length(file)
    with Image.open(file, formats=formats()) as image:
        unpacked = _bytes(image)
        require_image(*image.size, unpacked, packed)
        width, height = image.size
        if _lies_on_its_side(image):
            width, height = height, width
        color = image.mode not in _GREY and not image.mode.startswith("I;16")
        alpha = image.mode.upper().endswith("A") or "transparency" in image.info
        return Look((height, width), color, alpha, unpacked, packed)


def decode(file: BinaryIO, channels: int, size: tuple[int, int], white: int = DEEP) -> Pixels:
    """The pixels of an image, upright.

    Args:
        channels: 1 to 4, see `MODES`; color and alpha are dropped if the mode has no channel for them.
        size: height and width; an image of another size is cropped around its center to this aspect, then
            resized with antialiasing.
        white: the value that becomes 255 in a file of more than 8 bits, see `white_of`.

    Raises:
        one of `DAMAGED`: the bytes are not an image that can be read.
    """
    packed = _length(file)
    with Image.open(file, formats=formats()) as opened:
        unpacked = _bytes(opened)
        require_image(*opened.size, unpacked, packed)
        done = ["several frames, first taken"] if getattr(opened, "is_animated", False) else []
        if (
            opened.format == "JPEG"
        ):  # let JPEG decode a large image at half size, or less, but at least at twice `size`
            opened.draft(None, (2 * max(size), 2 * max(size)))
            unpacked = _bytes(opened)
        with room(2 * unpacked):  # the image and its converted copy
            return _decoded(opened, channels, size, white, done)


def _decoded(
    opened: Image.Image, channels: int, size: tuple[int, int], white: int, done: list[str]
) -> Pixels:
    opened.load()
    image = opened
    if image.getexif().get(_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
        done.append("turned upright by EXIF")
    highest = 0
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image, highest = _eight_bits(image, white)
        done.append(f"{white.bit_length()}-bit")
    image = in_mode(image, MODES[channels], done)
    pixels = np.asarray(fit(image, size, done)).reshape(*size, channels).transpose(2, 0, 1)
    return Pixels(np.ascontiguousarray(pixels), done, highest)


def _length(file: BinaryIO) -> int:
    """How many bytes a file has; it is read from its beginning afterwards."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    return length


def _bytes(image: Image.Image) -> int:
    width, height = image.size
    return width * height * _pixel_bytes(image.mode)


@functools.cache
def _pixel_bytes(mode: str) -> int:
    deep = {"I": 4, "F": 4}.get(mode, 2 if mode.startswith("I;16") else 1)
    return len(ImageMode.getmode(mode).bands) * deep


def fit(image: Image.Image, size: tuple[int, int], done: list[str]) -> Image.Image:
    """Crop around the center to the aspect of `size` (height, width), then resize with antialiasing."""
    height, width = size
    if image.size == (width, height):
        return image
    scale = min(image.width / width, image.height / height)
    across, down = (image.width - scale * width) / 2, (image.height - scale * height) / 2
    if max(across, down) >= 0.5:
        done.append("cropped")
    done.append("resized")
    box = (max(across, 0), max(down, 0), image.width - max(across, 0), image.height - max(down, 0))
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)


def resize(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Crop and resize a table of images as `fit` does: uint8 (n, c, h, w) -> uint8 (n, c, *size)."""
    n, channels = x.shape[:2]
    out = np.empty((n, channels, *size), np.uint8)
    for i, one in enumerate(x):
        pixels = one.transpose(1, 2, 0)
        image = Image.fromarray(pixels[..., 0] if channels == 1 else np.ascontiguousarray(pixels))
        out[i] = np.asarray(fit(image, size, [])).reshape(*size, channels).transpose(2, 0, 1)
    return out


def _lies_on_its_side(image: Image.Image) -> bool:
    """Whether EXIF says that height and width are exchanged (orientations 5 to 8).

    A TIFF is turned by its decoder.  A PNG is asked only if its header has EXIF, since asking would otherwise decode
    the whole image.
    """
    if image.format == "TIFF" or "exif" not in image.info:
        return False
    return image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)


def in_mode(image: Image.Image, mode: str, done: list[str]) -> Image.Image:
    """Convert to one of `MODES`.  The target mode can hold everything that the pixels hold."""
    if image.mode in ("P", "PA"):
        done.append("palette")
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    elif image.mode == "1":
        done.append("1-bit")
        image = image.convert("LA" if "transparency" in image.info else "L")
    elif image.mode not in MODES.values():
        done.append(image.mode)  # CMYK, YCbCr, LAB, HSV, and colors multiplied by their alpha
        image = image.convert({"La": "LA", "RGBa": "RGBA"}.get(image.mode, "RGB"))
    if image.mode == mode:
        return image
    done.append(f"to {mode}")
    return image.convert(mode)


def _eight_bits(image: Image.Image, white: int) -> tuple[Image.Image, int]:
    """Scale grey of more than 8 bits so that `white` becomes 255; also returns the highest value before scaling."""
    value = np.asarray(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range; save them with 8 or 16 bits")
    if value.min() < 0 or value.max() > DEEP:
        raise ValueError("32-bit pixels beyond 16 bits; save them with 8 or 16 bits")
    scaled = (value.astype(np.uint32) * 255 + white // 2) // white
    return Image.fromarray(np.minimum(scaled, 255).astype(np.uint8)), int(value.max())
