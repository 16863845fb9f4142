"""Density and coverage against closed forms, brute force, and what must be 0 or 1."""

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.density import density_coverage, expected_coverage, prdc
from rivalry.metrics.features.precision import precision_recall


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


def values(scores):
    return {score.name.split("[")[0]: score.value for score in scores}


@pytest.mark.parametrize(("k", "truth"), [(5, 0.9689), (3, 0.8752)])
def test_of_one_distribution_density_is_one_and_coverage_as_counted(k, truth):
    found = values(density_coverage(draw(2000, 8), draw(2000, 8, 1), k=k))
    assert expected_coverage(10_000, 10_000, k) == pytest.approx(truth, abs=2e-4)
    assert found["coverage"] == pytest.approx(truth, abs=0.015)
    assert found["density"] == pytest.approx(1, abs=0.06)


def test_expected_coverage_by_counting_orders():
    # Of a datum's nearest, the first is a fake with chance m / (n - 1 + m); k = 1 covers it then alone.
    assert expected_coverage(11, 30, 1) == pytest.approx(30 / 40)
    assert expected_coverage(11, 30, 2) == pytest.approx(1 - (10 / 40) * (9 / 39))


def test_identical_sets_are_all_ones_in_three_and_disjoint_ones_all_zeros():
    x = draw(400, 6)
    assert values(prdc(x, x)) == {
        "precision": 1,
        "recall": 1,
        "density": pytest.approx(1, abs=0.05),
        "coverage": 1,
    }
    assert set(values(prdc(x, draw(400, 6, 1, mean=80.0))).values()) == {0}


def test_half_of_the_clusters_dropped():
    label = torch.arange(1000) % 10
    center = lambda label: 50 * torch.stack([label, 0 * label], 1)
    real, fake = draw(1000, 2) + center(label), draw(1000, 2, 1) + center(label % 5)
    found = values(prdc(real, fake))
    assert found["precision"] > 0.9
    assert (found["recall"], found["coverage"]) == (
        pytest.approx(0.5, abs=0.03),
        pytest.approx(0.5, abs=0.02),
    )


def test_collapse_to_one_real_is_precise_and_covers_a_handful():
    real = draw(400, 8)
    found = values(prdc(real, real[:1].repeat(400, 1)))
    assert (found["precision"], found["recall"]) == (1, 1 / 400)
    assert found["coverage"] < 0.05


def test_one_outlier_among_the_reals_lets_a_far_fake_in_by_precision_but_not_by_density():
    real, fake = draw(500, 4), draw(500, 4, 1, mean=40.0)
    real[0] = 80
    found = values(prdc(real, fake))
    assert found["precision"] == 1
    assert found["density"] == pytest.approx(1 / 5)


def test_one_pass_gives_what_each_gives_alone():
    real, fake = draw(700, 5).float(), draw(650, 5, 1, mean=0.3).float()
    together = prdc(real, fake)
    alone = [*precision_recall(real, fake), *density_coverage(real, fake)]
    assert [(s.name, s.value) for s in together] == [(s.name, s.value) for s in alone]


def by_counting(real, fake):
    """Precision, recall, density and coverage of whole numbers, from integers alone."""
    apart = lambda x, y: (x[:, None] - y[None]).square().sum(2)
    reach = lambda x, k: apart(x, x).fill_diagonal_(10**9).sort(1).values[:, k - 1 : k]
    between = apart(real, fake)
    precise, recalled = (between <= reach(real, 3)).any(0), (between <= reach(fake, 3).T).any(1)
    within = between < reach(real, 5)
    shares = (precise, recalled, within.sum(0).double() / 5, within.any(1))
    return dict(
        zip(("precision", "recall", "density", "coverage"), (float(s.double().mean()) for s in shares))
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("levels", "d", "unit"), [(2, 30, 1), (2, 30, 1 / 3), (4, 12, 1 / 256), (256, 3, 2 / 255), (2, 60, 0.1)]
)
def test_ties_are_ties_in_both_types(levels, d, unit, dtype):
    generator = torch.Generator().manual_seed(0)
    real, fake = (torch.randint(levels, (300, d), generator=generator) for _ in range(2))
    fake[:20] = real[:20]
    found = values(prdc(real.to(dtype) * unit - 1, fake.to(dtype) * unit - 1))
    assert found == pytest.approx(by_counting(real, fake), abs=1e-12)


def test_500_vectors_of_30_bits():
    # The mean over draws is .63; centered and multiplied out in float32 the same bits gave .85.
    bits = torch.randint(2, (2, 500, 30), generator=torch.Generator().manual_seed(0))
    for x in (bits.float(), bits.double()):
        assert values(prdc(*x))["density"] == pytest.approx(by_counting(*bits)["density"], abs=1e-12)


def test_float32_and_float64_agree():
    real, fake = draw(600, 64), draw(600, 64, 1, mean=0.1)
    narrow = values(prdc(real.float(), fake.float()))
    assert narrow == pytest.approx(values(prdc(real, fake)), abs=1e-9)


def test_refuses_fewer_samples_than_a_ball_needs():
    with pytest.raises(BadRequest, match="density needs at least 6 fake samples; got 5"):
        density_coverage(draw(10, 3), draw(5, 3))
