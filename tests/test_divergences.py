"""Each loss against its closed form: values at known scores, and divergences of known distributions."""

from math import inf, log

import pytest
import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.maths.divergences import (
    DIVERGENCES,
    F_KINDS,
    f_divergence,
    hinge,
    least_squares,
    minimax,
    names,
    non_saturating,
    relativistic_average,
    relativistic_paired,
    wasserstein,
)

# Two distributions on four atoms, as counts of ten: a mean over the repeated scores is the expectation.
P_COUNT, Q_COUNT = torch.tensor([5, 3, 1, 1]), torch.tensor([2, 2, 3, 3])
P, Q = P_COUNT.double() / 10, Q_COUNT.double() / 10
U = P / Q
M = (P + Q) / 2
KL_PM, KL_QM = (P * (P / M).log()).sum(), (Q * (Q / M).log()).sum()


def _alpha_score(alpha: float) -> Tensor:
    slope = (U ** (alpha - 1) - 1) / (alpha - 1)  # f'(u)
    return slope if alpha > 1 else -torch.expm1(1 / (1 - alpha) - slope).log()


def _alpha_value(alpha: float) -> Tensor:
    return ((P**alpha * Q ** (1 - alpha)).sum() - 1) / (alpha * (alpha - 1))


# kind, alpha: the score where the bound is tight, and the divergence straight from its definition
OPTIMA = {
    ("kl", 0.5): (1 + U.log(), (P * U.log()).sum()),
    ("reverse-kl", 0.5): (U.log(), -(Q * U.log()).sum()),
    ("jensen-shannon", 0.5): (U.log(), KL_PM + KL_QM),
    ("gan", 0.5): (U.log(), KL_PM + KL_QM - 2 * log(2)),
    ("squared-hellinger", 0.5): (U.log() / 2, (P.sqrt() - Q.sqrt()).square().sum()),
    ("pearson", 0.5): (2 * (U - 1), ((P - Q).square() / Q).sum()),
    ("neyman", 0.5): (2 * U.log(), ((P - Q).square() / P).sum()),
    ("total-variation", 0.5): (1e4 * U.log(), (P - Q).abs().sum() / 2),
    **{("alpha", a): (_alpha_score(a), _alpha_value(a)) for a in (-1.0, 0.3, 0.5, 1.5, 2.0, 3.0)},
}


def _bound(divergence, score: Tensor) -> Tensor:
    return -divergence.critic(score.repeat_interleave(P_COUNT), score.repeat_interleave(Q_COUNT))


def test_the_nine_kinds_are_all_tried():
    assert {kind for kind, _ in OPTIMA} == set(F_KINDS)
    assert len(F_KINDS) == 9


@pytest.mark.parametrize(("kind", "alpha"), OPTIMA)
def test_the_bound_is_the_divergence_at_the_best_critic_and_below_it_elsewhere(kind, alpha):
    score, value = OPTIMA[kind, alpha]
    divergence = f_divergence(kind, alpha=alpha)
    torch.testing.assert_close(_bound(divergence, score), value, rtol=1e-9, atol=1e-12)
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        other = score + 0.3 * torch.randn(4, generator=generator, dtype=score.dtype)
        if kind == "total-variation":
            other = other.clamp(-1, 1)  # its optimum is at infinity
        assert _bound(divergence, other) < value - 1e-4


@pytest.mark.parametrize(("kind", "alpha"), OPTIMA)
def test_the_best_critic_is_stationary(kind, alpha):
    score = OPTIMA[kind, alpha][0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(_bound(f_divergence(kind, alpha=alpha), score), score)
    assert gradient.abs().max() < 1e-9


@pytest.mark.parametrize(
    ("alpha", "kind", "factor"), [(0.5, "squared-hellinger", 2), (2, "pearson", 0.5), (-1, "neyman", 0.5)]
)
def test_alpha_contains_its_neighbors(alpha, kind, factor):
    mine = _bound(f_divergence("alpha", alpha=alpha), OPTIMA["alpha", alpha][0])
    torch.testing.assert_close(mine, factor * _bound(f_divergence(kind), OPTIMA[kind, 0.5][0]))


def test_disjoint_distributions_are_2_log_2_apart_in_jensen_shannon_and_the_gan_divergence_is_then_0():
    real, fake = torch.full((4,), 1e4), torch.full((4,), -1e4)
    assert -f_divergence("jensen-shannon").critic(real, fake) == pytest.approx(2 * log(2))
    assert -f_divergence("gan").critic(real, fake) == 0
    assert minimax.critic(real, fake) == 0


def test_a_blind_critic_of_the_original_game_loses_2_log_2():
    blind = torch.zeros(3)
    assert minimax.critic(blind, blind) == pytest.approx(2 * log(2))
    assert minimax.generator(blind) == pytest.approx(-log(2))
    assert non_saturating.generator(blind) == pytest.approx(log(2))


def test_the_best_logistic_critic_measures_jensen_shannon():
    score = U.log()
    loss = non_saturating.critic(score.repeat_interleave(P_COUNT), score.repeat_interleave(Q_COUNT))
    torch.testing.assert_close(loss, 2 * log(2) - (KL_PM + KL_QM))


def test_f_gan_of_the_gan_divergence_is_the_original_game_both_ways():
    real, fake = torch.randn(2, 16)
    for saturating, classic in ((True, minimax), (False, non_saturating)):
        mine = f_divergence("gan", saturating=saturating)
        torch.testing.assert_close(mine.critic(real, fake), classic.critic(real, fake))
        torch.testing.assert_close(mine.generator(fake), classic.generator(fake))


def test_a_saturating_generator_learns_nothing_from_a_sure_critic_and_the_other_everything():
    for divergence, slope in ((minimax, -torch.sigmoid(torch.tensor(-20.0))), (non_saturating, -1.0)):
        fake = torch.tensor([-20.0], requires_grad=True)
        (gradient,) = torch.autograd.grad(divergence.generator(fake), fake)
        assert gradient.item() == pytest.approx(float(slope), rel=1e-5)


def test_least_squares_by_hand():
    real, fake = torch.tensor([3.0, 1.0]), torch.tensor([2.0, -1.0])
    assert least_squares.critic(real, fake) == 0.5 * (4 + 0) / 2 + 0.5 * (4 + 1) / 2
    assert least_squares.generator(fake) == 0.5 * (1 + 4) / 2


def test_the_best_least_squares_critic_is_p_over_p_plus_q_and_its_loss_is_the_harmonic_mass():
    score = P / (P + Q)
    loss = least_squares.critic(score.repeat_interleave(P_COUNT), score.repeat_interleave(Q_COUNT))
    torch.testing.assert_close(loss, 0.5 * (P * Q / (P + Q)).sum())


def test_hinge_by_hand_and_at_its_best_critic():
    real, fake = torch.tensor([0.5, 3.0]), torch.tensor([-0.5, -4.0])
    assert hinge.critic(real, fake) == 0.25 + 0.25
    assert hinge.generator(fake) == 2.25
    sign = (P - Q).sign()  # its loss is 2 (1 - TV), Lim & Ye 2017
    loss = hinge.critic(sign.repeat_interleave(P_COUNT), sign.repeat_interleave(Q_COUNT))
    torch.testing.assert_close(loss, 2 - (P - Q).abs().sum())


def test_wasserstein_with_the_best_critic_is_minus_the_distance():
    real, fake = torch.tensor([2.0, 3.0]), torch.tensor([0.0, 1.0])  # two points moved by 2, D(x) = x
    assert wasserstein.critic(real, fake) == -2
    assert wasserstein.generator(fake) == -0.5


def test_relativistic_paired_by_hand():
    real, fake = torch.tensor([1.0, 5.0]), torch.tensor([1.0, 5.0])
    assert relativistic_paired.critic(real, fake) == pytest.approx(log(2))
    far = relativistic_paired.critic(real, fake - 100)
    assert far == pytest.approx(0, abs=1e-30)
    assert relativistic_paired.generator(real, fake - 100) == pytest.approx(100)
    swapped = relativistic_paired.generator(fake.flip(0), real)
    torch.testing.assert_close(swapped, relativistic_paired.critic(real, fake.flip(0)))


def test_relativistic_paired_pairs_and_does_not_average():
    real, fake = torch.tensor([1.0, 9.0]), torch.tensor([9.0, 1.0])
    expected = (torch.nn.functional.softplus(torch.tensor([8.0, -8.0]))).mean()
    torch.testing.assert_close(relativistic_paired.critic(real, fake), expected)
    with pytest.raises(ValueError, match="as many reals as fakes"):
        relativistic_paired.critic(real, fake[:1])


def test_relativistic_average_by_hand():
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([0.0, 2.0])
    sigmoid = torch.sigmoid
    expected = -sigmoid(real - 1).log().mean() - (1 - sigmoid(fake - 3)).log().mean()
    torch.testing.assert_close(relativistic_average.critic(real, fake), expected)
    expected = -sigmoid(fake - 3).log().mean() - (1 - sigmoid(real - 1)).log().mean()
    torch.testing.assert_close(relativistic_average.generator(real, fake), expected)


def test_relativistic_losses_see_differences_alone():
    real, fake = torch.randn(2, 8, dtype=torch.float64)
    for relativistic in (relativistic_paired, relativistic_average):
        for loss in (relativistic.critic, relativistic.generator):
            torch.testing.assert_close(loss(real + 7, fake + 7), loss(real, fake))
    assert minimax.critic(real + 7, fake + 7) != pytest.approx(minimax.critic(real, fake).item())


@pytest.mark.parametrize("name", names())
def test_real_is_high(name):
    divergence = DIVERGENCES[name]
    real, fake = (0.1 + 0.8 * torch.rand(2, 16)).requires_grad_().unbind()
    up, down = torch.autograd.grad(divergence.critic(real, fake), (real, fake))
    (push,) = torch.autograd.grad(divergence.generator(fake), fake)
    assert (up < 0).all()
    assert (down > 0).all()
    assert (push < 0).all()


@pytest.mark.parametrize("kind", F_KINDS)
def test_a_saturating_generator_plays_against_the_critic_own_bound(kind):
    divergence = f_divergence(kind, saturating=True)
    real, fake = (0.5 * torch.randn(2, 16, dtype=torch.float64)).requires_grad_().unbind()
    (critic,) = torch.autograd.grad(divergence.critic(real, fake), fake)
    (generator,) = torch.autograd.grad(divergence.generator(fake), fake)
    torch.testing.assert_close(generator, -critic)


UNBOUNDED = (
    *(d for d in DIVERGENCES.values() if d.name in names()[:5]),
    *(
        f_divergence(k, saturating=s)
        for k in ("jensen-shannon", "gan", "total-variation")
        for s in (True, False)
    ),
    f_divergence("pearson", saturating=True),
    f_divergence("alpha", alpha=2.0),
    f_divergence("alpha", alpha=-1.0),
    relativistic_paired,
    relativistic_average,
)


@pytest.mark.parametrize("divergence", UNBOUNDED, ids=lambda d: d.name)
@pytest.mark.parametrize("sign", [1, -1])
def test_scores_of_ten_thousand_are_nothing_special(divergence, sign):
    scores = sign * torch.tensor([[1e4, 100.0, 20.0], [-1e4, -100.0, -20.0]])
    real, fake = scores.requires_grad_().unbind()
    given = (real, fake) if divergence in (relativistic_paired, relativistic_average) else (fake,)
    for loss in (divergence.critic(real, fake), divergence.generator(*given)):
        (gradient,) = torch.autograd.grad(loss, scores, retain_graph=True)
        assert loss.isfinite()
        assert gradient.isfinite().all()
        assert loss.abs() < 1e9


def test_the_softplus_of_a_sure_score_keeps_its_precision():
    sure = torch.tensor([50.0])
    assert non_saturating.generator(sure).item() == pytest.approx(
        torch.exp(torch.tensor(-50.0)).item(), rel=1e-5
    )
    assert f_divergence("alpha", alpha=0.1).critic(torch.tensor([300.0]), torch.tensor([300.0])).isfinite()


def test_the_exponential_kinds_overflow_where_the_documentation_says():
    fake = torch.zeros(1)
    assert f_divergence("kl").critic(fake, torch.tensor([85.0])).isfinite()
    assert f_divergence("kl").critic(fake, torch.tensor([95.0])) == inf
    assert f_divergence("reverse-kl").critic(torch.tensor([-95.0]), fake) == inf


@pytest.mark.parametrize("divergence", [*DIVERGENCES.values(), relativistic_paired, relativistic_average])
def test_losses_are_float32_scalars_whatever_the_shape_and_precision(divergence):
    real, fake = torch.randn(2, 6, 1, 3, 3).bfloat16()
    given = (real, fake) if divergence in (relativistic_paired, relativistic_average) else (fake,)
    loss = divergence.critic(real, fake)
    torch.testing.assert_close(loss, divergence.critic(real.float().flatten(), fake.float().flatten()))
    for value in (loss, divergence.generator(*given)):
        assert value.dtype == torch.float32
        assert value.shape == ()


def test_unknown_kinds_and_impossible_alphas_are_refused_in_words():
    with pytest.raises(BadRequest, match="did you mean 'pearson'"):
        f_divergence("pearsn")
    for alpha in (0, 1):
        with pytest.raises(BadRequest, match="neither 0 nor 1"):
            f_divergence("alpha", alpha=alpha)
