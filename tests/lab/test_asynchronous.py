"""Stale play of the Dirac-GAN grows by the factor that its eigenvalues predict; workers lose no change."""

import pytest
import torch

from rivalry.lab.asynchronous.processes import flat, unflatten
from rivalry.lab.asynchronous.question import controls, of_delays, of_dirac
from rivalry.lab.asynchronous.stale import predicted, roots, simulated

KNOWN = {0: 0.9747, 1: 0.9845, 2: 0.9948, 3: 1.0040, 4: 1.0114, 5: 1.0171, 6: 1.0214}  # γ = .3, h = .2


def test_the_largest_root_is_the_known_one_and_play_is_stable_up_to_a_delay_of_2() -> None:
    for delay, factor in KNOWN.items():
        assert predicted(0.3, delay) == pytest.approx(factor, abs=5e-5)
    assert [delay for delay in KNOWN if predicted(0.3, delay) < 1] == [0, 1, 2]
    assert predicted(1.0, 8) == pytest.approx(0.9506, abs=5e-5)


@pytest.mark.parametrize("delay", [2, 3])
def test_the_engine_plays_what_the_eigenvalues_say(delay: int) -> None:
    assert simulated(0.3, delay, rounds=160) == pytest.approx(predicted(0.3, delay), abs=4e-3)


def test_without_r1_no_delay_is_stable() -> None:
    assert all(predicted(0.0, delay) > 1 for delay in range(5))


def test_roots_solve_their_equation() -> None:
    for delay in (0, 1, 5):
        z = roots(-0.15 + 0.4j, delay, 0.2)
        assert len(z) == delay + 1
        assert abs(z ** (delay + 1) - z**delay - 0.2 * (-0.15 + 0.4j)).max() < 1e-12


def test_a_vector_is_written_back_where_it_came_from() -> None:
    parts = [torch.randn(2, 3), torch.randn(4)]
    vector = flat(parts)
    into = [torch.zeros(2, 3), torch.zeros(4)]
    unflatten(vector, into)
    assert all(torch.equal(a, b) for a, b in zip(parts, into))


def test_sentences_turn_round_with_the_numbers() -> None:
    row = lambda gamma, delay, predicted, played: {
        "gamma": gamma, "delay": delay, "predicted": predicted, "played": played,
    }  # fmt: skip
    exact = [row(0.3, 0, 0.9, 0.9), row(0.3, 1, 1.1, 1.1), row(1.0, 0, 0.9, 0.9), row(1.0, 1, 0.9, 1.1)]
    said = " ".join(of_dirac(exact))
    assert "NOT EVERY" in said and "R1 of 0.3 play converges up to a delay of 0" in said
    assert "as it must be" in controls([row(0.0, 0, 1.01, 1.02)])[0]
    assert "is wrong" in controls([row(0.0, 0, 1.01, 0.98)])[0]
    delays = [{"delay": 0, "from data": 0.1}, {"delay": 4, "from data": 0.12}, {"delay": 8, "from data": 0.4}]
    assert "from a delay of 8 on" in of_delays(delays)[0]
    assert "at no delay" in of_delays(delays[:2])[0]
