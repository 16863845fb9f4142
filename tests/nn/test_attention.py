"""Self-attention: what it is by its equations, and that it can be looked at."""

import pytest
import torch
from toys import images, small

from rivalry.catalog import find, maker
from rivalry.errors import BadRequest
from rivalry.nn.attention import SelfAttention, attended
from rivalry.nn.residual import ResidualGenerator


def test_it_is_the_identity_at_the_start_and_not_later() -> None:
    layer, x = SelfAttention(8, (6, 4)), torch.randn(2, 8, 6, 4)
    assert torch.equal(layer(x), x)
    layer.gamma.data.fill_(0.5)
    assert not torch.allclose(layer(x), x)


def test_weights_sum_to_one_over_what_is_looked_at() -> None:
    weights = SelfAttention(8, (6, 4)).weights(torch.randn(3, 8, 6, 4))
    assert weights.shape == (3, 6, 4, 3, 2)
    assert torch.allclose(weights.sum((3, 4)), torch.ones(3, 6, 4))


def test_it_is_what_the_equations_say() -> None:
    """o_j = Σ_i β_ji h(x_i), place by place."""
    layer, x = SelfAttention(8, (4, 4)), torch.randn(1, 8, 4, 4)
    layer.gamma.data.fill_(2.0)
    values = torch.nn.functional.max_pool2d(layer.value(x), 2)[0]  # (4, 2, 2)
    beta, made = layer.weights(x)[0], torch.zeros(1, 4, 4, 4)
    for row in range(4):
        for column in range(4):
            made[0, :, row, column] = (beta[row, column] * values).sum((1, 2))
    torch.testing.assert_close(layer(x), x + 2.0 * layer.out(made))


def test_a_place_sees_what_is_far_from_it() -> None:
    layer, x = SelfAttention(8, (16, 16)), torch.randn(1, 8, 16, 16, requires_grad=True)
    layer.gamma.data.fill_(1.0)
    (slope,) = torch.autograd.grad(layer(x)[0, :, 0, 0].sum(), x)
    assert slope[0, :, 8:, 8:].abs().max() > 0


# The maps of a generator are its smallest one doubled, those of a critic the image halved.
NEAREST = {
    (28, 28): {16: ((14, 14), (14, 14)), 28: ((28, 28), (14, 14)), 7: ((14, 14), (7, 7))},
    (24, 24): {16: ((12, 12), (12, 12))},
    (20, 36): {16: ((20, 36), (10, 18))},
    (32, 32): {16: ((16, 16), (16, 16)), 1: ((8, 8), (4, 4)), 999: ((32, 32), (16, 16))},
    (64, 64): {16: ((16, 16), (16, 16)), 32: ((32, 32), (32, 32))},
    (8, 8): {16: ((8, 8), (4, 4))},
    (9, 31): {16: ((10, 32), (4, 15))},
}
CASES = [(shape, attend, *maps) for shape, asked in NEAREST.items() for attend, maps in asked.items()]
SOME = [case for case in CASES if case[1] == 16 and case[0] in ((28, 28), (24, 24), (20, 36))]  # no map of 16
EVERY = [("sagan", *case) for case in CASES] + [
    (name, *case) for name in ("biggan", "biggan-deep") for case in SOME
]


@pytest.mark.parametrize(("name", "shape", "attend", "of_generator", "of_critic"), EVERY)
def test_both_networks_attend_on_the_nearest_map(name, shape, attend, of_generator, of_critic) -> None:
    data = images(1, *shape, n=2, classes=2)
    game = maker(find(name))(data.spec, **small(maker(find(name)), attend=attend, width=4))
    label = torch.zeros(2, dtype=torch.int64)
    _, by_generator = attended(game.G, lambda: game.G(game.draw(2), label))
    _, by_critic = attended(game.D, lambda: game.D(data.rows(slice(0, 2)), label))
    assert by_generator.shape[1:3] == of_generator
    assert by_critic.shape[1:3] == of_critic
    told = "generator on {} x {}; critic on {} x {}".format(*of_generator, *of_critic)
    assert game.facts() == {"attention": told}


@pytest.mark.parametrize("name", ["sagan", "biggan", "biggan-deep"])
def test_no_attention_is_had_for_the_asking(name: str) -> None:
    game = maker(find(name))(images(1, 28, 28).spec, **small(maker(find(name)), attend=0))
    assert game.facts() == {}
    assert not any(isinstance(layer, SelfAttention) for layer in game.modules())


def test_without_attention_there_is_nothing_to_look_at() -> None:
    G = ResidualGenerator(4, (1, 8, 8), width=8)
    with pytest.raises(BadRequest, match="no layer of this game attends"):
        attended(G, lambda: G(torch.randn(2, 4)))
