"""Which metric would have misled?  Runs ranked by each metric against ranks by people whose errors are known.

Odena's question of evaluation (Distill 2019).  Small GANs on digits at several ages, with two sources that are no runs:
a few real digits over and over, and one class alone.  People see one image at a time; a metric sees all of them.  Where
they disagree, the table says about which pair of sources.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.human.ratings import fit
from rivalry.lab.adversarial.question import PARTS
from rivalry.lab.answer import Answer, Row, mean, over, summary, words
from rivalry.lab.evaluation.people import CHOICES, Crowd, certain, questions_until, trained_eye
from rivalry.lab.small import engine_on, play_until, samples_of, small_gan
from rivalry.metrics import suite
from rivalry.metrics.extractors.find import find_extractor
from rivalry.report.question import section, table

QUESTION = "Which metric would have misled, and how few questions to people are enough?"
IMAGES = 240  # of each source: half train the eye, half are shown and scored
ERRORS = (0.1, 0.3)
METRICS = ("fid", "kid", "prdc", "judge")
TARGET = 0.9
COPIES = "twelve real digits"
ONE = "one real class"


def answer(*, quick: bool, seeds: int, progress: Callable[[str, int, int], None]) -> Answer:
    """Sources, metrics, people, and questions until the ranks are right."""
    data, test = open_data("digits"), open_data("digits", "test")
    extractor = find_extractor("judge", data.spec, data)
    ages = (60, 200, 600) if quick else (200, 1000, 5000)
    rows, misled, asked = list[Row](), list[Row](), list[Row]()
    for seed in range(seeds):
        progress("studies", seed, seeds)
        sources = made(data, ages, seed)
        shown = {name: x[: IMAGES // 2] for name, x in sources.items()}
        real = test.rows(slice(0, len(test)))
        eye = trained_eye(real, torch.cat([x[IMAGES // 2 :] for x in sources.values()]), seed)
        looks = [eye(x) for x in shown.values()]
        scores = {name: scored(data, x, extractor) for name, x in shown.items()}
        for error in ERRORS:
            found = against_people(list(shown), scores, Crowd(looks, error, seed), error, seed)
            rows += found[0]
            misled += found[1]
            asked += questions(looks, error, seed, 3 if quick else 20, 200 if quick else 1000)
    return in_sentences(rows, misled, asked, seeds)


def made(data: Dataset, ages: Sequence[int], seed: int) -> dict[str, Tensor]:
    """Images of each source: (IMAGES, ...) in [-1, 1]."""
    found: dict[str, Tensor] = {}
    for name in ("R1", "plain"):
        torch.manual_seed(seed)
        engine = engine_on(small_gan(data.spec, latent=16, width=64, batch=64, **PARTS[name]()), data, seed)
        for age in ages:
            play_until(engine, age)
            found[f"{name}, {age} rounds"] = samples_of(engine, IMAGES, seed)
    draw = torch.Generator().manual_seed(seed)
    few = torch.randperm(len(data), generator=draw)[:12]
    found[COPIES] = data.rows(few[torch.randint(12, (IMAGES,), generator=draw)])
    assert data.label is not None
    threes = torch.nonzero(data.label == 3).flatten()
    found[ONE] = data.rows(threes[torch.randint(len(threes), (IMAGES,), generator=draw)])
    return found


def scored(data: Dataset, x: Tensor, extractor: object) -> dict[str, float]:
    """The scores of a source by name, each so that high is good."""
    scores = suite.evaluate(data, x, None, METRICS, extractor)  # type: ignore[arg-type]
    return {s.name.split("[")[0]: s.value if s.better == "high" else -s.value for s in scores if s.better}


def against_people(
    names: list[str], scores: dict[str, dict[str, float]], crowd: Crowd, error: float, seed: int
) -> tuple[list[Row], list[Row]]:
    """Rank correlation of each metric with people, and the pairs that it turns round."""
    wins = crowd.wins(40)
    strength, sure = fit(wins)[0], certain(wins)
    blind = fit(Crowd(crowd.looks, 0.5, seed + 1).wins(40))[0]
    columns = {m: np.array([scores[name][m] for name in names]) for m in scores[names[0]]}
    columns["people who do not look"] = blind
    columns["numbers drawn at random"] = np.random.default_rng(seed).normal(size=len(names))
    rows, misled = list[Row](), list[Row]()
    for metric, values in columns.items():
        turned = [(i, j) for i, j in sure if values[i] < values[j]]
        wrong = len(turned) / max(len(sure), 1)
        correlation = float(spearmanr(values, strength).statistic)
        rows.append(
            {
                "metric": metric,
                "error": error,
                "seed": seed,
                "correlation": correlation,
                "turned round": wrong,
            }
        )
        worst = max(turned, key=lambda pair: strength[pair[0]] - strength[pair[1]], default=None)
        if worst:
            misled.append(
                {
                    "metric": metric,
                    "error": error,
                    "seed": seed,
                    "people": names[worst[0]],
                    "metric's": names[worst[1]],
                }
            )
    return rows, misled


def questions(looks: list[np.ndarray], error: float, seed: int, studies: int, most: int) -> list[Row]:
    """Questions until a rank correlation of .9 with many answers, asked actively and at random."""
    truth = fit(Crowd(looks, error, seed + 2).wins(400))[0]
    return [
        {"asking": how, "error": error, "seed": seed, "study": s, "questions": float(
            questions_until(TARGET, choose, Crowd(looks, error, 100 * seed + s), truth, most, 100 * seed + s))}
        for how, choose in CHOICES.items()
        for s in range(studies)
    ]  # fmt: skip


def in_sentences(rows: list[Row], misled: list[Row], asked: list[Row], seeds: int) -> Answer:
    """The answer that follows from the rows."""
    for row in rows:
        row["who"] = f"{row['metric']}, people err {row['error']:.0%}"
    for row in asked:
        row["who"] = f"asked {row['asking']}, people err {row['error']:.0%}"
    pairs = [(r["metric"], f"{r['error']:.0%}", str(r["seed"]), r["people"], r["metric's"]) for r in misled]
    head = ("metric", "people err", "seed", "people find better", "the metric finds better")
    columns = ("correlation", "turned round", "questions")
    return Answer(
        QUESTION,
        [*of_metrics(rows), *of_pairs(misled), *of_asking(asked)],
        METHOD,
        controls(rows),
        [
            section("Which metric would have misled", NOTE, summary(rows, "who", columns[:2])),
            section("The pair that each turns round most", table(head, pairs)),
            section("Questions until a rank correlation of .9", summary(asked, "who", ("questions",))),
        ],
        [*rows, *asked],
        "who",
        columns,
        f"digits, 8 x 8; {IMAGES // 2} images of each source; {seeds} seeds",
    )


def of_metrics(rows: Sequence[Row]) -> list[str]:
    """Best and worst metric."""
    names = [m for m in dict.fromkeys(row["metric"] for row in rows) if m not in BLIND]
    by = {m: mean(over(rows, "correlation", metric=m)) for m in names}
    ranked = sorted(by, key=by.__getitem__, reverse=True)
    wrong = {m: mean(over(rows, "turned round", metric=m)) for m in names}
    said = ", ".join(f"{m} {by[m]:.2f} ({wrong[m]:.0%} turned round)" for m in ranked)
    return [
        f"Rank correlation with people, and pairs that people are sure of and the metric turns round: {said}.",
        f"{ranked[-1]} would have misled most, {ranked[0]} least, if people who see one image at a time are right.",
    ]


def of_pairs(misled: Sequence[Row]) -> list[str]:
    """Whether disagreement is about sources of little diversity, which people cannot see."""
    some = [row for row in misled if row["metric"] not in BLIND]
    unseen = sum(row["people"] in (COPIES, ONE) for row in some)
    return [
        f"In {unseen} of {len(some)} cases the pair turned round most is one in which people prefer real digits of "
        "little diversity, which they cannot see: there it is the people whom one image at a time misleads."
    ] if some else []  # fmt: skip


def of_asking(asked: Sequence[Row]) -> list[str]:
    """Active asking against random asking."""
    found = []
    for error in sorted({row["error"] for row in asked}):
        need = {how: over(asked, "questions", asking=how, error=error) for how in CHOICES}
        ratio = mean(need["at random"]) / mean(need["active"])
        found.append(
            f"With people who err in {error:.0%} a rank correlation of .9 takes {words(need['active'])} questions "
            f"asked actively and {words(need['at random'])} at random: {ratio:.2g} times as many."
        )
    return found


BLIND = ("people who do not look", "numbers drawn at random")


def controls(rows: Sequence[Row]) -> list[str]:
    """People who do not look, and random numbers, must not agree with people."""
    found = []
    for name in BLIND:
        value = mean(over(rows, "correlation", metric=name))
        fails = "as they must" if abs(value) < 0.5 else "WHICH MUST NOT BE"
        found.append(
            f"{name[0].upper()}{name[1:]} agree with people by a rank correlation of {value:.2f}, {fails}."
        )
    return found


METHOD = [
    "Sources: small GANs with R1 and without at three ages, twelve real digits over and over, one class of real ones.",
    "People see what a network sees that was trained on other images to tell real from made; they name the image of "
    "a pair that looks more real, and with a known probability the other one. Strengths are Bradley-Terry's, of 40 "
    "answers about each pair.",
    "A pair counts as turned round where people's strengths differ by more than 1.96 standard errors and the metric "
    "says the opposite.",
    "Asking: questions until the ranks correlate by .9 with those of 400 answers a pair, and stay so for ten more.",
]
NOTE = "Judge's features; every metric so that high is good; people who do not look and random numbers are controls."
