"""Differential privacy: ε beside closed forms, clipped gradients beside torch's own, and what one row can change."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from toys import engine_of

from rivalry.data.source import TableSource, toy
from rivalry.errors import BadRequest
from rivalry.games.table.dp_ctgan import dp_ctgan
from rivalry.maths import privacy
from rivalry.nn.perceptron import PerceptronCritic
from rivalry.play.goal import Goal


def delta_of_gaussian(epsilon: float, distance: float) -> float:
    """The exact δ of normal noise, for means that lie `distance` deviations apart (Balle & Wang 2018)."""
    below = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))
    return below(distance / 2 - epsilon / distance) - math.exp(epsilon) * below(
        -distance / 2 - epsilon / distance
    )


@pytest.mark.parametrize("noise", [0.5, 1.0, 4.0, 20.0])
def test_without_subsampling_a_step_gives_away_what_the_closed_form_says(noise: float) -> None:
    closed = privacy.ORDERS / (2 * noise**2)
    np.testing.assert_allclose(privacy.sampled_gaussian(1 - 1e-12, noise), closed, rtol=1e-6)
    np.testing.assert_array_equal(privacy.sampled_gaussian(1, noise), closed)
    for steps in (1, 10, 100):
        rho, ours = steps / (2 * noise**2), privacy.epsilon(1, noise, steps, 1e-5)
        order = np.linspace(1.0005, 400, 400_000)
        best = (rho * order + np.log1p(-1 / order) - np.log(1e-5 * order) / (order - 1)).min()
        assert best - 1e-9 <= ours <= 1.01 * best
        assert delta_of_gaussian(ours, math.sqrt(steps) / noise) <= 1e-5  # no ε below the exact one


def test_with_subsampling_whole_orders_are_the_binomial_sum_and_published_values_come_out() -> None:
    for q, noise in ((0.01, 1.1), (0.05, 2.0), (0.5, 0.7)):
        for order, ours in zip(privacy.ORDERS, privacy.sampled_gaussian(q, noise)):
            if order in (2.0, 3.0, 7.0):
                each = [
                    math.comb(int(order), k)
                    * (1 - q) ** (order - k)
                    * q**k
                    * math.exp(k * (k - 1) / 2 / noise**2)
                    for k in range(int(order) + 1)
                ]
                assert ours == pytest.approx(math.log(sum(each)) / (order - 1), rel=1e-9)
    # q, σ, steps, ε by RDP with fractional orders, ε by the tighter accountant of privacy loss distributions
    for q, noise, steps, rdp, tighter in (
        (0.01, 1.1, 6000, 4.247, 3.910),
        (0.01, 1.0, 3000, 3.511, 3.203),
        (0.05, 2.0, 2000, 5.924, 5.482),
        (0.05, 5.0, 2000, 1.953, 1.804),
        (0.0064, 1.0, 1000, 1.429, 1.138),
    ):  # fmt: skip
        ours = privacy.epsilon(q, noise, steps, 1e-5)
        assert ours >= tighter and ours == pytest.approx(rdp, rel=0.01)
    sigma = privacy.noise_for(2.0, 0.05, 2000, 1e-5)
    assert 1.99 < privacy.epsilon(0.05, sigma, 2000, 1e-5) <= 2.0
    assert privacy.epsilon(0.05, 0.0, 1, 1e-5) == math.inf and privacy.epsilon(0.05, 0.0, 0, 1e-5) == 0


def test_a_clipped_sum_is_that_of_the_gradients_of_single_rows() -> None:
    torch.manual_seed(0)
    D, x, most = PerceptronCritic((5,), width=7, depth=2), 3 * torch.randn(9, 5), 2.0
    losses = lambda scores: F.softplus(-scores)
    single = torch.func.vmap(
        torch.func.grad(lambda p, row: losses(torch.func.functional_call(D, p, (row[None],))).sum()),
        (None, 0),
    )
    each = torch.cat(
        [one.flatten(1) for one in single(dict(D.named_parameters()), x).values()], 1
    )  # (n, weights)
    norms = each.norm(dim=1)
    assert (norms > most).any() and (norms < most).any()
    torch.testing.assert_close(privacy.gradient_norms(D, losses, x), norms)
    expected = (each * (most / norms).clamp(max=1)[:, None]).sum(0)
    torch.testing.assert_close(slope(D, losses, x, most), expected)
    # one row more changes the sum by C at most, however far away it lies; without clipping it does not
    for far in (1.0, 1e3, 1e6):
        more = torch.cat([x, torch.full((1, 5), -far)])
        assert (slope(D, losses, more, most) - expected).norm() <= most * (1 + 1e-4)
    assert (slope(D, losses, more, 1e30) - slope(D, losses, x, 1e30)).norm() > 100 * most
    assert slope(D, losses, x[:0], most).abs().max() == 0  # no row was taken


def slope(D: torch.nn.Module, losses: privacy.Losses, x: torch.Tensor, most: float) -> torch.Tensor:
    total = privacy.clipped_sum(D, losses, x, most)
    return torch.cat([one.flatten() for one in torch.autograd.grad(total, [*D.parameters()])])


def test_noise_has_the_deviation_that_is_asked_for() -> None:
    torch.manual_seed(0)
    D = PerceptronCritic((60,), width=60, depth=2)
    noise = torch.cat([g.flatten() for g in torch.autograd.grad(privacy.shaken(D, 3.0), [*D.parameters()])])
    assert abs(float(noise.std()) - 3) < 0.1 and abs(float(noise.mean())) < 0.15


def test_each_row_is_taken_with_its_chance_and_by_itself() -> None:
    source = TableSource(toy("points", n=200), ("row",), seed=0)
    torch.manual_seed(0)
    taken = [source.take_each(0.1)[0] for _ in range(300)]
    counts = torch.cat(taken).bincount(minlength=200).float()
    lengths = torch.tensor([float(len(one)) for one in taken])
    assert abs(float(counts.mean()) - 30) < 1.5 and counts.min() > 8  # no row more often than chance has it
    assert abs(float(lengths.var()) / (200 * 0.1 * 0.9) - 1) < 0.3  # binomial: batches of one size have 0
    assert len(source.take_each(1.0)[0]) == 200 and source.drawn == sum(map(len, taken)) + 200
    with pytest.raises(BadRequest, match="in one process"):
        TableSource(toy("points"), world=2).take_each(0.1)


def test_epsilon_counts_every_look_and_nothing_logged_is_of_real_rows(tmp_path: Path) -> None:
    data = toy("table", n=400)
    epsilons, losses = list[float](), list[tuple[float, float]]()
    engine = engine_of(dp_ctgan, data, settings={"batch": 20, "critic_steps": 3, "noise": 2.0})
    engine.callbacks = [
        lambda engine, moves: epsilons.extend(
            float(m.notes["epsilon"]) for m in moves if "epsilon" in m.notes
        ),
        lambda engine, moves: losses.extend(
            (float(m.loss), float(m.notes["on fakes"] + m.notes["penalty"]))
            for m in moves
            if m.name == "critic"
        ),
    ]
    engine.play(Goal(rounds=4))
    game, counting = engine.game, privacy.gaussian(20.0)
    assert int(game.counted) == 12 and float(game.chance) == 0.05
    for i, told in enumerate(epsilons):
        given = 3 * (i + 1) * privacy.sampled_gaussian(0.05, 2.0) + counting
        assert told == pytest.approx(privacy.epsilon_of(given, 1e-5), rel=1e-6)
    assert epsilons == sorted(epsilons)
    for loss, of_fakes in losses:
        assert loss == pytest.approx(of_fakes)
    true = game.code.categories(data.x).sum(0)
    assert not torch.equal(game.code.counts, true) and (game.code.counts - true).abs().max() < 6 * 20 * 2**0.5
