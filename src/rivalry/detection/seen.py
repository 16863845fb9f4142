"""Pictures for a detector: the real ones, those that a run or a folder holds, and the sheet of what it looked at."""

from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from rivalry.data.source import Dataset, Spec
from rivalry.detection.detector import Detector
from rivalry.editing.images import Given, given_images, read, require_readable
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8
from rivalry.metrics.image.images import in_color
from rivalry.runs.drawing import sample
from rivalry.runs.opening import as_run
from rivalry.show.sheets import sheet


def real_pictures(data: Dataset, n: int, seed: int) -> Tensor:
    """At most `n` of the data, in random order: uint8 (n, c, h, w).

    Raises:
        BadRequest: the data are no images.
    """
    if data.spec.meaning.axes != 2:
        raise BadRequest(f"a detector looks at images; {data.spec.name!r} holds {data.spec.meaning.plural}")
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    return data.x[order[:n]].cpu()


def made_pictures(source: str, spec: Spec, n: int, seed: int, *, resize: bool, device: str) -> Tensor:
    """At most `n` pictures of a run, or of a folder: uint8 (n, c, h, w).

    Samples are rounded to bytes, as files are; else a detector would learn to see that they were not.

    Raises:
        BadRequest: neither a run nor a folder of images; or images of another size, without `resize`.
    """
    if as_run(source) is not None:
        made = to_uint8(sample(source, n, seed=seed, device=device))
        if tuple(made.shape[1:]) != tuple(spec.shape):
            makes, wanted = (" x ".join(map(str, shape)) for shape in (made.shape[1:], spec.shape))
            raise BadRequest(
                f"{source} makes data {makes}; {spec.name!r} holds {wanted}: --size brings it to a size"
            )
        return made
    if not Path(source).is_dir():
        raise BadRequest(f"--fake is a run, or a folder of pictures that were made; {source!r} is neither")
    files = given_images([Path(source)])[:n]
    require_readable(files, spec, resize)
    return to_uint8(read(files, spec, resize))


def to_look_at(detector: Detector, files: Sequence[Given], resize: bool) -> Tensor:
    """Pictures as the detector sees them: (n, c, h, w) in [-1, 1].

    Raises:
        BadRequest: a file is no image, or an image of another size, without `resize`.
    """
    c, h, w = detector.facts["shape"]
    spec = Spec("pictures", "image", (c, h, w))
    try:
        require_readable(files, spec, resize)
    except BadRequest as error:
        raise BadRequest(str(error).replace("this game", "the detector")) from error
    return read(files, spec, resize)


def heat_sheet(detector: Detector, x: Tensor) -> Image.Image:
    """Pairs of a picture and, at its right, where the detector looked: red speaks for made, blue for real."""
    heat = detector.heat(x)[:, None]  # (n, 1, h, w)
    dim = (in_color(x).mean(1, keepdim=True) + 1) * 0.3 - 1  # the picture, dark and grey
    tint = torch.cat([heat.clamp(min=0), torch.zeros_like(heat), (-heat).clamp(min=0)], 1)
    colored = (dim + 1.4 * tint).clamp(-1, 1)
    pairs = torch.stack([in_color(x), colored], 1).flatten(0, 1)
    spec = Spec("pictures", "image", (3, x.shape[2], x.shape[3]))
    return sheet(pairs, spec, columns=2 * max(1, min(len(x), round((len(x) / 2) ** 0.5))))
