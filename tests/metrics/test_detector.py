"""A detector's share, with a detector of one's own and with a cascade where OpenCV is there."""

import pytest
import torch

from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.image.detector import detected, faces, grey, haar

REAL = Dataset(Spec("plain", "image", (3, 16, 16)), torch.full((20, 3, 16, 16), 200, dtype=torch.uint8))


def bright(x):
    return x.mean((1, 2, 3)) > 0


def test_the_share_is_that_of_samples_in_which_it_finds_something():
    fake = torch.cat([torch.ones(3, 3, 16, 16), -torch.ones(9, 3, 16, 16)])
    score = detected(fake, REAL, detector=bright, name="bright")
    assert (score.name, score.value, score.details["real"]) == ("detected[bright]", 0.25, 1)


def test_grey_weighs_colors_as_eyes_do_and_leaves_alpha_out():
    green = torch.tensor([-1.0, 1, -1, 0])[None, :, None, None].expand(1, 4, 2, 2)
    assert grey(green).tolist() == [[[150, 150], [150, 150]]]  # 0.587 of 255
    assert grey(torch.ones(1, 1, 2, 2)).tolist() == [[[255, 255], [255, 255]]]


def test_refuses_a_detector_that_does_not_answer_for_each():
    with pytest.raises(BadRequest, match="expected one each"):
        detected(torch.zeros(4, 3, 16, 16), REAL, detector=lambda x: torch.ones(1), name="short")


def test_a_cascade_finds_no_face_on_a_plain_wall():
    pytest.importorskip("cv2")
    assert not haar("haarcascade_frontalface_default")(REAL.rows(slice(0, 4))).any()
    with pytest.raises(BadRequest, match="OpenCV has no cascade 'haarcascade_unicorn'"):
        haar("haarcascade_unicorn")


def test_it_finds_faces_where_there_are_any_and_none_elsewhere():
    """100 faces and 100 pieces of background of Labeled Faces in the Wild, 25 x 25: 98 % and 0 % are known."""
    pytest.importorskip("cv2")
    pictures = torch.from_numpy(pytest.importorskip("skimage.data").lfw_subset()).float()[:, None] * 2 - 1
    shape = Spec("background", "image", (1, 25, 25))
    background = Dataset(shape, ((pictures[100:] + 1) * 127.5).round().byte())
    score = faces(pictures[:100], background)
    assert score.value == pytest.approx(0.98, abs=0.005)
    assert score.details["real"] == 0
