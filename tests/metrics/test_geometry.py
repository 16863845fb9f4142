"""Holes of shapes whose number is known, the arithmetic of living times, and what the score must notice."""

import sys
from math import pi

import numpy as np
import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.metrics.features.geometry import (
    distances,
    geometry_score,
    holes,
    living_times,
    relative_living_times,
)


@pytest.fixture
def gudhi():
    return pytest.importorskip("gudhi", reason="needs gudhi: pip install 'rivalry[metrics]'")


N = 1000
FEW = {"landmarks": 32, "gamma": 1 / 8, "repetitions": 10}


def angles(n, seed):
    return 2 * pi * torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def circle(n=N, seed=0):
    t = angles(n, seed)
    return torch.stack([t.cos(), t.sin()], 1)


def two_circles(n):
    return torch.cat([circle(n // 2), circle(n // 2, 1) + torch.tensor([3.0, 0.0])])


def disc(n=N):
    return circle(n) * (angles(n, 1) / (2 * pi)).sqrt()[:, None]


def sphere(n):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x / x.norm(dim=1, keepdim=True)


def torus(n):
    return torch.cat([circle(n), circle(n, 1)], 1)


@pytest.mark.parametrize(
    ("shape", "n", "landmarks", "number", "stated", "within"),
    [
        (circle, 2000, 32, 1, 1.000, 0.003),
        (two_circles, 5000, 64, 2, 0.999, 0.003),
        (disc, 5000, 32, 0, 0.95, 0.05),
        (sphere, 2400, 32, 0, 0.86, 0.06),
        (torus, 5000, 64, 2, 0.84, 0.06),
    ],
)
def test_shapes_have_the_holes_that_they_have(gudhi, shape, n, landmarks, number, stated, within):
    mean = relative_living_times(shape(n), landmarks=landmarks, gamma=1 / 8, repetitions=8).mean(0)
    assert float(mean[number]) == pytest.approx(stated, abs=within)
    assert float(mean.sum()) == pytest.approx(1)


def test_what_is_left_out_of_the_table_changes_nothing(gudhi):
    """The same holes from every landmark of every witness."""
    x = circle(200) + 0.1 * circle(200, 1)
    table = distances(x)[:, :12]
    alpha = 0.1 * table.max()
    order = table.argsort(1)
    whole = [list(zip(row.tolist(), away[row].tolist())) for row, away in zip(order, table)]
    tree = gudhi.WitnessComplex(whole).create_simplex_tree(max_alpha_square=alpha, limit_dimension=2)
    tree.compute_persistence(homology_coeff_field=2)
    truth = tree.persistence_intervals_in_dimension(1)
    found = holes(table, alpha)
    assert len(truth) > 0
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, truth.tolist()))


def test_a_circle_and_a_disc_are_apart_and_two_circles_are_alike(gudhi):
    alike = geometry_score(circle(), circle(seed=1), **FEW)
    unlike = geometry_score(circle(), disc(), **FEW, provenance={"split": "test"})
    assert alike.value < 0.01
    assert unlike.value > 1
    assert (unlike.name, unlike.better, unlike.n) == ("geometry-score[features]", "low", N)
    assert (unlike.provenance["split"], unlike.provenance["landmarks"]) == ("test", 32)
    assert unlike.details["real"][1] > 0.95
    assert unlike.details["fake"][1] < 0.3
    assert 0 < unlike.spread < 0.2


def test_the_score_is_the_squared_difference_of_the_means(gudhi):
    score = geometry_score(circle(), disc(), **FEW)
    means = (relative_living_times(x, **FEW).mean(0) for x in (circle(), disc()))
    assert score.value == pytest.approx(sum((a - b) ** 2 for a, b in zip(*(m.tolist() for m in means))))


def test_the_size_and_place_of_a_shape_do_not_count(gudhi):
    moved = relative_living_times(10 * disc(500) + 100, **FEW)
    assert torch.allclose(moved, relative_living_times(disc(500), **FEW), rtol=0, atol=1e-6)


def test_gamma_follows_the_number_of_data(gudhi):
    score = geometry_score(circle(), circle(seed=1), repetitions=1, most=800)
    assert score.provenance["gamma"] == pytest.approx(800 / 5000 / 128)
    assert (score.provenance["n real"], score.provenance["n fake"], score.spread) == (800, 800, None)


def test_a_collapsed_generator_has_no_holes(gudhi):
    score = geometry_score(circle(), torch.zeros(200, 2), **FEW)
    assert score.details["fake"][:2] == [1.0, 0.0]


def test_distances_are_exact():
    x = circle(50) + 1000
    truth = (x[:, None] - x).norm(dim=2)
    assert torch.allclose(torch.from_numpy(distances(x)), truth, rtol=0, atol=1e-7)


def test_living_times_by_hand():
    intervals = np.array([[0.0, 2.0], [1.0, 3.0], [2.5, np.inf]])  # 1 hole, 2, 1, 2, 1 on the way to 4
    assert living_times(intervals, 4.0, 4).tolist() == [0, (1 + 0.5 + 1) / 4, (1 + 0.5) / 4, 0]
    assert living_times(np.array([[1.0, 2.0], [2.0, 3.0]]), 4.0, 3).tolist() == [0.5, 0.5, 0]
    assert living_times(np.empty((0, 2)), 4.0, 3).tolist() == [1, 0, 0]
    assert living_times(np.empty((0, 2)), 0.0, 3).tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("fake", "given", "says"),
    [
        (circle(), {"landmarks": 2000}, "at least 2000 real samples; got 1000"),
        (circle(), {"landmarks": 3}, "from 4 to all 1,000"),
        (circle(), {"gamma": 0.0}, "gamma is above 0"),
        (circle(), {"repetitions": 0}, "1 or more; got 100 and 0"),
        (sphere(N), {}, "2 wide, fake ones 3"),
    ],
)
def test_refuses_in_one_line(fake, given, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        geometry_score(circle(), fake, **given)
    assert "\n" not in str(refusal.value)


def test_without_gudhi_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gudhi", None)
    with pytest.raises(BadRequest, match=r"pip install 'rivalry\[metrics\]'"):
        geometry_score(circle(), circle(seed=1))
