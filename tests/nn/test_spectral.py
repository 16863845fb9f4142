"""Spectral normalization against singular values, the algorithm by hand, and torch's own."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from rivalry.nn.spectral import output_dim, spectral, spectral_norm

MAKERS = {
    "linear": lambda: nn.Linear(7, 5),
    "conv1d": lambda: nn.Conv1d(4, 6, 3),
    "conv2d": lambda: nn.Conv2d(3, 8, (3, 5)),
    "conv2d, channels last": lambda: nn.Conv2d(3, 8, (3, 5)).to(memory_format=torch.channels_last),
    "conv3d": lambda: nn.Conv3d(2, 4, 2),
    "transposed": lambda: nn.ConvTranspose2d(4, 3, (2, 5)),
    "transposed, channels last": lambda: nn.ConvTranspose2d(4, 3, 4).to(memory_format=torch.channels_last),
    "embedding": lambda: nn.Embedding(9, 4),
}


@pytest.fixture(params=MAKERS)
def layer(request):
    torch.manual_seed(0)
    return MAKERS[request.param]()


def _matrix(layer, weight):
    return weight.detach().movedim(output_dim(layer), 0).flatten(1)


def test_the_largest_singular_value_becomes_1(layer):
    raw = _matrix(layer, layer.weight).clone()
    spectral_norm(layer)
    for _ in range(300):
        layer.weight  # noqa: B018  # each use in training is one iteration
    largest = torch.linalg.svdvals(raw)[0]
    torch.testing.assert_close(_matrix(layer, layer.weight), raw / largest, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(raw, raw / largest, rtol=1e-2)


def test_it_agrees_with_torch(layer):
    theirs = parametrizations.spectral_norm(copy.deepcopy(layer))
    spectral_norm(layer)
    for _ in range(300):
        theirs.weight, layer.weight  # noqa: B018
    torch.testing.assert_close(layer.weight, theirs.weight, rtol=1e-4, atol=1e-5)


def test_one_forward_is_one_iteration_of_the_algorithm(layer):
    raw = _matrix(layer, layer.weight).clone()
    spectral_norm(layer)
    norm = layer.parametrizations.weight[0]
    u = norm.u.clone()
    weight = layer.weight
    v = raw.T @ u / (raw.T @ u).norm()
    u = raw @ v / (raw @ v).norm()
    torch.testing.assert_close(norm.u, u)
    torch.testing.assert_close(norm.v.flatten(), v)
    torch.testing.assert_close(_matrix(layer, weight), raw / (u @ raw @ v))


def test_eval_moves_nothing_and_gives_what_training_gave_last(layer):
    spectral_norm(layer)
    last = layer.weight.detach()
    before = copy.deepcopy(layer.state_dict())
    layer.eval()
    torch.testing.assert_close(layer.weight, last)
    assert torch.equal(layer.weight, layer.weight)
    assert all(torch.equal(old, new) for old, new in zip(before.values(), layer.state_dict().values()))


def test_the_gradient_holds_u_and_v_constant(layer):
    spectral_norm(layer)
    norm = layer.parametrizations.weight[0]
    raw = layer.parametrizations.weight.original
    weight = layer.weight
    G = torch.randn_like(weight)
    (gradient,) = torch.autograd.grad(weight, raw, G)
    u, v = norm.u, norm.v.flatten()
    sigma = u @ _matrix(layer, raw) @ v
    g, w = _matrix(layer, G), _matrix(layer, weight)
    expected = (g - (g * w).sum() * torch.outer(u, v)) / sigma
    torch.testing.assert_close(_matrix(layer, gradient), expected, rtol=1e-4, atol=1e-5)


def test_it_can_be_differentiated_twice():
    layer = spectral_norm(nn.Linear(3, 2).double()).eval()
    norm, raw = layer.parametrizations.weight[0], layer.parametrizations.weight.original
    assert torch.autograd.gradgradcheck(norm, (raw,))


def test_two_forwards_share_one_backward():
    critic = spectral(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)))
    loss = critic(torch.randn(5, 3)).mean() - critic(torch.randn(5, 3)).mean()
    loss.backward()
    assert all(p.grad is not None for p in critic.parameters() if p.dim() > 1)


def test_a_restored_layer_goes_on_bit_for_bit(layer):
    other = spectral_norm(copy.deepcopy(layer))
    with torch.no_grad():
        other.parametrizations.weight.original.normal_()
    spectral_norm(layer)
    layer.weight  # noqa: B018
    other.load_state_dict(layer.state_dict())
    for _ in range(3):
        assert torch.equal(other.weight, layer.weight)


def test_a_deep_copy_is_equal_and_on_its_own(layer):
    spectral_norm(layer)
    copied = copy.deepcopy(layer)
    u = layer.parametrizations.weight[0].u.clone()
    for _ in range(3):
        copied.weight  # noqa: B018
    assert torch.equal(layer.parametrizations.weight[0].u, u)
    for _ in range(3):
        layer.weight  # noqa: B018
    assert torch.equal(copied.weight, layer.weight)


def test_channels_last_changes_no_number():
    torch.manual_seed(0)
    plain = spectral_norm(nn.Conv2d(4, 6, 3))
    last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    for _ in range(3):
        torch.testing.assert_close(last.weight, plain.weight)
    assert last.weight.is_contiguous(memory_format=torch.channels_last)
    last.load_state_dict(plain.state_dict())
    torch.testing.assert_close(last.eval().weight, plain.eval().weight)


def test_sigma_is_taken_in_float32_under_autocast():
    torch.manual_seed(0)
    layer = spectral_norm(nn.Linear(64, 64))
    twin = copy.deepcopy(layer)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = layer.weight
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, twin.weight)


def test_a_whole_network_once():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Sequential(nn.Linear(2, 2)))
    assert spectral(network) is network
    names = [name for name in network.state_dict() if name.endswith("original")]
    assert names == ["0.parametrizations.weight.original", "2.0.parametrizations.weight.original"]
    spectral(network)
    assert [name for name in network.state_dict() if name.endswith("original")] == names


def test_other_layers_are_refused_in_words():
    with pytest.raises(ValueError, match="got BatchNorm2d"):
        spectral_norm(nn.BatchNorm2d(3))
    with pytest.raises(ValueError, match="already"):
        spectral_norm(spectral_norm(nn.Linear(2, 2)))
