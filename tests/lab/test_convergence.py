"""LQG, products with the Jacobian, eigenvalues and multiplicative weights against closed forms and dense matrices."""

import math

import numpy as np
import pytest
import torch
from toys import points

from rivalry.data.source import TableSource
from rivalry.lab.convergence.lqg import LAMBDA, RANK, angles, covariance, play, wasserstein
from rivalry.lab.convergence.mixture import Mixture, follow, gap, gap_of_matrix, of_matrix
from rivalry.lab.convergence.played_on import parting
from rivalry.lab.convergence.question import controls, of_lqg
from rivalry.lab.convergence.spectrum import (
    PLAYS,
    FixedGame,
    Jacobian,
    arnoldi,
    eigenvalues,
    fastest,
    round_of,
)
from rivalry.lab.small import small_gan
from rivalry.maths.penalties import r1

# ---------------------------------------------------------------------- LQG


def test_at_the_components_the_residual_is_the_sum_of_the_discarded_eigenvalues() -> None:
    K, Q = covariance(0)
    A = (Q[:, :RANK] * torch.tensor(LAMBDA[:RANK], dtype=torch.float64).sqrt())[None]
    assert wasserstein(A, K).item() == pytest.approx(sum(LAMBDA[RANK:])) == pytest.approx(2.7)
    assert (
        angles(A @ torch.linalg.qr(torch.randn(RANK, RANK, dtype=torch.float64))[0], Q[:, :RANK]).item()
        < 1e-4
    )
    assert angles(Q[None, :, RANK : 2 * RANK], Q[:, :RANK]).item() == pytest.approx(90)


def test_starts_come_to_the_components_and_without_a_critic_they_do_not() -> None:
    solved = play(2, 0, 900)
    assert solved.angle.max() <= 5 and (solved.residual - 1).abs().max() <= 0.05
    assert play(2, 0, 30, critic=False).angle.max() > 5


# ---------------------------------------------------------------------- the Jacobian


@pytest.fixture(scope="module")
def jacobian() -> Jacobian:
    torch.manual_seed(0)
    data = points()
    game = small_gan(data.spec, latent=2, width=3, depth=1, penalties=[r1(0.5)])
    return Jacobian(FixedGame(game, data.x[:16], torch.randn(16, 2), step=0.1))


def dense(jacobian: Jacobian) -> np.ndarray:
    return np.stack([jacobian.times(row) for row in np.eye(jacobian.size)], 1)


def test_products_are_those_of_the_matrix_of_second_derivatives(jacobian: Jacobian) -> None:
    J = dense(jacobian)
    rows = [
        torch.cat(
            [(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(jacobian.parameters, some)]
        )
        for some in (
            torch.autograd.grad(value, jacobian.parameters, retain_graph=True, allow_unused=True)
            for value in jacobian.field
        )
    ]
    exact = torch.stack(rows).numpy()
    assert np.allclose(J, exact)
    w = np.random.default_rng(0).normal(size=jacobian.size)
    assert np.allclose(jacobian.transposed_times(w), exact.T @ w)
    assert not np.allclose(exact, exact.T)  # a game is no minimization


def test_arnoldi_finds_the_eigenvalues_of_the_whole_matrix(jacobian: Jacobian) -> None:
    exact = np.linalg.eigvals(dense(jacobian))
    found = eigenvalues(jacobian.times, jacobian.size, 60)
    assert abs(found).max() == pytest.approx(abs(exact).max(), rel=1e-6)
    assert found.real.min() == pytest.approx(exact.real.min(), rel=1e-4, abs=1e-6)


def test_a_few_steps_find_the_outermost_eigenvalue_of_a_large_matrix() -> None:
    values = np.concatenate([np.linspace(0, 1, 299), [1.5]])
    found = eigenvalues(lambda u: values * u, 300, 40)
    assert found.real.max() == pytest.approx(1.5, abs=1e-6)
    assert abs(eigenvalues(lambda u: values * u, 300, 3).real.max() - 1.5) > 1e-3  # the control: too few


@pytest.mark.parametrize("way", PLAYS)
def test_a_round_of_each_play_is_the_matrix_that_its_equation_says(jacobian: Jacobian, way: str) -> None:
    J, h, gamma, k, n = dense(jacobian), 0.2, 0.3, jacobian.of_generator, jacobian.size
    I, Z = np.eye(n), np.zeros((n, n))
    of_D, of_G = np.vstack([Z[:k], J[k:]]), np.vstack([J[:k], Z[k:]])
    T = {
        "simultaneous": I - h * J,
        "alternating": (I - h * of_G) @ (I - h * of_D),
        "consensus": I - h * (J + gamma * J.T @ J),
        "extragradient": I - h * J + h * h * J @ J,
        "optimistic": np.block([[I - 2 * h * J, h * J], [I, Z]]),
    }[way]
    apply, size = round_of(way, jacobian, h, gamma)
    u = np.random.default_rng(1).normal(size=size)
    assert np.allclose(apply(u), T @ u)
    assert fastest(way, jacobian, h, gamma)[0] == pytest.approx(abs(np.linalg.eigvals(T)).max(), rel=1e-3)


def test_a_vector_of_arnoldi_is_that_of_its_value(jacobian: Jacobian) -> None:
    values, vectors = arnoldi(jacobian.times, jacobian.size, jacobian.size)
    i = int(abs(values).argmax())
    u = vectors[i]
    assert np.allclose(jacobian.times(u.real) + 1j * jacobian.times(u.imag), values[i] * u, atol=1e-6)


@pytest.mark.parametrize(("way", "share"), [*((way, 0.5) for way in PLAYS), ("simultaneous", 3.0)])
def test_two_plays_part_as_fast_as_the_largest_modulus_says(way: str, share: float) -> None:
    torch.manual_seed(0)
    data = points()
    game, z = small_gan(data.spec, latent=2, width=3, depth=1), torch.randn(16, 2)
    jacobian = Jacobian(FixedGame(game, data.x[:16], z, step=0.1))
    step = share / abs(eigenvalues(jacobian.times, jacobian.size, 60)).max()
    foretold, change = fastest(way, jacobian, step, 0.01)
    play = lambda change: parting(way, game, data.x[:16], z, data, change, step=step, weight=0.01, rounds=4)
    elsewhere = np.random.default_rng(0).normal(size=jacobian.size)
    off = [abs(np.log(play(d) / foretold)) for d in (change, elsewhere / np.linalg.norm(elsewhere))]
    assert off[0] < 0.15 and off[0] < off[1]  # the control: another change


# ---------------------------------------------------------------------- mixtures


def test_mean_strategies_of_those_who_follow_their_gains_close_the_gap() -> None:
    U = torch.tensor([[0.0, -1.0, 2.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]], dtype=torch.float64)
    rounds = 1500
    rate = math.sqrt(math.log(3) / rounds)
    p, q = of_matrix(U, rounds, rate)
    closed = gap_of_matrix(U, p, q)
    assert 0 <= closed <= 6 * math.sqrt(math.log(3) / rounds)  # the range of U is 3, two players
    uniform = torch.full((3,), 1 / 3, dtype=torch.float64)
    assert gap_of_matrix(U, uniform, uniform) > 3 * closed  # the control: nobody follows anything


def test_weights_follow_gains_and_stay_a_distribution() -> None:
    w = follow(torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0]), math.log(3))
    assert w.tolist() == pytest.approx([0.75, 0.25])


def test_a_mixture_plays_and_its_gap_is_a_number() -> None:
    from rivalry.lab.small import engine_on, play_until

    data = points()
    game = Mixture(data.spec, 2, width=4, latent=2, batch=8, lr=1e-2, rate=0.5)
    play_until(engine_on(game, data, 0), 3)
    assert game.shares.sum().item() == pytest.approx(1) and game.sample(5).shape == (5, 2)
    assert game.shares[0] != game.shares[1]
    assert math.isfinite(gap(game, TableSource(data), 2))


def test_the_answer_says_where_a_start_was_lost() -> None:
    row = lambda what, angle: {"what": what, "angle": angle, "residual": 0.01}
    assert "every start" in of_lqg([row("LQG, played", 1.0)])[0]
    assert "NOT EVERY" in of_lqg([row("LQG, played", 30.0)])[0]
    held, plays = [row("LQG, the critic held", 60.0)], [{"first": 2.0, "played": 0.9, "share": 3.0}]
    assert "as it must" in controls(held, plays)[0] and "as they must" in controls(held, plays)[1]
    assert "MUST NOT" in controls([row("LQG, the critic held", 2.0)], plays)[0]
