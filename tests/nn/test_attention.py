"""Self-attention: what it is by its equations, and that it can be looked at."""

import pytest
import torch

from rivalry.errors import BadRequest
from rivalry.nn.attention import SelfAttention, attended
from rivalry.nn.residual import ResidualCritic, ResidualGenerator


def test_it_is_the_identity_at_the_start_and_not_later() -> None:
    layer, x = SelfAttention(8), torch.randn(2, 8, 6, 4)
    assert torch.equal(layer(x), x)
    layer.gamma.data.fill_(0.5)
    assert not torch.allclose(layer(x), x)


def test_weights_sum_to_one_over_what_is_looked_at() -> None:
    weights = SelfAttention(8).weights(torch.randn(3, 8, 6, 4))
    assert weights.shape == (3, 6, 4, 3, 2)
    assert torch.allclose(weights.sum((3, 4)), torch.ones(3, 6, 4))


def test_it_is_what_the_equations_say() -> None:
    """o_j = Σ_i β_ji h(x_i), place by place."""
    layer, x = SelfAttention(8), torch.randn(1, 8, 4, 4)
    layer.gamma.data.fill_(2.0)
    values = torch.nn.functional.max_pool2d(layer.value(x), 2)[0]  # (4, 2, 2)
    beta, made = layer.weights(x)[0], torch.zeros(1, 4, 4, 4)
    for row in range(4):
        for column in range(4):
            made[0, :, row, column] = (beta[row, column] * values).sum((1, 2))
    torch.testing.assert_close(layer(x), x + 2.0 * layer.out(made))


def test_a_place_sees_what_is_far_from_it() -> None:
    layer, x = SelfAttention(8), torch.randn(1, 8, 16, 16, requires_grad=True)
    layer.gamma.data.fill_(1.0)
    (slope,) = torch.autograd.grad(layer(x)[0, :, 0, 0].sum(), x)
    assert slope[0, :, 8:, 8:].abs().max() > 0


@pytest.mark.parametrize(("attend", "places"), [(7, 14), (14, 14), (28, 28)])
def test_both_networks_attend_on_the_map_that_was_asked_for(attend: int, places: int) -> None:
    G = ResidualGenerator(4, (1, 28, 28), width=8, attend=attend)
    _, looked = attended(G, lambda: G(torch.randn(2, 4)))
    assert looked.shape[:3] == (2, places, places)
    D = ResidualCritic((1, 28, 28), width=8, attend=attend)
    if attend <= 14:
        _, looked = attended(D, lambda: D(torch.randn(2, 1, 28, 28)))
        assert looked.shape[1] == (7 if attend == 7 else 14)


def test_without_attention_there_is_nothing_to_look_at() -> None:
    G = ResidualGenerator(4, (1, 8, 8), width=8)
    with pytest.raises(BadRequest, match="no layer of this game attends"):
        attended(G, lambda: G(torch.randn(2, 4)))
