"""The translation games: what their terms are worth, what their controls leave out, and toys that they learn."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from toys import bits, different, engine_of, images, paired

from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.errors import BadRequest
from rivalry.game import Game, Move
from rivalry.games.translation.cyclegan import SQUARES, CycleGAN, cycle, cyclegan, identity, squared_cycle
from rivalry.games.translation.pix2pix import RECIPES, pix2pix
from rivalry.games.translation.stargan import Attributes, StarGAN, stargan
from rivalry.maths.divergences import least_squares
from rivalry.maths.optimizers import adam
from rivalry.play.goal import Goal
from rivalry.runs.callbacks import class_sheet
from rivalry.runs.run import Run
from rivalry.show.sheets import GAP, MARGIN, READABLE, to_uint8

SMALL = {"width": 8, "batch": 4}


def played(make: Any, data: Dataset, rounds: int = 1, **settings: Any) -> tuple[Game, list[Move]]:
    """A game after some rounds, in evaluation, and the moves of the last."""
    engine, last = engine_of(make, data, settings={**SMALL, **settings}), []
    engine.callbacks = [lambda engine, moves: last.__setitem__(slice(None), moves)]
    engine.play(Goal(rounds=rounds))
    return engine.game.eval(), last


# ---------------------------------------------------------------------- pix2pix


def test_one_source_has_many_translations_by_its_noise_alone() -> None:
    source = paired(1, 8, 8).column("source", slice(0, 1))
    noisy, silent = (pix2pix(paired(1, 8, 8).spec, dropout=p, **SMALL).eval() for p in (0.5, 0.0))
    for game, several in ((noisy, True), (silent, False)):
        x = game.sample(6, source)
        assert x.shape == (6, 1, 8, 8)
        assert bool((x - x[:1]).abs().max() > 1e-3) == several


def test_the_other_direction_reads_the_columns_the_other_way_round() -> None:
    data = paired(1, 8, 8)
    there, back = (pix2pix(data.spec, direction=way, **SMALL) for way in ("a-to-b", "b-to-a"))
    assert there.reads == back.reads[::-1] == ("source", "x")
    source, x = TableSource(data, back.reads).take(3)
    assert torch.equal(source, TableSource(data, ("x",)).take(3)[0])
    assert torch.equal(x, TableSource(data, ("source",)).take(3)[0])


def test_a_picture_is_judged_with_its_source() -> None:
    data = paired(3, 8, 8)
    game = pix2pix(data.spec, **SMALL)
    x, source = data.rows(slice(0, 4)), data.column("source", slice(0, 4))
    assert not torch.equal(game.score(x, source), game.score(x, source.flip(0)))


def test_its_controls_leave_a_term_out() -> None:
    data, recipes = paired(1, 8, 8), RECIPES["pix2pix"]
    alone, (move,) = played(pix2pix, data, **recipes["l1-only"])
    assert set(alone.players) == {"generator"}
    assert torch.equal(move.loss, move.notes["l1"])
    _, (_, move) = played(pix2pix, data, **recipes["gan-only"])
    assert torch.equal(move.loss, move.notes["adversarial"])
    _, (_, move) = played(pix2pix, data)
    torch.testing.assert_close(move.loss, move.notes["adversarial"] + 100 * move.notes["l1"])


def test_something_must_be_learned_from() -> None:
    with pytest.raises(BadRequest, match="nothing to learn from"):
        pix2pix(paired(1, 8, 8).spec, adversarial=0, l1=0)


# ---------------------------------------------------------------------- there and back


class Mirror(nn.Module):
    """An image and its mirror image, darkened on the way: back(there(x)) = dark² x."""

    def __init__(self, dark: float = 1.0):
        super().__init__()
        self.dark = nn.Parameter(torch.tensor(dark))

    def forward(self, x: Tensor) -> Tensor:
        return self.dark * x.flip(-1)


def mirrors(dark: float) -> CycleGAN:
    spec, parts = images(1, 8, 8, classes=2).spec, {"generator": adam(1e-3), "critic": adam(1e-3)}
    return CycleGAN(spec, [Mirror(dark)] * 2, [Mirror()] * 2, divergence=SQUARES, terms=(), **parts)


@pytest.mark.parametrize("dark", [1.0, 0.5])
def test_who_comes_home_unchanged_pays_nothing(dark: float) -> None:
    x = torch.rand(2, 5, 1, 8, 8)
    game = mirrors(dark)
    y = [game.G[k](x[1 - k]) for k in (0, 1)]
    lost = (1 - dark**2) * x
    torch.testing.assert_close(game.measure(cycle(10.0), x, y), 10 * 2 * lost.mean())
    torch.testing.assert_close(game.measure(squared_cycle(3.0), x, y), 3 * 2 * lost.square().mean())
    stayed = (dark * x.flip(-1) - x).abs()
    torch.testing.assert_close(game.measure(identity(5.0), x, y), 5 * 2 * stayed.mean())


def test_each_translator_goes_to_its_own_domain() -> None:
    game = mirrors(0.5)
    game.G[1] = Mirror(2.0)
    x = torch.rand(3, 1, 8, 8)
    for to, dark in ((0, 0.5), (1, 2.0)):
        assert torch.equal(game.translate(x, to), dark * x.flip(-1))
    assert torch.equal(game.translate(x, torch.tensor([0, 1, 0]))[1], 2 * x[1].flip(-1))


@pytest.mark.parametrize(
    ("cycle_weight", "identity_weight", "passes"), [(10, 5, 6), (10, 0, 4), (0, 5, 4), (0, 0, 2)]
)
def test_a_term_without_weight_costs_no_pass(
    cycle_weight: float, identity_weight: float, passes: int
) -> None:
    settings = {"cycle_weight": cycle_weight, "identity_weight": identity_weight, "blocks": 1}
    engine, calls = engine_of(cyclegan, images(1, 8, 8, classes=2), settings=settings), []
    for G in engine.game.G:
        G.register_forward_hook(lambda *ignored: calls.append(1))
    engine.play(Goal(rounds=1))
    assert len(calls) == passes


def test_the_critics_squares_are_halved_and_the_translators_are_not() -> None:
    real, fake = torch.full((4,), 0.25), torch.full((4,), 0.75)
    assert SQUARES.critic(real, fake) == least_squares.critic(real, fake) == (0.75**2 + 0.75**2) / 2
    assert SQUARES.generator(fake) == 0.25**2


def test_a_run_goes_on_with_the_fakes_in_its_pools(tmp_path: Path) -> None:
    data, settings = images(1, 8, 8, classes=2), {"pool": 4, "blocks": 1, "batch": 2}
    first = engine_of(cyclegan, data, settings=settings)
    first.play(Goal(rounds=4))
    assert all(int(pool.count) == 4 for pool in first.game.pools)
    run = Run.create(tmp_path / "run", {})
    run.save(4, first.weights(), first.state())
    first.play(Goal(rounds=8))
    truth = bits(first)
    for emptied in (False, True):  # the control has forgotten the fakes
        second = engine_of(cyclegan, data, settings=settings, seed=9)
        second.restore(*run.newest()[1:])
        for pool in second.game.pools:
            pool.bits.mul_(not emptied)
        second.play(Goal(rounds=8))
        assert bool(different(truth, bits(second))) == emptied


# ---------------------------------------------------------------------- many domains


def test_a_score_in_a_domain_adds_how_likely_the_domain_is() -> None:
    data = images(3, 8, 8)
    game, x = stargan(data.spec, **SMALL), data.rows(slice(0, 5))
    shares = torch.stack([(game.score(x, k) - game.score(x)).exp() for k in range(3)])
    torch.testing.assert_close(shares.sum(0), torch.ones(5))
    assert (shares[0] - shares[1]).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("left_out", "term"),
    [("classification", "domain"), ("reconstruction", "reconstruction"), ("penalty", "gradient-penalty")],
)
def test_stargans_terms_can_each_be_left_out(left_out: str, term: str) -> None:
    data, moves = images(3, 8, 8), {}
    for settings in ({}, {left_out: 0.0}):
        _, moves[bool(settings)] = played(stargan, data, critic_steps=1, **settings)
    named = {off: {name for move in told for name in move.notes} for off, told in moves.items()}
    assert named[False] - named[True] == {term}
    critic, translator = moves[True]
    weights = {"divergence": 1, "adversarial": 1, "domain": 1, "reconstruction": 10, "gradient-penalty": 1}
    for move in (critic, translator):
        worth = sum(weights.get(name, 0) * note for name, note in move.notes.items())
        torch.testing.assert_close(move.loss, worth)


def test_what_stargan_leaves_out_costs_no_pass() -> None:
    calls = {}
    for reconstruction in (10.0, 0.0):
        engine = engine_of(stargan, images(3, 8, 8), settings={**SMALL, "reconstruction": reconstruction})
        calls[reconstruction] = []
        engine.game.G.register_forward_hook(lambda *ignored, seen=calls[reconstruction]: seen.append(1))
        engine.play(Goal(rounds=1))
    assert len(calls[10.0]) == len(calls[0.0]) + 1


# ---------------------------------------------------------------------- toys


def inverses(*, shuffled: bool) -> Dataset:
    """Coarse pictures and, as what is to be made of them, their negatives; the control pairs them at random."""
    draw = torch.Generator().manual_seed(0)
    coarse = torch.randint(256, (128, 1, 2, 2), generator=draw, dtype=torch.uint8)
    source = coarse.repeat_interleave(4, 2).repeat_interleave(4, 3)
    order = torch.randperm(128, generator=draw) if shuffled else torch.arange(128)
    return Dataset(
        Spec("inverses", "image", (1, 8, 8), (), ("source",)),
        255 - source[order],
        None,
        {},
        {"source": source},
    )


@pytest.mark.parametrize("shuffled", [False, True])
def test_pix2pix_learns_what_pairs_teach(shuffled: bool) -> None:
    data = inverses(shuffled=shuffled)
    game, _ = played(pix2pix, data, 80, batch=16, lr=2e-3)
    source = data.column("source", slice(0, 64))
    with torch.no_grad():
        error = float((game.translate(source) + source).abs().mean())
    untaught = float(source.abs().mean())  # the error of a gray picture
    assert (error < untaught / 3) != shuffled
    assert (error > 0.8 * untaught) == shuffled


def corners(domains: int, *, mixed: bool = False) -> Dataset:
    """A bright square: above or below is what it shows, from left to right is its domain; the control mixes those."""
    draw = torch.Generator().manual_seed(0)
    domain, row = torch.arange(120) % domains, torch.randint(2, (120,), generator=draw)
    x = torch.zeros(120, 2, domains, dtype=torch.uint8)
    x[torch.arange(120), row, domain] = 255
    x = x.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None]
    label = domain[torch.randperm(120, generator=draw)] if mixed else domain
    return Dataset(Spec("corners", "image", (1, 8, 4 * domains), tuple("abc"[:domains])), x, label)


def carried(game: Game, domains: int) -> tuple[float, float]:
    """The share of pictures that arrive in the next domain, and how far from itself each comes home."""
    data = corners(domains)
    x, to = data.rows(slice(None)), (data.label + 1) % domains
    with torch.no_grad():
        y = game.translate(x, to)
        home = (game.translate(y, data.label) - x).abs().mean()
    brightest = y.unflatten(3, (domains, 4)).mean((1, 2, 4)).argmax(1)
    return float((brightest == to).float().mean()), float(home)


@pytest.mark.parametrize("mixed", [False, True])
def test_cyclegan_carries_over_and_brings_home(mixed: bool) -> None:
    """Which of one domain goes to which of the other is left to it: no pair says so."""
    game, _ = played(cyclegan, corners(2, mixed=mixed), 45, blocks=1, depth=1, pool=8, lr=2e-3)
    arrived, home = carried(game, 2)
    assert (arrived > 0.9) != mixed
    assert home < 0.2


@pytest.mark.parametrize("mixed", [False, True])
def test_stargan_goes_where_it_is_told(mixed: bool) -> None:
    game, _ = played(stargan, corners(3, mixed=mixed), 55, blocks=1, batch=8, critic_steps=2, lr=5e-3)
    arrived, _ = carried(game, 3)
    assert (arrived > 0.9) != mixed


def test_the_identity_term_leaves_alone_what_is_in_its_domain_already() -> None:
    data, moved = corners(3), []
    x = data.rows(slice(None))
    for weight in (0.0, 10.0):
        game, (*_, move) = played(
            stargan, data, 50, identity=weight, blocks=1, batch=8, critic_steps=1, lr=5e-3
        )
        assert ("identity" in move.notes) == bool(weight)
        with torch.no_grad():
            moved.append(float((game.translate(x, data.label) - x).abs().mean()))
    assert moved[1] < moved[0] / 2
    terms = {"adversarial": 1, "domain": 1, "reconstruction": 10, "identity": weight}
    torch.testing.assert_close(move.loss, sum(w * move.notes[name] for name, w in terms.items()))


HALVES = ("left", "left+right", "none", "right")


def halves(*, mixed: bool = False) -> Dataset:
    """The left and the right half are bright or not, as the class says; above or below is what it shows besides."""
    draw = torch.Generator().manual_seed(0)
    label, row = torch.arange(120) % 4, torch.randint(2, (120,), generator=draw)
    x = torch.zeros(120, 2, 2)
    x[torch.arange(120), row] = (
        torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]])[label] * 200 + 55
    )
    x = x.repeat_interleave(4, 1).repeat_interleave(4, 2)[:, None].to(torch.uint8)
    label = label[torch.randperm(120, generator=draw)] if mixed else label
    return Dataset(Spec("halves", "image", (1, 8, 8), HALVES), x, label)


@pytest.mark.parametrize("mixed", [False, True])
def test_stargan_changes_one_attribute_and_leaves_the_other(mixed: bool) -> None:
    settings = {"blocks": 1, "batch": 16, "critic_steps": 2, "lr": 2e-3, "classification": 3.0}
    game, _ = played(stargan, halves(mixed=mixed), 80, domains="attributes", **settings)
    data = halves()
    wanted = game.domains.codes[data.label] * torch.tensor([1.0, 0.0]) + torch.tensor([0.0, 1.0])
    with torch.no_grad():
        y = game.translate(data.rows(slice(None)), wanted)  # the right half bright, the left as it is
    bright = y.unflatten(3, (2, 4)).amax((1, 2, 4)) > 0
    assert (float((bright == wanted.bool()).all(1).float().mean()) > 0.9) != mixed


def test_attributes_are_read_from_the_names_of_classes() -> None:
    domains = Attributes(HALVES)
    assert domains.names == ("left", "right")
    assert domains.codes.tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]
    logits = torch.randn(5, 2)
    one_by_one = [
        F.binary_cross_entropy_with_logits(logits[:, i], torch.tensor([1.0, 0.0])[i].expand(5))
        for i in (0, 1)
    ]
    torch.testing.assert_close(domains.loss(logits, domains.codes_of(torch.zeros(5).long())), sum(one_by_one))
    with pytest.raises(
        BadRequest, match=r"says of left, right whether an image has it.*expected \(2,\) or \(5, 2\)"
    ):
        domains.requested(5, torch.zeros(3), torch.device("cpu"))
    with pytest.raises(BadRequest, match=r"names of classes, such as blond\+male; there are none"):
        Attributes(["none"])


def test_a_class_and_its_code_are_one_request() -> None:
    data = halves()
    game, x = stargan(data.spec, domains="attributes", **SMALL).eval(), data.rows(slice(0, 4))
    with torch.no_grad():
        by_class, by_code = game.translate(x, 1), game.translate(x, torch.tensor([1.0, 1.0]))
        assert torch.equal(by_class, by_code)
        assert torch.equal(game.score(x, 1), game.score(x, torch.ones(4, 2)))
        assert not torch.equal(by_class, game.translate(x, torch.tensor([1.0, 0.0])))


# ---------------------------------------------------------------------- the sheet of classes


class Brighten(StarGAN):
    """A picture made a little brighter for each domain: what it was made of can be told."""

    def translate(self, x: Tensor, to: Tensor) -> Tensor:
        return x + 0.2 * to.view(-1, 1, 1, 1)


def test_a_translators_sheet_of_classes_begins_with_its_sources(tmp_path: Path) -> None:
    data = images(1, 24, 24, n=40)
    data.x = data.x.float().mul(0.3).to(torch.uint8)
    engine = engine_of(stargan, data, settings=SMALL)
    engine.game.__class__ = Brighten
    run = Run.create(tmp_path / "run", {})
    (run.path / "samples").mkdir(exist_ok=True)
    class_sheet(run, engine, data, each=4)
    with Image.open(run.path / "samples" / "classes.png") as page:
        pixels = torch.from_numpy(np.array(page.convert("L")))
    rows = torch.linspace(0, len(data) - 1, 4).long()
    side = 24 * round(READABLE / 24 - 0.2)
    left = page.width - MARGIN - 4 * side - 3 * GAP
    for row, brighter in enumerate([0.0, 0.0, 0.2, 0.4]):  # the sources, then each domain
        truth = to_uint8(data.rows(rows) + brighter)[:, 0].repeat_interleave(side // 24, 1)
        for column in range(4):
            top, at = MARGIN + row * (side + GAP), left + column * (side + GAP)
            tile = pixels[top : top + side, at : at + side]
            assert torch.equal(tile, truth[column].repeat_interleave(side // 24, 1).long())
