"""What a page asked, as values that were looked at: each function takes one by name, or says what it must be."""

import base64
import binascii
import io
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.data.readers.decode import DAMAGED, decode, look
from rivalry.errors import BadRequest

LEAST_POINTS, MOST_POINTS, REACH = 20, 20_000, 10
MOST_PIXELS = 4096 * 4096  # of a picture that is uploaded
Asked = dict[str, Any]


def text(asked: Asked, name: str, default: str | None = None) -> str:
    """A text of at most 200 characters."""
    value = asked.get(name, default)
    if not isinstance(value, str) or len(value) > 200:
        raise BadRequest(f"{name} is a short text")
    return value


def whole(asked: Asked, name: str, default: int, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    value = asked.get(name, default)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(f"{name} is a whole number from {least} to {most}")
    return value


def number(asked: Asked, name: str, default: float | None = None) -> float | None:
    """A finite number, or the default."""
    value = asked.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadRequest(f"{name} is a number")
    return float(value)


def texts(asked: Asked, name: str, most: int) -> list[str]:
    """At most `most` texts."""
    value = asked.get(name, [])
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise BadRequest(f"{name} are at most {most} names")
    return value


def tensor(value: object, like: Tensor, what: str) -> Tensor:
    """Nested lists as a tensor of the shape and type of `like`.

    Raises:
        BadRequest: another shape, or numbers that are not finite.
    """
    try:
        found = torch.tensor(value, dtype=like.dtype)
    except (TypeError, ValueError, RuntimeError):
        found = torch.empty(0)
    if found.shape != like.shape or not found.isfinite().all():
        raise BadRequest(f"{what} has {' x '.join(map(str, like.shape))} finite numbers")
    return found.to(like.device)


def points(asked: Asked, name: str) -> Tensor:
    """Points of the plane, (n, 2) with n from 20 to 20,000 and numbers in [-10, 10]."""
    value = asked.get(name)
    if isinstance(value, list) and LEAST_POINTS <= len(value) <= MOST_POINTS:
        found = tensor(value, torch.empty(len(value), 2), "a drawing")
        if found.abs().max() <= REACH:
            return found
    raise BadRequest(
        f"a drawing has {LEAST_POINTS} to {MOST_POINTS:,} points, of numbers from -{REACH} to {REACH}"
    )


def picture(data: bytes, channels: int, size: tuple[int, int]) -> np.ndarray:
    """An uploaded picture, decoded as data are: uint8 (channels, *size), cropped and resized where it differs.

    Raises:
        BadRequest: no picture, or one of too many pixels.
    """
    try:
        height, width = look(io.BytesIO(data)).size
        if height * width > MOST_PIXELS:
            raise BadRequest(
                f"the picture is {height} x {width}; the studio takes at most {MOST_PIXELS:,} pixels"
            )
        return decode(io.BytesIO(data), channels, size)[0]
    except BadRequest:
        raise
    except DAMAGED as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise BadRequest(f"this cannot be read as a picture: {why}") from error


def unpacked(asked: Asked, name: str) -> bytes:
    """The bytes of a text in base64; none if it is missing."""
    value = asked.get(name) or ""
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise BadRequest(f"{name} is base64") from None
