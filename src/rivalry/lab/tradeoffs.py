"""Which trade-offs lie between GANs and the other generative models?  One of each kind, of about the same size, is
trained on the same data for the same seconds of the processor, and what users want of a model is measured.

Quality over time, the time that a sample takes against the side of the picture, whether a likelihood is known, whether
a datum can be turned into a code and back.  Odena's essay "Open Questions about Generative Adversarial Networks"
(Distill 2019) compares a flow of 200 million parameters and 560 GPU-days at 256² with a GAN of 46 million and 32 at
1024²: how much more a flow needs here for the same quality is read from the same curves.

Classes are not told, since not every model takes them.  Seconds are those of the processor while rounds are played.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import torch
from torch import Tensor

from rivalry.catalog import CATALOG, find, maker
from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.errors import BadRequest
from rivalry.game import Density, Game, Mass
from rivalry.metrics import suite
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.game.nll import nll
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw
from rivalry.settings import check, settings_of

QUESTION = "Which trade-offs lie between GANs and the other generative models?"
BUSY = 5  # rounds between looks at the clock


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Attributes:
        name: of the kind.
        game: of the catalog.
        parents: for a hybrid, the two kinds that it joins.
        settings: beside the defaults.
        quick: settings of `--quick` in addition.
    """

    name: str
    game: str
    parents: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    quick: dict[str, Any] = field(default_factory=dict)


FAMILIES = (
    Family("GAN", "dcgan"),
    Family("VAE", "vae"),
    Family("flow", "realnvp"),
    Family("autoregressive", "pixelcnn", quick={"depth": 4}),
    Family(
        "energy-based",
        "ebm",
        settings={"steps": 200},
        quick={"steps": 60, "walk": 20},
    ),
    Family("diffusion", "ddpm", settings={"blocks": 1}, quick={"steps": 20}),
    Family("flow matching", "flow-matching", settings={"blocks": 1, "solver": "euler"}, quick={"steps": 20}),
    Family("GAN and flow", "flow-gan", ("GAN", "flow"), quick={"critic_steps": 2}),
    Family("GAN and VAE", "vae-gan", ("GAN", "VAE")),
    Family(
        "GAN and diffusion", "ddgan", ("GAN", "diffusion"), settings={"generator_lr": 5e-4, "critic_lr": 5e-4}
    ),
)


@dataclass
class Finding:
    """What was measured of one model.

    Attributes:
        family, game, settings: what it is.
        parameters: of all players.
        rounds, seconds: that were played.
        curve: the scores after some "seconds": "fid", "precision", "recall" and "judge".
        latency: side -> seconds of the processor for one sample, and for 1,000.
        likelihood: "exact", "of the field", "a bound" or "none".
        bits: bits per dimension of held-out data, or None.
        inverted: root mean square error of held-out data turned into codes and back, in deviations of the data; None
            for a model that has no such way.
    """

    family: str
    game: str
    settings: dict[str, Any]
    parameters: int
    rounds: int = 0
    seconds: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)
    latency: dict[int, tuple[float, float]] = field(default_factory=dict)
    likelihood: str = "none"
    bits: float | None = None
    inverted: float | None = None

    def last(self, score: str) -> float:
        return self.curve[-1].get(score, math.nan) if self.curve else math.nan

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        seconds: of the processor that each model is trained.
        looks: times that it is scored, after equal ratios of seconds, the last at the end.
        n: samples of a score.
        parameters: of each model, as near as a width gets.
        drawn: samples that are drawn at once to time 1,000.
        held_out: data of the likelihood and of the way back.
        sides: of the pictures whose drawing is timed.
        quick: whether the settings of `--quick` apply.
        seed: of all random numbers.
    """

    seconds: float = 120.0
    looks: int = 4
    n: int = 1000
    parameters: int = 300_000
    drawn: int = 100
    held_out: int = 64
    sides: tuple[int, ...] = (8, 16, 32)
    quick: bool = False
    seed: int = 0


QUICK = Plan(seconds=6.0, looks=2, n=200, parameters=100_000, drawn=8, held_out=16, sides=(8, 16), quick=True)


def tradeoffs(
    train: Dataset,
    test: Dataset,
    plan: Plan,
    *,
    families: Sequence[Family] = FAMILIES,
    extractor: Extractor | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Finding]:
    """Train and measure each family that the catalog has.

    Raises:
        BadRequest: data that are not images, or none of the families.
    """
    train.spec.require("tradeoffs", kind="image")
    there = [family for family in families if in_catalog(family)]
    if not there:
        raise BadRequest("none of these models is in the catalog")
    findings = []
    for i, family in enumerate(there):
        if progress:
            progress(f"{family.name}: {family.game}", i, len(there))
        findings.append(measured(family, train, test, plan, extractor))
    return findings


def in_catalog(family: Family) -> bool:
    return any(entry.name == family.game for entry in CATALOG)


def measured(
    family: Family, train: Dataset, test: Dataset, plan: Plan, extractor: Extractor | None
) -> Finding:
    """One model: trained, with a look after each share of its seconds, and asked for what it can do."""
    settings = sized(family, train.spec, plan)
    torch.manual_seed(plan.seed)
    game = made(family, train.spec, settings)
    finding = Finding(family.name, family.game, settings, parameters_of(game))
    source = TableSource(train, game.reads, batch=game.batch, seed=plan.seed)
    engine = Engine(game, source, seed=plan.seed)
    for seconds in moments(plan):
        finding.seconds += play(engine, seconds - finding.seconds)
        finding.rounds = engine.t
        with engine.evaluating() as trained:
            finding.curve.append({"seconds": finding.seconds, **scores(trained, train, plan, extractor)})
    with engine.evaluating() as trained:
        finding.likelihood, finding.bits = likelihood_of(trained, test, plan)
        finding.inverted = inverted(trained, test, plan)
    finding.latency = {side: latency(family, train.spec, settings, side, plan) for side in plan.sides}
    return finding


# ---------------------------------------------------------------------- the models


def sized(family: Family, spec: Spec, plan: Plan) -> dict[str, Any]:
    """Settings whose width brings the parameters nearest to those of the plan."""
    settings = {**family.settings, **(family.quick if plan.quick else {})}
    known = settings_of(maker(find(family.game)))
    if "conditional" in known:
        settings["conditional"] = False
    widths = [round(8 * 2 ** (k / 3)) for k in range(22)]  # 8 to 1024
    low, high = 0, len(widths) - 1
    count = lambda i: parameters_of(made(family, spec, {**settings, "width": widths[i]}))
    while low < high:  # the first width with as many parameters
        middle = (low + high) // 2
        low, high = (low, middle) if count(middle) >= plan.parameters else (middle + 1, high)
    near = [i for i in (low - 1, low) if i >= 0]
    best = min(near, key=lambda i: abs(math.log(count(i) / plan.parameters)))
    return {**settings, "width": widths[best]}


def made(family: Family, spec: Spec, settings: dict[str, Any]) -> Game:
    make = maker(find(family.game))
    return make(spec, **check(make, settings, family.game))


def parameters_of(game: Game) -> int:
    """Of all players, each once."""
    return sum(p.numel() for p in {p for player in game.players.values() for p in player.parameters})


def moments(plan: Plan) -> list[float]:
    """The seconds after which a model is scored: each twice the one before."""
    return [plan.seconds / 2 ** (plan.looks - 1 - i) for i in range(plan.looks)]


def play(engine: Engine, seconds: float) -> float:
    """Play for so many seconds of the processor; those that were spent."""
    start = time.process_time()
    while time.process_time() - start < seconds:
        engine.play(Goal(rounds=engine.t + BUSY))
    return time.process_time() - start


# ---------------------------------------------------------------------- what is measured


def scores(game: Game, train: Dataset, plan: Plan, extractor: Extractor | None) -> dict[str, float]:
    """Fréchet distance, precision, recall and the share that the judge is sure of."""
    x = draw(game, plan.n, seed=plan.seed)
    metrics = ["fid", "prdc", *(["judge"] if train.label is not None else [])]
    found = {s.name.split("[")[0]: s.value for s in suite.evaluate(train, x, None, metrics, extractor)}
    wanted = {"fid": "fid", "precision": "precision", "recall": "recall", "confident": "judge"}
    return {ours: found[name] for name, ours in wanted.items() if name in found}


def likelihood_of(game: Game, test: Dataset, plan: Plan) -> tuple[str, float | None]:
    """How the model knows likelihoods, and bits per dimension of held-out data."""
    if not isinstance(game, Mass):
        return "none", None
    of = game.facts().get("likelihood", "")
    how = "of the field" if "field" in of else "a bound" if "bound" in of and "exact" not in of else "exact"
    return how, nll(cast(Density, game), test, n=plan.held_out).value


def inverted(game: Game, test: Dataset, plan: Plan) -> float | None:
    """How far data are from themselves after they were turned into codes and back, in deviations of the data."""
    if not hasattr(game, "encode") or not hasattr(game, "decode"):
        return None
    x, both_ways = test.rows(slice(0, plan.held_out)), cast(Any, game)
    return float((both_ways.decode(both_ways.encode(x)) - x).square().mean().sqrt() / x.std())


def latency(
    family: Family, spec: Spec, settings: dict[str, Any], side: int, plan: Plan
) -> tuple[float, float]:
    """Seconds of the processor for one sample and for 1,000 of this side: of a network that is not trained.

    Those for 1,000 are of `plan.drawn` at once, times what is missing.
    """
    torch.manual_seed(plan.seed)
    game = made(family, Spec("timed", spec.kind, (spec.shape[0], side, side)), settings).eval()
    draw(game, 2, seed=1)  # what is made once is made
    one = min(timed(lambda: draw(game, 1, seed=1)) for _ in range(2))
    return one, timed(lambda: draw(game, plan.drawn, seed=2)) * 1000 / plan.drawn


def timed(what: Callable[[], Tensor]) -> float:
    start = time.process_time()
    what()
    return time.process_time() - start
