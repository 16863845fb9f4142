"""Vendi, FLD, CMMD, sliced Wasserstein, α-precision, β-recall and the PRD curve: closed forms and limits."""

from math import exp

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.alpha_precision import alpha_precision
from rivalry.metrics.features.cmmd import cmmd
from rivalry.metrics.features.fld import fld, mixture
from rivalry.metrics.features.prd import best_f, curve, prd
from rivalry.metrics.features.sliced import sliced_wasserstein
from rivalry.metrics.features.vendi import effective_number, vendi


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def test_vendi_counts_directions():
    assert effective_number(torch.eye(7)) == pytest.approx(7)
    assert effective_number(torch.eye(7).repeat(30, 1)) == pytest.approx(7)
    assert effective_number(torch.ones(50, 3) * torch.rand(50, 1)) == pytest.approx(1)
    uneven = torch.eye(2)[torch.tensor([0] * 30 + [1] * 10)]  # entropy of (3/4, 1/4)
    assert effective_number(uneven) == pytest.approx(exp(0.5623351446), rel=1e-6)
    score = vendi(torch.eye(5).repeat(8, 1), torch.eye(5)[:2].repeat(20, 1))
    assert (score.value, score.details["of data"]) == (pytest.approx(2), pytest.approx(5))


def test_vendi_is_the_same_by_either_matrix():
    x = draw(40, 60)
    wide, narrow = effective_number(x), effective_number(torch.cat([x, 0 * x], 1).repeat(4, 1))
    assert wide == pytest.approx(narrow)


def test_cmmd_of_two_points_and_of_gaussians():
    # Half of each side at a, half at b, but 3/4 of the fakes: 1000 · 2 (1/4)² (1 - k(a, b)).
    real, fake = torch.tensor([[0.0]] * 2 + [[5.0]] * 2), torch.tensor([[0.0]] + [[5.0]] * 3)
    assert cmmd(real, fake).value == pytest.approx(2000 / 16 * (1 - exp(-25 / 200)), rel=1e-9)
    # E k of N(0, 2 I) in d dimensions is (σ²/(σ² + 2))^(d/2), of N(δ, 2 I) that times exp(-|δ|²/(2 (σ² + 2))).
    same = (100 / 102) ** 2
    truth = 2000 * same * (1 - exp(-(4**2) / (2 * 102)))
    assert cmmd(draw(3000, 4), draw(3000, 4, 1) + torch.tensor([4.0, 0, 0, 0])).value == pytest.approx(
        truth, rel=0.04
    )
    assert cmmd(draw(50, 3), draw(50, 3)).value == pytest.approx(0, abs=1e-9)


def test_cmmd_on_features_of_length_one_forgets_length():
    x, y = draw(60, 5), draw(60, 5, 1)
    assert cmmd(x, y, unit=True).value == pytest.approx(cmmd(9 * x, 2 * y, unit=True).value)
    with pytest.raises(BadRequest, match="sigma is above 0"):
        cmmd(x, y, sigma=0)


def test_swd_of_a_shift_is_the_shift_over_the_root_of_d():
    x = draw(500, 16)
    assert sliced_wasserstein(x, x + 3).value == pytest.approx(3, rel=0.05)  # |δ| = 3 · 4, over √16
    assert sliced_wasserstein(x, x[torch.randperm(500)]).value == pytest.approx(0, abs=1e-12)
    assert sliced_wasserstein(x[:, :1], 2 * x[:, :1]).value == pytest.approx(
        float(x[:, 0].square().mean().sqrt())
    )


def test_alpha_precision_is_near_one_for_fresh_data_and_zero_far_away():
    fresh = {s.name.split("[")[0]: s for s in alpha_precision(draw(2000, 4), draw(2000, 4, 1))}
    assert fresh["alpha-precision"].value > 0.95
    far = alpha_precision(draw(500, 4), draw(500, 4, 1, mean=50.0))
    assert [score.value for score in far] == [0, 0]
    # All fakes at the center: P(α) = 1, so 1 - Σ (1 - α) / Σ α, which is 2/31 at 30 levels.
    x = draw(400, 4)
    crowded = alpha_precision(x, x.mean(0).expand(400, 4) + 1e-6 * draw(400, 4, 2))[0]
    assert crowded.value == pytest.approx(1 - 14.5 / 15.5)


def test_beta_recall_of_the_data_themselves_is_one():
    x = draw(300, 3)
    assert [score.value for score in alpha_precision(x, x)] == pytest.approx([1, 1], abs=0.01)


def test_prd_of_equal_and_of_disjoint_shares():
    p = torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    same, apart = curve(p, p), curve(p, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
    assert best_f(*same, 8) == pytest.approx(1, abs=1e-3)
    assert apart.abs().max() == 0
    # Half of the data covered: at λ = 1 precision ½ and recall ½; precision 1 at λ = 2.
    half = curve(p, torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64), 100_001)
    assert float(half[0].max()) == pytest.approx(1) and float(half[1].max()) == pytest.approx(0.5)


def test_prd_sees_dropped_clusters_in_recall():
    label = torch.arange(1000) % 10
    center = lambda label: 50 * torch.stack([label, 0 * label], 1)
    real, fake = draw(1000, 2) + center(label), draw(1000, 2, 1) + center(label % 5)
    found = {score.name.split("[")[0]: score for score in prd(real, fake, draws=3)}
    assert found["prd-precision"].value > 0.9
    assert found["prd-recall"].value < 0.6
    assert len(found["prd-recall"].details["precision"]) == 101


def test_a_mixture_of_one_gaussian_is_that_gaussian():
    apart, width = torch.tensor([[4.0]]), torch.tensor([0.5])
    assert float(mixture(apart, width, 3)) == pytest.approx(-2 * exp(-0.5) - 0.75)


def test_fld_is_near_zero_for_fresh_data_and_far_above_for_copies_and_noise():
    train, held = draw(600, 6), draw(300, 6, 1)
    fresh = fld(train, held, draw(300, 6, 2))
    copied = fld(train, held, train[:300] + 1e-4 * draw(300, 6, 4))
    noise = fld(train, held, draw(300, 6, 3, mean=3.0))
    assert abs(fresh.value) < 10
    assert copied.value > fresh.value + 5 and noise.value > fresh.value + 20
    assert copied.details["gap"] > fresh.details["gap"] + 5


@pytest.mark.parametrize("metric", [vendi, cmmd, sliced_wasserstein, alpha_precision, prd])
def test_widths_must_agree(metric):
    with pytest.raises(BadRequest, match="3 wide, fake ones 4"):
        metric(draw(60, 3), draw(60, 4))
