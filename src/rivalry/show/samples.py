"""Samples as files: a sheet, arrays, or a folder of images."""

import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.files import Folder
from rivalry.show.output import written
from rivalry.show.sheets import sheet, to_image


def save(
    draw: Callable[[], Iterable[Tensor]],
    output: Path,
    spec: Spec,
    columns: int | None = None,
    label: Tensor | None = None,
) -> None:
    """Draw samples and write them to `output`, which is tried first; a part is written before the next is drawn.

    Args:
        draw: gives parts (some, ...) in [-1, 1]; a sheet alone needs all of them at once.
        columns: of a sheet; what makes it nearly square by default.
        label: (n,) the classes that the samples were asked for.
        output: `.png` is one sheet; `.npz` holds `x` as float32, and `label`, the names of classes, where there are
            labels; no ending is a folder of images.

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
    if ending == ".png":
        with written(output) as file:
            sheet(torch.cat(list(draw())), spec, columns).save(file, "png")
    elif ending == ".npz":
        with written(output) as file:
            _write_arrays(draw(), file, spec, label)
    else:
        _write_images(draw(), output)


def _write_images(parts: Iterable[Tensor], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = Folder(folder)
        for i, image in enumerate(image for part in parts for image in part):
            with place.writing(f"{i:05d}.png") as file:
                to_image(image).save(file, "png")
    except OSError as error:
        raise BadRequest(f"cannot write {folder}: {error.strerror or error}") from error


def _write_arrays(parts: Iterable[Tensor], file: BinaryIO, spec: Spec, label: Tensor | None) -> None:
    """An .npz whose `x` is written part by part: its bytes first, to a file that is gone afterwards."""
    with TemporaryFile() as kept, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        n = 0
        for part in parts:
            kept.write(part.contiguous().numpy().tobytes())
            n, shape = n + len(part), part.shape[1:]
        kept.seek(0)
        with archive.open("x.npy", "w", force_zip64=True) as x:
            header = {"descr": "<f4", "fortran_order": False, "shape": (n, *shape)}
            np.lib.format.write_array_header_1_0(x, header)
            shutil.copyfileobj(kept, x, 1 << 20)
        if label is not None:
            with archive.open("label.npy", "w") as labels:
                np.lib.format.write_array(labels, np.array([spec.classes[k] for k in label.tolist()]))
