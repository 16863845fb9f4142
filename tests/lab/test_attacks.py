"""Attacks on a linear critic have a closed form; a robust critic's loss is the logistic one at the worst points."""

import pytest
import torch
from torch.nn import functional as F

from rivalry.lab.adversarial.measures import cosine, random_like
from rivalry.lab.adversarial.question import controls
from rivalry.maths.attack import distance_to, lengths, pgd
from rivalry.maths.penalties import Pass
from rivalry.maths.robust import robust

torch.manual_seed(0)
W = torch.randn(6, dtype=torch.float64)
X = torch.randn(40, 6, dtype=torch.float64)
linear = lambda x: x @ W - 2.0  # D(x) = ⟨w, x⟩ - 2


@pytest.mark.parametrize(("norm", "dual"), [("L2", 2), ("Linf", 1)])
def test_the_distance_from_a_linear_critics_zero_is_its_score_over_the_dual_norm(
    norm: str, dual: int
) -> None:
    exact = (-linear(X) / W.norm(p=dual)).clamp(min=0)
    found = distance_to(linear, X, 0.0, norm, most=8.0, halvings=14)
    assert torch.allclose(found, exact, atol=8.0 / 2**13)
    assert (found[linear(X) >= 0] == 0).all() and (linear(X) < 0).any()


def test_what_an_attack_cannot_reach_is_infinitely_far() -> None:
    assert distance_to(lambda x: x.sum(1) * 0 - 1 + 0 * linear(x), X, most=8.0).isinf().all()


def test_an_attack_keeps_to_its_reach_and_to_the_data() -> None:
    x = X.clamp(-1, 1)
    for norm, size in (("L2", lambda d: d.norm(dim=1)), ("Linf", lambda d: d.abs().amax(1))):
        delta = pgd(linear, x, 0.5, norm, bounded=True)
        assert (size(delta) <= 0.5 + 1e-9).all() and ((x + delta).abs() <= 1 + 1e-9).all()


def test_noise_of_the_same_length_gains_far_less_than_the_attack() -> None:
    """The control of the question, where the answer is known: E|cos| of random directions in 6 dimensions is small."""
    delta = pgd(linear, X, 1.0)
    noise = random_like(X, lengths(delta), 0).double()
    assert cosine(delta, W.expand_as(X)) == pytest.approx(1.0)
    assert abs(cosine(noise, W.expand_as(X))) < 0.3


def test_a_robust_critic_pays_the_loss_at_the_worst_points() -> None:
    real, fake = X[:20], X[20:]
    term = robust(reach=0.7)(linear, real, fake)
    worst = 0.7 * W.norm()  # a linear score moves by so much
    exact = F.softplus(-(linear(real) - worst)).mean() + F.softplus(linear(fake) + worst).mean()
    assert term.item() == pytest.approx(exact.item(), abs=1e-6)
    assert Pass(linear, real).scores.shape == (20,)


def test_the_control_is_told_as_it_came_out() -> None:
    row = {"critic": "plain", "seed": 0, "reached": 1.0}
    assert "no matter of its length" in controls([{**row, "reached by noise": 0.1}])[0]
    assert "TELLS NOTHING" in controls([{**row, "reached by noise": 0.9}])[0]
