"""A thousand modes, read by the bundled judge."""

import pytest
import torch

from rivalry.data import open_data
from rivalry.errors import BadRequest
from rivalry.metrics.classes.stacked import judge_of_digits, stacked_modes, triples


def test_real_stacked_digits_are_read_as_they_are():
    data = open_data("stacked-mnist", "test")
    some = slice(0, 1500)
    right = triples(data.rows(some), judge_of_digits()) == data.others["mode"][some]
    assert right.float().mean() > 0.97


def test_one_image_is_one_mode_at_a_distance_of_log_a_thousand():
    x = open_data("stacked-mnist", "test").rows(slice(0, 1)).repeat(40, 1, 1, 1)
    modes, kl = stacked_modes(x)
    assert (modes.value, kl.value) == (1, pytest.approx(torch.log(torch.tensor(1000.0)).item()))


def test_refuses_other_shapes():
    with pytest.raises(BadRequest, match=r"stacked-modes needs samples \(n, 3, 28, 28\)"):
        stacked_modes(torch.zeros(4, 1, 28, 28))
