"""One image: what its header tells, and its pixels as bytes in the channels and size that are wanted.

Grey, grey with alpha, RGB and RGBA are the four targets, 1 to 4 channels.  Whatever else a file holds is
converted, and every conversion is named so that it can be counted.
"""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}

# What decoders raise on damaged bytes; far from all of it is the OSError that they document.
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

_GREY = {"1", "L", "LA", "La", "I", "F"}
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Look:
    """What the header of an image tells: upright size in pixels, and whether it holds color and alpha."""

    size: tuple[int, int]  # height, width
    color: bool
    alpha: bool


def look(file: BinaryIO) -> Look:
    """Read the header alone.

    Raises:
        one of `DAMAGED`: the bytes are no image that can be read.
    """
    with Image.open(file) as image:
        width, height = image.size
        if _lies_on_its_side(image):
            width, height = height, width
        color = image.mode not in _GREY and not image.mode.startswith("I;16")
        alpha = image.mode.upper().endswith("A") or "transparency" in image.info
        return Look((height, width), color, alpha)


def decode(file: BinaryIO, channels: int, size: tuple[int, int]) -> tuple[np.ndarray, list[str]]:
    """The pixels of an image, upright, and the names of the conversions that it took.

    Args:
        channels: 1 to 4, see `MODES`.
        size: height and width; an image of another size is cropped around its center to this aspect, then
            resized with antialiasing.

    Returns:
        uint8 (c, h, w), and conversions such as ["palette", "cropped", "resized"].

    Raises:
        one of `DAMAGED`: the bytes are no image that can be read.
    """
    with Image.open(file) as opened:
        done = ["several frames, first taken"] if getattr(opened, "is_animated", False) else []
        if (
            opened.format == "JPEG"
        ):  # halve a large photograph while it is decoded, to no less than twice the size
            opened.draft(None, (2 * max(size), 2 * max(size)))
        opened.load()
        image: Image.Image = opened
        if image.getexif().get(_ORIENTATION, 1) != 1:
            image = ImageOps.exif_transpose(image)
            done.append("turned upright by EXIF")
        image = _in_mode(image, MODES[channels], done)
        pixels = np.asarray(fit(image, size, done))
    return np.ascontiguousarray(pixels.reshape(*size, channels).transpose(2, 0, 1)), done


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
    """The same crop and resize for a table of images: uint8 (n, c, h, w) -> uint8 (n, c, *size)."""
    n, channels = x.shape[:2]
    out = np.empty((n, channels, *size), np.uint8)
    for i, one in enumerate(x):
        pixels = one.transpose(1, 2, 0)
        image = Image.fromarray(pixels[..., 0] if channels == 1 else np.ascontiguousarray(pixels))
        out[i] = np.asarray(fit(image, size, [])).reshape(*size, channels).transpose(2, 0, 1)
    return out


def _lies_on_its_side(image: Image.Image) -> bool:
    """Orientations 5 to 8 exchange height and width.

    A TIFF is turned by its decoder; and a PNG is asked only when the header came with EXIF, because asking
    otherwise decodes the whole image.
    """
    if image.format == "TIFF" or "exif" not in image.info:
        return False
    return image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)


def _in_mode(image: Image.Image, mode: str, done: list[str]) -> Image.Image:
    """Convert to one of `MODES`; `mode` is at least as rich as the image."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        done.append("16-bit")
        image = _eight_bits(image)
    elif image.mode in ("P", "PA"):
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


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits: 65535 becomes 255, where a plain conversion would clip at 255."""
    value = np.asarray(image)
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range; save them with 8 or 16 bits")
    if value.min() < 0 or value.max() > 65535:
        raise ValueError("32-bit pixels beyond 16 bits; save them with 8 or 16 bits")
    return Image.fromarray(((value.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8))
