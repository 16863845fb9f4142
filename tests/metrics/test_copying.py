"""C_T between fresh samples, copies, a few copies and samples that are too wide; its parts against other code."""

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from rivalry.errors import BadRequest
from rivalry.metrics.features.copying import data_copying, k_means, reduced, z_of_ranks


def draw(n, d, seed=0, mean=0.0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + mean


TRAIN, HELD_OUT = draw(2000, 8), draw(1000, 8, 1)


def score(fake):
    return data_copying(TRAIN, HELD_OUT, fake)


def test_fresh_samples_score_around_zero_with_the_deviation_that_is_told():
    found = [data_copying(TRAIN, draw(1000, 8, 2 * i), draw(1000, 8, 2 * i + 1)) for i in range(1, 21)]
    told = np.mean([s.details["null deviation"] for s in found])
    assert told == pytest.approx(3**-0.5, abs=0.02)  # of three cells of about the same size
    assert np.mean([s.value for s in found]) == pytest.approx(0, abs=4 * told / 20**0.5)
    assert np.std([s.value for s in found]) == pytest.approx(told, rel=0.4)
    assert np.mean([s.spread for s in found]) == pytest.approx(told, rel=0.1)


def test_copies_score_the_lowest_that_there_is():
    """U = 0 in every cell, so that Z = -√(3 mn/(m + n + 1)); -22 at these numbers."""
    found = score(TRAIN[:1000])
    n = sum(cell["n held out"] for cell in found.details["cells"])
    lowest = 0.0
    for cell in found.details["cells"]:
        of_fake, of_held_out = cell["n fake"], cell["n held out"]
        lowest -= of_held_out / n * (3 * of_fake * of_held_out / (of_fake + of_held_out + 1)) ** 0.5
    assert found.value == pytest.approx(lowest, rel=1e-12)
    assert found.value == pytest.approx(-22, abs=1)


def test_one_copy_in_ten_lowers_the_score_by_about_two():
    found = []
    for i in range(6):
        fresh = draw(1000, 8, 100 + i)
        found.append(score(torch.cat([TRAIN[:100], fresh[100:]])).value - score(fresh).value)
    # Of all pairs in a cell U loses a twentieth: 0.05 √(12 · 333 · 333 / 667) = 2.2.
    assert np.mean(found) == pytest.approx(-2.2, abs=0.3)


def test_wide_samples_score_far_above_zero():
    assert score(1.3 * draw(1000, 8, 2)).value > 7


def test_copies_hide_among_samples_that_are_too_wide():
    """What the score is blind to."""
    mixture = torch.cat([TRAIN[:400], 1.5 * draw(600, 8, 2)])
    assert abs(score(mixture).value) < 5 < -score(TRAIN[:1000]).value


def test_wide_features_are_cut_down_without_loss_where_the_data_fill_few_dimensions():
    turn = torch.linalg.qr(draw(100, 8)).Q.T  # (8, 100), of orthonormal rows
    fake = draw(1000, 8, 2, mean=0.2)
    inside = data_copying(TRAIN @ turn + 3, HELD_OUT @ turn + 3, fake @ turn + 3)
    assert inside.provenance["components"] == 64
    assert inside.value == pytest.approx(score(fake).value, abs=1e-9)


def test_leading_components_keep_the_most_variance():
    x = draw(500, 6) * torch.tensor([1, 10, 1, 5, 1, 1])
    (kept,) = reduced((x,), 2)
    top = torch.linalg.eigvalsh(torch.cov(x.T))[-2:]
    assert torch.allclose(torch.cov(kept.T), torch.diag(top), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_z_agrees_with_scipy_ties_included(seed):
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randint(k, (n,), generator=generator).double() for k, n in ((8, 40), (10, 30)))
    u = mannwhitneyu(x.numpy(), y.numpy()).statistic
    assert z_of_ranks(x, y) == pytest.approx((u - 600) / (40 * 30 * 71 / 12) ** 0.5, abs=1e-12)
    assert z_of_ranks(x, y) == pytest.approx(-z_of_ranks(y, x), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_k_means_finds_clusters_far_apart(seed):
    middles = torch.tensor([[0.0, 0], [100, 0], [0, 100]], dtype=torch.float64)
    x = draw(300, 2, seed) + middles[torch.arange(300) % 3]
    truth = torch.stack([x[i::3].mean(0) for i in range(3)])
    centers = k_means(x, 3, seed)
    assert {tuple(c) for c in centers.round(decimals=8).tolist()} == {
        tuple(c) for c in truth.round(decimals=8).tolist()
    }


def test_k_means_makes_no_more_centers_than_there_are_different_rows():
    assert len(k_means(torch.tensor([[0.0], [1], [1], [0]], dtype=torch.float64), 3)) == 2


def test_cells_with_few_fakes_do_not_count():
    middles = torch.tensor([[0.0, 0], [100, 0], [0, 100]], dtype=torch.float64)
    train, held_out = (draw(300, 2, seed) + middles[torch.arange(300) % 3] for seed in (0, 1))
    fake = torch.cat([draw(100, 2, 2), draw(20, 2, 3) + middles[1]])  # 20, and 20 is not more than 20
    found = data_copying(train, held_out, fake, features="judge-x")
    counted = [cell for cell in found.details["cells"] if cell["z"] is not None]
    assert [cell["n fake"] for cell in counted] == [100]
    assert (found.name, found.value, found.better) == ("copying[judge-x]", counted[0]["z"], "")
    assert found.details["null deviation"] == 1


def test_refuses_too_few_held_out_rows_and_cells_that_are_all_too_small():
    with pytest.raises(BadRequest, match="held-out data needs at least 21 real samples; got 20"):
        data_copying(TRAIN, HELD_OUT[:20], draw(100, 8, 2))
    with pytest.raises(BadRequest, match="no cell holds more than 20 fakes and 20 held-out rows"):
        data_copying(TRAIN, HELD_OUT[:30], draw(30, 8, 2))
    with pytest.raises(BadRequest, match="cells, least and components >= 1; got 0"):
        data_copying(TRAIN, HELD_OUT, draw(100, 8, 2), cells=0)
