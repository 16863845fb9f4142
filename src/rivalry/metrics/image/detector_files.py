"""Anyone's detector from a file: a cascade (.xml) or a network (.onnx), both read by OpenCV.

A cascade of OpenCV's format (Viola & Jones 2001) gets grey images, enlarged as `detector.haar` does.

A network gets one image at a time, (1, 3, h, w), RGB in [0, 1].  Where it has one fixed size, that is written after its
name: `faces.onnx@240x320`, height and width.  An object is found if the largest score is at least 0.5.  Scores are
taken from the output whose name holds "score", "conf" or "prob", else from the first, by its shape:

    (..., 1)             a score each
    (1, k, 2)            background and object
    (1, k, 5 + c)        boxes with the score of an object and of c classes (YOLO before 8)
    (1, 4 + c, k)        boxes with the scores of c classes (YOLO from 8 on), k > 4 + c
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.data.readers.members import open_regular
from rivalry.errors import BadRequest
from rivalry.metrics.image.detector import LEAST, Detector, cascade_of
from rivalry.metrics.image.images import in_color

FOUND = 0.5


def detector_from(asked: str) -> tuple[Detector, str]:
    """The detector in a file, and its name for scores.

    Args:
        asked: a path that ends in .xml or .onnx; of a network perhaps with a size, `PATH.onnx@240x320`.

    Raises:
        BadRequest: no such file, another ending, OpenCV is missing, or it cannot read the file.
    """
    path, size = _parted(asked)
    try:
        open_regular(path).close()
    except OSError as error:
        raise BadRequest(f"no detector at {path}: {error.strerror or error}") from error
    detector = cascade_of(path) if path.suffix.lower() == ".xml" else _network(path, size)
    return detector, path.stem


def _parted(asked: str) -> tuple[Path, tuple[int, int] | None]:
    found = re.fullmatch(r"(.+\.onnx)(?:@(\d{1,4})x(\d{1,4}))?|(.+\.xml)", asked, re.IGNORECASE)
    if not found:
        raise BadRequest(
            f"a detector is a cascade.xml or a model.onnx, perhaps model.onnx@240x320; got {asked!r}"
        )
    size = (int(found[2]), int(found[3])) if found[2] else None
    return Path(found[1] or found[4]).expanduser(), size


def _network(path: Path, size: tuple[int, int] | None) -> Detector:
    try:
        import cv2
    except ImportError:
        raise BadRequest("a detector needs OpenCV: pip install 'rivalry[metrics]'") from None
    try:
        network = cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise BadRequest(f"OpenCV cannot read {path}: {_first_line(error)}") from error
    names = network.getUnconnectedOutLayersNames()
    scores = next((n for n in names if re.search("score|conf|prob", n, re.IGNORECASE)), names[0])

    def finds(image: Tensor) -> bool:
        network.setInput(_fitted(image, size))
        try:
            return best(np.asarray(network.forward(scores))) >= FOUND
        except cv2.error as error:
            remedy = "" if size else f"; a size may help: {path.name}@240x320"
            raise BadRequest(f"{path} cannot look at such images: {_first_line(error)}{remedy}") from error

    return lambda x: torch.tensor([finds(image) for image in in_color(_opaque(x))])


def best(output: np.ndarray) -> float:
    """The largest score in an output of a network; see above for the shapes."""
    if output.size == 0:
        return 0.0
    if output.ndim == 3 and output.shape[2] == 2:
        return float(output[..., 1].max())
    if output.ndim == 3 and output.shape[1] > 4 and output.shape[2] > output.shape[1]:
        return float(output[:, 4:].max())
    if output.ndim == 3 and output.shape[2] > 5:
        return float((output[..., 4:5] * output[..., 5:]).max())
    return float(output.max())


def _fitted(image: Tensor, size: tuple[int, int] | None) -> np.ndarray:
    """An image (3, h, w) in [-1, 1] as a network gets it: of this size, else enlarged to a shorter side of 100."""
    factor = max(1.0, LEAST / min(image.shape[1:]))
    wanted = size or tuple(round(side * factor) for side in image.shape[1:])
    fitted = torch.nn.functional.interpolate(image[None], wanted, mode="bilinear", antialias=True)
    return fitted.add(1).div(2).clamp(0, 1).float().cpu().numpy()


def _opaque(x: Tensor) -> Tensor:
    """Images without their alpha."""
    return x[:, : x.shape[1] - 1] if x.shape[1] in (2, 4) else x


def _first_line(error: Any) -> str:
    return str(error).strip().splitlines()[0]
