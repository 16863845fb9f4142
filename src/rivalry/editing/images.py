"""Reading images that a user gives, in the format of the game's own data.

They are resized or converted only if that loses nothing, or if the user asks for it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rivalry.data.readers.decode import DAMAGED, Look, decode, look, reason_of
from rivalry.data.readers.images import EXTENSIONS
from rivalry.data.source import Spec
from rivalry.errors import BadRequest

KINDS = {1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGBA"}  # by channels


@dataclass(frozen=True)
class Given:
    """One image file.

    Attributes:
        path: where it is.
        name: under which what is made of it is kept: its path below the folder that was named, else its own name.
    """

    path: Path
    name: Path


def given_images(paths: Sequence[Path]) -> list[Given]:
    """The images at these paths; see `given_files`."""
    return given_files(paths, EXTENSIONS, "images", ".png, .jpg, .webp or another image format")


def given_files(paths: Sequence[Path], endings: Collection[str], what: str, expected: str) -> list[Given]:
    """The files at these paths, and all in folders that have one of these endings, in order.

    Args:
        what: their plural, for messages.
        expected: which files were looked for, for messages.

    Raises:
        BadRequest: a path does not exist, or there are no such files.
    """
    found = []
    for path in paths:
        if path.is_dir():
            inside = [
                file
                for file in sorted(path.rglob("*"))
                if _ends(file.relative_to(path), endings) and file.is_file()
            ]
            if not inside:
                raise BadRequest(f"no {what} in {path}; expected {expected}")
            found += [Given(file, file.relative_to(path)) for file in inside]
        elif path.is_file():
            found.append(Given(path, Path(path.name)))
        else:
            raise BadRequest(f"no file or folder {str(path)!r}")
    if not found:
        raise BadRequest(f"no {what} were named; name files or folders")
    return found


def require_readable(images: Sequence[Given], spec: Spec, resize: bool = False) -> None:
    """Refuse images that cannot be read, or that would lose something without `resize`.  Every file is decoded once.

    Args:
        spec: of the data that the game was trained on.
        resize: crop and resize what has another size, and convert what has another mode.

    Raises:
        BadRequest: the data are no images, or the first image that will not do, and what to do.
    """
    if spec.meaning.axes != 2:
        raise BadRequest(f"this is about images; the game was trained on {spec.meaning.plural}")
    for image in images:
        _read(image, spec, resize)


def read(images: Sequence[Given], spec: Spec, resize: bool = False) -> Tensor:
    """These images as the game sees them: (n, c, h, w) float32 in [-1, 1].  Raises as `require_readable`."""
    pixels = np.stack([_read(image, spec, resize) for image in images])
    return torch.from_numpy(pixels).float().div_(127.5).sub_(1)


def _read(image: Given, spec: Spec, resize: bool) -> np.ndarray:
    """uint8 (c, h, w)."""
    c, h, w = spec.shape
    try:
        with image.path.open("rb") as file:
            header = look(file)
        richest = (3 if header.color else 1) + header.alpha
        as_they_are = header.size == (h, w) and (
            _holds(c, richest) or _holds(c, _needed(image, header, richest))
        )
        if not (resize or as_they_are):
            came = f"{KINDS[richest]}, {header.size[0]} x {header.size[1]}"
            raise BadRequest(
                f"{image.path} is {came}; this game was trained on {KINDS[c]}, {h} x {w}: --resize converts it"
            )
        with image.path.open("rb") as file:
            return decode(file, c, (h, w))[0]
    except BadRequest:
        raise
    except DAMAGED as error:
        raise BadRequest(f"{image.path} cannot be read as an image: {reason_of(error)}") from error


def _needed(image: Given, header: Look, richest: int) -> int:
    """The number of channels that the pixels need; a file in color may hold only grey, or be opaque."""
    with image.path.open("rb") as file:
        pixels = decode(file, richest, header.size)[0]
    alpha = header.alpha and bool((pixels[-1] < 255).any())
    color = header.color and bool((pixels[:3] != pixels[:1]).any())
    return (3 if color else 1) + alpha


def _holds(channels: int, needed: int) -> bool:
    """Whether an image of so many channels can show all that one of `needed` channels shows."""
    return channels in {1: (1, 2, 3, 4), 2: (2, 4), 3: (3, 4), 4: (4,)}[needed]


def _ends(name: Path, endings: Collection[str]) -> bool:
    hidden = any(part.startswith(".") for part in name.parts)
    return not hidden and name.suffix.lower() in endings


def one_picture(path: Path, channels: int, shorter: int | None = None) -> Tensor:
    """One image file at its own size: (1, channels, h, w) in [-1, 1], upright.

    Args:
        channels: 1 to 4; color and alpha are dropped where there is no channel for them.
        shorter: the length of its shorter side, in pixels, if it is to have another.

    Raises:
        BadRequest: no such file, or no image.
    """
    height, width = own_size(path)
    factor = 1.0 if shorter is None else shorter / min(height, width)
    shape = (channels, max(1, round(height * factor)), max(1, round(width * factor)))
    return read([Given(path, Path(path.name))], Spec("a picture", "image", shape), resize=True)


def own_size(path: Path) -> tuple[int, int]:
    """The height and width of an image file, upright, in pixels.

    Raises:
        BadRequest: no such file, or no image.
    """
    if not path.is_file():
        raise BadRequest(f"no picture {str(path)!r}")
    try:
        with path.open("rb") as file:
            height, width = look(file).size
            return height, width
    except DAMAGED as error:
        raise BadRequest(f"{path} cannot be read as an image: {reason_of(error)}") from error
