"""The Inception Score where its value is known."""

import pytest
import torch
import torch.nn.functional as F

from rivalry.errors import BadRequest
from rivalry.metrics.classes.inception_score import inception_score


def sure(labels, k):
    """Logits of a classifier that is certain of these labels."""
    return 1000.0 * F.one_hot(labels, k)


@pytest.mark.parametrize("k", [2, 10, 100])
def test_even_and_certain_verdicts_score_the_number_of_classes(k):
    labels = torch.arange(k).repeat(20)
    assert inception_score(sure(labels, k), splits=10, seed=None).value == pytest.approx(k, rel=1e-12)


def test_verdicts_that_never_change_score_one():
    always = torch.randn(1, 10).expand(500, 10)
    assert inception_score(always).value == pytest.approx(1, abs=1e-12)


def test_certain_verdicts_of_many_classes_are_biased_down_by_small_splits():
    """1,000 classes drawn at random, 5,000 samples a split: 902, not 1,000."""
    labels = torch.randint(1000, (10_000,), generator=torch.Generator().manual_seed(0))
    assert inception_score(sure(labels, 1000), splits=2).value == pytest.approx(902, rel=0.005)


def test_half_of_the_classes_score_half():
    assert inception_score(sure(torch.arange(5).repeat(100), 10), seed=None).value == pytest.approx(
        5, rel=1e-9
    )


def test_the_deviation_is_over_the_splits():
    labels = torch.cat([torch.zeros(50), torch.arange(50) % 2]).long()  # one split scores 1, the other 2
    score = inception_score(sure(labels, 2), splits=2, seed=None)
    assert (score.value, score.details["deviation"]) == (pytest.approx(1.5), pytest.approx(0.5))


def test_the_spread_is_that_of_fresh_samples():
    """The deviation over ten parts is about √10 of it, and no error."""
    draw = lambda seed: 2 * torch.randn(400, 5, generator=torch.Generator().manual_seed(seed))
    found = [inception_score(draw(seed)) for seed in range(60)]
    actual = torch.tensor([score.value for score in found]).std()
    told = torch.tensor([score.spread for score in found]).square().mean().sqrt()
    deviation = torch.tensor([score.details["deviation"] for score in found]).mean()
    assert told == pytest.approx(float(actual), rel=0.25)
    assert deviation > 2 * actual


def test_refuses_fewer_samples_than_splits():
    with pytest.raises(BadRequest, match="at least 10 samples, one a split; got 9"):
        inception_score(torch.zeros(9, 3))
