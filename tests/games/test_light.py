"""FastGAN and Projected GAN: what their networks compute, and what their critics learn."""

import pytest
import torch
from toys import engine_of, images, points

from rivalry.errors import BadRequest
from rivalry.games.image.fastgan import fastgan
from rivalry.games.image.projected import projected
from rivalry.nn.light import Excitation, LightCritic, LightGenerator, quarter_of
from rivalry.nn.projected import Projected, Untrained
from rivalry.play.goal import Goal

SIZES = [(1, 8, 8), (3, 28, 28), (1, 20, 36), (3, 64, 64)]


@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_the_light_networks_fit_any_size(shape: tuple[int, int, int]) -> None:
    x = LightGenerator(5, shape, width=4)(torch.randn(2, 5))
    assert x.shape == (2, *shape)
    D = LightCritic(shape, width=4)
    logits, maps = D.judge(x)
    assert len(logits) == 2
    assert len(D.again) == len(maps) == (2 if min(shape[1:]) >= 24 else 1)
    assert D.error(x, maps, quarter=3).isfinite()


def test_an_excitation_scales_the_channels_of_the_large_map() -> None:
    small, large = torch.randn(2, 3, 4, 4), torch.randn(2, 5, 32, 32)
    excite = Excitation(3, 5)
    share = excite(small, large) / large
    assert torch.allclose(
        share, share.mean((2, 3), keepdim=True).expand_as(share), atol=1e-5
    )  # one for a channel
    torch.nn.init.zeros_(excite.F[3].weight)
    assert torch.equal(excite(small, large), large / 2)


def test_the_generator_of_64_pixels_has_two_excitations() -> None:
    G = LightGenerator(5, (3, 64, 64), width=4)
    assert list(G.excite) == ["3", "4"]  # 4 excites 32, 8 excites 64
    z = torch.randn(4, 5)
    before = G(z)
    torch.nn.init.zeros_(G.excite["4"].F[3].weight)
    assert not torch.equal(before, G(z))


def test_four_quarters_are_the_image() -> None:
    x = torch.randn(2, 3, 6, 10)
    a, b, c, d = (quarter_of(x, which) for which in range(4))
    assert torch.equal(torch.cat([torch.cat([a, b], 3), torch.cat([c, d], 3)], 2), x)


def test_the_error_is_that_of_half_the_image_and_of_the_quarter_that_was_asked_for() -> None:
    D = LightCritic((1, 32, 32), width=4)
    x = torch.randn(2, 1, 32, 32)
    half = torch.nn.functional.avg_pool2d(x, 2)
    D.again = torch.nn.ModuleList([torch.nn.Identity(), torch.nn.Identity()])
    before = torch.zeros(2, 1, 32, 32)
    before[:, :, 16:, :16] = x[:, :, 16:, :16]  # as if it drew the lower left right
    assert D.error(x, [half, before], quarter=2) == 0
    assert D.error(x, [half, before], quarter=0).isclose(x[:, :, :16, :16].abs().mean())
    assert D.error(x, [half + 1, before], quarter=2).isclose(torch.tensor(1.0))


def errors_after(rounds: int, again: float) -> float:
    """How far from the data the drawings of a critic are."""
    stripes = images(1, 16, 16)
    stripes.x[:] = (
        torch.arange(16).mul(16).to(torch.uint8)
    )  # one picture, so that the worst critic can draw it
    engine = engine_of(
        fastgan, stripes, settings={"again": again, "augment": "none", "lr": 2e-3, "latent": 4, "width": 4}
    )
    engine.play(Goal(rounds=rounds))
    x, D = stripes.rows(slice(0, 8)), engine.game.D
    with torch.no_grad():
        _, maps = D.judge(x)  # type: ignore[union-attr, operator]
        return float(D.error(x, maps, quarter=1))  # type: ignore[union-attr, operator]


def test_a_critic_learns_to_draw_what_it_is_shown_only_when_it_is_asked_to() -> None:
    assert errors_after(100, again=1.0) < 0.5 * errors_after(100, again=0.0)


def test_a_mixed_map_depends_on_all_smaller_maps_and_on_no_larger_one() -> None:
    class Given(torch.nn.Module):
        channels = Untrained.channels

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            return self.maps

    given = Given()
    given.maps = [
        torch.randn(1, c, 16 // 2**i, 16 // 2**i, requires_grad=True) for i, c in enumerate(given.channels)
    ]
    mixed = Projected(given, side=64, width=4).mixed(torch.zeros(1, 3, 32, 32))
    for i, y in enumerate(mixed):
        slopes = torch.autograd.grad(y.sum(), given.maps, allow_unused=True, retain_graph=True)
        assert [slope is not None for slope in slopes] == [j >= i for j in range(4)]


def test_only_the_critics_of_projected_are_trained() -> None:
    engine = engine_of(projected, images(3, 16, 16))
    D = engine.game.D
    before = {name: p.clone() for name, p in D.named_parameters()}  # type: ignore[union-attr]
    engine.play(Goal(rounds=2))
    moved = {name.split(".")[0] for name, p in D.named_parameters() if not torch.equal(p, before[name])}  # type: ignore[union-attr]
    assert moved == {"critics"}  # neither fixed, nor across_channels, nor across_scales


def test_projected_refuses_what_no_photograph_has() -> None:
    with pytest.raises(BadRequest, match="grey or colored"):
        projected(images(4, 16, 16).spec)
    with pytest.raises(BadRequest):
        projected(points().spec)
    with pytest.raises(BadRequest, match="32 pixels"):
        projected(images(3, 16, 16).spec, side=16)


def test_the_maps_of_efficientnet_are_those_of_its_own_pass() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    from rivalry.metrics.extractors.efficientnet import STAGES, Maps, Normalized, efficientnet

    network, x = efficientnet(), torch.rand(2, 3, 96, 96) * 2 - 1
    maps = Maps(network)(x)
    assert [m.shape[1:] for m in maps] == [(c, 24 // 2**i, 24 // 2**i) for i, c in enumerate(STAGES.values())]
    head, norm = network.get_submodule("_conv_head"), network.get_submodule("_bn1")
    own = network.extract_features(Normalized()(x))  # type: ignore[operator]
    assert torch.allclose(norm(head(maps[-1])).clamp(0, 6), own, atol=1e-5)


def test_the_game_looks_through_efficientnet() -> None:
    pytest.importorskip("efficientnet_lite_pytorch")
    engine = engine_of(projected, images(1, 16, 16), settings={"fixed": "efficientnet-lite0"})
    engine.play(Goal(rounds=1))
    assert not any("fixed" in name for name in engine.weights())  # it is no part of the game
