"""IDX, the format of MNIST: two zero bytes, a type, the number of axes, their lengths, the values."""

import struct
import zlib
from pathlib import Path

import numpy as np

from rivalry.errors import BadRequest

_UBYTE = 0x08


def read_idx(path: Path) -> np.ndarray:
    """Read the array of unsigned bytes in an IDX file, which is gzipped if its name ends in .gz.

    Returns:
        uint8, writable, in the shape that the file states.

    Raises:
        BadRequest: the file is damaged, cut short or of another type.
        OSError: the file cannot be opened.
    """
    raw = path.read_bytes()
    try:
        content = _gunzip(raw) if path.suffix == ".gz" else np.frombuffer(bytearray(raw), np.uint8)
        head = content[:64].tobytes()
        zero, kind, axes = struct.unpack_from(">HBB", head)
        shape = struct.unpack_from(f">{axes}I", head, 4)
    except (zlib.error, struct.error, ValueError) as error:
        raise BadRequest(f"{path} is not a whole IDX file: {error}") from error
    if zero or kind != _UBYTE:
        raise BadRequest(f"{path} is not an IDX file of unsigned bytes: it begins with {head[:4].hex(' ')}")
    values = content[4 + 4 * axes :]
    if values.size != np.prod(shape, dtype=np.int64):
        expected = " x ".join(map(str, shape))
        raise BadRequest(f"{path} is not a whole IDX file: expected {expected} bytes, got {values.size}")
    return values.reshape(shape)


def _gunzip(raw: bytes) -> np.ndarray:
    """Unpack piece by piece into the final array; this takes half the time of `gzip.decompress` and a copy.

    Raises:
        ValueError: the length in the last four bytes is not what comes out.
    """
    length = struct.unpack("<I", raw[-4:])[0]
    if length > 1032 * len(raw):  # deflate never shrinks by more
        raise ValueError(f"its end tells of {length} bytes, more than can be packed in {len(raw)}")
    out, at, stream = np.empty(length, np.uint8), 0, zlib.decompressobj(31)
    for start in range(0, len(raw), 2**17):
        piece = np.frombuffer(stream.decompress(raw[start : start + 2**17]), np.uint8)
        out[at : at + len(piece)] = piece  # raises ValueError if the piece does not fit
        at += len(piece)
    if at != length or not stream.eof:
        raise ValueError(f"its end tells of {length} bytes, {at} came")
    return out
