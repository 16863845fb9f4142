"""What is each image game's own: pairs that share a code, codes that are asked back, parts, standing statistics."""

import pytest
import torch
from torch import nn
from toys import engine_of, images

from rivalry.catalog import find, maker
from rivalry.divergences import hinge, non_saturating, relativistic_paired
from rivalry.errors import BadRequest
from rivalry.games.image.cogan import cogan
from rivalry.goal import Goal


def twins(**settings):
    torch.manual_seed(0)
    return cogan(images(1, 16, 16, classes=2).spec, latent=4, width=8, **settings)


def test_what_is_shared_is_there_once_and_the_rest_is_not() -> None:
    game = twins(own=1)
    one, other = game.G(torch.randn(3, 4))
    assert one.shape == other.shape == (3, 1, 16, 16)
    assert not torch.equal(one, other)
    (slope,) = torch.autograd.grad(one.sum(), game.G.own[1].parameters(), allow_unused=True)[:1]
    assert slope is None
    names = game.state_dict()
    assert len({t.data_ptr() for t in names.values() if t.numel() > 1}) == sum(
        t.numel() > 1 for t in names.values()
    )


def test_sharing_saves_parameters_and_none_is_shared_without_it() -> None:
    two = sum(p.numel() for p in twins(own=99).parameters())
    mine = sum(p.numel() for p in twins(own=1).parameters())
    assert twins(own=99).saved == 0
    assert twins(own=1).saved == pytest.approx(1 - mine / two)
    assert twins(own=1).saved > 0.25


def test_the_kth_of_one_domain_and_the_kth_of_the_other_have_one_code() -> None:
    game = twins().eval()
    torch.manual_seed(3)
    by_turns = game.sample(6)
    torch.manual_seed(3)
    in_rows = game.sample(6, label=torch.tensor([0, 0, 0, 1, 1, 1]))
    torch.testing.assert_close(by_turns[0::2], in_rows[:3])
    torch.testing.assert_close(by_turns[1::2], in_rows[3:])
    torch.manual_seed(3)
    codes = game.prior(3, game.device)
    torch.testing.assert_close(by_turns[1::2], game.decode(codes, label=1))


def test_one_domain_alone_repeats_no_code() -> None:
    x = twins().eval().sample(8, label=0)
    assert len({tuple(row.tolist()) for row in x.flatten(1)}) == 8


def test_cogan_wants_two_domains() -> None:
    with pytest.raises(BadRequest, match="cogan needs two domains, a folder each; 'images' has 3"):
        cogan(images(1, 8, 8, classes=3).spec)


def test_the_code_that_infogan_asks_back_is_the_code_it_drew() -> None:
    """A reader that knows the code is told nothing is unexplained; one that knows nothing, log of the categories."""
    game = maker(find("infogan"))(images(1, 8, 8).spec, latent=3, categories=4, numbers=2, width=8)
    z = game.draw(50)
    assert (z[:, 3:7].sum(1) == 1).all() and z[:, 7:].abs().max() <= 1
    game.read = lambda x: (1000 * z[:, 3:7], z[:, 7:])
    assert [float(v) for v in game.unexplained(z, z)] == [0, 0]
    game.read = lambda x: (torch.zeros(50, 4), z[:, 7:] + 1)
    category, numbers = game.unexplained(z, z)
    assert float(category) == pytest.approx(torch.tensor(4.0).log().item())
    assert float(numbers) == pytest.approx(1.0)


def test_infogans_third_player_overlaps_the_other_two() -> None:
    game = maker(find("infogan"))(images(1, 8, 8).spec, latent=3, width=8)
    generator, critic, informer = (
        set(game.players[name].parameters) for name in ("generator", "critic", "informer")
    )
    assert generator < informer
    assert critic & informer and not critic <= informer


def critics_steps(name: str, parts: int) -> list[list[torch.Tensor]]:
    """The gradients by which the critic of one round steps, on the same data and codes whatever the parts."""
    engine = engine_of(maker(find(name)), images(1, 8, 8), settings={"parts": parts, "batch": 8})
    game, seen = engine.game.eval(), []  # no norm that a part would see otherwise
    game.draw = lambda n, truncation=None: torch.ones(n, game.prior.size)
    game.critic.optimizer.step = lambda: seen.append([p.grad.clone() for p in game.critic.parameters])
    for _ in engine.turns():
        pass
    return seen


@pytest.mark.parametrize("name", ["biggan", "biggan-deep"])
def test_a_batch_in_parts_makes_the_step_of_the_whole(name: str) -> None:
    whole, summed = critics_steps(name, parts=1), critics_steps(name, parts=4)
    assert len(whole) == len(summed) == 2  # one a turn, not one a part
    for a, b in zip(whole[0], summed[0]):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["r3gan", "stylegan2", "biggan"])
def test_the_critics_turn_is_that_of_passes_made_apart(name: str) -> None:
    """Its loss and gradients as the paper writes them, a pass for each term; only the passes are fewer."""
    engine = engine_of(maker(find(name)), images(3, 8, 8), settings={"batch": 8})
    game, shown = engine.game.eval(), []  # spectral norm stands still, noise is one picture
    game.augment.observe = lambda scores: None
    game.D.register_forward_pre_hook(lambda module, given: shown.append(given))
    move = next(game.round(engine.data, 0))
    passes, shown[:] = list(shown), []
    if name == "biggan":
        ((x, label),) = passes
        (real, fake), (label, _) = x.chunk(2), label.chunk(2)
        expected = hinge.critic(game.D(real, label), game.D(fake, label)) / game.parts
    else:
        (real,), (fake,) = passes
        loss = relativistic_paired if name == "r3gan" else non_saturating
        expected = loss.critic(game.D(real), game.D(fake)) + sum(
            p(game.D, real, fake) for p in game.penalties
        )
        assert len(shown) == 2 + len(game.penalties)  # the control counts the passes that are saved
    torch.testing.assert_close(move.loss, expected)
    for one, other in zip(
        *(torch.autograd.grad(loss, game.critic.parameters) for loss in (move.loss, expected))
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_standing_statistics_are_those_of_truncated_codes() -> None:
    engine = engine_of(maker(find("biggan")), images(1, 8, 8), settings={"average": 0.9})
    engine.play(Goal(rounds=2))
    game = engine.game.eval()
    first = lambda network: next(m for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    before = first(game.average.network).running_var.clone()
    stood = {psi: first(game.standing(psi)).running_var for psi in (0.1, 2.0)}
    assert stood[0.1].mean() < stood[2.0].mean()
    assert torch.equal(first(game.average.network).running_var, before)  # the run's own are not touched
    torch.manual_seed(0)
    once = game.sample(4, truncation=0.5)
    torch.manual_seed(0)
    assert torch.equal(game.sample(4, truncation=0.5), once)


def test_a_style_that_is_pulled_all_the_way_is_the_mean_style() -> None:
    for name in ("stylegan", "stylegan2"):
        engine = engine_of(maker(find(name)), images(3, 8, 8))
        engine.play(Goal(rounds=2))
        game = engine.game.eval()
        middle = game.synthesize(game.middle().expand(1, game.G.synthesis.layers, -1))
        torch.testing.assert_close(game.sample(3, truncation=1e-9), middle.expand(3, -1, -1, -1))
        spread = [game.sample(64, truncation=psi).var(0).mean() for psi in (0.2, 0.5, 1.0)]
        assert spread[0] < spread[1] < spread[2]
        z = game.draw(2)
        torch.testing.assert_close(game.synthesize(game.style(z)), game.decode(z))
