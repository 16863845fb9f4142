"""The judge of MNIST that comes with the package, on the test set that it was not trained on."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from rivalry.data import open_data
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.metrics.classes.judge import confident_share
from rivalry.metrics.extractors.extractor import Extractor, extract, judge
from rivalry.metrics.features.frechet import fid
from rivalry.metrics.suite import evaluate


@pytest.fixture(scope="module")
def test_set() -> Dataset:
    try:
        return open_data("mnist", "test")
    except (BadRequest, FileNotFoundError, ModuleNotFoundError) as missing:
        pytest.skip(f"the bundled MNIST is absent: {missing}")


@pytest.fixture(scope="module")
def mnist_judge(test_set) -> Extractor:
    return judge(test_set.spec)


@pytest.fixture(scope="module")
def verdicts_on_real(test_set, mnist_judge):
    return extract(mnist_judge, test_set)


def part(data: Dataset, keep) -> Dataset:
    return Dataset(data.spec, data.x[keep], data.label[keep])


def test_is_right_on_992_of_1000_test_images(test_set, verdicts_on_real, mnist_judge):
    accuracy = float((verdicts_on_real[1].argmax(1) == test_set.label).double().mean())
    assert accuracy >= 0.992
    assert accuracy == pytest.approx(mnist_judge.facts["accuracy"], abs=2e-4)


def test_is_confident_on_985_of_1000_test_images(verdicts_on_real, mnist_judge):
    share = confident_share(verdicts_on_real[1])
    assert share >= 0.985
    assert share == pytest.approx(mnist_judge.facts["confident"], abs=5e-4)


def test_is_named_and_small(mnist_judge, verdicts_on_real):
    assert mnist_judge.name == "judge-mnist"
    assert mnist_judge.classes == tuple("0123456789")
    assert verdicts_on_real[0].shape[1] <= 128


def test_other_data_of_the_same_name_do_not_get_it(test_set):
    spec = Spec("mnist", "image", (3, 32, 32), test_set.spec.classes)
    with pytest.raises(BadRequest, match="is not there yet"):
        judge(spec)


def test_damage_moves_the_frechet_distance_in_order(test_set, verdicts_on_real, mnist_judge):
    """Held-out digits < a light blur < a strong blur; and half of the digits dropped is far off."""
    real, fresh = verdicts_on_real[0][::2], part(test_set, slice(1, None, 8))
    images = fresh.rows(slice(None))
    few = part(test_set, (test_set.label < 5) & (torch.arange(10_000) % 4 == 1))
    damaged = [images, avg_pool2d(images, 3, 1, 1), avg_pool2d(images, 5, 1, 2), few.rows(slice(None))]
    scores = [fid(real, extract(mnist_judge, x)[0], splits=5) for x in damaged]
    good, light, strong, half = (s.value for s in scores)
    assert 3 * good < light < strong
    assert half > 10 * good


def test_digits_asked_for_are_found_and_other_digits_are_not(test_set):
    some = part(test_set, slice(0, 1000))
    right, wrong = (
        evaluate(some, some.x, asked, "accuracy")[0].value for asked in (some.label, (some.label + 1) % 10)
    )
    assert right > 0.98
    assert wrong < 0.01
