"""When does a GAN converge?  Where it is known, and what the eigenvalues of small real games say of playing on.

Odena's question of convergence (Distill 2019).  The literature has answered for simple games (Mescheder et al. 2018;
Feizi et al. 2017); here those answers are played, and the same linear analysis is made of small games on real data at
the end of training, by a Krylov method, and held against playing on.  Then two ways that are said to help: wider
networks, and mixtures of generators.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import torch

from rivalry.data import open_data
from rivalry.data.source import TableSource
from rivalry.lab.answer import Answer, Row, charts, figures, mean, over, series_of, summary, words
from rivalry.lab.convergence.lqg import FLOOR, LAMBDA, RANK, play
from rivalry.lab.convergence.mixture import Mixture, gap
from rivalry.lab.convergence.played_on import parting
from rivalry.lab.convergence.spectrum import PLAYS, STEPS, FixedGame, Jacobian, eigenvalues, fastest, worst
from rivalry.lab.small import distance, engine_on, held_out_of, play_until, samples_of, small_gan
from rivalry.maths.penalties import r1
from rivalry.report.question import section

QUESTION = "When does a GAN converge, and do its eigenvalues foretell it?"
STARTS = 100
DATA: dict[str, dict[str, Any]] = {"ring": {"latent": 4, "width": 16}, "digits": {"latent": 8, "width": 24}}
PENALTIES = {"with R1": (1.0,), "without": ()}
WEIGHT = 0.1  # of consensus
ON = 10  # rounds that are played on


def answer(*, quick: bool, seeds: int, progress: Callable[[str, int, int], None]) -> Answer:
    """LQG, the spectra, widths, mixtures."""
    rounds = 1500 if quick else 6000
    solved = [play(STARTS, seed, rounds) for seed in range(1 if quick else seeds)]
    control = play(STARTS, 0, rounds // 5, critic=False)
    lqg = [
        {"what": f"LQG, {name}", "seed": seed, "angle": float(a), "residual": float(r)}
        for name, some in (("played", solved), ("the critic held", [control]))
        for seed, one in enumerate(some)
        for a, r in [(one.angle.max(), (one.residual - 1).abs().max())]
    ]
    spectra, todo = list[Row](), [(d, p, s) for d in DATA for p in PENALTIES for s in range(seeds)]
    todo = [one for one in todo if one[2] == 0 or one[0] == "ring" or not quick]
    for i, (data, penalties, seed) in enumerate(todo):
        progress("spectra", i, len(todo))
        spectra += at_the_end(data, penalties, seed, 400 if quick else 4000)
    widths = (4, 16, 64) if quick else (4, 8, 16, 32, 64, 128, 256)
    wide, each = list[Row](), [(w, s) for w in widths for s in range(seeds)]
    for i, (width, seed) in enumerate(each):
        progress("widths", i, len(each))
        wide.append(of_width(width, seed, 400 if quick else 5000))
    mixed, ks = list[Row](), [(k, s) for k in (1, 4) for s in range(seeds)]
    for i, (k, seed) in enumerate(ks):
        progress("mixtures", i, len(ks))
        mixed.append(of_mixture(k, seed, 300 if quick else 4000, 80 if quick else 500))
    return in_sentences(lqg, spectra, wide, mixed, seeds)


def at_the_end(data: str, penalties: str, seed: int, rounds: int) -> list[Row]:
    """Train a small game, look at its Jacobian on one batch, and play on in every way at two step sizes."""
    table = open_data(data)
    torch.manual_seed(seed)
    game = small_gan(table.spec, batch=64, penalties=[r1(w) for w in PENALTIES[penalties]], **DATA[data])
    engine = engine_on(game, table, seed)
    play_until(engine, rounds)
    real, z = (
        table.rows(slice(0, 128)),
        torch.randn(128, DATA[data]["latent"], generator=torch.Generator().manual_seed(seed)),
    )
    jacobian = Jacobian(FixedGame(game, real, z, step=0.1))
    found = eigenvalues(jacobian.times, jacobian.size, STEPS)
    scale, base = float(abs(found).max()), {"data": data, "penalty": penalties, "seed": seed}
    rows: list[Row] = [
        {
            **base,
            "what": f"{data} {penalties}: spectrum",
            "largest": scale,
            "least real part": float(worst(found.tolist()).real),
            "turn": float(max(abs(v.imag) / max(abs(v), 1e-12) for v in found if abs(v) > scale / 10)),
            "field": float(jacobian.field.detach().norm()),
        }
    ]
    for share in (0.5, 3.0):
        for way in PLAYS if share < 1 else PLAYS[:1]:
            step = share / scale
            weight = WEIGHT / scale
            predicted, change = fastest(way, jacobian, step, weight)
            play = partial(parting, way, game, real, z, table, change, step=step, weight=weight)
            what = f"{data} {penalties}: {way}, step {share:g} / largest"
            told = {"predicted": predicted, "first": play(rounds=1), "played": play(rounds=ON)}
            rows.append({**base, "what": what, "way": way, "share": share, **told})
    return rows


def of_width(width: int, seed: int, rounds: int) -> Row:
    """The distance of samples from the ring after training at this width."""
    table = open_data("ring")
    torch.manual_seed(seed)
    game = small_gan(table.spec, width=width, batch=64, lr=3e-3, penalties=[r1(0.1)])
    engine = engine_on(game, table, seed)
    play_until(engine, rounds)
    return {
        "what": f"width {width}",
        "width": width,
        "seed": seed,
        "from data": distance(samples_of(engine), held_out_of(table, seed)),
    }


def of_mixture(k: int, seed: int, rounds: int, answers: int) -> Row:
    """k generators against k critics: distance from the ring, duality gap, seconds and parameters."""
    table = open_data("ring")
    torch.manual_seed(seed)
    game = Mixture(table.spec, k, width=32, latent=4, batch=64, lr=1e-3, rate=0.05)
    engine = engine_on(game, table, seed)
    began = time.process_time()
    play_until(engine, rounds)
    spent = time.process_time() - began
    open_gap = gap(game, TableSource(table, seed=seed + 1), answers)
    with engine.evaluating():
        x = game.sample(1000)
    return {
        "what": f"mixture of {k}",
        "k": k,
        "seed": seed,
        "from data": distance(x, held_out_of(table, seed)),
        "gap": open_gap,
        "seconds": spent,
        "parameters": float(sum(p.numel() for p in game.parameters())),
    }


def in_sentences(lqg: list[Row], spectra: list[Row], wide: list[Row], mixed: list[Row], seeds: int) -> Answer:
    """The answer that follows from the rows."""
    plays = [row for row in spectra if "way" in row]
    lines = {"final distance": series_of(wide, "width", "from data")}
    columns = (
        "angle",
        "residual",
        "largest",
        "least real part",
        "predicted",
        "first",
        "played",
        "from data",
        "gap",
        "seconds",
        "parameters",
    )
    rows = [*lqg, *spectra, *wide, *mixed]
    parts = (
        ("LQG: the worst of 100 starts", lqg, ("angle", "residual")),
        (
            "Spectra at the end",
            [r for r in spectra if "largest" in r],
            ("largest", "least real part", "turn", "field"),
        ),
        ("Factor of a round: foretold and played on", plays, ("predicted", "first", "played")),
        ("Width", wide, ("from data",)),
        ("Mixtures", mixed, ("from data", "gap", "seconds", "parameters")),
    )
    tables = [section(title, summary(some, "what", which)) for title, some, which in parts]
    shown = section("Figure", charts(*figures("Distance from the ring against width", lines, "width")))
    return Answer(
        QUESTION,
        [*of_lqg(lqg), *of_spectra(spectra), *of_plays(plays), *of_widths(wide), *of_mixtures(mixed)],
        METHOD,
        controls(lqg, plays),
        [shown, *tables],
        rows,
        "what",
        columns,
        f"LQG with d = {len(LAMBDA)}, r = {RANK}; ring and digits; {seeds} seeds, of digits one with --quick",
    )


def of_lqg(rows: Sequence[Row]) -> list[str]:
    angle, off = max(over(rows, "angle", what="LQG, played")), max(over(rows, "residual", what="LQG, played"))
    verdict = (
        "every start reaches the principal components"
        if angle <= 5 and off <= 0.05
        else "NOT EVERY START DOES"
    )
    return [
        f"LQG: of {STARTS} starts the worst ends {angle:.2g}° from the principal components, its residual {off:.1%} "
        f"from the sum of the discarded eigenvalues: {verdict} (5°, 5 %)."
    ]


def of_spectra(rows: Sequence[Row]) -> list[str]:
    found = []
    for data in DATA:
        low = {p: mean(over(rows, "least real part", data=data, penalty=p)) for p in PENALTIES}
        large = {p: mean(over(rows, "largest", data=data, penalty=p)) for p in PENALTIES}
        found.append(
            f"{data}: the largest eigenvalue of the Jacobian is {large['with R1']:.3g} with R1 and "
            f"{large['without']:.3g} without; the least real part {low['with R1']:.2g} and {low['without']:.2g}, where "
            "below 0 means that no step size makes gradient play stable."
        )
    return found


def of_plays(plays: Sequence[Row]) -> list[str]:
    small = [row for row in plays if row["share"] < 1]
    off = {
        when: median([abs(row["predicted"] - row[when]) for row in small if row[when] < float("inf")])
        for when in ("first", "played")
    }
    agree = sum((row["predicted"] > 1.002) == (row["played"] > 1.002) for row in small)
    best = {way: mean([row["predicted"] for row in small if row["way"] == way]) for way in PLAYS}
    order = ", ".join(f"{way} {best[way]:.4f}" for way in sorted(best, key=best.__getitem__))
    return [
        f"The factor of a round that the Jacobian foretells differs from the one played by {off['first']:.1g} in the "
        f"first round and by {off['played']:.1g} over {ON}, in the median of {len(small)} plays: the weights move on, "
        f"and the Jacobian with them. Over {ON} rounds it says rightly in {agree} of {len(small)} plays whether they "
        "part (by more than 0.002 a round).",
        f"Foretold at half of the inverse of the largest eigenvalue, means over games: {order}.",
    ]


def of_widths(wide: Sequence[Row]) -> list[str]:
    by = {w: mean(over(wide, "from data", width=w)) for w in sorted({row["width"] for row in wide})}
    best, widest = min(by, key=by.__getitem__), max(by)
    helps = (
        "wider is better throughout"
        if list(by.values()) == sorted(by.values(), reverse=True)
        else "not throughout"
    )
    return [
        f"Width: the distance from the ring is {by[min(by)]:.2g} at {min(by)} units and {by[widest]:.2g} at {widest}; "
        f"the least, {by[best]:.2g}, at {best}: {helps}."
    ]


def of_mixtures(mixed: Sequence[Row]) -> list[str]:
    get = lambda column, k: over(mixed, column, k=k)
    ratio = mean(get("seconds", 4)) / mean(get("seconds", 1))
    return [
        f"Four generators against four critics leave a duality gap of {words(get('gap', 4), '.2g')}, one against one "
        f"{words(get('gap', 1), '.2g')}; the distance from the ring is {words(get('from data', 4), '.2g')} and "
        f"{words(get('from data', 1), '.2g')}, for {ratio:.2g} times the seconds and 4 times the parameters."
    ]


def controls(lqg: Sequence[Row], plays: Sequence[Row]) -> list[str]:
    """A critic that does not move must not lead to the components; a step three times too long must part plays."""
    angle = max(over(lqg, "angle", what="LQG, the critic held"))
    long = [row for row in plays if row["share"] > 1]
    parts, later = (sum(row[when] > 1.002 for row in long) for when in ("first", "played"))
    return [
        f"LQG with a critic that stays as it was ends {angle:.0f}° away"
        f"{', as it must' if angle > 5 else ', WHICH IT MUST NOT'}.",
        f"With a step of three times the inverse of the largest eigenvalue, plays part in the first round in {parts} "
        f"of {len(long)} games{', as they must' if parts == len(long) else ', AND MUST IN ALL'}; over {ON} rounds, "
        f"which carry the weights far from where the Jacobian was taken, in {later}.",
    ]


METHOD = [
    f"LQG is played from {STARTS} starts with expectations in closed form; the critic's matrix is at least {FLOOR:g}.",
    "Small games of perceptrons are trained with Adam and then frozen to one batch, in float64. Eigenvalues of the "
    "Jacobian of both players' gradients, and of one round of each play, are found by Arnoldi's method with products "
    "alone.",
    "Played on: two plays begin 1e-7 apart, along the change that the Jacobian says grows fastest; the factor by "
    f"which they part in a round is taken over {ON} rounds, or until they are 1e-2 apart.",
    "The duality gap is that of answers found by training, and so at most the true one.",
]
