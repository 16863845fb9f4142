"""The duties of every game of the catalog, at toy size."""

import ast
import importlib
import inspect
import math
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from toys import bits, captioned, different, engine_of, images, paired, small, sounding

from rivalry.catalog import CATALOG, Entry, maker, recipes
from rivalry.data.names import NAMES
from rivalry.data.source import Dataset, Source
from rivalry.data.source import toy as kind_toy
from rivalry.errors import BadRequest
from rivalry.game import (
    Actor,
    Conditional,
    Conditioned,
    Critic,
    Density,
    Game,
    Latent,
    Linking,
    Mass,
    Move,
    Steerable,
    Styled,
    Translator,
)
from rivalry.given import given_for
from rivalry.kinds import KINDS
from rivalry.kinds.kind import in_full_precision
from rivalry.maths.chance import seeded
from rivalry.maths.optimizers import adam, sgd
from rivalry.play.goal import Goal, seconds
from rivalry.runs.drawing import draw
from rivalry.runs.run import Run
from rivalry.settings import check, settings_of

CLASSES = 3
SHAPES = [(1, 12, 12), (3, 17, 8)]
by_name = pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry.name)


def suited(entry: Entry, *shape: int) -> Dataset:
    """Data that the game can play on, images of this shape where one is given, else the quickest."""
    if "pairs" in entry.needs:
        return paired(*(shape or (1, 8, 8)))
    if "captions" in entry.needs:
        return captioned(*(shape or (1, 8, 8)))
    if "sounds" in entry.needs:
        return sounding(*(shape or (1, 8, 8)))
    classes = 2 if "domains" in entry.needs else CLASSES
    if shape:
        return images(*shape, classes=classes)
    return toy("points" if "points" in entry.kinds else entry.kinds[0], classes)


@cache
def toy(kind: str, classes: int = CLASSES) -> Dataset:
    return kind_toy(kind, classes=classes)


def built(entry: Entry, data: Dataset, **given: Any) -> Game:
    torch.manual_seed(0)
    return maker(entry)(data.spec, **small(maker(entry), **given))


@cache
def at_a_look(entry: Entry) -> Game:
    """A game for questions about its abilities; it is not played."""
    return built(entry, suited(entry))


def those(can: Callable[[Game], bool]) -> Any:
    """The games that can do something, as the cases of a test."""
    able = [entry for entry in CATALOG if can(at_a_look(entry))]
    return pytest.mark.parametrize("entry", able, ids=lambda entry: entry.name)


def takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


def heard(function: Callable[..., Any], given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The given values that this function of a game takes."""
    return {name: value for name, value in given.items() if takes(function, name)}


def cases() -> Iterator[Any]:
    for entry in CATALOG:
        shapes = [suited(entry, *shape) for shape in SHAPES] if "image" in entry.kinds else []
        classes = 2 if "domains" in entry.needs else CLASSES
        others = [toy(kind, classes) for kind in entry.kinds if kind != "image"]
        for data in [*shapes, *others]:
            yield pytest.param(entry, data, id=f"{entry.name}-{'x'.join(map(str, data.spec.shape))}")


# ---------------------------------------------------------------------- playing


@pytest.mark.parametrize(("entry", "data"), list(cases()))
def test_it_plays_on_any_size_and_its_samples_are_data(entry: Entry, data: Dataset) -> None:
    engine = engine_of(maker(entry), data)
    losses: list[Tensor] = []
    engine.callbacks = [lambda engine, moves: losses.extend(m.loss for m in moves if m.loss is not None)]
    engine.play(Goal(rounds=2))
    assert all(loss.isfinite() for loss in losses)  # there are none where a player moves by its own rules
    with engine.evaluating() as game:
        x = in_full_precision(game.sample(5, **given_for(game, data, 5)))
    assert x.shape == (5, *data.spec.shape)
    assert x.isfinite().all()
    assert not data.spec.meaning.refuse(x, data.spec.x)
    if data.spec.meaning.bounded:
        assert x.abs().max() <= 1


@by_name
def test_every_player_moves_all_of_its_parameters(entry: Entry) -> None:
    engine = engine_of(maker(entry), suited(entry))
    before = {name: [p.clone() for p in player.parameters] for name, player in engine.game.players.items()}
    moved: list[str] = []
    engine.callbacks = [lambda engine, moves: moved.extend(move.name for move in moves)]
    engine.play(Goal(rounds=2))
    assert set(moved) == set(before)
    D = getattr(engine.game, "D", None)
    critics = len(D) if isinstance(D, torch.nn.ModuleList) else 1
    for name, player in engine.game.players.items():
        still = [new for old, new in zip(before[name], player.parameters) if torch.equal(old, new)]
        # A loss of differences between scores cannot see a constant that all of a critic's share.
        assert sum(p.numel() for p in still) <= critics * (name == "critic"), name


@by_name
def test_players_share_out_what_learns(entry: Entry) -> None:
    game = built(entry, suited(entry))
    theirs = {p for player in game.players.values() for p in player.parameters}
    assert theirs == {p for p in game.parameters() if p.requires_grad}


@by_name
def test_resuming_is_exact(entry: Entry, tmp_path: Path) -> None:
    make, data = maker(entry), suited(entry)
    first = engine_of(make, data)
    first.play(Goal(rounds=2))
    run = Run.create(tmp_path / "run", {})
    run.save(2, first.weights(), first.state())
    first.play(Goal(rounds=3))
    truth = bits(first)
    second = engine_of(make, data, seed=99)
    second.restore(*run.newest()[1:])
    second.play(Goal(rounds=3))
    assert not different(truth, bits(second))


@those(lambda game: isinstance(game, Critic))
def test_it_can_be_looked_at_without_being_touched(entry: Entry) -> None:
    data = suited(entry)
    engine = engine_of(maker(entry), data)
    before = bits(engine)
    with engine.evaluating() as game:
        given = given_for(game, data, 4)
        x = game.sample(4, **given)
        for judge in judges(game):
            judge(x, **heard(judge, given))
    assert not different(before, bits(engine))


def judges(game: Game) -> list[Callable[..., Tensor]]:
    """The functions by which a game judges data: a critic's score, a likelihood."""
    there = [game.score] if isinstance(game, Critic) else []
    return there + ([game.log_prob] if isinstance(game, Density) else [])


# ---------------------------------------------------------------------- what a trained game can do


@by_name
def test_a_game_has_a_critic_a_likelihood_or_scores_of_edges(entry: Entry) -> None:
    """A critic gives a score of data, but BEGAN's and AAE's.

    At BEGAN's equilibrium fakes have the smaller error, so real is not high; the critic of AAE sees codes.  A game that
    does no more than draw its data again, or that draws rows from counts or from a decoder, has neither.
    """
    game = at_a_look(entry)
    if entry.name not in ("autoencoder", "glo", "copula", "independent", "tvae"):
        assert isinstance(game, Density | Linking | Actor) or "critic" in game.players
    assert isinstance(game, Critic) == ("critic" in game.players and entry.name not in ("began", "aae"))


@by_name
def test_the_same_seed_gives_the_same_samples(entry: Entry) -> None:
    data = suited(entry)
    game = built(entry, data).eval()
    given, drawn = given_for(game, data, 4), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(game.sample(4, **given))
    assert torch.equal(drawn[0], drawn[1])
    if not isinstance(game, Translator):  # one of those may have no noise
        assert not torch.equal(drawn[0], drawn[2])


@by_name
def test_sample_i_of_a_seed_is_one_whatever_is_drawn_beside_it(entry: Entry) -> None:
    data = suited(entry)
    game = built(entry, data).eval()
    given = given_for(game, data, 8)
    pulled = [{"truncation": 0.5}] if takes(game.sample, "truncation") else []
    for more in ({}, *pulled):
        whole = draw(game, 8, seed=5, **given, **more)
        first = draw(game, 3, seed=5, **{name: value[:3] for name, value in given.items()}, **more)
        torch.testing.assert_close(first, whole[:3], rtol=1e-3, atol=1e-4)
        in_chunks = draw(game, 8, seed=5, chunk=2, **given, **more)
        torch.testing.assert_close(in_chunks, whole, rtol=1e-3, atol=1e-4)


@those(lambda game: isinstance(game, Latent))
def test_chunks_repeat_no_sample(entry: Entry) -> None:
    data = suited(entry)
    game = built(entry, data).eval()
    game.decode = lambda z, *given: z.view(len(z), -1)  # its codes
    game.sample = lambda n, **given: game.draw(n)
    codes = draw(game, 24, chunk=4)
    assert len(codes.unique(dim=0)) == (12 if "domains" in entry.needs else 24)  # there a pair has one code


@by_name
def test_a_game_samples_from_codes_or_from_sources_and_not_from_both(entry: Entry) -> None:
    """Or from neither: token by token, or from noise that nobody is to see."""
    game = at_a_look(entry)
    assert not (isinstance(game, Latent) and isinstance(game, Translator))


def test_every_game_can_be_edited_or_scored_by_its_likelihood_or_acts_or_joins() -> None:
    """Or its critic is alone, and its scores are the log-density but for a constant."""
    for entry in CATALOG:
        alone = [*at_a_look(entry).players] == ["critic"]
        can = isinstance(at_a_look(entry), (Latent, Translator, Density, Actor, Linking, Conditioned))
        assert alone or can, entry.name


@those(lambda game: isinstance(game, Density))
def test_a_likelihood_is_finite_and_each_datum_has_its_own(entry: Entry) -> None:
    data = suited(entry)
    game, x = built(entry, data).eval(), data.rows(slice(0, 6))
    nats = game.log_prob(x)
    assert nats.shape == (6,) and nats.isfinite().all()
    torch.testing.assert_close(game.log_prob(x[2:4]), nats[2:4], rtol=1e-4, atol=1e-3)
    if isinstance(game, Conditional) and game.classes:  # all classes are equally likely until one is given
        each = torch.stack([game.log_prob(x, label=k) for k in range(game.classes)])
        torch.testing.assert_close(nats, each.logsumexp(0) - math.log(game.classes))


@those(lambda game: isinstance(game, Mass))
def test_images_are_likely_on_their_levels_and_points_are_not(entry: Entry) -> None:
    data = images(1, 8, 8, classes=CLASSES)
    game = built(entry, data).eval()
    x = data.rows(slice(0, 6))
    assert (game.log_mass(x) < 0).all()
    with pytest.raises(BadRequest, match="expected 8-bit images of 256 levels"):
        game.log_mass(x * 0.97)
    if "points" in entry.kinds:
        with pytest.raises(BadRequest, match="points have no levels"):
            built(entry, toy("points")).log_mass(toy("points").x[:6])


@those(lambda game: isinstance(game, Translator))
def test_a_sample_of_a_source_is_its_translation(entry: Entry) -> None:
    data = suited(entry)
    game = built(entry, data).eval()
    given = given_for(game, data, 4)
    torch.manual_seed(1)
    made = game.sample(4, **given)
    torch.manual_seed(1)
    assert torch.equal(game.translate(given["source"], given.get("label")), made)


@those(lambda game: isinstance(game, Latent))
def test_codes_can_be_drawn_and_decoded(entry: Entry) -> None:
    data = suited(entry)
    game = built(entry, data).eval()
    given = given_for(game, data, 4) if isinstance(game, Conditioned) else {}
    torch.manual_seed(1)
    z = game.draw(4)
    torch.manual_seed(1)
    assert torch.equal(game.decode(z, **given), game.sample(4, **given))


@those(lambda game: isinstance(game, Steerable))
def test_what_reads_a_code_has_a_column_for_each_of_its_numbers(entry: Entry) -> None:
    game = built(entry, suited(entry)).eval()
    size = game.style(game.draw(1)).shape[-1] if isinstance(game, Styled) else game.draw(1).shape[1]
    assert all(reader.shape[1] == size for reader in game.input_matrices())


@those(lambda game: isinstance(game, Latent) and takes(game.draw, "truncation"))
def test_truncation_brings_codes_nearer_to_the_middle(entry: Entry) -> None:
    game = built(entry, suited(entry)).eval()
    codes = {}
    for truncation in (None, 0.5):
        torch.manual_seed(1)
        codes[truncation] = game.draw(200, truncation=truncation).abs()
    assert (codes[0.5] <= codes[None]).all()  # what stays is a class, or near enough
    assert codes[0.5].mean() < 0.7 * codes[None].mean()
    torch.manual_seed(1)
    plain = game.sample(4)
    torch.manual_seed(1)
    assert not torch.equal(game.sample(4, truncation=0.5), plain)


def normed(game: Game) -> list[torch.nn.Module]:
    """The batch norm of its generator."""
    return [layer for layer in getattr(game, "G", game).modules() if isinstance(layer, _BatchNorm)]


@those(lambda game: isinstance(game, Latent) and takes(game.sample, "truncation") and bool(normed(game)))
def test_batch_norm_has_the_statistics_of_codes_that_are_truncated_alike(entry: Entry) -> None:
    engine = engine_of(maker(entry), suited(entry), settings={"batch": 64, "average": 0.5})
    engine.play(Goal(rounds=2))
    game = engine.game.eval()
    before = bits(engine)
    off = {psi: misfit(game, game.standing(psi), 0.3) for psi in (0.3, 9.0)}
    assert off[0.3] < 0.3
    assert off[9.0] > max(0.5, 3 * off[0.3])  # the control: of codes that are as good as not truncated
    assert not different(before, bits(engine))  # the run's own statistics are not touched
    given = {"label": torch.arange(4) % 2} if game.classes else {}
    codes = game.draw(4, truncation=0.3)
    assert not torch.allclose(game.decode(codes, **given, truncation=0.3), game.decode(codes, **given))


def misfit(game: Game, network: torch.nn.Module, truncation: float) -> float:
    """How far the statistics that batch norm holds are from those of what it is given: the most of any layer, the mean
    over channels of |log| of the ratio of variances and of the distance of means in deviations."""
    found: list[float] = []

    def look(layer: Any, inputs: tuple[Tensor]) -> None:
        x = inputs[0].transpose(0, 1).flatten(1)
        ratio = (x.var(1) + layer.eps).log() - (layer.running_var + layer.eps).log()
        apart = (x.mean(1) - layer.running_mean) / (layer.running_var + layer.eps).sqrt()
        found.append(float(ratio.abs().mean() + apart.abs().mean()))

    hooks = [l.register_forward_pre_hook(look) for l in network.modules() if isinstance(l, _BatchNorm)]
    with torch.no_grad(), seeded(11, game.device):
        network(*game.inputs(2000, truncation))
    for hook in hooks:
        hook.remove()
    return max(found)


@those(lambda game: isinstance(game, Critic))
def test_real_is_high(entry: Entry) -> None:
    """A critic that plays against a generator which stands still comes to score real above fake."""
    data = suited(entry)
    if "graph" in entry.kinds and "points" not in entry.kinds:  # walks of many random graphs go everywhere
        data = data.only(torch.zeros(16, dtype=torch.int64))
    lasting = {"tokenizer_rounds": 1000} if "tokenizer_rounds" in settings_of(maker(entry)) else {}
    engine = engine_of(maker(entry), data, settings=lasting)
    learner = engine.game.players.get("policy" if isinstance(engine.game, Actor) else "generator")
    if learner:  # a critic may be alone
        learner.make = sgd(0.0)
    engine.game.critic.make = adam(3e-3, 0.9)
    n = len(data)
    for rounds in (5, 15, 40, 80, 160):  # an autoencoder first learns to draw at all
        engine.play(Goal(rounds=rounds))
        with engine.evaluating() as game:
            given = given_for(game, data, n, data.label if "labels" in entry.needs else None)
            told = heard(game.score, given)
            on_real = game.score(data.rows(slice(None)), **told)
            on_fake = game.score(game.sample(n, **given), **told)
        assert on_real.shape == (n // getattr(engine.game.D, "pack", 1),)  # a packed critic scores packs
        enough = max(on_real.std(), on_fake.std()) if rounds == 5 else 0.0  # so soon it must be clear
        if on_real.mean() - on_fake.mean() > enough:
            return
    assert on_real.mean() > on_fake.mean()


def told_classes() -> list[Entry]:
    """Those that need labels, and those that take them where data have some."""
    return [e for e in CATALOG if "labels" in e.needs or getattr(at_a_look(e), "classes", 0)]


@pytest.mark.parametrize("entry", told_classes(), ids=lambda entry: entry.name)
def test_a_conditional_game_honors_labels(entry: Entry) -> None:
    data = suited(entry)
    silent = {"dropout": 0.0} if "dropout" in settings_of(maker(entry)) else {}  # noise that no code holds
    game, classes = built(entry, data, **silent).eval(), len(data.spec.classes)
    assert isinstance(game, Conditional)
    assert game.classes == classes
    drawn = not data.spec.meaning.real or "transformer_width" in settings_of(maker(entry))
    strength = 1.0 if drawn else 0.1  # a token changes where its chances change a lot
    for p in game.parameters():  # a little training's worth, so that classes differ
        p.data += strength * torch.randn(p.shape, generator=torch.Generator().manual_seed(p.numel()))
    asked = as_asked(game, data, 6)
    each = [asked(k) for k in range(classes)]
    assert all((each[i] - each[j]).abs().max() > 1e-3 for i in range(classes) for j in range(i))
    in_turn = torch.arange(6) % classes
    mixed = asked(in_turn)
    torch.testing.assert_close(mixed, torch.stack([each[k][i] for i, k in enumerate(in_turn)]))
    if not isinstance(game, Translator):
        torch.testing.assert_close(asked(None), mixed)
    elif isinstance(game, Translator):  # every domain in turn makes no sense where one begins in one of them
        with pytest.raises(BadRequest, match="name the domain"):
            asked(None)


def as_asked(game: Game, data: Dataset, n: int) -> Callable[[Any], Tensor]:
    """The samples of a game from the same codes, or the same sources, for the labels that it is asked for."""
    if isinstance(game, Latent):
        return partial(game.decode, game.draw(n))
    if isinstance(game, Translator):
        return partial(game.translate, data.rows(slice(0, n)))
    return lambda label: seeded_sample(game, n, label)


def seeded_sample(game: Game, n: int, label: Any) -> Tensor:
    torch.manual_seed(0)
    return game.sample(n, label=label)


@pytest.mark.parametrize("entry", told_classes(), ids=lambda entry: entry.name)
@pytest.mark.parametrize("label", [-1, CLASSES, torch.tensor([0, 3]), torch.tensor([0, 1, 2])])
def test_a_conditional_game_refuses_a_wrong_label(entry: Entry, label: int | Tensor) -> None:
    data = suited(entry)
    game = built(entry, data)
    with pytest.raises(BadRequest, match="label"):
        game.sample(2, **{**given_for(game, data, 2), "label": label})


LACKS = {
    "labels": "needs labels; '.*' has none",
    "domains": "needs two domains, a folder each; '.*' has one",
    "pairs": "needs aligned pairs; '.*' has none",
    "captions": "needs sentences beside the data; '.*' has none",
    "sounds": "needs sounds beside the data; '.*' has none",
}


@by_name
def test_what_data_alone_do_not_give_is_asked_for(entry: Entry) -> None:
    data = images(1, 8, 8, classes=0) if "image" in entry.kinds else toy(entry.kinds[0], 0)
    if lacks := [LACKS[need] for need in entry.needs if need in LACKS]:
        with pytest.raises(BadRequest, match="|".join(lacks)):
            maker(entry)(data.spec)
    else:
        game = built(entry, data)
        own = set() if isinstance(game, Actor) and not game.reads else {"x"}
        assert set(game.reads) - {"row"} == own  # every table has numbers of rows
        if takes(game.sample, "label"):
            with pytest.raises(BadRequest, match="not told classes"):
                game.sample(2, label=1)


@by_name
def test_a_kind_that_a_game_does_not_play_on_is_refused(entry: Entry) -> None:
    for kind in KINDS.keys() - set(entry.kinds):
        data = toy(kind, 2 if "domains" in entry.needs else CLASSES)
        with pytest.raises(BadRequest, match=f"needs data of .*; {data.spec.name!r} holds"):
            maker(entry)(data.spec)


# ---------------------------------------------------------------------- what is written about it


@by_name
def test_its_settings_are_its_signature(entry: Entry) -> None:
    make = maker(entry)
    known = settings_of(make)
    assert 1 <= len(known) <= 12
    assert all(setting.meaning for setting in known.values()), "each has a line under Settings:"
    assert all(setting.default is not inspect.Parameter.empty for setting in known.values())
    defaults = {name: setting.default for name, setting in known.items()}
    assert check(make, {}, entry.name) == defaults
    assert check(make, defaults, entry.name) == defaults
    typed = check(make, {name: str(value) for name, value in defaults.items()}, entry.name)
    assert {n: (type(v), v) for n, v in typed.items()} == {n: (type(v), v) for n, v in defaults.items()}


@by_name
def test_the_settings_that_were_printed_build_the_same_game(entry: Entry) -> None:
    make, data = maker(entry), suited(entry)
    values = check(make, small(make), entry.name)
    printed = {name: str(value) for name, value in values.items()}
    states = []
    for told in (values, check(make, printed, entry.name)):
        torch.manual_seed(0)
        states.append(make(data.spec, **told).state_dict())
    assert list(states[0]) == list(states[1])
    assert all(torch.equal(a, b) for a, b in zip(states[0].values(), states[1].values()))


@by_name
def test_its_docstrings_say_whose_it_is(entry: Entry) -> None:
    module = inspect.getdoc(importlib.import_module(entry.target.split(":")[0])) or ""
    assert re.search(r"(min|max)", module), "an equation"
    for number in re.findall(r"\d{4}\.\d{4,5}", entry.paper):
        assert f"arXiv {number}" in " ".join(module.split())
    assert re.search(rf"\d{{4}}\.\d{{4,5}}|\S {entry.year}$", entry.paper), (
        "a number of arXiv, or a venue and the year"
    )
    for surname in re.findall(r"([A-Z]\S+?)(?: et al\.| & |;|$)", entry.authors):
        assert surname in module
    assert str(entry.year) in module


@by_name
def test_its_docstring_lists_its_deviations_each_a_sentence(entry: Entry) -> None:
    module = inspect.getdoc(importlib.import_module(entry.target.split(":")[0])) or ""
    block = re.search(r"Deviations(?:, [^:]*)?:\n((?: {4}.*\n?)+)", module)
    assert block, "a paragraph that begins with 'Deviations:'"
    told = re.split(r"\n {4}(?=\S)", block[1].rstrip())
    assert all(re.match(r"\s*\S", line) and line.rstrip().endswith(".") for line in told), told


@by_name
def test_its_recipes_can_be_played(entry: Entry) -> None:
    for recipe in recipes(entry).values():
        lengths = [recipe[kind] for kind in ("rounds", "samples", "time") if kind in recipe]
        assert len(lengths) <= 1
        assert all(seconds(length) > 0 for length in lengths)
        assert recipe.get("data", "ring").partition(":")[0] in NAMES
        settings = {k: v for k, v in recipe.items() if k not in ("data", "rounds", "samples", "time")}
        assert {
            k: v for k, v in check(maker(entry), settings, entry.name).items() if k in settings
        } == settings


def test_recipes_are_of_games_in_the_catalog() -> None:
    for entry in CATALOG:
        module = importlib.import_module(entry.target.split(":")[0])
        its_own = {other.name for other in CATALOG if other.target.startswith(f"{module.__name__}:")}
        assert set(getattr(module, "RECIPES", {})) <= its_own


def configured(function: Any) -> list[str]:
    """The conditions in a function that look at something other than the round's number `t`."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    tests = [node.test for node in ast.walk(tree) if isinstance(node, (ast.If, ast.IfExp))]
    return [
        ast.unparse(test)
        for test in tests
        if "t" not in {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    ]


@by_name
def test_a_round_asks_no_configuration(entry: Entry) -> None:
    assert configured(type(built(entry, suited(entry))).round) == []


def test_configuration_in_a_round_is_seen() -> None:
    class Flagged(Game):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            if self.use_penalty:
                yield Move(None, None)
            if t % 4 == 0:
                yield Move(None, None)

    assert configured(Flagged.round) == ["self.use_penalty"]


@by_name
def test_a_game_that_is_played_is_final(entry: Entry) -> None:
    """Nobody subclasses a game that has a round."""
    game = type(built(entry, suited(entry)))
    rounds = [base for base in game.__mro__ if "round" in vars(base) and base is not Game]
    assert rounds == [game]
