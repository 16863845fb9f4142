"""Proportions of classes against counts worked out by hand."""

import pytest
import torch
from torch.nn import functional as F

from rivalry.errors import BadRequest
from rivalry.metrics.classes.balance import balance, homogeneity


def verdicts(counts):
    return F.one_hot(
        torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)), len(counts)
    ).float()


def test_a_class_left_out_is_at_its_own_share():
    score = balance(verdicts([50, 50, 0]), verdicts([40, 40, 20]))
    assert score.value == pytest.approx(0.2)
    assert score.details["histogram"] == {"0": [50, 40], "1": [50, 40], "2": [0, 20]}
    assert score.details["p"] < 1e-4


def test_the_same_proportions_are_at_nothing():
    score = balance(verdicts([10, 20, 30]), verdicts([20, 40, 60]))
    assert (score.value, score.details["p"]) == (pytest.approx(0), pytest.approx(1))


def test_pearsons_statistic_of_a_table_by_hand():
    # rows 10, 20 and 20, 10: every cell is 15 expected, and 5 off
    assert homogeneity(torch.tensor([10, 20]), torch.tensor([20, 10])) == (pytest.approx(4 * 25 / 15), 1)


def test_under_one_distribution_the_test_rejects_as_often_as_it_says():
    generator = torch.Generator().manual_seed(0)
    p = [
        balance(
            *(F.one_hot(torch.randint(5, (400,), generator=generator), 5).float() for _ in range(2))
        ).details["p"]
        for _ in range(300)
    ]
    assert sum(value < 0.1 for value in p) / 300 == pytest.approx(0.1, abs=0.05)


def test_a_class_that_nobody_sees_is_left_out_of_the_test():
    assert homogeneity(torch.tensor([5, 0, 5]), torch.tensor([5, 0, 5])) == (0, 1)


def test_refuses_no_samples():
    with pytest.raises(BadRequest, match="at least 1 sample"):
        balance(torch.zeros(0, 3), torch.zeros(5, 3))
