"""Samples in another range than the data's are told of."""

import warnings

import pytest
import torch

from rivalry.data.source import Dataset, Spec
from rivalry.metrics.suite import as_seen

REAL = Dataset(Spec("d", "image", (1, 8, 8)), torch.arange(640).remainder(256).byte().view(10, 1, 8, 8))


def test_samples_in_zero_to_one_warn() -> None:
    unit = REAL.x.float() / 255
    with pytest.warns(UserWarning, match=r"samples lie in \[0, 1\]; .* give 2 \* x - 1"):
        as_seen(REAL, unit)


@pytest.mark.parametrize("samples", [REAL.x, REAL.rows(slice(None))], ids=["uint8", "floats in [-1, 1]"])
def test_samples_in_the_range_of_images_do_not(samples: torch.Tensor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_seen(REAL, samples)


def test_samples_as_bright_as_the_data_do_not() -> None:
    bright = Dataset(REAL.spec, 128 + REAL.x // 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        as_seen(bright, bright.rows(slice(None)))
