"""The Dirac-GAN, played by the engine, against its vector fields written out by hand and against what is known."""

from collections.abc import Callable
from functools import cache
from math import hypot, log10

import numpy as np
import pytest
import torch

from rivalry.data.source import TableSource
from rivalry.lab.dirac import (
    METHODS,
    PLAY,
    REFERENCE,
    ROUNDS,
    START,
    STEP,
    DiracGAN,
    Method,
    as_printed,
    eigenvalues,
    play,
    real_point,
    report,
)
from rivalry.maths.divergences import minimax
from rivalry.maths.penalties import r1
from rivalry.play.dynamics import Consensus
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal

Field = Callable[[float, float], tuple[float, float]]
# Five turns of the critic take most of the time and are played for one; benchmarks/dirac.py plays the whole table.
FIVE_TURNS = ("consensus 1.0",)
ENTRIES = [(name, how) for name in METHODS for how in PLAY if how != "altGD5" or name in FIVE_TURNS]
SLIP = "consensus 1.0"  # as published; the reference is the notebook's, whose gradient is another


def f1(t: float) -> float:
    """f'(t) of f(t) = -log(1 + exp(-t))."""
    return 1 / (1 + np.exp(t))


def f2(t: float) -> float:
    return -f1(t) * f1(-t)


def gan(theta: float, psi: float) -> tuple[float, float]:
    return -psi * f1(psi * theta), theta * f1(psi * theta)


def nsgan(theta: float, psi: float) -> tuple[float, float]:
    return -psi * f1(-psi * theta), theta * f1(psi * theta)


def with_r1(field: Field, weight: float) -> Field:
    return lambda theta, psi: (field(theta, psi)[0], field(theta, psi)[1] - weight * psi)


def with_consensus(share: float) -> Field:
    """The gradient of R = ½ f'(ψθ)² (θ² + ψ²) has share 1; the notebook's has 1/2."""

    def field(theta: float, psi: float) -> tuple[float, float]:
        (v, w), s, r = gan(theta, psi), psi * theta, theta**2 + psi**2
        bend = share * r * f1(s) * f2(s)
        return v - (theta * f1(s) ** 2 + psi * bend), w - (psi * f1(s) ** 2 + theta * bend)

    return field


BY_HAND: dict[str, tuple[Field, float]] = {  # the field, and what ψ is clipped to
    "GAN": (gan, np.inf),
    "NSGAN": (nsgan, np.inf),
    "WGAN": (lambda theta, psi: (-psi, theta), 1.0),
    "WGAN-GP": (lambda theta, psi: (-psi, theta - 0.7 * (abs(psi) - 1) * np.sign(psi)), np.inf),
    "GAN + R1 0.3": (with_r1(gan, 0.3), np.inf),
    "GAN + R1 1.0": (with_r1(gan, 1.0), np.inf),
    "NSGAN + R1 0.3": (with_r1(nsgan, 0.3), np.inf),
    "consensus 1.0": (with_consensus(1.0), np.inf),
    "consensus 1.0, the notebook's": (with_consensus(0.5), np.inf),
}


def simulated(name: str, critic_steps: int) -> float:
    field, clip = BY_HAND[name]
    theta, psi = START
    for _ in range(ROUNDS):
        if critic_steps == 0:
            v, w = field(theta, psi)
            theta, psi = theta + STEP * v, np.clip(psi + STEP * w, -clip, clip)
        else:
            theta += STEP * field(theta, psi)[0]
            for _ in range(critic_steps):
                psi = np.clip(psi + STEP * field(theta, psi)[1], -clip, clip)
    return hypot(theta, psi)


@cache
def played(name: str, how: str) -> float:
    return play(DiracGAN(METHODS[name], critic_steps=PLAY[how])).radius


@pytest.mark.slow
@pytest.mark.parametrize(("name", "how"), ENTRIES)
def test_the_engine_plays_the_field_that_the_paper_writes(name, how):
    assert played(name, how) == pytest.approx(simulated(name, PLAY[how]), rel=1e-6, abs=0)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "how"), [entry for entry in ENTRIES if entry[0] != SLIP])
def test_every_entry_of_the_table(name, how):
    ours, printed = played(name, how), REFERENCE[name][how]
    assert as_printed(ours, printed) == printed  # to the last digit that there is
    if float(printed) > 0.01:
        assert ours == pytest.approx(float(printed), rel=1e-2)
    else:  # one or two digits are printed: 9e-34 says no more of its value than its logarithm does
        assert log10(ours) == pytest.approx(log10(float(printed)), rel=1e-2)


@pytest.mark.slow
def test_consensus_as_published_is_not_the_notebooks():
    """The reference's entries come from the slip: without it, five turns of the critic run away."""
    assert played(SLIP, "simGD") == pytest.approx(2.58e-10, rel=1e-2)
    assert played(SLIP, "altGD1") == pytest.approx(1.72e-11, rel=1e-2)
    assert played(SLIP, "altGD5") == pytest.approx(10.97, rel=1e-2)


def test_consensus_in_the_losses_is_consensus_of_the_dynamics():
    ours = play(DiracGAN(METHODS[SLIP]), 50)
    theirs = DiracGAN(METHODS["GAN"])
    Engine(theirs, TableSource(real_point()), dynamics=Consensus(1.0)).play(Goal(rounds=50))
    torch.testing.assert_close(ours.theta, theirs.theta, rtol=1e-12, atol=0)
    torch.testing.assert_close(ours.D.psi, theirs.D.psi, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["GAN", "NSGAN"])
def test_without_regularization_play_circles(name):
    assert in_order(eigenvalues(DiracGAN(METHODS[name]))) == pytest.approx([-0.5j, 0.5j], abs=1e-12)


@pytest.mark.parametrize("weight", [0.1, 0.3, 0.9, 1.0, 1.1, 2.0])
def test_r1_turns_the_circle_into_a_spiral(weight):
    root = np.emath.sqrt(weight**2 / 4 - 1 / 4)
    expected = in_order(torch.tensor([-weight / 2 + root, -weight / 2 - root]))
    found = in_order(eigenvalues(DiracGAN(Method(minimax, [r1(weight)]))))
    assert found == pytest.approx(
        expected, abs=1e-7
    )  # at the double root, the square root of a rounding error


def test_the_critical_weight_is_one():
    """Below it play spirals in; above it there is no rotation; nowhere is the slower of the two modes faster."""
    slowest = {}
    for weight in (0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 2.0):
        values = eigenvalues(DiracGAN(Method(minimax, [r1(weight)])))
        slowest[weight] = values.real.max().item()
        if weight != 1.0:  # exactly there rounding decides
            assert bool(values.imag.abs().max() > 1e-6) == (weight < 1)
    assert min(slowest, key=slowest.__getitem__) == 1.0


def test_a_round_of_simultaneous_play_shrinks_by_the_eigenvalue_of_the_update():
    """|1 + hλ| a round, near the equilibrium."""
    game = DiracGAN(METHODS["GAN + R1 0.3"], start=(1e-6, 1e-6))
    rate = (1 + STEP * eigenvalues(game)).abs().max().item()
    play(game, 200)
    mean = (game.radius / hypot(1e-6, 1e-6)) ** (1 / 200)
    assert mean == pytest.approx(rate, rel=2e-3)


def test_a_field_with_a_kink_has_no_eigenvalues():
    with pytest.raises(ValueError, match="no derivative"):
        eigenvalues(DiracGAN(METHODS["WGAN-GP"]))


def test_the_report_names_what_converges():
    table = {"stays": dict.fromkeys(PLAY, 1.0), "falls": dict.fromkeys(PLAY, 1e-9)}
    assert report(table).endswith("Every way of play converges with: falls.")


def in_order(values: torch.Tensor) -> list[complex]:
    return sorted(values.tolist(), key=lambda z: (round(complex(z).imag, 9), complex(z).real))
