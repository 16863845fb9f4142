"""Layers at an equalized learning rate, pixel norm and minibatch deviation."""

import pytest
import torch

from rivalry.nn.equalized import EqualConv2d, EqualLinear, minibatch_deviation, pixel_norm


@pytest.mark.parametrize("speed", [1.0, 0.01])
@pytest.mark.parametrize("inputs", [16, 1024])
def test_an_input_of_size_one_gives_an_output_of_the_gain(inputs: int, speed: float) -> None:
    torch.manual_seed(0)
    layer = EqualLinear(inputs, 500, gain=2.0, speed=speed)
    assert layer(torch.randn(200, inputs)).std().item() == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize("channels", [4, 64])
def test_a_convolution_keeps_scale_whatever_its_fan_in(channels: int) -> None:
    torch.manual_seed(0)
    layer = EqualConv2d(channels, 256, 3, gain=1.0)
    inside = layer(torch.randn(8, channels, 10, 10))[..., 1:-1, 1:-1]
    assert inside.std().item() == pytest.approx(1.0, rel=0.1)


def test_all_layers_learn_at_one_speed_and_a_slow_one_at_its_own() -> None:
    """One step of Adam moves every number alike, so the share by which an output moves is that of the speed."""
    moved = []
    for inputs, speed in ((16, 1.0), (1024, 1.0), (16, 0.01)):
        torch.manual_seed(0)
        layer = EqualLinear(inputs, 400, speed=speed)
        before = layer.scaled().detach().clone()
        step = torch.optim.Adam(layer.parameters(), lr=1e-3)
        layer(torch.ones(1, inputs)).sum().backward()
        step.step()
        moved.append(((layer.scaled() - before).norm() / before.norm()).item())
    assert moved[1] == pytest.approx(moved[0], rel=0.05)
    assert moved[2] == pytest.approx(0.01 * moved[0], rel=0.05)


def test_a_bias_begins_where_it_is_told_to() -> None:
    assert torch.allclose(EqualLinear(3, 5, speed=0.1, bias=1.0)(torch.zeros(1, 3)), torch.ones(1, 5))


def test_pixel_norm_brings_every_place_to_one_length() -> None:
    x = pixel_norm(100 * torch.randn(3, 7, 4, 5))
    assert torch.allclose(x.square().mean(1), torch.ones(3, 4, 5), atol=1e-4)


@pytest.mark.parametrize(("n", "group"), [(8, 4), (6, 3), (5, 1), (1, 1), (12, 4)])
def test_deviation_is_that_of_the_group(n: int, group: int) -> None:
    x = torch.randn(n, 3, 4, 5)
    told = minibatch_deviation(x)
    assert torch.equal(told[:, :3], x)
    assert told.shape == (n, 4, 4, 5)
    for i in range(n):
        members = x[i % (n // group) :: n // group]
        assert torch.allclose(told[i, 3], (members.var(0, unbiased=False) + 1e-8).sqrt().mean(), atol=1e-6)


def test_deviation_has_the_derivatives_of_the_variance() -> None:
    """Also the second, which R1 takes: against torch's own variance."""
    torch.manual_seed(0)
    x = torch.randn(8, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    groups = x.view(4, 2, 3, 4, 4)
    plain = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((1, 2, 3)).repeat(4)
    both = []
    for told in (minibatch_deviation(x)[:, 3, 0, 0], plain):
        (first,) = torch.autograd.grad(told.square().sum(), x, create_graph=True)
        both.append((first, *torch.autograd.grad(first.square().sum(), x)))
    for one, other in zip(*both):
        torch.testing.assert_close(one, other)


def test_samples_that_are_all_alike_are_told_from_samples_that_differ() -> None:
    same = minibatch_deviation(torch.randn(1, 3, 4, 4).expand(8, -1, -1, -1))[:, 3]
    assert same.max() < 1e-3 < minibatch_deviation(torch.randn(8, 3, 4, 4))[:, 3].min()
