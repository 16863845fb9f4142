"""Trained on samples, tested on data: real samples reach the ceiling, shuffled labels chance, half the classes half."""

import pytest
import torch
from toys import bars

from rivalry.errors import BadRequest
from rivalry.metrics.classes.synthetic import train_on_synthetic

TRAIN, TEST, MADE = bars(600, 0), bars(300, 1), bars(600, 2)


def score(x, label):
    return train_on_synthetic(TRAIN, TEST, x, label, steps=40)


def test_samples_as_good_as_data_teach_as_well():
    found = score(MADE.rows(slice(None)), MADE.label)
    assert found.value > 0.97
    assert found.details["real"] > 0.97
    assert found.details["of real"] == pytest.approx(1, abs=0.03)


def test_shuffled_labels_teach_nothing():
    shuffled = MADE.label[torch.randperm(600, generator=torch.Generator().manual_seed(3))]
    assert score(MADE.rows(slice(None)), shuffled).value < 0.5


def test_half_of_the_classes_teach_half():
    kept = MADE.label < 2
    found = score(MADE.rows(slice(None))[kept], MADE.label[kept])
    assert found.value == pytest.approx(0.5, abs=0.08)
    assert found.details["by class"]["four"] < 0.1


def test_refuses_one_class_alone():
    with pytest.raises(BadRequest, match="at least two classes"):
        score(MADE.rows(slice(0, 5)), torch.zeros(5, dtype=torch.int64))
