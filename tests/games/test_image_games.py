"""What is each image game's own: pairs that share a code, codes that are asked back, parts, standing statistics."""

import pytest
import torch
from torch import nn
from toys import engine_of, images, points

from rivalry.catalog import find, maker
from rivalry.data.source import TableSource
from rivalry.errors import BadRequest
from rivalry.games.image.cogan import cogan
from rivalry.maths.divergences import hinge, non_saturating, relativistic_paired
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw


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
    for labels in ([0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 1], [1, 1, 0, 1, 0, 0]):
        torch.manual_seed(3)
        x = game.sample(6, label=torch.tensor(labels))
        torch.manual_seed(3)
        codes = game.prior(6, game.device)
        rows = [[i for i, label in enumerate(labels) if label == domain] for domain in (0, 1)]
        for one, other in zip(*rows):
            code = codes[min(one, other)].expand(2, -1)
            torch.testing.assert_close(x[[one, other]], game.decode(code, label=torch.tensor([0, 1])))
    torch.manual_seed(3)
    in_turn = game.sample(6)
    torch.manual_seed(3)
    torch.testing.assert_close(in_turn, game.sample(6, label=torch.tensor([0, 1, 0, 1, 0, 1])))


def test_one_domain_alone_repeats_no_code() -> None:
    x = twins().eval().sample(8, label=0)
    assert len({tuple(row.tolist()) for row in x.flatten(1)}) == 8


def test_cogan_wants_two_domains() -> None:
    with pytest.raises(BadRequest, match="cogan needs two domains, a folder each; 'images' has 3"):
        cogan(images(1, 8, 8, classes=3).spec)


def informed(**settings):
    torch.manual_seed(0)
    settings = {"latent": 3, "categories": 4, "numbers": 2, "width": 8, "batch": 16, **settings}
    return maker(find("infogan"))(images(1, 8, 8).spec, **settings)


def test_the_code_that_infogan_asks_back_is_the_code_it_drew() -> None:
    """A reader that knows the code is told nothing is unexplained; one that knows nothing, log of the categories."""
    game = informed()
    z = game.draw(50)
    assert (z[:, 3:7].sum(1) == 1).all() and z[:, 7:].abs().max() <= 1
    assert [float(v) for v in game.unexplained((1000 * z[:, 3:7], z[:, 7:]), z).values()] == [0, 0]
    unexplained = game.unexplained((torch.zeros(50, 4), z[:, 7:] + 1), z)
    assert float(unexplained["category"]) == pytest.approx(torch.tensor(4.0).log().item())
    assert float(unexplained["numbers"]) == pytest.approx(1.0)


def turns_of(information: float) -> dict[str, tuple[float, list[torch.Tensor]]]:
    """The loss and the gradient of each player of a first round, from the same weights, data and codes."""
    game, found = informed(information=information), {}
    data = TableSource(images(1, 8, 8), game.reads, batch=game.batch, seed=0)
    torch.manual_seed(1)
    for move in game.round(data, 0):  # nobody steps
        slopes = torch.autograd.grad(move.loss, move.player.parameters, allow_unused=True)
        zeros = [torch.zeros_like(p) if g is None else g for g, p in zip(slopes, move.player.parameters)]
        found[move.name] = float(move.loss.detach()), zeros, move.notes
    return found


def test_both_players_of_infogan_raise_the_information_by_its_weight() -> None:
    """Each loss, and its gradient in the player's own parameters, is linear in λ; at 0 it is the plain GAN's."""
    none, one, ten = (turns_of(weight) for weight in (0.0, 1.0, 10.0))
    assert list(one) == ["critic", "generator"]
    for player in one:
        losses, slopes, notes = zip(*(turns[player] for turns in (none, one, ten)))
        secret = float((notes[1]["category"] + notes[1]["numbers"]).detach())
        assert losses[1] - losses[0] == pytest.approx(secret, rel=1e-3)
        assert losses[2] - losses[0] == pytest.approx(10 * secret, rel=1e-3)
        for a, b, c in zip(*slopes):
            torch.testing.assert_close(c - a, 10 * (b - a), rtol=1e-2, atol=1e-4)
        assert max(float((b - a).abs().max()) for a, b, _ in zip(*slopes)) > 1e-4
    assert all(not slope.any() for slope in none["critic"][1][-len(list(informed().Q.parameters())) :])


def test_more_weight_makes_another_generator() -> None:
    """After twenty rounds with λ = 0.01 and with λ = 1 the generators are half the way apart that one has gone."""
    ends = []
    for weight in (None, 1.0, 1.0001, 0.01):  # the first is not played
        engine = engine_of(
            maker(find("infogan")),
            images(1, 8, 8),
            settings={"information": 1.0 if weight is None else weight},
        )
        if weight is not None:
            engine.play(Goal(rounds=20))
        ends.append(torch.cat([p.detach().flatten() for p in engine.game.G.parameters()]))
    begun, one, nearly, little = ends
    assert (little - one).norm() > 0.4 * (one - begun).norm()
    assert (nearly - one).norm() < 0.1 * (one - begun).norm()  # the control: the same weight, as good as


def test_named_parts_of_a_code_are_set_and_nothing_else() -> None:
    game = informed().eval()
    assert game.named == {"c0": 4, "c1": 0, "c2": 0}
    z = game.draw(5)
    told = game.with_parts(z, {"c0": 2, "c2": -1.5})
    assert torch.equal(told[:, :3], z[:, :3]) and torch.equal(told[:, 7], z[:, 7])
    assert torch.equal(told[:, 3:7], torch.tensor([0.0, 0, 1, 0]).expand(5, -1))
    assert torch.equal(told[:, 8], torch.full((5,), -1.5))
    truth = draw(game, 4, seed=3)
    torch.manual_seed(0)
    again = draw(game, 4, seed=3, code={"c1": 0.5})
    assert not torch.allclose(truth, again)
    codes = []
    game.decode = lambda z, label, truncation: codes.append(z) or z
    draw(game, 4, seed=3), draw(game, 4, seed=3, code={"c0": 1})
    assert torch.equal(codes[1], game.with_parts(codes[0], {"c0": 1}))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ({"c0": 4}, "c0 is a category, 0 to 3; got 4"),
        ({"c0": 1.5}, "c0 is a category, 0 to 3; got 1.5"),
        ({"c0": -1}, "got -1"),
        ({"c1": float("nan")}, "c1 is a number, drawn between -1 and 1; got nan"),
        ({"c3": 0}, "no part of the code 'c3'; did you mean"),
        ({"digit": 0}, "there is c0, c1, c2"),
    ],
)
def test_what_is_no_part_of_a_code_is_refused(code, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        informed().sample(2, code=code)


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


def test_standing_statistics_are_gathered_once_for_the_same_weights_and_truncation() -> None:
    engine = engine_of(maker(find("dcgan")), images(1, 8, 8), settings={"average": 0.9})
    engine.play(Goal(rounds=2))
    game = engine.game.eval()
    assert game.standing(None) is game.average.network
    first = game.standing(0.5)
    assert game.standing(0.5) is first
    assert game.standing(0.4) is not first
    engine.play(Goal(rounds=3))
    assert game.standing(0.5) is not first


def test_a_generator_without_batch_norm_needs_no_other_statistics() -> None:
    game = engine_of(maker(find("r3gan")), images(1, 8, 8)).game
    if not any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in game.G.modules()):
        assert game.standing(0.5) is game.average.network


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


def test_the_one_sided_penalty_lets_slopes_below_1_alone_and_dragans_looks_at_reals_alone() -> None:
    x, y = torch.randn(64, 2), 50 + torch.randn(64, 2)
    terms = {}
    for name in ("wgan-gp", "wgan-lp", "dragan"):
        (penalty,) = maker(find(name))(points().spec, width=8).penalties
        terms[name] = {slope: float(penalty(lambda v, s=slope: s * v[:, 0], x, y)) for slope in (0.5, 3.0)}
    assert terms["wgan-gp"] == pytest.approx({0.5: 10 * 0.25, 3.0: 40})
    assert terms["wgan-lp"] == pytest.approx({0.5: 0, 3.0: 40})
    assert terms["dragan"] == pytest.approx({0.5: 10 * 0.25, 3.0: 40})
    far = lambda v: torch.where(v[:, 0] > 25, 100 * v[:, 0], v[:, 0])  # steep where the fakes are
    (dragan,) = maker(find("dragan"))(points().spec, width=8).penalties
    assert float(dragan(far, x, y)) == pytest.approx(0, abs=1e-6)
