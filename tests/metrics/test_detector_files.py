"""Detectors from files: cascades and networks, and what the outputs of a network say."""

from pathlib import Path

import numpy as np
import pytest
import torch

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.detector_files import best, detector_from
from rivalry.runs.scoring import evaluate


def field(number: int, content: bytes | str | int) -> bytes:
    """One field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    content = content.encode() if isinstance(content, str) else content
    assert len(content) < 1 << 14
    length = [len(content)] if len(content) < 128 else [len(content) & 127 | 128, len(content) >> 7]
    return bytes([number << 3 | 2, *length]) + content


def value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(field(1, field(1, side)) for side in shape)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))


def bright_network(path: Path) -> str:
    """An ONNX file of one layer, the mean of each color: it finds something in a bright image."""
    node = field(1, "x") + field(2, "scores") + field(4, "GlobalAveragePool")
    graph = (
        field(1, node)
        + field(2, "g")
        + field(11, value("x", (1, 3, 8, 8)))
        + field(12, value("scores", (1, 3, 1, 1)))
    )
    path.write_bytes(field(1, 8) + field(8, field(1, "") + field(2, 13)) + field(7, graph))
    return str(path)


@pytest.mark.parametrize(
    ("output", "score"),
    [
        (np.array([[[0.9, 0.1], [0.3, 0.7]]]), 0.7),  # background and object
        (
            np.array([[[0, 0, 1, 1, 0.5, 0.8, 0.1], [0, 0, 9, 9, 0.9, 0.2, 0.1]]]),
            0.4,
        ),  # objectness and classes
        (np.arange(70.0).reshape(1, 7, 10) / 70, 69 / 70),  # 4 + 3 classes, 10 boxes
        (np.array([[0.25]]), 0.25),
        (np.zeros((1, 0, 2)), 0.0),
    ],
)
def test_the_best_score_by_the_shape_of_the_output(output: np.ndarray, score: float) -> None:
    assert best(output) == pytest.approx(score)


def test_a_network_from_a_file_is_scored_beside_the_data(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    asked = bright_network(tmp_path / "bright.onnx")
    light = torch.cat([torch.full((30, 3, 8, 8), 240), torch.full((10, 3, 8, 8), 5)])
    grain = torch.randint(0, 10, light.shape, generator=torch.Generator().manual_seed(0))
    real = Dataset(Spec("plain", "image", (3, 8, 8)), (light + grain).byte())
    fake = torch.cat([torch.full((5, 3, 8, 8), 0.9), torch.full((15, 3, 8, 8), -0.9)])
    scores = evaluate(fake, real, metrics="sharpness", detector=f"{asked}@8x8")
    found = next(score for score in scores if score.name == "detected[bright]")
    assert (found.value, found.details["real"]) == (0.25, 0.75)


def test_a_cascade_from_a_file_finds_what_opencvs_own_does(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    path = tmp_path / "mine.xml"
    path.write_bytes((Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml").read_bytes())
    detector, name = detector_from(str(path))
    assert name == "mine"
    faces = torch.from_numpy(pytest.importorskip("skimage.data").lfw_subset()).float()[:20, None] * 2 - 1
    assert detector(faces).float().mean() > 0.9
    assert not detector(torch.zeros(4, 1, 25, 25)).any()


def test_what_is_no_detector_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    for name, words in (("x.pt", "a cascade.xml or a model.onnx"), ("none.xml", "no detector at")):
        with pytest.raises(BadRequest, match=words):
            detector_from(str(tmp_path / name))
    for name in ("broken.xml", "broken.onnx"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(BadRequest, match="OpenCV can"):
            detector_from(str(tmp_path / name))
