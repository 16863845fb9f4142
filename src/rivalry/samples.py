"""Samples as files: a sheet, arrays, or a folder of images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.sheets import sheet, to_image


def save(draw: Callable[[], Tensor], output: Path, spec: Spec) -> None:
    """Draw samples and write them to `output`, which is tried first.

    Args:
        draw: gives (n, ...) in [-1, 1].
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
    try:
        (output if ending == "" else output.parent).mkdir(parents=True, exist_ok=True)
        if ending:
            output.open("ab").close()
        x = draw()
        if ending == ".png":
            sheet(x, spec).save(output)
        elif ending == ".npz":
            with output.open("wb") as file:  # by name, numpy would add an ending of its own to .NPZ
                np.savez_compressed(file, x=x.numpy())
        else:
            for i, image in enumerate(x):
                to_image(image).save(output / f"{i:05d}.png")
    except OSError as error:
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from error
