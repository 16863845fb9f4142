"""Networks from image to image: any size, skips that carry, noise that stays, patches of the size that is claimed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.nn.patch import PatchCritic
from rivalry.nn.translator import EachDomain, EncoderDecoder, InstanceNorm, ResidualTranslator
from rivalry.nn.unet import UNet

Make = Callable[..., nn.Module]
NETWORKS = {
    "unet": lambda shape: UNet(shape, width=4),
    "residual": lambda shape: ResidualTranslator(shape, width=4, blocks=1),
    "encoder-decoder": lambda shape: EncoderDecoder(shape, width=4),
}
by_network = pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)


def pictures(n: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def apart(a: Tensor, b: Tensor) -> float:
    return float((a - b).detach().abs().max())


@by_network
@pytest.mark.parametrize("shape", [(1, 8, 8), (4, 8, 9), (3, 15, 31), (2, 33, 10), (4, 16, 64)])
def test_an_image_of_any_size_keeps_it(make: Make, shape: tuple[int, int, int]) -> None:
    y = make(shape)(pictures(2, *shape))
    assert y.shape == (2, *shape)
    assert y.abs().max() <= 1


@by_network
def test_every_place_of_the_source_matters(make: Make) -> None:
    """Odd sides included: the last row and the last column are seen."""
    x = pictures(1, 1, 9, 11).requires_grad_()
    (slope,) = torch.autograd.grad(make((1, 9, 11))(x).square().sum(), x)
    assert (slope != 0).all()


# ---------------------------------------------------------------------- the norm


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_instance_norm_is_torchs(layout: torch.memory_format) -> None:
    x = pictures(3, 5, 4, 6).double().to(memory_format=layout).requires_grad_()
    ours, theirs = InstanceNorm()(x), F.instance_norm(x)
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn_like(x)
    slopes = [torch.autograd.grad((y * direction).sum(), x)[0] for y in (ours, theirs)]
    torch.testing.assert_close(*slopes)


def test_instance_norm_keeps_the_data_of_a_batch_apart() -> None:
    x, norm = pictures(3, 2, 4, 4), InstanceNorm()
    torch.testing.assert_close(norm(x)[1:2], norm(x[1:2]))


def test_what_is_told_by_constant_planes_survives() -> None:
    """The control normalizes the first map, and so is told nothing."""
    network = ResidualTranslator((1, 12, 12), joined=2, width=8, blocks=1)
    x = pictures(1, 1, 12, 12)
    on, off = torch.ones_like(x), torch.zeros_like(x)
    joined = [torch.cat([x, *planes], 1) for planes in ((on, off), (off, on))]
    assert apart(*map(network, joined)) > 1e-3
    network.first_norm = InstanceNorm()
    assert apart(*map(network, joined)) < 1e-5


# ---------------------------------------------------------------------- the U-Net


def test_skips_carry_the_source_past_the_middle() -> None:
    """With its middle cut out a U-Net still tells two sources apart; an encoder and decoder does not."""
    one, other = pictures(1, 3, 16, 16), pictures(1, 3, 16, 16, seed=1)
    unet, plain = UNet((3, 16, 16), width=8, dropout=0.0), EncoderDecoder((3, 16, 16), width=8).eval()
    assert apart(plain(one), plain(other)) > 1e-6
    for network in (unet, plain):
        for p in network.downs[-1].parameters():
            nn.init.zeros_(p)
    assert apart(unet(one), unet(other)) > 0.1
    assert apart(plain(one), plain(other)) == 0


def test_the_middle_of_a_square_is_a_single_place() -> None:
    seen: list[Tensor] = []
    unet = UNet((3, 32, 32), width=4)
    unet.downs[-1].register_forward_hook(lambda module, given, made: seen.append(made))
    unet(pictures(2, 3, 32, 32))
    assert seen[0].shape == (2, 4 * 8, 1, 1)
    assert seen[0].abs().max() > 0  # and is not normalized away


@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_its_noise_in_training_and_after(training: bool) -> None:
    x = pictures(1, 1, 16, 16)
    noisy, silent = (UNet((1, 16, 16), width=8, dropout=p).train(training) for p in (0.5, 0.0))
    assert apart(noisy(x), noisy(x)) > 1e-3
    assert apart(silent(x), silent(x)) == 0


# ---------------------------------------------------------------------- patches


@pytest.mark.parametrize(("depth", "side"), [(0, 7), (1, 16), (2, 34), (3, 70)])
def test_a_score_sees_a_patch_of_the_side_that_is_claimed(depth: int, side: int) -> None:
    critic = PatchCritic((1, 96, 112), width=2, depth=depth)
    for name, layer in critic.body.named_children():  # the norm sees the whole map
        if isinstance(layer, InstanceNorm):
            setattr(critic.body, name, nn.Identity())
    x = pictures(1, 1, 96, 112).requires_grad_()
    scores = critic(x)[0]
    (slope,) = torch.autograd.grad(scores[scores.shape[0] // 2, scores.shape[1] // 2], x)
    for rows in ((slope[0, 0] != 0).any(1), (slope[0, 0] != 0).any(0)):
        seen = torch.nonzero(rows).flatten()
        assert int(seen[-1] - seen[0]) + 1 == side


@pytest.mark.parametrize("shape", [(1, 8, 8), (4, 9, 14), (3, 28, 28)])
def test_a_small_image_has_patches_too(shape: tuple[int, int, int]) -> None:
    scores = PatchCritic(shape, width=4)(pictures(2, *shape))
    assert scores.dim() == 3
    assert scores[0].numel() > 1


# ---------------------------------------------------------------------- domains


class Times(nn.Module):
    def __init__(self, factor: float):
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


@pytest.mark.parametrize("domain", [[0, 0, 0, 0], [1, 1, 1, 1], [2, 0, 1, 2], [1, 0, 0, 1]])
def test_each_datum_meets_the_network_of_its_domain(domain: list[int]) -> None:
    x, factors = pictures(4, 1, 3, 3), torch.tensor([2.0, 3.0, 5.0])
    made = EachDomain(map(Times, factors.tolist()))(x, torch.tensor(domain))
    torch.testing.assert_close(made, x * factors[domain].view(4, 1, 1, 1))
