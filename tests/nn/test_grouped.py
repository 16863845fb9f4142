"""R3GAN's networks: the identity at first, groups of 16, any size."""

import pytest
import torch
from toys import engine_of, images, points

from rivalry.errors import BadRequest
from rivalry.games.image.relativistic import r3gan
from rivalry.nn.grouped import Block, GroupedCritic, GroupedGenerator, groups_of, widths_of
from rivalry.play.goal import Goal


def test_a_block_begins_as_the_identity_and_learns() -> None:
    block, x = Block(8, blocks=4), torch.randn(2, 8, 5, 7)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.body[-1].weight.grad.abs().max() > 0


def test_the_start_keeps_the_scale_by_the_number_of_blocks() -> None:
    """N(0, 2 / 1.04 / √L / fan-in) inside a block."""
    block = Block(256, blocks=16)
    first, grouped = block.body[0].weight, block.body[2].weight
    assert first.std().item() == pytest.approx((2 / 1.04 / 4 / 256) ** 0.5, rel=0.02)
    assert grouped.std().item() == pytest.approx((2 / 1.04 / 4 / (16 * 9)) ** 0.5, rel=0.02)


def test_groups_are_of_sixteen_channels_where_those_divide() -> None:
    assert [groups_of(k) for k in (1536, 64, 16, 8, 40)] == [96, 4, 1, 1, 2]


def test_no_convolution_has_a_bias() -> None:
    for network in (GroupedGenerator(4, (3, 16, 16), width=8), GroupedCritic((3, 16, 16), width=8)):
        convs = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
        assert convs and all(conv.bias is None for conv in convs)


def test_channels_double_to_the_papers() -> None:
    assert widths_of((3, 32, 32), 256) == [768, 768, 512, 256]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 14), (2, 17, 8), (4, 28, 28)])
def test_r3gan_plays_in_them_on_any_size(shape: tuple[int, ...]) -> None:
    engine = engine_of(r3gan, images(*shape), settings={"networks": "grouped"})
    before = {name: p.clone() for name, p in engine.game.named_parameters()}
    engine.play(Goal(rounds=3))
    still = [n for n, p in engine.game.named_parameters() if p.requires_grad and torch.equal(before[n], p)]
    assert not still
    with engine.evaluating() as game:
        x = game.sample(5)
    assert x.shape == (5, *shape) and x.abs().max() <= 1


def test_points_have_no_grouped_convolutions() -> None:
    with pytest.raises(BadRequest, match="networks=grouped needs data of kind 'image'"):
        r3gan(points().spec, networks="grouped")
