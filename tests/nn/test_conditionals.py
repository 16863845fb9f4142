"""Distributions of one number: probabilities sum to one, and draws have the distribution that they are drawn from."""

import math

import pytest
import torch
from torch import Tensor

from rivalry.maths.levels import Levels
from rivalry.nn.conditionals import Distribution, Gaussians, Logistics, Softmax

OF_LEVELS = {"softmax": Softmax(Levels(17)), "logistics": Logistics(Levels(17), 3)}


def told(conditional: Distribution, n: int = 1, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return scale * torch.randn(n, conditional.parts, generator=generator)


@pytest.mark.parametrize("name", OF_LEVELS)
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_probabilities_of_levels_sum_to_one(name: str, scale: float) -> None:
    of = OF_LEVELS[name]
    every = Levels(17).image(torch.arange(17)).repeat(20, 1)
    logs = of.log_prob(told(of, 20, scale)[:, None].expand(20, 17, of.parts), every)
    torch.testing.assert_close(logs.exp().sum(1), torch.ones(20), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", OF_LEVELS)
def test_draws_of_levels_are_as_frequent_as_they_are_likely(name: str) -> None:
    of, n = OF_LEVELS[name], 40_000
    u = (torch.arange(n) + 0.5) / n
    x = of.quantile(told(of).expand(n, -1), u)
    share = torch.bincount(Levels(17).index(x), minlength=17) / n
    likely = of.log_prob(told(of).expand(17, -1), Levels(17).image(torch.arange(17))).exp()
    torch.testing.assert_close(share, likely, atol=2e-3, rtol=0)


def test_a_mixture_of_gaussians_is_a_density_and_draws_follow_it() -> None:
    of, n = Gaussians(3), 40_000
    grid = torch.linspace(-15, 15, 6001)
    density = of.log_prob(told(of).expand(6001, -1), grid).exp()
    assert float(density.sum()) * 0.005 == pytest.approx(1, abs=1e-4)
    x = of.quantile(told(of).expand(n, -1), (torch.arange(n) + 0.5) / n)
    assert float(x.mean()) == pytest.approx(float((grid * density).sum()) * 0.005, abs=0.02)
    assert float((x < 0).float().mean()) == pytest.approx(float(density[grid < 0].sum()) * 0.005, abs=5e-3)


def test_a_level_far_from_a_narrow_logistic_keeps_a_finite_likelihood_and_slope() -> None:
    of = Logistics(Levels(256), 1)
    far = torch.tensor([[0.0, 0.9, -7.0]], requires_grad=True)  # e⁻⁷ wide, 1,800 widths away
    nats = of.log_prob(far, torch.tensor([-0.8745098]))
    assert float(nats) == pytest.approx(-1.7745 * math.exp(7), rel=0.01)
    (slope,) = torch.autograd.grad(nats.sum(), far)
    assert slope.isfinite().all()
