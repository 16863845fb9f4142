"""The distance within classes: what a distance over all of them hides."""

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.classes.intra_class import intra_class_fid
from rivalry.metrics.features.frechet import fid

CENTERS = 10 * torch.eye(4, 6)


def draw(n, seed, shift=0.0):
    label = torch.arange(n) % 4
    return CENTERS[label] + torch.randn(n, 6, generator=torch.Generator().manual_seed(seed)) + shift, label


def test_classes_that_are_swapped_are_seen_here_and_not_by_the_distance_of_all():
    (real, label), (fake, asked) = draw(4000, 0), draw(4000, 1)
    swapped = (asked + 1) % 4
    assert fid(real, fake, splits=0).value < 0.1
    assert intra_class_fid(real, fake, label, asked).value < 0.1
    assert intra_class_fid(real, fake, label, swapped).value == pytest.approx(200, rel=0.05)  # 2 x 10²


def test_it_is_the_mean_of_the_distances_of_classes():
    (real, label), (fake, asked) = draw(400, 0), draw(400, 1, shift=0.5)
    score = intra_class_fid(real, fake, label, asked, classes=("a", "b", "c", "d"))
    each = [fid(real[label == k], fake[asked == k], splits=0).value for k in range(4)]
    assert list(score.details["by class"].values()) == pytest.approx(each)
    assert score.value == pytest.approx(sum(each) / 4)
    assert list(score.details["by class"]) == ["a", "b", "c", "d"]


def test_a_class_without_samples_is_refused():
    (real, label), (fake, asked) = draw(40, 0), draw(40, 1)
    with pytest.raises(BadRequest, match="of '3' there are 10 data and 0 samples"):
        intra_class_fid(real, fake[asked < 3], label, asked[asked < 3])
