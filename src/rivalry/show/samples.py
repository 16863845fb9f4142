"""Writing samples to files: a sheet, arrays, a folder, or another format of their kind."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.files import Folder
from rivalry.show.output import written
from rivalry.show.sheets import sheet

SHEETS: dict[str, dict[str, Any]] = {  # ending of a sheet -> how Pillow writes it
    ".png": {"format": "png"},
    ".jpg": {"format": "jpeg", "quality": 95},
    ".jpeg": {"format": "jpeg", "quality": 95},
    ".webp": {"format": "webp", "lossless": True},
    ".gif": {"format": "gif"},
}


def save(
    draw: Callable[[], Iterable[Tensor]],
    output: Path,
    spec: Spec,
    columns: int | None = None,
    label: Tensor | None = None,
    under: Sequence[str] = (),
) -> None:
    """Draw samples and write them to `output`.  Whether it can be written is tested first.

    Args:
        draw: returns the samples in parts (some, ...), as games make them.  A part is written before the next is drawn,
            if the format allows it.
        columns: the number of columns of a sheet; by default the sheet is nearly square.
        label: (n,) the classes that the samples were asked for.
        under: the sentences that the samples were asked for, written under them on a sheet.
        output: `.png`, `.jpg`, `.webp` and `.gif` are one sheet.  `.npz` holds `x`, the name of its `kind`, `about`
            and, if there are labels, their names as `label`.  A name without an ending is a folder with a file for each
            datum.  Kinds have further endings.

    Raises:
        BadRequest: the place cannot be written, or the ending is unknown.
    """
    ending, kind = output.suffix.lower(), spec.meaning
    others = "".join(f", a {one}" for one in kind.writes)
    if ending not in (*SHEETS, ".npz", "", *kind.writes):
        raise BadRequest(
            f"samples go to a .png, .jpg, .webp or .gif (a sheet), a .npz (arrays){others} or a folder; got {output}"
        )
    if ending == "" and not kind.single:
        raise BadRequest(
            f"{kind.plural} are not written to a folder: write a .png (a sheet), a .npz (arrays){others}"
        )
    if ending in SHEETS and ending not in kind.writes:
        with written(output) as file:
            sheet(torch.cat(list(draw())), spec, columns, under=under).save(file, **SHEETS[ending])
    elif ending == ".npz":
        with written(output) as file:
            _write_arrays(draw(), file, spec, label)
    elif ending:
        with written(output) as file:
            kind.writes[ending](torch.cat(list(draw())), spec.x, file)
    else:
        _write_each(draw(), output, spec)


def _write_each(parts: Iterable[Tensor], folder: Path, spec: Spec) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place = Folder(folder)
        for i, datum in enumerate(datum for part in parts for datum in part):
            with place.writing(f"{i:05d}{spec.meaning.single}") as file:
                spec.meaning.write_single(datum, spec.x, file)
    except OSError as error:
        raise BadRequest(f"cannot write {folder}: {error.strerror or error}") from error


def _write_arrays(parts: Iterable[Tensor], file: BinaryIO, spec: Spec, label: Tensor | None) -> None:
    """Write an .npz whose `x` is written part by part, by way of a temporary file."""
    with TemporaryFile() as kept, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        n = 0
        for part in parts:
            kept.write(part.contiguous().numpy().tobytes())
            n, shape, descr = n + len(part), part.shape[1:], part.numpy().dtype.str
        kept.seek(0)
        with archive.open("x.npy", "w", force_zip64=True) as x:
            header = {"descr": descr, "fortran_order": False, "shape": (n, *shape)}
            np.lib.format.write_array_header_1_0(x, header)
            shutil.copyfileobj(kept, x, 1 << 20)
        further: dict[str, Any] = {"kind": spec.kind, "about": json.dumps(spec.about)}
        if label is not None:
            further["label"] = [spec.classes[k] for k in label.tolist()]
        for name, value in further.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, np.array(value))
