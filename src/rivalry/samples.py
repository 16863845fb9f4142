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
    if output.suffix not in (".png", ".npz", ""):
        raise BadRequest(f"samples go to a .png (a sheet), a .npz (arrays) or a folder; got {output}")
    if output.suffix == "" and spec.kind != "image":
        raise BadRequest(
            f"a folder of images needs images; {spec.name!r} holds {spec.kind}: write a .png or .npz"
        )
    try:
        (output if output.suffix == "" else output.parent).mkdir(parents=True, exist_ok=True)
        if output.suffix:
            output.open("ab").close()
        x = draw()
        if output.suffix == ".png":
            sheet(x, spec).save(output)
        elif output.suffix == ".npz":
            np.savez_compressed(output, x=x.numpy())
        else:
            for i, image in enumerate(x):
                to_image(image).save(output / f"{i:05d}.png")
    except OSError as error:
        raise BadRequest(f"cannot write {output}: {error.strerror or error}") from error
