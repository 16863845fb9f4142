"""The moving average against its closed form."""

import copy

import pytest
import torch
from torch import nn

from rivalry.errors import BadRequest
from rivalry.maths.averages import Average
from rivalry.nn.spectral import spectral


def _point(value: float) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def test_a_sequence_by_hand():
    network = _point(5.0)
    average = Average(network, 0.2)
    expected = 5.0
    for k, value in enumerate((1.0, 3.0, -2.0, 8.0)):
        nn.init.constant_(network.weight, value)
        average.update(network)
        decay = min(0.2, (1 + k) / (10 + k))  # 0.1, 2/11, 0.2, 0.2
        expected = decay * expected + (1 - decay) * value
        assert average.network.weight.item() == pytest.approx(expected)
    assert average.count == 4


def test_the_warm_up_forgets_the_beginning():
    network = _point(1000.0)
    average, slow = Average(network, 0.9999), 1000.0
    nn.init.constant_(network.weight, 1.0)
    for _ in range(100):
        average.update(network)
        slow = 0.9999 * slow + 0.0001
    assert average.network.weight.item() == pytest.approx(1, abs=1e-3)
    assert slow > 980


def test_a_long_average_settles_at_its_decay():
    average = Average(_point(0.0), 0.99)
    average.count.fill_(10_000)
    average.update(_point(1.0))
    assert average.network.weight.item() == pytest.approx(0.01, rel=1e-6)


def test_decay_0_is_a_copy():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    average = Average(network, 0.0)
    for p in network.parameters():
        nn.init.normal_(p)
    network(torch.randn(8, 3))
    assert not torch.equal(average.network[0].weight, network[0].weight)
    average.update(network)
    for name, value in network.state_dict().items():
        assert torch.equal(average.network.state_dict()[name], value), name
    x = torch.randn(4, 3)
    assert torch.equal(average(x), network.eval()(x))


def test_buffers_are_copied_and_the_copy_never_moves_its_own():
    network = nn.BatchNorm1d(2)
    average = Average(network, 0.999).train()
    network(torch.randn(8, 2) + 3)
    average.update(network)
    assert torch.equal(average.network.running_mean, network.running_mean)
    assert average.network.num_batches_tracked == 1
    average(torch.randn(8, 2) - 9)
    assert torch.equal(average.network.running_mean, network.running_mean)
    assert network.training
    assert not average.network.training


def test_the_network_keeps_its_graph_and_its_gradients():
    network = nn.Linear(3, 1)
    average = Average(network, 0.9)
    loss = network(torch.randn(4, 3)).square().mean()
    network.weight.grad = torch.ones(1, 3)
    average.update(network)
    torch.autograd.grad(loss, network.weight)
    assert torch.equal(network.weight.grad, torch.ones(1, 3))
    assert all(not p.requires_grad and p.grad is None for p in average.parameters())
    assert all(p.requires_grad for p in network.parameters())
    assert average(torch.randn(4, 3)).grad_fn is None


def test_spectral_weights_are_averaged_raw_and_channels_last_ones_keep_their_format():
    torch.manual_seed(0)
    network = spectral(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 3, 3)))
    network = network.to(memory_format=torch.channels_last)
    average = Average(network, 0.5)
    raw = network[0].parametrizations.weight.original
    old = raw.detach().clone()
    with torch.no_grad():
        raw.add_(1)
    network(torch.randn(2, 3, 8, 8))
    average.update(network)
    kept = average.network[0].parametrizations.weight.original
    torch.testing.assert_close(kept, old + 0.9)
    assert kept.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(
        average.network[0].parametrizations.weight[0].u, network[0].parametrizations.weight[0].u
    )
    assert average(torch.randn(2, 3, 8, 8)).shape == (2, 3, 8, 8)


def test_an_average_of_one_format_follows_a_network_of_another():
    network = nn.Conv2d(3, 4, 3)
    average = Average(network, 0.0)
    network.to(memory_format=torch.channels_last)
    nn.init.normal_(network.weight)
    average.update(network)
    assert torch.equal(average.network.weight, network.weight)


def test_a_restored_average_goes_on_bit_for_bit():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    one, other = Average(network, 0.95), Average(copy.deepcopy(network), 0.95)
    for step in range(6):
        nn.init.normal_(network[0].weight)
        network(torch.randn(5, 3))
        one.update(network)
        if step == 2:
            other.load_state_dict(one.state_dict())
        elif step > 2:
            other.update(network)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))


def test_a_decay_of_1_and_another_network_are_refused():
    with pytest.raises(BadRequest, match=r"\[0, 1\)"):
        Average(_point(0), 1.0)
    with pytest.raises(ValueError, match="shorter"):
        Average(_point(0), 0.5).update(nn.Sequential())
