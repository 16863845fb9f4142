"""Coverage of known modes: the true sampler, dropped modes, and by hand."""

from math import exp, log

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.points.modes import modes, reverse_kl

SIDE = torch.tensor([-4.0, -2, 0, 2, 4])
GRID = torch.cartesian_prod(SIDE, SIDE)


def grid_samples(n, modes=25, std=0.05, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centers = GRID[torch.randint(modes, (n,), generator=generator)]
    return centers + std * torch.randn(n, 2, generator=generator)


def values(scores):
    return {score.name: score.value for score in scores}


def test_the_true_sampler_finds_all_modes_and_989_of_1000_samples_are_of_high_quality():
    found = values(modes(grid_samples(100_000), GRID, 0.05))
    assert found["modes"] == 25
    assert found["high-quality"] == pytest.approx(1 - exp(-9 / 2), abs=0.001)


def test_the_true_sampler_has_the_known_bias_in_reverse_kl():
    scores = [modes(grid_samples(2500, seed=seed), GRID, 0.05)[2] for seed in range(20)]
    assert sum(s.value for s in scores) / 20 == pytest.approx(scores[0].details["bias"], rel=0.25)


def test_a_thousand_even_labels_of_26000_samples_score_19_thousandths_of_a_nat():
    labels = torch.randint(1000, (26_000,), generator=torch.Generator().manual_seed(0))
    assert reverse_kl(labels.bincount(minlength=1000)) == pytest.approx(0.0192, abs=0.002)


def test_half_of_the_modes_cost_log_two():
    found = values(modes(GRID[:4].repeat(100, 1), GRID[:8], 0.05))
    assert (found["modes"], found["reverse-kl"]) == (4, pytest.approx(log(2), rel=1e-12))


def test_collapse_to_one_mode_costs_log_k():
    found = values(modes(GRID[:1].repeat(100, 1), GRID, 0.05))
    assert (found["modes"], found["high-quality"], found["reverse-kl"]) == (1, 1, pytest.approx(log(25)))


def test_proportions_that_are_met_cost_nothing():
    assert reverse_kl(torch.tensor([30, 10]), torch.tensor([0.75, 0.25])) == pytest.approx(0, abs=1e-7)


def test_a_mode_counts_from_one_sample_within_three_deviations():
    near, far = GRID[:1] + torch.tensor([0.149, 0]), GRID[1:2] + torch.tensor([0, 0.151])
    scores = modes(torch.cat([near, far]), GRID[:2], 0.05)
    assert values(scores)["modes"] == 1
    assert scores[0].details["hits"] == [1, 0]
    assert values(scores)["high-quality"] == 0.5


def test_noise_is_of_low_quality():
    noise = 10 * torch.rand(5000, 2, generator=torch.Generator().manual_seed(0)) - 5
    expected = 25 * torch.pi * 0.15**2 / 100  # the share of the square that lies within three deviations
    assert values(modes(noise, GRID, 0.05))["high-quality"] == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize(
    ("fake", "says"),
    [
        (torch.zeros(0, 2), "at least 1 sample"),
        (torch.zeros(5, 3), r"samples are \(3,\), modes \(2,\)"),
        (torch.full((5, 2), float("nan")), "not finite"),
    ],
)
def test_refuses(fake, says):
    with pytest.raises(BadRequest, match=says):
        modes(fake, GRID, 0.05)
