"""Does a detector find its objects in samples as often as in data?

The share of samples in which a given detector sees at least one of its objects.  It asks for no likeness to the data:
a generator of one perfect face scores 1.  A detector errs on both sides, so the share among data is given as well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.image.images import light
from rivalry.metrics.interval import SPREAD_OF_SHARE, wilson, wilson_error
from rivalry.metrics.score import Score

Detector = Callable[[Tensor], Tensor]  # images (n, c, h, w) in [-1, 1] -> bool (n,)
LEAST = 100  # pixels of the shorter side that a cascade looks at: its window has 20 to 24
BORDER = 0.1  # of the shorter side, all around: a cascade misses an object that fills an image up to its edge


def detected(
    fake: Tensor,
    real: Dataset,
    *,
    detector: Detector,
    name: str,
    provenance: dict[str, Any] | None = None,
    most: int = 1000,
) -> Score:
    """The share of samples in which the detector finds its object; higher is better.

    Its details hold the share among `real` data, and the 95 % `interval` (Wilson).

    Args:
        fake: (n, c, h, w) in [-1, 1].
        detector: images (n, c, h, w) in [-1, 1] -> bool (n,).
        name: of the detector, for the score's.
        most: how many a side are looked at.

    Raises:
        BadRequest: no samples, or a detector that does not answer for each.
    """
    if not len(fake):
        raise BadRequest(f"detected[{name}] needs at least 1 sample; got none")
    samples = fake[spaced(torch.arange(len(fake)), most)]
    data = real.rows(spaced(torch.arange(len(real)), most))
    found = [_answers(detector, name, x) for x in (samples, data)]
    hits, n = int(found[0].sum()), len(samples)
    return Score(
        f"detected[{name}]",
        hits / n,
        n,
        wilson_error(hits, n),
        "high",
        {**(provenance or {}), "n real": len(data), "spread": SPREAD_OF_SHARE},
        {"real": float(found[1].double().mean()), "interval": wilson(hits, n)},
    )


def faces(fake: Tensor, real: Dataset, *, provenance: dict[str, Any] | None = None) -> Score:
    """`detected` by OpenCV's cascade of frontal faces."""
    name = "haarcascade_frontalface_default"
    return detected(fake, real, detector=haar(name), name=name, provenance=provenance)


def haar(name: str) -> Detector:
    """A Haar cascade (Viola & Jones 2001) that comes with OpenCV, as a detector.

    Images are made grey, enlarged to a shorter side of 100 pixels at least, and continued at the border by a tenth.

    Raises:
        BadRequest: OpenCV is not installed, or too new to have cascades, or has none of this name.
    """
    try:
        import cv2

        folder = Path(cv2.data.haarcascades)  # type: ignore[attr-defined]
        cascade = cv2.CascadeClassifier
    except (ImportError, AttributeError):
        raise BadRequest(
            "a cascade needs OpenCV before version 5: pip install 'opencv-python-headless<5'"
        ) from None
    known = sorted(file.stem for file in folder.glob("haarcascade_*.xml"))
    if name not in known:
        raise BadRequest(f"OpenCV has no cascade {name!r}; it has {', '.join(known)}")
    return _looking(cascade(str(folder / f"{name}.xml")), cv2)


def cascade_of(path: Path) -> Detector:
    """A cascade from a file, as a detector; it looks as `haar` does.

    Raises:
        BadRequest: OpenCV is not installed, too new to have cascades, or cannot read the file.
    """
    try:
        import cv2

        finder = cv2.CascadeClassifier()
    except (ImportError, AttributeError):
        raise BadRequest(
            "a cascade needs OpenCV before version 5: pip install 'opencv-python-headless<5'"
        ) from None
    try:
        whole = finder.load(str(path)) and not finder.empty()
    except cv2.error:
        whole = False
    if not whole:
        raise BadRequest(f"{path} is no cascade that OpenCV can read")
    return _looking(finder, cv2)


def _looking(finder: Any, cv2: Any) -> Detector:
    look = lambda image: len(finder.detectMultiScale(_enlarged(image, cv2), 1.1, 3)) > 0
    return lambda x: torch.tensor([look(image) for image in grey(x)])


def grey(x: Tensor) -> np.ndarray:
    """Images (n, c, h, w) in [-1, 1], c in 1..4 -> uint8 (n, h, w); alpha is left out."""
    return to_uint8(light(x)).cpu().numpy()


def _enlarged(image: np.ndarray, cv2: Any) -> np.ndarray:
    factor = LEAST / min(image.shape)
    if factor > 1:
        image = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    around = round(BORDER * min(image.shape))
    return cv2.copyMakeBorder(image, around, around, around, around, cv2.BORDER_REPLICATE)


def _answers(detector: Detector, name: str, x: Tensor) -> Tensor:
    found = detector(x)
    if found.shape != (len(x),):
        raise BadRequest(
            f"detector {name} answered {tuple(found.shape)} for {len(x):,} images; expected one each"
        )
    return found
