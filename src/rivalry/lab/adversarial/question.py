"""How far must a fake move for the critic to call it real, and how much of the generator's step is such an attack?

Odena's last question (Distill 2019): can a critic be fooled as classifiers are, and does the generator then learn to
fool it, in place of learning the data?  Small GANs on digits, with nothing, R1, spectral norm, augmentation, and a
critic trained against attacks.  An independent critic and an independent judge tell what an attack changes for others.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.lab.adversarial.measures import PROBES, STEPS, Bystander, look
from rivalry.lab.answer import Answer, Row, charts, figures, mean, over, series_of, summary, words
from rivalry.lab.small import distance, engine_on, held_out_of, play_until, samples_of, small_gan
from rivalry.maths.attack import Scorer
from rivalry.maths.augment import DiffAugment
from rivalry.maths.penalties import r1
from rivalry.maths.robust import robust
from rivalry.metrics.extractors.find import find_extractor
from rivalry.nn.perceptron import PerceptronCritic
from rivalry.report.question import section

QUESTION = "Is the generator an attacker of its critic, and what makes a critic hard to fool?"
REACH = 1.0  # of the attacks that the robust critic is trained against
PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "plain": dict,
    "R1": lambda: {"penalties": [r1(1.0)]},
    "spectral norm": lambda: {"spectral": True},
    "augmentation": lambda: {"augment": DiffAugment()},
    "robust critic": lambda: {"penalties": [robust(reach=REACH)]},
}
WIDTH, LATENT, BATCH, RATE = 64, 16, 64, 1e-3
COLUMNS = (
    "distance L2",
    "distance Linf",
    "reached by noise",
    "transfer",
    "cosine",
    "accidental",
    "features moved",
    "features moved by the step",
    "from data",
)


def answer(
    *,
    quick: bool,
    seeds: int,
    progress: Callable[[str, int, int], None],
    treatments: Sequence[str] = tuple(PARTS),
) -> Answer:
    """Train each treatment with each seed and look several times."""
    data, test = open_data("digits"), open_data("digits", "test")
    extractor = find_extractor("judge", data.spec, data)
    features = lambda x: extractor.network.eval()(x)[0]
    rounds = (100, 200, 400) if quick else (200, 500, 1500)
    rows: list[Row] = []
    todo = [(name, seed) for name in treatments for seed in range(seeds)]
    for i, (name, seed) in enumerate(todo):
        progress("attacks", i, len(todo))
        rows += trained(name, data, test, rounds, features, seed)
    return in_sentences(rows, rounds, seeds)


def trained(
    name: str, data: Dataset, test: Dataset, rounds: Sequence[int], features: Scorer, seed: int
) -> list[Row]:
    """One training, looked at after these rounds."""
    torch.manual_seed(seed)
    game = small_gan(data.spec, latent=LATENT, width=WIDTH, lr=RATE, batch=BATCH, **PARTS[name]())
    bystander = Bystander(PerceptronCritic(data.spec.shape, width=WIDTH, depth=2), data, BATCH, RATE, seed)
    engine = engine_on(game, data, seed)
    engine.callbacks = [bystander]
    held_out, rows = held_out_of(test, n=len(test)), []
    for at in rounds:
        play_until(engine, at - STEPS)
        found = look(engine, game, bystander, features, seed)
        found["from data"] = distance(samples_of(engine, len(held_out)), held_out)
        rows.append({"critic": name, "seed": seed, "round": at, **found})
    return rows


def in_sentences(rows: list[Row], rounds: Sequence[int], seeds: int) -> Answer:
    """The answer that follows from the rows."""
    last = [row for row in rows if row["round"] == rounds[-1]]
    lines = lambda column: {name: series_of(rows, "round", column, critic=name) for name in _names(rows)}
    drawn = [
        figure
        for title, column in (
            ("Distance of a fake from being called real, L2", "distance L2"),
            ("The same, L∞", "distance Linf"),
            ("Cosine of the generator's step with the attack", "cosine"),
            ("What an attack gains on a critic trained apart, of its gain", "transfer"),
            ("Share of steps up that an independent critic does not confirm", "accidental"),
            ("Distance of samples from held-out digits", "from data"),
        )
        for figure in figures(title, lines(column))
    ]
    return Answer(
        QUESTION,
        conclusions(last),
        METHOD,
        controls(last),
        [
            section("At the end", NOTE, summary(last, "critic", COLUMNS)),
            section("Through training", charts(*drawn)),
        ],
        last,
        "critic",
        COLUMNS,
        f"digits, 8 x 8; perceptrons of {WIDTH} units; {rounds[-1]:,} rounds; {seeds} seeds",
    )


def conclusions(last: Sequence[Row]) -> list[str]:
    """Sentences made from the numbers at the end of training."""
    names = _names(last)
    of = lambda column, name: over(last, column, critic=name)
    by = {name: mean(of("distance L2", name)) for name in names}
    near, far = min(names, key=by.__getitem__), max(names, key=by.__getitem__)
    found = [
        f"A fake moves {words(of('distance L2', near))} in L2 until the critic that is easiest to fool ({near}) calls "
        f"it real, and {words(of('distance L2', far))} for the hardest ({far}); an image of 64 pixels in [-1, 1] is 16 "
        "long at most."
    ]
    found += [_of_step(name, of) for name in names]
    accidents = {name: mean(of("accidental", name)) for name in names}
    most, least = max(names, key=accidents.__getitem__), min(names, key=accidents.__getitem__)
    range_of = f"{accidents[least]:.0%} ({least}) to {accidents[most]:.0%} ({most})"
    found.append(
        "Accidental attacks: of the steps that raise the critic's score, an independent critic does not confirm "
        f"{range_of if accidents[most] > accidents[least] else f'{accidents[most]:.0%} with every critic'}."
    )
    if "plain" in names:
        times = {n: by[n] / by["plain"] for n in names if by[n] > by["plain"]}
        harder = ", ".join(f"{n} ({ratio:.2g} times the distance)" for n, ratio in times.items()) or "none"
        found.append(f"Harder to fool than the plain critic: {harder}.")
        away = {n: mean(of("from data", n)) for n in names}
        worse = [
            f"{n} ({away[n]:.2g}; plain {away['plain']:.2g})" for n in times if away[n] > 1.2 * away["plain"]
        ]
        if worse:
            found.append(
                f"A fake that is far from the data has farther to go: samples of {', '.join(worse)} are farther from "
                "held-out digits, so that the critic's hardness and the fakes' badness cannot be told apart there."
            )
    return found


def _of_step(name: str, of: Callable[[str, str], list[float]]) -> str:
    cosine, other = mean(of("cosine", name)), mean(of("cosine with another's attack", name))
    own = "more than" if cosine > other + 0.02 else "no more than"
    return (
        f"{name}: the generator's step has a cosine of {words(of('cosine', name), '.2f')} with the attack of the same "
        f"length, {own} with the attack on another image ({other:.2f}; with noise "
        f"{mean(of('cosine with noise', name)):.2f}). An attack gains {words(of('transfer', name), '.2f')} times as "
        "much on a critic trained apart."
    )


def controls(last: Sequence[Row]) -> list[str]:
    """A random change of the attack's length must not fool the critic."""
    attack, noise = mean(over(last, "reached")), mean(over(last, "reached by noise"))
    failed = (
        "so the attack is no matter of its length" if noise < attack / 2 else "SO THE ATTACK TELLS NOTHING"
    )
    return [
        f"A change in a random direction, as long as the attack that makes the critic call {attack:.0%} of the fakes "
        f"real, does so for {noise:.0%}: {failed}."
    ]


METHOD = [
    f"{PROBES} fakes are moved by projected gradient ascent (10 steps) to the score of 0, at which the critic is "
    "undecided; the least length that reaches it is found by bisection, in L2 and in L∞.",
    "The generator's own step is the change of the same fakes by one turn of the generator; its cosine is taken with "
    "the attack of the same length, with the attack on another image, and with noise.",
    "A critic trained apart sees the same data and fakes under R1, and the generator never sees it. The judge is a "
    "classifier of real digits; its features are counted in units of their spread, for each unit that a fake moves.",
]
NOTE = (
    "distance: median over fakes; reached by noise: fakes called real after a random change of the attack's length; "
    "transfer: the gain on the critic apart, as a share of that on the critic; from data: root of the energy distance."
)


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["critic"] for row in rows))
