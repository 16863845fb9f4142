"""A critic between two parallel lines: WGAN-GP's measures how far they are apart, the original one cannot."""

from math import log

import pytest

from rivalry.lab.parallel_lines import jensen_shannon_finding, wasserstein_finding

LINES = [0.1, 0.5, 1.0]


@pytest.mark.slow
@pytest.mark.parametrize("theta", LINES)
def test_the_critic_of_wgan_gp_measures_the_distance(theta):
    found = wasserstein_finding(theta, penalty=20.0, rounds=400, lr=3e-3)
    assert found.distance == pytest.approx(theta, abs=0.05)
    assert found.distance == pytest.approx(theta * (1 + theta / 40), abs=0.01)  # θ (1 + θ/2λ): the known bias
    assert found.pull == pytest.approx(1, abs=0.06)  # dL/dθ: down is towards the data


@pytest.mark.slow
def test_it_knows_the_side():
    found = wasserstein_finding(-1.0, rounds=400)
    assert found.distance == pytest.approx(1, abs=0.05)
    assert found.pull == pytest.approx(-1, abs=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("theta", LINES)
def test_the_original_critic_finds_log_two_everywhere_and_no_way(theta):
    found = jensen_shannon_finding(theta, rounds=500, lr=3e-3)
    assert found.distance == pytest.approx(log(2), abs=0.002)
    assert abs(found.pull) < 0.05
