"""Distances among samples, and how many different ones there are."""

import pytest
import torch

from rivalry.metrics.features.diversity import diversity, mean_distance
from rivalry.metrics.features.halves import SPLITS
from rivalry.metrics.features.support_size import pairs_within, support_size


def draw(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_twice_as_wide_is_twice_as_diverse_and_one_image_not_at_all():
    real = draw(1000, 8)
    assert diversity(real, real).value == 1
    assert diversity(real, 2 * draw(1000, 8, 1)).value == pytest.approx(2, rel=0.03)
    assert diversity(real, real[:1].repeat(500, 1)).value == 0


def test_the_mean_distance_of_normals_in_the_plane_is_the_root_of_pi():
    value, *halves = mean_distance(draw(3000, 2), 0).tolist()  # |x - x'| has mean √2 √(π/2)
    assert value == pytest.approx(torch.pi**0.5, abs=0.05)
    assert len(halves) == 2 * SPLITS and sum(halves) / len(halves) == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize("chunk", [3, 1000])
def test_pairs_are_counted_once(chunk):
    x = torch.tensor([[0.0], [0], [0], [5], [5], [9]])
    assert pairs_within(x, 0.0, chunk) == 3 + 1


@pytest.mark.parametrize("images", [50, 400])
def test_a_generator_of_n_images_is_found_to_have_n(images):
    generator = torch.Generator().manual_seed(1)
    real, few = draw(2000, 16), draw(images, 16, 2)
    score = support_size(real, few[torch.randint(images, (2000,), generator=generator)])
    assert score.value == pytest.approx(images, rel=0.1)
    assert score.details["of data"] > 100_000


def test_honest_samples_have_no_more_alike_than_data_do():
    score = support_size(draw(2000, 16), draw(2000, 16, 1))
    assert score.value > 100_000
