"""Diffusion, straight paths, Langevin dynamics: each against what is known in closed form."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from toys import engine_of, images, points

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.games.likelihood.ddgan import ddgan
from rivalry.games.likelihood.ddpm import ddpm
from rivalry.games.likelihood.ebm import ebm
from rivalry.games.likelihood.flow_matching import flow_matching, straight_path_loss
from rivalry.maths.diffusion import (
    HIGHEST,
    Chain,
    along,
    cosine,
    cosine_levels,
    log_normal,
    of_edm,
    of_noise,
    variance_preserving,
)
from rivalry.maths.langevin import Langevin
from rivalry.maths.memory import Replay
from rivalry.maths.ode import euler, heun, probes_for, runge_kutta, solve, solve_with_divergence
from rivalry.maths.watched import one_of, watched, watching
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw, sample

MEAN, VARIANCE = 0.7, 0.3  # of the data, where they are Gaussian
PLANE = Spec("plane", "points", (2,))
close = torch.testing.assert_close


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# ---------------------------------------------------------------------- the chain


@pytest.mark.parametrize("t", [1, 2, 3, 4])
def test_the_posterior_is_bayes_rule(t: int) -> None:
    """The product of q(x_{t-1} | x_0) and q(x_t | x_{t-1}), two Gaussians whose precisions add."""
    chain, x, y = variance_preserving(4), noise(5, 2), noise(5, 2, seed=1)
    kept = chain.kept.double()
    stays, before = kept[t] / kept[t - 1], kept[t - 1]
    mean, variance = chain.posterior(x, y, torch.full((5,), t))
    if t == 1:
        close(mean, x, atol=1e-6, rtol=0)
        assert float(variance.max()) < 1e-6
        return
    precision = 1 / (1 - before) + stays / (1 - stays)
    middle = (before.sqrt() * x / (1 - before) + stays.sqrt() * y / (1 - stays)) / precision
    close(variance, (1 / precision).expand_as(variance), atol=1e-6, rtol=1e-5)
    close(mean, middle, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("t", [2, 3, 4])
def test_on_gaussian_data_the_step_back_has_the_exact_distribution(t: int) -> None:
    """x_0 given x_t is known there, and averaged over it the posterior is that of x_{t-1} given x_t."""
    chain, y = variance_preserving(4), noise(1, 1)
    now, before = chain.kept.double()[t], chain.kept.double()[t - 1]
    of = lambda kept: (kept.sqrt() * MEAN, kept * VARIANCE + 1 - kept)  # mean and variance of x_t
    (m, v), (m1, v1) = of(now), of(before)
    gain = now.sqrt() * VARIANCE / v
    beneath, left = MEAN + gain * (y - m), VARIANCE - gain * now.sqrt() * VARIANCE
    at = torch.full((1,), t)
    mean, variance = chain.posterior(beneath, y, at)
    slope = chain.posterior(beneath + 1, y, at)[0] - mean  # the mean is linear in x_0
    shared = (now / before).sqrt() * v1  # the covariance of x_{t-1} and x_t
    close(mean, m1 + shared / v * (y - m), atol=1e-5, rtol=1e-5)
    close(variance + slope.square() * left, (v1 - shared.square() / v).view(1, 1), atol=1e-5, rtol=1e-5)


def test_a_step_after_a_jump_is_a_longer_jump() -> None:
    chain, x, n = variance_preserving(4), torch.zeros(20_000, 1) + 2.0, noise(20_000, 2).float()
    t = torch.full((len(x),), 3)
    whole = chain.one_more(chain.noised(x, t - 1, n[:, :1]), t, n[:, 1:])
    kept = float(chain.kept[3])
    assert float(whole.mean()) == pytest.approx(2 * math.sqrt(kept), abs=0.03)
    assert float(whole.var()) == pytest.approx(1 - kept, abs=0.03)


# ---------------------------------------------------------------------- levels and preconditioning


def test_the_cosine_schedule_is_the_papers_up_to_its_highest_level() -> None:
    levels = cosine_levels(1000)
    f = lambda t: math.cos((t / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2
    for t in (1, 10, 500, 900):
        assert 1 / (1 + float(levels[t]) ** 2) == pytest.approx(f(t) / f(0), rel=1e-4)
    assert float(levels[0]) == 0 and float(levels[-1]) == HIGHEST
    assert (levels.diff() >= 0).all()


@pytest.mark.parametrize("noising", [cosine(), log_normal()], ids=["cosine", "edm"])
@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_a_sampler_falls_from_the_highest_level_to_none(noising, steps) -> None:
    levels = noising.levels(steps)
    assert len(levels) == steps + 1
    assert levels[0] == pytest.approx(HIGHEST) and levels[-1] == 0
    assert all(a > b for a, b in zip(levels, levels[1:]))


@pytest.mark.parametrize("deviation", [0.5, 2.0])
def test_edm_keeps_inputs_and_targets_at_variance_one_and_errors_small(deviation: float) -> None:
    """Karras et al., appendix B.6: the three conditions from which the constants follow."""
    c, s = of_edm(deviation), torch.logspace(-2, 2, 9, dtype=torch.float64)
    close(c.scale(s).square() * (deviation**2 + s.square()), torch.ones_like(s))
    of_target = ((1 - c.skip(s)) * deviation).square() + (c.skip(s) * s).square()
    close(of_target / c.out(s).square(), torch.ones_like(s))
    for nearby in (0.99, 1.01):  # no other c_skip has so small a c_out
        other = ((1 - nearby * c.skip(s)) * deviation).square() + (nearby * c.skip(s) * s).square()
        assert (other > of_target).all()
    close(c.level(s), s.log() / 4)


def test_with_deviation_one_edm_predicts_the_velocity() -> None:
    """v = √ᾱ ε - √(1 - ᾱ) x (Salimans & Ho 2022), up to its sign, at ᾱ = 1/(1 + σ²)."""
    c, x, n, s = of_edm(1.0), noise(6, 2), noise(6, 2, seed=1), torch.logspace(-2, 2, 6, dtype=torch.float64)
    kept = along(1 / (1 + s.square()), x)
    target = (x - c.skip(along(s, x)) * (x + along(s, x) * n)) / c.out(along(s, x))
    close(-target, kept.sqrt() * n - (1 - kept).sqrt() * x)


def test_who_knows_the_noise_knows_the_datum() -> None:
    c, x, n, s = of_noise(), noise(6, 2), noise(6, 2, seed=1), torch.logspace(-2, 1, 6, dtype=torch.float64)
    close(c.denoised(lambda y, level: n, x + along(s, x) * n, s), x)
    assert float(c.loss(lambda y, level: n, x, n, s)) == pytest.approx(0, abs=1e-12)
    assert float(c.loss(lambda y, level: n + 0.1, x, n, s)) == pytest.approx(0.01)


# ---------------------------------------------------------------------- samplers


def perfect(variance: float = VARIANCE) -> SimpleNamespace:
    """A preconditioning that knows E[x | y] of Gaussian data."""
    beneath = lambda F, y, s: (MEAN * along(s, y).square() + variance * y) / (variance + along(s, y).square())
    return SimpleNamespace(denoised=beneath)


def diffusion(process: str, steps: int, known: SimpleNamespace | None = None):
    game = ddpm(PLANE, process=process, steps=steps, width=8).double().eval()
    game.preconditioning = known or perfect()
    return game


def exact(z: Tensor, variance: float = VARIANCE) -> Tensor:
    """Where the flow of Gaussian data leads: linear, at each level the mean and the deviation that are known."""
    return MEAN + math.sqrt(variance / (variance + HIGHEST**2)) * (HIGHEST * z - MEAN)


@pytest.mark.parametrize(("process", "steps", "within"), [("cosine", 400, 0.01), ("edm", 80, 0.002)])
def test_with_a_perfect_denoiser_of_a_gaussian_the_samples_are_that_gaussian(process, steps, within) -> None:
    game, z = diffusion(process, steps), noise(2000, 2)
    x = game.decode(z)
    close(x, exact(z), atol=4 * within, rtol=0)
    assert float(x.mean()) == pytest.approx(MEAN, abs=0.03)
    assert float(x.std()) == pytest.approx(math.sqrt(VARIANCE), rel=0.03)
    wrong = diffusion(process, steps, perfect(2 * VARIANCE)).decode(z)  # the control
    assert float(wrong.std()) == pytest.approx(math.sqrt(2 * VARIANCE), rel=0.03)


def test_twice_the_steps_halve_the_error_of_euler_and_quarter_that_of_heun() -> None:
    z = noise(200, 2)
    for process, solver, order in (("edm", euler, 1), ("edm", heun, 2)):
        errors = []
        for steps in (40, 80):
            game = diffusion(process, steps)
            game.solver = solver
            errors.append(float((game.decode(z) - exact(z)).abs().mean()))
        assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.3)


def test_a_step_of_ddim_is_one_of_euler() -> None:
    """Song et al. 2020, equation 13, in x_t = √ᾱ y."""
    y, predicted, (a, b) = noise(6, 2), noise(6, 2, seed=1), (3.0, 1.2)
    kept = lambda s: 1 / (1 + s**2)
    x = math.sqrt(kept(a)) * y
    beneath = (x - math.sqrt(1 - kept(a)) * predicted) / math.sqrt(kept(a))
    song = math.sqrt(kept(b)) * beneath + math.sqrt(1 - kept(b)) * predicted
    ours = euler(lambda y, s: predicted, y, a, b)  # (y - D)/σ is the predicted noise
    close(math.sqrt(kept(b)) * ours, song)


def test_the_likelihood_of_a_known_field_is_that_of_its_gaussian() -> None:
    x = noise(50, 2) * 0.5 + MEAN
    narrowed = math.sqrt(VARIANCE / (VARIANCE + HIGHEST**2))  # what `exact` makes of N(0, 1)
    truth = torch.distributions.Normal(MEAN * (1 - narrowed), HIGHEST * narrowed).log_prob(x).sum(1)
    close(diffusion("edm", 200).log_prob(x), truth, atol=0.02, rtol=0)


def test_the_way_back_leads_to_the_code() -> None:
    game, z = diffusion("edm", 60), noise(50, 2)
    close(game.encode(game.decode(z)), z, atol=0.01, rtol=0)


def test_the_divergence_is_the_trace_of_the_jacobian_and_one_vector_of_signs_estimates_it() -> None:
    matrix = noise(3, 3)
    linear = lambda x, t: x @ matrix.T
    _, total = solve_with_divergence(linear, noise(4, 3), [0.0, 0.5, 1.0], euler)
    close(total, matrix.trace().expand(4))
    wide = probes_for(torch.zeros(2, 1, 8, 8, dtype=torch.float64))
    assert wide.shape == (1, 1, 8, 8) and set(wide.unique().tolist()) == {-1.0, 1.0}


# ---------------------------------------------------------------------- straight paths


def mean_velocity(y: Tensor, t: Tensor) -> Tensor:
    """E[ε - x | x_t = y] of Gaussian data."""
    away, variance = y - (1 - t) * MEAN, (1 - t) ** 2 * VARIANCE + t**2
    return t * away / variance - MEAN - (1 - t) * VARIANCE * away / variance


def test_the_velocity_of_a_straight_path_is_its_end_less_its_beginning() -> None:
    x, n, t = noise(6, 2), noise(6, 2, seed=1), torch.rand(6, dtype=torch.float64)
    assert float(straight_path_loss(lambda y: n - x, x, n, t)) == 0
    at = lambda t: (1 - t) * x + t * n
    close((at(0.7) - at(0.2)) / 0.5, n - x)


def test_the_loss_is_least_at_the_mean_velocity() -> None:
    """E‖v - u‖² is that of the mean velocity, plus the square of how far v is from it."""
    x, n = MEAN + math.sqrt(VARIANCE) * noise(200_000, 1), noise(200_000, 1, seed=1)
    t = torch.rand(len(x), generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    loss = lambda c: float(straight_path_loss(lambda y: mean_velocity(y, t[:, None]) + c, x, n, t))
    for c in (-0.3, 0.3):
        assert loss(c) - loss(0.0) == pytest.approx(c**2, abs=0.01)


def test_following_the_mean_velocity_of_a_gaussian_gives_that_gaussian() -> None:
    game, z = flow_matching(PLANE, width=8, steps=100).double().eval(), noise(500, 2)
    game.field = lambda *given: lambda y, t: mean_velocity(y, torch.tensor(t))
    close(game.decode(z), MEAN + math.sqrt(VARIANCE) * z, atol=2e-3, rtol=0)
    truth = torch.distributions.Normal(MEAN, math.sqrt(VARIANCE)).log_prob(game.decode(z)).sum(1)
    close(game.log_prob(game.decode(z)), truth, atol=0.01, rtol=0)


@pytest.mark.parametrize(
    ("make", "settings"), [(flow_matching, {}), (ddpm, {"process": "edm"})], ids=("flow-matching", "edm")
)
def test_the_density_of_a_trained_game_integrates_to_one(make: Any, settings: dict[str, Any]) -> None:
    settings = {"width": 16, "batch": 256, "average": 0.9, "steps": 40, **settings}
    engine = engine_of(make, points(4000, classes=0), settings=settings)
    engine.play(Goal(rounds=60))
    side = torch.linspace(-6, 6, 61)
    with engine.evaluating() as game:
        total = float(game.log_prob(torch.cartesian_prod(side, side)).exp().double().sum()) / 5**2
    assert total == pytest.approx(1, abs=0.01)


def test_a_step_of_order_four_is_exact_where_the_field_is_a_cubic_of_time() -> None:
    close(runge_kutta(lambda x, t: 0 * x + 4 * t**3, torch.zeros(1, 1), 0.0, 2.0), torch.full((1, 1), 16.0))
    far = heun(lambda x, t: 0 * x + 4 * t**3, torch.zeros(1, 1), 0.0, 2.0)
    assert float((far - 16).abs()) > 1


# ---------------------------------------------------------------------- Langevin dynamics and replay


def test_langevin_dynamics_sample_a_known_density() -> None:
    """Two wells of unequal depth, by the histogram; with half of the noise the places lie too near to the bottoms."""
    f = lambda x: (-2 * (x.square() - 1).square() + 0.5 * x).squeeze(1)
    fine = f(torch.linspace(-2.2, 2.2, 2200)[:, None]).exp().view(22, 100).sum(1)
    truth = fine / fine.sum()

    def away(share: float) -> float:
        torch.manual_seed(0)
        walk = Langevin(0.005, share * 0.1)
        x = walk(f, 3 * torch.rand(4000, 1) - 1.5, 1500)
        found = torch.histc(x, 22, -2.2, 2.2) / len(x)
        return float((found - truth).abs().sum() / 2)

    assert Langevin(0.005, 0.1).temperature == pytest.approx(1)
    assert away(1.0) < 0.06
    assert away(0.5) > 0.2


def test_a_walk_is_bounded_where_it_is_asked_to_be() -> None:
    x = Langevin(1.0, 0.0, longest=0.25, bound=0.6)(lambda x: 100 * x.sum(1), torch.zeros(3, 2), 2)
    close(x, torch.full((3, 2), 0.5))
    close(Langevin(1.0, 0.0, longest=0.25, bound=0.6)(lambda x: x.sum(1), x, 1), torch.full((3, 2), 0.6))


def test_a_replay_gives_back_where_walks_ended_and_begins_some_anew() -> None:
    torch.manual_seed(0)
    replay, anew = Replay(50, (2,)), torch.full((2000, 2), 9.0)
    replay.fill(torch.arange(100.0).view(50, 2))
    x, chosen = replay.starts(anew)
    fresh = (x == 9).all(1)
    assert 0.03 < float(fresh.float().mean()) < 0.07
    assert torch.equal(x[~fresh], replay.kept[chosen][~fresh])
    replay.keep(torch.full((2, 2), -1.0), torch.tensor([3, 7]))
    assert (replay.kept[[3, 7]] == -1).all() and (replay.kept[4] == torch.tensor([8.0, 9.0])).all()
    assert torch.equal(Replay(0, (2,)).starts(anew)[0], anew)


def test_the_replay_is_part_of_what_is_saved() -> None:
    engine = engine_of(ebm, points(), settings={"replay": 16})
    engine.play(Goal(rounds=1))
    assert engine.weights()["replay.bits"].view(torch.float32).std() > 0.1


# ---------------------------------------------------------------------- what users ask


def test_a_denoising_gan_steps_back_from_a_level_to_the_one_before() -> None:
    """With a generator that knows the datum, x_{t-1} has the mean and the variance of the chain."""
    game = ddgan(PLANE, width=8, latent=4)
    x = torch.full((20_000, 2), 0.5)
    t = torch.full((len(x),), 3)
    less, more = game.two_levels(x, t)
    back = game.step_back(lambda *told: x, more, t, torch.zeros(len(x), 4), torch.randn_like(x))
    assert float(back.mean() - less.mean()) == pytest.approx(0, abs=0.02)
    assert float(back.var()) == pytest.approx(float(less.var()), rel=0.03)
    together = torch.stack([back, more]).flatten(1)
    close(together.cov()[0, 1], torch.stack([less, more]).flatten(1).cov()[0, 1], atol=0.02, rtol=0.05)


@pytest.mark.parametrize("make", [ddpm, flow_matching, ebm])
def test_the_number_of_steps_can_be_asked_for(make) -> None:
    torch.manual_seed(0)
    game = make(points().spec, width=8).eval()
    for p in game.parameters():
        p.data += 0.1 * torch.randn(p.shape)
    assert not torch.allclose(draw(game, 3, steps=2), draw(game, 3, steps=5))
    close(draw(game, 3, steps=2), draw(game, 6, steps=2)[:3])
    for steps in (0, -4):
        with pytest.raises(BadRequest, match=f"one step or more; got {steps}"):
            sample(game, 3, steps=steps)


def test_steps_of_a_game_without_them_are_refused() -> None:
    with pytest.raises(BadRequest, match="samples without steps"):
        sample(ddgan(points().spec, width=8), 3, steps=4)


def test_a_slow_sampler_says_how_far_it_is() -> None:
    said: list[tuple[int, int]] = []
    with watching(lambda done, of: said.append((done, of))):
        list(watched("abc"))
        with one_of(2, 1):
            list(watched("abc"))
    assert said == [(1, 3), (2, 3), (3, 3), (4, 6), (5, 6), (6, 6)]
    assert list(watched("abc")) == ["a", "b", "c"]
    told: list[float] = []
    with watching(lambda done, of: told.append(done / of)):
        draw(flow_matching(points().spec, width=8, steps=4), 6, chunk=2)
    assert told == [pytest.approx(k / 12) for k in range(1, 13)]


def test_codes_and_data_of_another_size_are_refused() -> None:
    game = flow_matching(images(1, 8, 8).spec, width=8)
    with pytest.raises(BadRequest, match="data are 1 x 8 x 8; got 1 x 8 x 9"):
        game.encode(torch.zeros(1, 1, 8, 9))
    with pytest.raises(BadRequest, match="codes are 64; got 63"):
        game.decode(torch.zeros(1, 63))


def test_the_known_field_is_followed_by_solve() -> None:
    """dx/dt = x has e times the beginning."""
    x = solve(lambda x, t: x, torch.ones(1, 1), [i / 100 for i in range(101)], heun)
    assert float(x) == pytest.approx(math.e, rel=1e-4)


def test_a_chain_begins_with_data() -> None:
    assert variance_preserving(4).kept[0] == 1
    close(
        Chain(torch.tensor([1.0, 0.5])).noised(torch.ones(1, 1), torch.tensor([0]), torch.ones(1, 1)),
        torch.ones(1, 1),
    )
