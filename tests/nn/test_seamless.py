"""Textures that repeat: on a torus every place is alike, and the seam is measured."""

import pytest
import torch
from torch import nn
from toys import engine_of, images

from rivalry.errors import BadRequest
from rivalry.games.image.dcgan import dcgan
from rivalry.nn.conv import ConvGenerator, no_norm
from rivalry.nn.seamless import CircularUp, Seamless, seam
from rivalry.play.goal import Goal


def test_on_a_torus_what_is_moved_stays_the_same_and_inside_it_is_the_plain_convolution() -> None:
    conv = nn.ConvTranspose2d(3, 2, 4, 2, 1)
    up, x = CircularUp(conv), torch.randn(2, 3, 5, 6)
    assert torch.allclose(up(x.roll((1, 2), (2, 3))), up(x).roll((2, 4), (2, 3)), atol=1e-5)
    assert torch.allclose(up(x)[..., 1:-1, 1:-1], conv(x)[..., 1:-1, 1:-1], atol=1e-5)
    assert not torch.allclose(up(x), conv(x), atol=1e-3)  # but not at the edges


def test_while_training_pictures_are_rolled_and_nothing_else() -> None:
    G = Seamless(ConvGenerator(4, (1, 8, 8), width=4, norm=no_norm))
    z = torch.randn(3, 4)
    still, rolled = G.eval()(z), G.train()(z)
    every = [still.roll((i, j), (2, 3)) for i in range(8) for j in range(8)]
    assert any(torch.allclose(one, rolled, atol=1e-6) for one in every)
    with pytest.raises(BadRequest, match="multiples of 4; these are 18 x 16"):
        Seamless(ConvGenerator(4, (1, 18, 16)))


def test_the_seam_of_a_wave_that_fits_is_not_seen_and_of_a_ramp_it_is() -> None:
    at = torch.arange(16) / 16
    wave = (2 * torch.pi * at).cos().expand(1, 1, 16, 16)
    ramp = at.expand(1, 1, 16, 16)
    assert seam(wave) < 1.1 < 10 < seam(ramp)


def test_dcgan_plays_on_a_torus_and_resumes() -> None:
    engine = engine_of(dcgan, images(1, 8, 8, classes=0), settings={"padding": "circular"})
    engine.play(Goal(rounds=2))
    with engine.evaluating() as game:
        assert game.sample(3).shape == (3, 1, 8, 8)
