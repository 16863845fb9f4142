"""The judge's verdicts, the accuracy of what was asked for, and the interval of a share, by hand."""

import math

import pytest
import torch
import torch.nn.functional as F

from rivalry.errors import BadRequest
from rivalry.metrics.classes.accuracy import accuracy
from rivalry.metrics.classes.judge import verdicts
from rivalry.metrics.interval import spread_of_counts, wilson, wilson_error


def logits_of(confidence, labels, k=10):
    """Logits whose softmax is `confidence` at the label and even elsewhere."""
    labels = torch.as_tensor(labels)
    rest = torch.full((len(labels), k), (1 - confidence) / (k - 1), dtype=torch.float64)
    return rest.scatter(1, labels[:, None], confidence).log()


def test_counts_verdicts_of_at_least_nine_tenths():
    logits = torch.cat([logits_of(0.95, [0, 1, 2]), logits_of(0.85, [3])])
    confident, classes = verdicts(logits, real_logits=logits[:3])
    assert confident.value == 0.75
    assert confident.details["confidence"] == pytest.approx((3 * 0.95 + 0.85) / 4)
    assert confident.details["real"] == 1.0
    assert classes.value == 3  # the unsure verdict of class 3 does not count as present


def test_the_histogram_names_the_classes_and_its_entropy_is_log_k_when_even():
    _, classes = verdicts(logits_of(0.99, [0, 1, 2, 0, 1, 2], k=3), classes=("a", "b", "c"))
    assert classes.details["histogram"] == {"a": 2, "b": 2, "c": 2}
    assert classes.details["entropy"] == pytest.approx(math.log(3))


def test_unsure_verdicts_have_the_entropy_of_a_coin():
    confident, classes = verdicts(torch.zeros(20, 2))
    assert (confident.value, classes.value) == (0, 0)
    assert confident.details["entropy"] == pytest.approx(math.log(2))


def test_accuracy_is_the_share_of_verdicts_as_asked():
    asked = torch.tensor([0, 0, 1, 2])
    score = accuracy(logits_of(0.9, [0, 1, 1, 2], k=4), asked)
    assert score.value == 0.75
    assert score.details["by class"] == [0.5, 1.0, 1.0, None]
    low, high = score.details["interval"]
    assert (low, high) == (pytest.approx(0.3006, abs=1e-4), pytest.approx(0.9544, abs=1e-4))


def test_labels_shuffled_among_k_classes_are_met_by_one_in_k():
    generator = torch.Generator().manual_seed(0)
    seen, asked = torch.randint(10, (2, 20_000), generator=generator)
    assert accuracy(F.one_hot(seen, 10).float(), asked).value == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (torch.zeros(3).long(), "got 3 for 4 samples"),
        (torch.tensor([0, 1, 2, 10]), "classes are 0 ... 9; labels from 0 to 10 were asked for"),
        (torch.tensor([0, 1, 2, -1]), "labels from -1 to 2"),
    ],
)
def test_accuracy_refuses_labels_that_do_not_fit(asked, says):
    with pytest.raises(BadRequest, match=says):
        accuracy(torch.zeros(4, 10), asked)


def test_verdicts_refuse_no_samples_and_logits_that_are_not_finite():
    with pytest.raises(BadRequest, match="at least 1 sample"):
        verdicts(torch.zeros(0, 10))
    with pytest.raises(BadRequest, match="not finite"):
        verdicts(torch.full((2, 10), float("nan")))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_is_that_of_newcombe_1998_table_1(hits, n, low, high):
    assert wilson(hits, n, 1.959964) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_the_error_of_a_share_is_binomial_in_the_middle_and_not_zero_at_the_end():
    assert wilson_error(5000, 10_000) == pytest.approx(0.005, rel=1e-3)
    assert wilson_error(100, 100) > 0


def test_resampled_counts_move_as_a_binomial():
    """The count of one bin of 1,000 samples in two even bins moves by √(1000 · ½ · ½) = 15.8."""
    assert spread_of_counts(torch.tensor([500, 500]), lambda c: float(c[0])) == pytest.approx(15.8, rel=0.25)


def test_a_class_seen_once_may_be_missing_from_other_samples():
    _, often = verdicts(logits_of(0.99, [0] * 50 + [1] * 50, k=2))
    _, once = verdicts(logits_of(0.99, [0] * 99 + [1], k=2))
    assert (often.value, once.value) == (2, 2)
    assert often.spread == 0 < once.spread
