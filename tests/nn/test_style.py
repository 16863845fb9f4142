"""Styles: the mapping, the filters, mixing, and convolutions that a style modulates."""

import pytest
import torch
from torch.nn import functional as F

from rivalry.nn.modulated import Modulated, SkipSynthesis
from rivalry.nn.style import Mapping, Noise, double_smoothly, halve_smoothly, mixed


def test_the_length_of_a_code_means_nothing() -> None:
    mapping, z = Mapping(8, 5, 3), torch.randn(4, 8)
    torch.testing.assert_close(mapping(z), mapping(7 * z), rtol=1e-4, atol=1e-5)


def test_the_mean_style_settles_on_the_mean() -> None:
    mapping, w = Mapping(8, 5, 1), torch.randn(64, 5) + 3
    for _ in range(2000):
        mapping.follow(w)
    torch.testing.assert_close(mapping.middle, w.mean(0), rtol=1e-3, atol=1e-3)


def test_noise_is_new_in_training_and_one_picture_in_evaluation() -> None:
    noise, x = Noise(3, 4, 5), torch.zeros(2, 3, 4, 5)
    assert torch.equal(noise(x), x)
    noise.strength.data.fill_(2.0)
    assert not torch.equal(noise(x)[0], noise(x)[1])
    noise.eval()
    assert torch.equal(noise(x)[0], noise(x)[1])
    assert torch.equal(noise(x), noise(x))


def test_filters_keep_what_is_flat_and_double_is_the_filter_of_the_paper() -> None:
    flat = torch.full((1, 2, 6, 4), 0.7)
    torch.testing.assert_close(double_smoothly(flat), torch.full((1, 2, 12, 8), 0.7))
    torch.testing.assert_close(halve_smoothly(flat), torch.full((1, 2, 3, 2), 0.7))
    x, taps = torch.randn(1, 1, 8, 8), torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
    apart = torch.zeros(1, 1, 16, 16)
    apart[..., ::2, ::2] = x
    byhand = F.conv2d(F.pad(apart, (2, 1, 2, 1)), (taps[:, None] * taps)[None, None])
    torch.testing.assert_close(double_smoothly(x)[..., 2:-2, 2:-2], byhand[..., 2:-2, 2:-2])


def test_halving_is_the_filter_1_3_3_1() -> None:
    x = torch.randn(2, 3, 8, 6, dtype=torch.float64)
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype) / 8
    kernel = (taps[:, None] * taps).expand(3, 1, 4, 4)
    wanted = F.conv2d(F.pad(x, (1, 1, 1, 1), "replicate"), kernel, stride=2, groups=3)
    torch.testing.assert_close(halve_smoothly(x), wanted)
    assert halve_smoothly(x.bfloat16()).dtype == torch.float32


def test_halving_forgets_the_finest_checkerboard() -> None:
    board = (-1.0) ** (torch.arange(8)[:, None] + torch.arange(8))[None, None]
    assert halve_smoothly(board)[..., 1:-1, 1:-1].abs().max() < 1e-6
    assert board[..., ::2, ::2].abs().min() == 1  # the control: every second pixel keeps it whole


def test_halving_is_in_float32_whatever_is_around_it() -> None:
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    plain = halve_smoothly(x)
    with torch.autocast("cpu", torch.bfloat16):
        inside, narrow = halve_smoothly(x), halve_smoothly(x.bfloat16())
        assert F.conv2d(x, torch.randn(1, 3, 3, 3)).dtype == torch.bfloat16  # the control
    assert torch.equal(inside, plain)
    assert narrow.dtype == torch.float32
    assert (narrow - plain).abs().max() < 0.02
    (gradient,) = torch.autograd.grad(inside.square().sum(), x)
    assert torch.equal(gradient, torch.autograd.grad(plain.square().sum(), x)[0])
    assert halve_smoothly(x.double()).dtype == torch.float64


def test_mixed_styles_have_one_cut() -> None:
    torch.manual_seed(0)
    one, other = torch.zeros(500, 3), torch.ones(500, 3)
    w = mixed(one, other, layers=6, probability=0.5)[..., 0]
    assert (w.diff(dim=1) >= 0).all()  # the first style, then the second
    assert (w[:, 0] == 0).all()
    assert (w[:, -1] == 1).float().mean() == pytest.approx(0.5, abs=0.08)
    assert torch.equal(mixed(one, other, 6, 0.0), one[:, None].expand(-1, 6, -1))


def test_modulation_is_that_of_the_weights() -> None:
    """Equations 1 and 3, with a weight for each sample, in a convolution by groups."""
    torch.manual_seed(0)
    layer, x, w = Modulated(3, 5, 3, 4), torch.randn(2, 3, 6, 7), torch.randn(2, 4)
    s = layer.style(w)
    weight = layer.conv.scaled()[None] * s[:, None, :, None, None]  # (n, b, a, k, k)
    weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
    groups = F.conv2d(x.view(1, 6, 6, 7), weight.view(10, 3, 3, 3), padding=1, groups=2).view(2, 5, 6, 7)
    torch.testing.assert_close(layer(x, w), groups, rtol=1e-4, atol=1e-5)


def test_demodulation_brings_outputs_to_size_one_whatever_the_style() -> None:
    torch.manual_seed(0)
    layer, x = Modulated(64, 64, 3, 4), torch.randn(8, 64, 12, 12)
    for size in (0.1, 30.0):
        assert layer(x, size * torch.randn(8, 4))[..., 1:-1, 1:-1].std().item() == pytest.approx(1, rel=0.1)


def test_each_layer_reads_its_own_style() -> None:
    torch.manual_seed(0)
    synthesis = SkipSynthesis(3, (4, 5), [8, 8, 8], 6).eval()
    w = torch.randn(1, synthesis.layers, 6)
    plain = synthesis(w)
    assert plain.shape == (1, 3, 16, 20)
    for layer in range(synthesis.layers):
        other = w.clone()
        other[:, layer] += 1
        assert not torch.allclose(synthesis(other), plain), layer
    assert [r.shape[1] for r in synthesis.input_matrices()] == [6] * synthesis.layers
