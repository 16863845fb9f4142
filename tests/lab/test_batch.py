"""The noise scale where it is known; transport against the exact assignment; what the race concludes."""

import math

import pytest
import torch
from scipy.optimize import linear_sum_assignment
from toys import points

from rivalry.data.source import TableSource
from rivalry.errors import BadRequest
from rivalry.games.image.ot_gan import ot_gan
from rivalry.lab.batch.noise import noise_of, regression
from rivalry.lab.batch.question import controls, of_race
from rivalry.lab.batch.scaling import batches_of
from rivalry.maths.transport import cosine_cost, energy, sinkhorn, transport


def test_the_noise_scale_of_least_squares_is_the_known_one_and_the_mean_of_ratios_is_not() -> None:
    game, data, exact = regression(20, 2.0, 100_000, 0)
    norms = noise_of(game, data, small=8, parts=4, draws=1000)["learner"]
    assert exact == 101
    assert norms.scale == pytest.approx(exact, rel=0.15)
    assert abs(norms.mean_of_ratios / exact - 1) > 0.15  # the control
    assert (game.batch, game.w.norm()) == (64, 0)  # nothing moved


def test_noise_is_that_of_each_player() -> None:
    data = points()
    game = ot_gan(data.spec, width=8, latent=2, features=4, batch=8)
    found = noise_of(game, TableSource(data), small=8, parts=4, draws=2)
    assert set(found) == {"critic", "generator"}
    assert all(one.small == 8 and one.large == 32 and len(one.of_large) == 2 for one in found.values())


def test_sinkhorn_is_within_a_hundredth_of_the_exact_assignment() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(64, 8, generator=generator, dtype=torch.float64) for _ in range(2))
    cost = cosine_cost(x, y)
    rows, columns = linear_sum_assignment(cost.numpy())
    exact = float(cost[rows, columns].mean())
    plan = sinkhorn(cost)
    assert float((plan * cost).sum()) == pytest.approx(exact, rel=0.01)
    assert torch.allclose(plan.sum(1), torch.full((64,), 1 / 64, dtype=torch.float64), rtol=2e-2)
    blurred = float((sinkhorn(cost, sharpness=2.0) * cost).sum())
    assert blurred > 1.05 * exact  # the control: a blunt plan is no assignment


def test_the_energy_distance_is_0_on_average_for_one_distribution_and_above_for_two() -> None:
    generator = torch.Generator().manual_seed(1)
    draw = lambda shift: torch.randn(32, 4, generator=generator, dtype=torch.float64) + shift
    same = [float(energy(draw(1), draw(1), draw(1), draw(1), rounds=100)) for _ in range(12)]
    other = [float(energy(draw(1), draw(1), draw(-1), draw(-1), rounds=100)) for _ in range(3)]
    mean, error = sum(same) / 12, torch.tensor(same).std().item() / math.sqrt(12)
    assert abs(mean) < 3 * error + 0.01
    assert min(other) > 10 * max(abs(mean), error)


def test_transport_pulls_samples_towards_data() -> None:
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 0.3], [0.3, 1.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(transport(x, y), y)
    assert transport(x, y - 0.1 * slope) < transport(x, y)


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(BadRequest, match="4 to 64"):
        batches_of("16,128", (), points())
    with pytest.raises(BadRequest, match="with commas"):
        batches_of("small", (), points())
    with pytest.raises(BadRequest, match="two halves"):
        ot_gan(points().spec, batch=2)
    assert batches_of("32,16", (), points()) == (16, 32)


def test_the_race_says_who_gains_from_large_batches() -> None:
    row = lambda game, batch, rounds: {
        "game": game, "batch": batch, "rounds": rounds, "samples": rounds * batch, "seed": 0,
    }  # fmt: skip
    race = [
        row("ot-gan", 16, 1600.0),
        row("ot-gan", 64, 400.0),
        row("gan with R1", 16, 1600.0),
        row("gan with R1", 64, 1600.0),
    ]
    said = " ".join(of_race(race, ["gan with R1", "ot-gan"]))
    assert "ot-gan gains more" in said and "to the -1.00" in said.replace("−", "-")
    never = [row("ot-gan", 16, 10.0), {**row("ot-gan", 64, math.inf)}]
    assert "only one batch" in of_race(never, ["ot-gan"])[0]
    known = [{"exact": 100.0, "mean of ratios": 130.0}]
    assert "as it must" in controls(known)[0]
    assert "IS NOT" in controls([{"exact": 100.0, "mean of ratios": 101.0}])[0]
