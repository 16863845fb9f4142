"""What games of clips promise by their construction."""

import pytest
import torch
from torch import Tensor

from rivalry.data.source import Spec, TableSource, toy
from rivalry.errors import BadRequest
from rivalry.game import Continuing, Layered, Move
from rivalry.games.video.mocogan import ContentAndMotion, mocogan
from rivalry.games.video.next_frame import Predictor, gradient_difference, next_frame, pyramid, squared
from rivalry.games.video.videogan import TwoStreams, videogan
from rivalry.maths.chance import seeded
from rivalry.nn.clips import ClipCritic, VolumeGenerator

SPEC = Spec("clips", "clip", (6, 1, 8, 8))
CLIPS = toy("clip", classes=0)


def first_round(game: object) -> dict[str, Move]:
    moves = [*game.round(TableSource(CLIPS, batch=8), 0)]
    return {one.name: one for turn in moves for one in (turn if isinstance(turn, tuple) else (turn,))}


@pytest.mark.parametrize("shape", [(3, 1, 8, 8), (1, 3, 9, 17), (16, 2, 16, 12)])
def test_networks_of_clips_fit_any_size(shape: tuple[int, ...]) -> None:
    f, c, h, w = shape
    x = VolumeGenerator(5, (f, h, w), channels=c, width=4)(torch.randn(2, 5)).transpose(1, 2)
    assert x.shape == (2, *shape)
    assert ClipCritic(shape, width=4)(x).shape == (2,)


def test_a_background_cannot_move() -> None:
    G = TwoStreams(5, SPEC.shape, width=4).eval()
    z = torch.randn(3, 5)
    assert (G(z).var(1) > 0).any()
    last = G.moving.body[-1]
    torch.nn.init.constant_(last.bias[-1:], -100.0)  # the mask is 0
    x, mask = G.layers(z)
    assert mask.max() < 1e-6 and torch.equal(x, x[:, :1].expand_as(x))
    torch.nn.init.constant_(last.bias[-1:], 100.0)  # the foreground alone: the control moves
    assert (G(z).var(1) > 0).all()


@pytest.mark.parametrize("condition", [False, True])
def test_both_streams_read_the_code(condition: bool) -> None:
    game = videogan(toy("clip", classes=3).spec, width=4, latent=6, condition=condition)
    moving, still = game.input_matrices()
    streams = game.G.network if condition else game.G
    assert moving.shape[1] == still.shape[1] == 6
    assert torch.equal(moving, streams.moving.first.weight[:, :6])
    assert torch.equal(still, streams.still.first.weight[:, :6])


def test_the_mask_begins_small() -> None:
    G = TwoStreams(5, SPEC.shape, width=4)
    assert float(G.layers(torch.randn(4, 5))[1].detach().median()) == pytest.approx(0.12, abs=0.05)


def test_the_mask_counts_in_the_loss_of_two_streams_and_one_has_none() -> None:
    losses = []
    for sparsity in (0.0, 2.0):
        torch.manual_seed(0)
        game = videogan(CLIPS.spec, width=4, latent=4, batch=8, sparsity=sparsity)
        move = first_round(game)["generator"]
        losses.append(float(move.loss.detach()) - sparsity * float(move.notes["mask"].detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5) and isinstance(game, Layered)
    assert not isinstance(videogan(CLIPS.spec, width=4, streams="one"), Layered)


def test_a_frame_follows_from_the_content_and_from_motions_up_to_it() -> None:
    G = ContentAndMotion(SPEC.shape, content=4, motion=2, width=4, classes=0).eval()
    z = torch.randn(3, 4 + 6 * 2)
    later = z.clone()
    later[:, 4 + 3 * 2 :] += 1  # from the fourth frame on
    a, b = G(z), G(later)
    assert torch.equal(a[:, :3], b[:, :3]) and not torch.allclose(a[:, 3], b[:, 3])
    game = mocogan(SPEC, content=4, motion=2, width=4)
    anew = game.moved_anew(z)
    assert torch.equal(anew[:, :4], z[:, :4]) and not (anew[:, 4:] == z[:, 4:]).any()


def test_errors_of_frames() -> None:
    x = torch.randn(2, 3, 8, 8)
    assert (gradient_difference(-x, x) == 0).all() and (gradient_difference(x + 1, x) < 1e-5).all()
    assert torch.allclose(squared(x + 0.5, x), torch.full((2,), 0.25))
    step = torch.zeros(1, 1, 4, 4)
    step[..., 2:] = 1.0  # one of three differences across is 1
    assert gradient_difference(torch.zeros_like(step), step) == pytest.approx(1 / 3)
    assert [tuple(one.shape[2:]) for one in pyramid(torch.zeros(1, 1, 9, 16), 3)] == [(3, 4), (5, 8), (9, 16)]


def of(**settings: object) -> Predictor:
    return next_frame(SPEC, **{"past": 2, "width": 4, "latent": 3, **settings}).eval()


def test_of_several_draws_the_nearest_counts() -> None:
    game = of(draws=2, gdl=0.0)
    truth = [torch.zeros(4, 1, 2, 2)]
    made = [torch.tensor([1.0, 3.0, 4.0, 2.0])[:, None, None, None].expand(4, 1, 2, 2)]
    loss, notes = game.error(made, truth)
    assert float(loss) == (1 + 4) / 2 and float(notes["l2"]) == (1 + 9 + 16 + 4) / 4


def test_a_roll_out_goes_on_from_its_own_frames() -> None:
    game, x = of(latent=0), torch.rand(2, 6, 1, 8, 8) * 2 - 1
    assert isinstance(game, Continuing)
    whole = game.continued(x, 4)
    assert torch.equal(game.continued(x[:, -2:], 1), whole[:, :1])  # frames before the last two are not read
    seen = torch.cat([x, whole[:, :2]], 1)
    assert torch.allclose(game.continued(seen, 2), whole[:, 2:], atol=1e-5)
    assert torch.equal(game.translate(x)[:, :2], x[:, :2])
    with pytest.raises(BadRequest, match="continues from 2 frames; got 1"):
        game.continued(x[:, :1], 1)


def futures(game: Predictor, x: Tensor) -> Tensor:
    for network in game.G.at:  # as after some training
        torch.nn.init.normal_(network[-1].weight, 0.0, 0.3)
    made = []
    for seed in (1, 2):
        with torch.no_grad(), seeded(seed, torch.device("cpu")):
            made.append(game.continued(x, 1))
    return (made[0] - made[1]).abs().max()


def test_with_z_there_is_more_than_one_future_and_without_it_one() -> None:
    x = torch.rand(2, 2, 1, 8, 8) - 0.5
    assert futures(of(), x) > 1e-3
    assert futures(of(latent=0), x) == 0


def test_controls_are_values_and_short_clips_are_refused() -> None:
    assert [*of(adversarial=0.0).players] == ["generator"]
    assert [*of().players] == ["generator", "critic"]
    with pytest.raises(BadRequest, match=r"from 6 before it; the clips of 'clips' have 6 frames \(past=N\)"):
        of(past=6)
    with pytest.raises(BadRequest, match="nothing to learn from"):
        of(l2=0.0, gdl=0.0, adversarial=0.0)
