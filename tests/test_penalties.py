"""Each penalty against its closed form on critics whose gradient is known."""

import pytest
import torch
from torch import Tensor, nn

from rivalry.errors import BadRequest
from rivalry.maths.divergences import non_saturating
from rivalry.maths.penalties import (
    Pass,
    PathLength,
    clip_weights,
    dragan,
    gradient_penalty,
    orthogonal,
    path_lengths,
    r1,
    r2,
)
from rivalry.nn.spectral import spectral

W = torch.tensor([1.0, -2.0, 2.0])  # of length 3
SHORT = W / 6  # of length 1/2


def linear(w: Tensor):
    return lambda x: x @ w


def _batch(n: int = 8, d: int = 3, dtype=torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, n, d, generator=generator, dtype=dtype)
    return real, fake


def test_the_gradient_of_a_quadratic_score():
    A = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
    x, _ = _batch(d=2)
    torch.testing.assert_close(Pass(lambda x: ((x @ A) * x).sum(1), x).gradient, 2 * x @ A)


@pytest.mark.parametrize("penalty", [gradient_penalty(10), dragan(10)])
def test_the_slope_of_a_linear_critic_is_the_length_of_its_weight(penalty):
    torch.testing.assert_close(penalty(linear(W), *_batch()), torch.tensor(10 * (3.0 - 1) ** 2))
    torch.testing.assert_close(penalty(linear(SHORT), *_batch()), torch.tensor(10 * 0.5**2))


def test_one_sided_forgives_what_is_too_flat_and_nothing_else():
    penalty = gradient_penalty(10, one_sided=True)
    assert penalty(linear(SHORT), *_batch()) == 0
    torch.testing.assert_close(penalty(linear(W), *_batch()), torch.tensor(40.0))


def test_another_target():
    torch.testing.assert_close(gradient_penalty(1, target=3)(linear(W), *_batch()), torch.tensor(0.0))


def test_interpolates_are_uniform_between_real_and_fake():
    real, fake = torch.zeros(40_000, 1), torch.full((40_000, 1), 6.0)
    penalty = gradient_penalty(1, target=0)  # the slope of x²/2 is x = 6 U(0, 1), its mean square 12
    torch.manual_seed(0)
    value = penalty(lambda x: x.square().sum(1) / 2, real, fake)
    assert value.item() == pytest.approx(12, rel=0.02)


def test_one_share_for_all_the_pixels_of_an_image():
    real, fake = torch.zeros(100, 1, 4, 4), torch.ones(100, 1, 4, 4)
    seen = []
    gradient_penalty()(lambda x: (seen.append(x.detach()), x.flatten(1).sum(1))[1], real, fake)
    assert (seen[0].flatten(1).std(1) == 0).all()
    assert seen[0][:, 0, 0, 0].std() > 0.2


@pytest.mark.parametrize(("make", "which"), [(r1, 0), (r2, 1)])
def test_r1_and_r2_of_a_quadratic_critic(make, which):
    A = torch.tensor([[2.0, 1.0], [1.0, 3.0]])
    batch = _batch(d=2)
    expected = 10 / 2 * (2 * batch[which] @ A).square().sum(1).mean()
    torch.testing.assert_close(make(10)(lambda x: ((x @ A) * x).sum(1), *batch), expected)


def test_dragan_looks_around_the_reals_at_half_their_deviation():
    real = torch.ones(16, 10_000) * torch.tensor([1.0, -1.0]).repeat(8)[:, None]  # of deviation 1
    fake = torch.full_like(real, 50.0)
    value = dragan(1)(lambda x: x.square().sum(1) / 2, real, fake)  # the slope is ‖x + δ‖
    assert value.item() == pytest.approx(((1 + 0.25) ** 0.5 * 100 - 1) ** 2, rel=0.01)
    still = dragan(1)(lambda x: x.square().sum(1) / 2, torch.full((4, 4), 2.0), fake[:4, :4])
    assert still.item() == pytest.approx((4 - 1) ** 2)  # no deviation, no noise


@pytest.mark.parametrize(
    "penalty", [gradient_penalty(), gradient_penalty(one_sided=True, target=0.1), dragan(), r1(), r2()]
)
def test_the_gradient_in_the_weights_is_that_of_finite_differences(penalty):
    torch.manual_seed(1)
    critic = nn.Sequential(nn.Linear(3, 5), nn.Softplus(), nn.Linear(5, 1)).double()
    batch = _batch(dtype=torch.float64)

    def value() -> Tensor:
        torch.manual_seed(2)
        return penalty(critic, *batch)

    weight = critic[0].weight
    (gradient,) = torch.autograd.grad(value(), weight)
    step = 1e-6
    for i, j in ((0, 0), (2, 1), (4, 2)):
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[i, j] += sign * step
                ends.append(value().item())
                weight[i, j] -= sign * step
        slope = (ends[0] - ends[1]) / (2 * step)
        assert gradient[i, j].item() == pytest.approx(slope, rel=1e-5, abs=1e-8)
        assert abs(slope) > 1e-4


def test_a_flat_critic_has_a_finite_gradient():
    w = torch.zeros(3, requires_grad=True)
    (gradient,) = torch.autograd.grad(gradient_penalty()(linear(w), *_batch()), w)
    assert gradient.isfinite().all()


def test_a_critic_of_patches_is_taken_at_their_mean():
    def patches(x: Tensor) -> Tensor:
        return (x @ W)[:, None, None].expand(-1, 4, 4)

    torch.testing.assert_close(r1()(patches, *_batch()), r1()(linear(W), *_batch()))
    column = r1()(lambda x: (x @ W)[:, None], *_batch())
    torch.testing.assert_close(column, r1()(linear(W), *_batch()))


def test_lazy_regularization_is_rarer_and_as_much_heavier():
    lazy, steady = r1(10, every=16), r1(10)
    once = steady(linear(W), *_batch())
    torch.testing.assert_close(lazy(linear(W), *_batch()), 16 * once)
    assert [t for t in range(48) if lazy.due(t)] == [0, 16, 32]
    total = sum(lazy(linear(W), *_batch()) for t in range(32) if lazy.due(t))
    torch.testing.assert_close(total, 32 * once)


def test_penalties_are_taken_in_float32_under_autocast():
    critic = nn.Linear(3, 1)
    real, fake = _batch()
    plain = r1()(critic, real, fake)
    with torch.autocast("cpu", torch.bfloat16):
        assert critic(real).dtype == torch.bfloat16
        mixed = r1()(critic, real.bfloat16(), fake)
    assert mixed.dtype == torch.float32
    assert mixed == plain


@pytest.mark.parametrize("penalty", [r1(10), r2(10)])
def test_the_pass_of_a_penalty_serves_the_loss(penalty):
    """One pass a batch, and the loss and the gradients of a penalty with a pass of its own."""
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 8), nn.Softplus(), nn.Linear(8, 1), nn.Flatten(0))
    shown = []
    counting = lambda x: (shown.append(x), critic(x))[1]
    real, fake = _batch()
    on_real, on_fake = Pass(counting, real), Pass(counting, fake)
    term = penalty.on(on_real, on_fake)
    loss = non_saturating.critic(on_real.scores, on_fake.scores) + term
    assert len(shown) == 2
    apart = non_saturating.critic(critic(real), critic(fake)) + penalty(critic, real, fake)
    weights = list(critic.parameters())
    assert loss.item() == pytest.approx(apart.item(), rel=1e-6)
    for one, other in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(apart, weights)):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_a_penalty_of_points_in_between_makes_no_pass_over_the_batch():
    seen = [Pass(linear(W), x) for x in _batch()]
    gradient_penalty().on(*seen)
    assert not any({"scores", "gradient"} & vars(pass_).keys() for pass_ in seen)


def test_scores_that_serve_a_penalty_are_in_float32_and_others_are_not():
    critic = nn.Linear(3, 1)
    real, fake = _batch()
    with torch.autocast("cpu", torch.bfloat16):
        on_real, on_fake = Pass(critic, real), Pass(critic, fake)
        r1().on(on_real, on_fake)
        assert (on_real.scores.dtype, on_fake.scores.dtype) == (torch.float32, torch.bfloat16)


def test_the_generator_feels_no_penalty():
    fake = torch.randn(8, 3, requires_grad=True)
    w = W.clone().requires_grad_()
    value = gradient_penalty()(linear(w), _batch()[0], fake * 2)
    given = torch.autograd.grad(value, (w, fake), allow_unused=True)
    assert given[0] is not None
    assert given[1] is None


def test_what_makes_no_sense_is_refused_in_words():
    with pytest.raises(ValueError, match="same shape"):
        gradient_penalty()(linear(W), torch.zeros(4, 3), torch.zeros(5, 3))
    with pytest.raises(BadRequest, match="every"):
        r1(every=0)
    with pytest.raises(BadRequest, match="weight"):
        r1(-1)
    with pytest.raises(BadRequest, match="c > 0"):
        clip_weights(0)


def _with_weight(layer: nn.Module, rows: Tensor) -> nn.Module:
    with torch.no_grad():
        weight = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
        weight.copy_(rows.view(weight.shape))
    return layer


@pytest.mark.parametrize(
    "layer", [nn.Linear(12, 4), nn.Conv2d(3, 4, 2, bias=False), nn.ConvTranspose2d(3, 4, 2, bias=False)]
)
def test_orthogonal_filters_of_any_length_cost_nothing(layer):
    rows = torch.linalg.qr(torch.randn(12, 12))[0][:4] * torch.tensor([[1.0], [2], [3], [4]])
    assert orthogonal(_with_weight(layer, rows), 1.0).item() == pytest.approx(0, abs=1e-9)
    rows[0] += rows[1]
    assert orthogonal(layer, 1.0) < 1e-9
    assert orthogonal(_with_weight(layer, rows), 1.0).item() == pytest.approx(2 * 4.0**2, rel=1e-4)


def test_orthogonal_by_hand_over_layers():
    layer = _with_weight(nn.Linear(2, 2), torch.tensor([[1.0, 0.0], [1.0, 1.0]]))  # W Wᵀ = [[1, 1], [1, 2]]
    both = nn.Sequential(layer, nn.LayerNorm(2), nn.Embedding(3, 2), layer)
    torch.testing.assert_close(orthogonal(both, 0.5), torch.tensor(1.0))  # a shared layer counts once
    (gradient,) = torch.autograd.grad(orthogonal(both, 1.0), layer.weight)
    torch.testing.assert_close(
        gradient, 4 * torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    )  # 4 (W Wᵀ off diagonal) W
    with pytest.raises(ValueError, match="no linear"):
        orthogonal(nn.LayerNorm(2))


def test_the_gradient_of_the_orthogonal_term_is_that_of_autograd_and_can_be_derived_again():
    torch.manual_seed(0)
    tall = nn.Linear(10, 40)
    for layer in (nn.Linear(40, 30), nn.Conv2d(6, 20, 3), nn.ConvTranspose2d(6, 20, 3), tall):
        rows = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
        gram = rows.flatten(1) @ rows.flatten(1).T
        plain = (gram - gram.diagonal().diag()).square().sum()
        (expected,) = torch.autograd.grad(plain, layer.weight)
        torch.testing.assert_close(orthogonal(layer, 1.0).detach(), plain.detach(), rtol=1e-5, atol=0)
        (gradient,) = torch.autograd.grad(orthogonal(layer, 1.0), layer.weight)
        assert (gradient - expected).norm() < 6e-7 * expected.norm()
    for small in (nn.Linear(3, 4).double(), nn.Linear(2, 4).double()):
        term = lambda weight, layer=small: torch.func.functional_call(
            Term(layer), {"layer.weight": weight}, ()
        )
        assert torch.autograd.gradgradcheck(term, small.weight.detach().requires_grad_())


class Term(nn.Module):
    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self) -> Tensor:
        return orthogonal(self.layer, 1.0)


def test_orthogonal_reads_the_raw_weight_of_a_spectral_layer_and_moves_nothing():
    layer = nn.Linear(4, 4)
    expected = orthogonal(layer)
    spectral(layer)
    before = layer.parametrizations.weight[0].u.clone()
    assert orthogonal(layer) == expected
    assert torch.equal(layer.parametrizations.weight[0].u, before)


def test_clipping_bounds_every_parameter_and_leaves_the_small_ones():
    module = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    before = [p.detach().clone() for p in module.parameters()]
    clip_weights(0.1)(module)
    for old, new in zip(before, module.parameters()):
        assert torch.equal(new, old.clamp(-0.1, 0.1))
        assert new.requires_grad
    assert module[1].weight.detach().max() == torch.tensor(0.1)


# ---------------------------------------------------------------- on the generator


def linear_synthesis(a: float):
    """Styles (n, 2, 3) -> pictures (n, 1, 4, 4) that are `a` times an orthonormal image of the styles' sum."""
    frame = torch.linalg.qr(
        torch.randn(16, 3, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    )[0]
    return lambda w: a * (w.sum(1) @ frame.T).view(-1, 1, 4, 4)


def test_path_lengths_of_a_linear_generator():
    """Jᵀy = a Pᵀy for each layer, y normal in 16 pixels scaled by 1/4: E‖Jᵀy‖² = a² · 3 / 16."""
    torch.manual_seed(0)
    w = torch.zeros(4000, 2, 3, dtype=torch.double)
    for a in (1.0, 5.0):
        assert path_lengths(linear_synthesis(a), w).square().mean() == pytest.approx(a**2 * 3 / 16, rel=0.05)


def test_path_length_follows_the_mean_and_pulls_towards_it():
    torch.manual_seed(0)
    scale = torch.tensor(2.0, dtype=torch.double, requires_grad=True)
    term, w = PathLength(weight=2.0, every=4, decay=0.9), torch.zeros(4000, 2, 3, dtype=torch.double)
    lengths = path_lengths(linear_synthesis(2.0), w)
    torch.manual_seed(1)
    term(lambda w: scale * linear_synthesis(1.0)(w), w)
    assert term.mean == pytest.approx(0.1 * lengths.mean().item(), rel=0.2)
    for _ in range(60):
        loss = term(lambda w: scale * linear_synthesis(1.0)(w), w).item()
    assert loss == pytest.approx(
        8 * lengths.var().item(), rel=0.4
    )  # what is left is the spread of the lengths
    assert [t for t in range(9) if term.due(t)] == [0, 4, 8]
