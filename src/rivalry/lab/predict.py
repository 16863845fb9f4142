"""Which distributions can a GAN model?  What data tell before any training is compared with how training ends.

Families of distributions with one knob each; features of the data alone (`families`); the outcome of training a GAN
and a VAE on them; a ridge regression from features to the outcome, tested on a family that it has not seen.

    outcome = log(E(samples, data)/E(data, data)),    E(x, y) = 2 E|x - y| - E|x - x'| - E|y - y'|

the energy distance of samples from held-out data, in units of that of as many data from them (Székely & Rizzo 2013).
The control shuffles all outcomes and predicts again.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rivalry.catalog import CATALOG, find, maker
from rivalry.data.source import Dataset, TableSource
from rivalry.errors import BadRequest
from rivalry.lab.families import FAMILIES, SyntheticFamily, features, rank_correlation
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.report.axes import short
from rivalry.report.question import section, table, write_question
from rivalry.runs.drawing import draw
from rivalry.settings import check, settings_of

QUESTION = "Which distributions can a GAN model, and can that be told before any training?"
MODELS = ("gan", "vae")
SAMPLES = 1000  # of which features and outcomes are computed
RIDGE = 1.0  # weight of the squared coefficients, in units of one datum
SHUFFLES = 200


@dataclass
class Case:
    """One distribution: what it tells before training, and how training a model on it ended.

    Attributes:
        outcome: model -> log of the energy distance in units of that of real data; 0 is perfect.
    """

    family: str
    knob: float
    features: dict[str, float]
    outcome: dict[str, float]


@dataclass(frozen=True)
class Verdict:
    """How well the outcomes of one model are foretold.

    Attributes:
        model: of the catalog.
        within: family -> the rank correlation of foretold and true outcomes among its own distributions, by a
            regression on the others.
        overall: that over all distributions, each foretold by a regression that has not seen its family.
        chance: the 95th percentile of `overall` where outcomes are shuffled.
        weights: feature -> coefficient over all families, in deviations.
    """

    model: str
    within: dict[str, float]
    overall: float
    chance: float
    weights: dict[str, float]


def cases(
    rounds: int,
    knobs: int = 6,
    *,
    families: Sequence[SyntheticFamily] = FAMILIES,
    models: Sequence[str] = MODELS,
    seed: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Case]:
    """Train every model of the catalog on every distribution.

    Args:
        rounds: of each training.
        knobs: how many settings of each family, evenly spaced.

    Raises:
        BadRequest: fewer than three families, so that none can be foretold from others.
    """
    if len(families) < 3:
        raise BadRequest(f"predict needs three families or more; got {len(families)}")
    todo = [
        (family, family.knobs[round(i * (len(family.knobs) - 1) / max(knobs - 1, 1))])
        for family in families
        for i in range(min(knobs, len(family.knobs)))
    ]
    found = []
    for i, (family, knob) in enumerate(todo):
        if progress:
            progress(f"{family.name} {knob:g}", i, len(todo))
        train, held_out = (family.data(knob, n, seed + k) for k, n in ((1, 10_000), (2, 2 * SAMPLES)))
        outcome = {name: outcome_of(name, train, held_out.x, rounds, seed) for name in there(models)}
        found.append(Case(family.name, knob, features(train.x[:SAMPLES]), outcome))
    return found


def there(models: Sequence[str]) -> list[str]:
    """Those of the models that the catalog has."""
    names = {entry.name for entry in CATALOG}
    return [name for name in models if name in names]


def outcome_of(name: str, train: Dataset, held_out: Tensor, rounds: int, seed: int) -> float:
    """Train a model and measure its samples: the log of their energy distance in units of that of data."""
    make = maker(find(name))
    wanted = {"width": 64, "batch": 128, "latent": 8, "average": 0.99}
    settings = {k: v for k, v in wanted.items() if k in settings_of(make)}
    torch.manual_seed(seed)
    game = make(train.spec, **check(make, settings, name))
    engine = Engine(game, TableSource(train, game.reads, batch=game.batch, seed=seed), seed=seed)
    engine.play(Goal(rounds=rounds))
    with engine.evaluating() as trained:
        x = draw(trained, SAMPLES, seed=seed)
    one, other = held_out[:SAMPLES], held_out[SAMPLES:]
    noise = (energy_distance(one, other) + energy_distance(train.x[:SAMPLES], other)) / 2
    return math.log(max(energy_distance(x, other), noise / 10) / noise)


def energy_distance(x: Tensor, y: Tensor) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'| over all pairs, a datum with itself among them, so it is above 0."""
    mean = lambda a, b: float(torch.cdist(a.double(), b.double()).mean())
    return 2 * mean(x, y) - mean(x, x) - mean(y, y)


# ---------------------------------------------------------------------- foretelling


def verdict(found: Sequence[Case], model: str, seed: int = 0) -> Verdict:
    """Foretell each family's outcomes by a regression on the others, and hold them against what happened."""
    x = torch.tensor([list(case.features.values()) for case in found], dtype=torch.float64)
    y = torch.tensor([case.outcome[model] for case in found], dtype=torch.float64)
    of = [case.family for case in found]
    foretold = unseen(x, y, of)
    generator = torch.Generator().manual_seed(seed)
    shuffled = [y[torch.randperm(len(y), generator=generator)] for _ in range(SHUFFLES)]
    by_chance = torch.tensor([rank_correlation(unseen(x, some, of), some) for some in shuffled])
    rows = {family: torch.tensor([f == family for f in of]) for family in dict.fromkeys(of)}
    coefficients = ridge(standardized(x, x), y - y.mean())
    return Verdict(
        model,
        {family: rank_correlation(foretold[mine], y[mine]) for family, mine in rows.items()},
        rank_correlation(foretold, y),
        float(by_chance.nan_to_num(0).quantile(0.95)),
        dict(zip(found[0].features, coefficients.tolist())),
    )


def unseen(x: Tensor, y: Tensor, family: Sequence[str]) -> Tensor:
    """Outcomes (n,) foretold from features (n, d), each by a regression that has not seen its family."""
    foretold = torch.zeros_like(y)
    for name in dict.fromkeys(family):
        mine = torch.tensor([f == name for f in family])
        weights = ridge(standardized(x[~mine], x[~mine]), y[~mine] - y[~mine].mean())
        foretold[mine] = standardized(x[~mine], x[mine]) @ weights + y[~mine].mean()
    return foretold


def standardized(by: Tensor, x: Tensor) -> Tensor:
    """x with the mean and the deviation of other data taken out, held within three deviations: (n, d)."""
    return ((x - by.mean(0)) / by.std(0).clamp(min=1e-9)).clamp(-3, 3)


def ridge(x: Tensor, y: Tensor) -> Tensor:
    """argmin_w ‖x w - y‖² + ‖w‖²: (d,)."""
    return torch.linalg.solve(x.T @ x + RIDGE * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y)


def conclusions(verdicts: Sequence[Verdict]) -> list[str]:
    """Sentences made from the numbers alone."""
    found = []
    for v in verdicts:
        above = "more than chance" if v.overall > v.chance else "no more than chance"
        found.append(
            f"{v.model}: on families that it has not seen the regression ranks outcomes with a correlation of "
            f"{v.overall:.2f}, {above} (95 % of shuffled outcomes stay below {v.chance:.2f})."
        )
        fails = [family for family, value in v.within.items() if not value > 0.3]
        if fails:
            found.append(
                f"{v.model}: it fails within {', '.join(fails)} (a rank correlation of 0.3 or less)."
            )
        if v.weights:
            strongest = max(v.weights, key=lambda name: abs(v.weights[name]))
            sign = "worse" if v.weights[strongest] > 0 else "better"
            found.append(
                f"{v.model}: the feature of the largest weight is {strongest}; more of it goes with {sign}."
            )
    return found


# ---------------------------------------------------------------------- the report


def write(
    folder: Path, found: Sequence[Case], verdicts: Sequence[Verdict], rounds: int, skipped: Sequence[str]
) -> Path:
    """Write the report and all numbers into `folder`; the path of the page."""
    left = [f"Not in this catalog, so left out: {', '.join(skipped)}."] if skipped else []
    names, models = list(found[0].features), [v.model for v in verdicts]
    of_cases = table(
        ("distribution", *names, *models),
        [
            (
                f"{c.family} {c.knob:g}",
                *(_number(value) for value in c.features.values()),
                *(_number(c.outcome[model]) for model in models),
            )
            for c in found
        ],
    )
    families = list(verdicts[0].within)
    of_ranks = table(
        ("model", *families, "all", "chance"),
        [
            (v.model, *(_number(v.within[f]) for f in families), _number(v.overall), _number(v.chance))
            for v in verdicts
        ],
    )
    of_weights = table(("feature", *models), [(n, *(_number(v.weights[n]) for v in verdicts)) for n in names])
    note = "Outcome: the log of the energy distance from held-out data in units of that of real data; 0 is perfect."
    data: dict[str, Any] = {"cases": [asdict(c) for c in found], "verdicts": [asdict(v) for v in verdicts]}
    return write_question(
        folder,
        QUESTION,
        [*conclusions(verdicts), *left],
        [
            section("Rank correlation of what was foretold with what happened, family by family", of_ranks),
            section("Distributions", note, of_cases),
            section("Weights of the features, in deviations", of_weights),
        ],
        {"rounds": rounds, **data},
        f"{len(found)} distributions; {rounds:,} rounds of each model",
    )


def _number(value: float) -> str:
    return "–" if math.isnan(value) else short(float(f"{value:.3g}"))
