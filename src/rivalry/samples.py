"""Samples as files: a sheet, arrays, or a folder of images."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.files import Folder
from rivalry.output import written
from rivalry.sheets import sheet, to_image


def save(draw: Callable[[], Tensor], output: Path, spec: Spec, columns: int | None = None) -> None:
    """Draw samples and write them to `output`, which is tried first.

    Args:
        draw: gives (n, ...) in [-1, 1].
        columns: of a sheet; what makes it nearly square by default.
        output: `.png` is one sheet, `.npz` holds `x` as float32, no ending is a folder of images.

    Raises:
        BadRequest: the place cannot be written, or the ending says nothing.
    """
    ending = output.suffix.lower()
    if ending not in (".png", ".npz", ""):
        raise BadRequest(f"samples go to a .png (a sheet), a .npz (arrays) or a folder; got {output}")
    if ending == "" and spec.kind != "image":
        raise BadRequest(
            f"a folder of images needs images; {spec.name!r} holds {spec.kind}: write a .png or .npz"
        )
    if ending:
        with written(output) as file:
            _write(draw(), file, ending, spec, columns)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        folder = Folder(output)
        for i, image in enumerate(draw()):
            with folder.writing(f"{i:05d}.png") as file:
                to_image(image).save(file, "png")
    except OSError as error:
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from error


def _write(x: Tensor, file: BinaryIO, ending: str, spec: Spec, columns: int | None) -> None:
    if ending == ".png":
        sheet(x, spec, columns).save(file, "png")
    else:
        np.savez_compressed(file, x=x.numpy())
