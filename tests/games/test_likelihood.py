"""Likelihoods are exact: forward and backward, against autograd, against an integral, and no number sees itself."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor
from toys import engine_of, images, points, small

from rivalry.catalog import CATALOG, find, maker
from rivalry.data.sets.toys import ring
from rivalry.data.source import Dataset, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Latent
from rivalry.games.likelihood.flow_gan import FlowGAN, flow_gan
from rivalry.games.likelihood.made import made
from rivalry.games.likelihood.maf import maf
from rivalry.games.likelihood.nice import Flow, nice
from rivalry.games.likelihood.pixelcnn import pixelcnn
from rivalry.games.likelihood.pixelcnn_pp import pixelcnn_pp
from rivalry.games.likelihood.realnvp import realnvp
from rivalry.nn.coupling import ActNorm, start_from_data
from rivalry.play.goal import Goal

FLOWS = ("nice", "realnvp", "glow", "maf", "flow-gan")
DATA = {"points": points(d=3), "odd": images(1, 8, 9), "color": images(3, 8, 8)}
NETWORKS: dict[str, Callable[[Spec], Game]] = {
    "made": partial(made, width=40, components=0, levels=5, average=0.0),
    "made of logistics": partial(made, width=40, components=2, levels=5, average=0.0),
    "pixelcnn": partial(pixelcnn, width=8, depth=3, levels=5, average=0.0),
    "pixelcnn++": partial(pixelcnn_pp, width=6, blocks=1, components=2, levels=5, average=0.0),
}
of_flows = pytest.mark.parametrize("name", FLOWS)
of_networks = pytest.mark.parametrize("name", NETWORKS)
of_channels = pytest.mark.parametrize("channels", [1, 3])


def stirred(game: Game, by: float = 0.05) -> Game:
    """The game with weights that are no longer those of its start."""
    generator = torch.Generator().manual_seed(1)
    for p in game.parameters():
        p.data += by * torch.randn(p.shape, generator=generator)
    return game.eval()


def flow_of(name: str, data: Dataset) -> Game:
    """A flow of toy size, some rounds into its training."""
    engine = engine_of(maker(find(name)), data, settings={"average": 0.0})
    engine.play(Goal(rounds=3))
    return stirred(engine.game)


# ---------------------------------------------------------------------- flows


@of_flows
@pytest.mark.parametrize("data", DATA)
def test_the_likelihood_by_the_way_back_is_that_by_the_way_there(name: str, data: str) -> None:
    game = flow_of(name, DATA[data])
    x = game.prepare(DATA[data].rows(slice(0, 20)))
    z = game.encode(x)
    again, log_det = game.density.decoded(z)
    back = game.density.base.log_density(z).sum(1) - log_det
    assert (back - game.log_prob(x)).abs().max() < 1e-4 * z.shape[1]
    assert (again - x).abs().max() < 1e-4
    torch.testing.assert_close(game.decode(z), x, atol=1e-4, rtol=0)


@of_flows
@pytest.mark.parametrize("data", ["points", "odd"])
def test_the_determinant_is_that_of_the_jacobian(name: str, data: str) -> None:
    game = flow_of(name, DATA[data]).double()
    x = game.prepare(DATA[data].rows(slice(0, 2))).double()
    _, log_det = game.density.flow(x)
    for one, mine in zip(x, log_det):
        jacobian = torch.autograd.functional.jacobian(lambda x: game.density.flow(x[None])[0][0], one)
        assert float(mine.detach()) == pytest.approx(
            float(torch.linalg.slogdet(jacobian.flatten(1))[1]), abs=1e-6
        )


def test_a_wrong_determinant_would_be_seen() -> None:
    """The control: a scale that is left out of the sum shows in the Jacobian."""
    game = flow_of("nice", DATA["points"]).double()
    x = DATA["points"].rows(slice(0, 1)).double()
    scale = game.density.flow.scales[0].steps[-1]
    honest = float(game.density.flow(x)[1].detach())
    scale.forward = lambda x: (x * scale.log_scale.exp(), x.new_zeros(len(x)))
    jacobian = torch.autograd.functional.jacobian(lambda x: game.density.flow(x[None])[0][0], x[0])
    truth = float(torch.linalg.slogdet(jacobian)[1])
    assert honest == pytest.approx(truth, abs=1e-9)
    assert abs(float(game.density.flow(x)[1].detach()) - truth) > 1e-3


@pytest.mark.parametrize("name", ["nice", "realnvp", "glow", "maf", "made"])
def test_a_density_of_the_plane_integrates_to_one(name: str) -> None:
    """After some training on a ring that is wide enough for a grid of steps of 1/40."""
    data = ring(4000)
    data.x += 0.1 * torch.randn(data.x.shape, generator=torch.Generator().manual_seed(0))
    engine = engine_of(maker(find(name)), data, settings={"width": 24, "batch": 256, "average": 0.9})
    before = engine.game.eval().log_prob(data.x).mean()
    engine.play(Goal(rounds=60))
    side = torch.linspace(-8, 8, 641)
    grid = torch.cartesian_prod(side, side)
    with engine.evaluating() as game:
        total = sum(float(game.log_prob(part).exp().double().sum()) for part in grid.split(100_000)) / 40**2
        after = game.log_prob(data.x).mean()
    assert after > before + 0.1
    assert total == pytest.approx(1, abs=0.01)


@of_flows
def test_what_starts_from_data_gives_the_first_batch_mean_zero_and_deviation_one(name: str) -> None:
    data = points(d=4) if name == "maf" else images(1, 8, 8)
    game = stirred(maker(find(name))(data.spec, **small(maker(find(name)))))
    norms = [part for part in game.density.modules() if isinstance(part, ActNorm)]
    for norm in norms:
        norm.log_scale.data.zero_(), norm.bias.data.zero_()
    x, made = game.prepare(data.rows(slice(None))), []
    start_from_data(game.density.flow, x)
    for norm in norms:
        norm.register_forward_hook(lambda norm, given, mapped: made.append(mapped[0]))
    game.density(x)
    assert len(made) == len(norms) > 0
    for y in made:
        over = [0, *range(2, y.dim())]
        torch.testing.assert_close(y.mean(over), torch.zeros(y.shape[1]), atol=1e-3, rtol=0)
        torch.testing.assert_close(y.std(over, correction=0), torch.ones(y.shape[1]), atol=1e-3, rtol=0)


@of_flows
def test_only_the_first_round_starts_from_data(name: str) -> None:
    engine = engine_of(maker(find(name)), points(), settings={"average": 0.0})
    norm = next(part for part in engine.game.density.modules() if isinstance(part, ActNorm))
    assert torch.equal(norm.deviation, torch.ones(2))
    engine.play(Goal(rounds=1))
    started = norm.deviation.clone()
    assert not torch.equal(started, torch.ones(2))
    engine.play(Goal(rounds=4))
    assert torch.equal(norm.deviation, started)


def test_an_actnorm_normalizes_the_batch_that_it_starts_from() -> None:
    norm = ActNorm((3, 4, 5))
    x = torch.randn(50, 3, 4, 5) * torch.tensor([1.0, 5.0, 0.1])[:, None, None] + 7
    norm.starting = True
    y, log_det = norm(x)
    norm.starting = False
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(y.std((0, 2, 3), correction=0), torch.ones(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(norm(x)[0], y)
    torch.testing.assert_close(log_det[0], -20 * norm.deviation.log().sum())


@pytest.mark.parametrize("objective", ["likelihood", "adversarial", "both"])
def test_the_objective_says_who_plays_and_what_the_generator_lowers(objective: str) -> None:
    game = flow_gan(points().spec, objective=objective, width=8, critic_width=8)
    assert isinstance(game, Flow if objective == "likelihood" else FlowGAN)
    assert set(game.players) == ({"model"} if objective == "likelihood" else {"generator", "critic"})
    assert list(getattr(game, "terms", {})) == (["likelihood"] if objective == "both" else [])


def test_classes_shift_the_codes_of_a_flow() -> None:
    game = maker(find("glow"))(points().spec, conditional=True, width=8, depth=2, average=0.0)
    game.density.means.data[1] = 3.0
    z = game.draw(10)
    torch.testing.assert_close(game.encode(game.decode(z, label=1), label=1), z, atol=1e-3, rtol=0)
    torch.testing.assert_close(game.decode(z, label=1), game.decode(z + 3, label=0), atol=1e-3, rtol=0)


def test_a_glow_of_odd_gray_images_says_what_it_needs() -> None:
    with pytest.raises(BadRequest, match="glow needs an even side or 2 channels"):
        maker(find("glow"))(images(1, 9, 9).spec)


@pytest.mark.parametrize("make", [nice, realnvp, flow_gan])
def test_a_coupling_needs_two_numbers_and_maf_does_not(make: Callable[..., Game]) -> None:
    with pytest.raises(BadRequest, match=r"needs data of two numbers or more; .* take maf"):
        make(points(d=1).spec)
    assert maf(points(d=1).spec, width=8).log_prob(torch.zeros(3, 1)).shape == (3,)


# ---------------------------------------------------------------------- number by number


def network_of(name: str, channels: int) -> Game:
    torch.manual_seed(0)
    return stirred(NETWORKS[name](Spec("toy", "image", (channels, 8, 9), ("a", "b"))), by=0.1)


def told_first(game: Game) -> tuple[Tensor, ...]:
    """The label that a game of classes is told, of one datum."""
    return (torch.tensor([1]),) if game.classes else ()


def order_of(name: str, channels: int) -> Tensor:
    """The place in the order of each number of an image, flattened: PixelCNN's is pixel by pixel."""
    place = torch.arange(channels * 72)
    return (place if "made" in name else place.view(8, 9, channels).permute(2, 0, 1)).flatten()


@of_networks
@of_channels
def test_no_number_is_told_by_itself_or_by_a_later_one(name: str, channels: int) -> None:
    game, order = network_of(name, channels), order_of(name, channels)
    x = (2 * torch.rand(1, channels, 8, 9) - 1).requires_grad_()
    told = game.network(x, *told_first(game)).flatten(1, -2)[0]  # (d, parts)
    seen = 0
    for i in range(0, len(order), 5):
        (slope,) = torch.autograd.grad(told[i].sin().sum(), x, retain_graph=True)
        sees = slope.flatten() != 0
        assert not sees[order >= order[i]].any()
        seen += int(sees.sum())
    assert seen > 0.6 * sum(
        int(order[i]) for i in range(0, len(order), 5)
    )  # and most of what it may see, it sees


@of_networks
@of_channels
def test_sampling_at_once_is_sampling_number_by_number(name: str, channels: int) -> None:
    game, order = network_of(name, channels), order_of(name, channels)
    torch.manual_seed(1)
    drawn = game.sample(4)
    torch.manual_seed(1)
    u, x = torch.rand(4, channels, 8, 9), torch.zeros(4, channels, 8, 9)
    label = (torch.arange(4) % 2,) if game.classes else ()
    with torch.no_grad():
        for i in order.argsort():
            told = game.network(x, *label)
            x.view(4, -1)[:, i] = game.conditional.quantile(told, u).view(4, -1)[:, i]
    assert torch.equal(drawn, x)


@pytest.mark.parametrize("components", [0, 3])
def test_the_probabilities_of_all_images_sum_to_one(components: int) -> None:
    """All 3⁴ images of 2 x 2 pixels with three levels."""
    game = stirred(made(Spec("toy", "image", (1, 8, 8)), width=10, components=components, levels=3), by=0.3)
    game.network = type(game.network)((1, 2, 2), game.conditional.parts, width=10, depth=2, dropout=0.0)
    stirred(game, by=0.5)
    game.average, game.shape = game.network, (1, 2, 2)
    level = torch.tensor([-1.0, 128 / 127.5 - 1, 1.0])
    every = torch.cartesian_prod(*[level] * 4).view(81, 1, 2, 2)
    assert float(game.log_prob(every).exp().sum()) == pytest.approx(1, abs=1e-5)


def test_samples_are_drawn_in_groups_and_the_same_whatever_the_groups(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    game = network_of("pixelcnn", 1)
    torch.manual_seed(2)
    whole = game.sample(7)
    monkeypatch.setattr("rivalry.games.likelihood.made.GROUP", 3)
    most = []
    fill = game.network.fill
    game.network.fill = lambda draw, u, *label: most.append(len(u)) or fill(draw, u, *label)
    torch.manual_seed(2)
    assert torch.equal(game.sample(7), whole)
    assert most == [3, 3, 1]


@pytest.mark.parametrize("name", ["pixelcnn", "pixelcnn++", "made"])
def test_a_batch_that_is_not_8_bit_is_refused(name: str) -> None:
    data = images(1, 8, 8)
    game = maker(find(name))(data.spec)
    x = data.rows(slice(0, 4))
    for wrong in (x + 0.003, x * 2, x * 127.5):
        with pytest.raises(BadRequest, match="expected 8-bit images of 256 levels as floats"):
            game.log_prob(wrong)


@pytest.mark.parametrize("name", ["nice", "pixelcnn", "made"])
def test_data_and_codes_of_another_size_are_refused(name: str) -> None:
    game = maker(find(name))(images(1, 8, 8).spec)
    for ask in (game.log_prob, game.log_mass):
        with pytest.raises(BadRequest, match="this game's data are 1 x 8 x 8; got 1 x 8 x 9"):
            ask(images(1, 8, 9).rows(slice(0, 4)))
    if isinstance(game, Latent):
        with pytest.raises(BadRequest, match="this game's codes are 64; got 63"):
            game.decode(torch.zeros(2, 63))


@pytest.mark.parametrize("name", ["made", "maf", "pixelcnn++"])
def test_a_label_asked_of_a_likelihood_without_classes_is_refused(name: str) -> None:
    data = images(1, 8, 8)
    with pytest.raises(BadRequest, match="not told classes"):
        maker(find(name))(data.spec).log_prob(data.rows(slice(0, 4)), label=1)


def test_seventeen_levels_are_not_two_hundred_and_fifty_six() -> None:
    with pytest.raises(BadRequest, match="expected 8-bit images of 17 levels"):
        pixelcnn(images(1, 8, 8).spec, levels=17).log_prob(images(1, 8, 8).rows(slice(0, 4)))


def test_points_need_a_mixture() -> None:
    with pytest.raises(BadRequest, match="points need a mixture of 1 component or more"):
        made(points().spec, components=0)


def test_flows_have_codes_and_models_of_levels_have_none() -> None:
    for entry in CATALOG:
        if entry.name in (*FLOWS, *NETWORKS):
            game = maker(entry)(images(1, 8, 8).spec)
            assert isinstance(game, Latent) == (entry.name in FLOWS) == hasattr(game, "encode")


def test_a_likelihood_of_classes_is_their_mean() -> None:
    game = network_of("pixelcnn", 1)
    x = game.sample(5)
    each = torch.stack([game.log_prob(x, label=k) for k in (0, 1)])
    assert (each[0] - each[1]).abs().max() > 1e-3
    torch.testing.assert_close(game.log_prob(x), each.logsumexp(0) - math.log(2))
