"""What does a large batch gain in a game, and does the gradient noise scale tell it beforehand?

Odena's question of large batches (Distill 2019): in classification the noise scale says up to which batch training
speeds up.  Here the noise scales of both players through training, and the data and seconds until a fixed quality,
batch by batch, with the rate tuned at each on one seed and measured on the others.
"""

import math
from collections.abc import Callable, Sequence

import torch

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.lab.answer import Answer, Row, charts, figures, mean, number, over, series_of, summary, words
from rivalry.lab.batch.noise import noise_of, regression
from rivalry.lab.batch.scaling import GAMES, RATES, batches_of, games_for, until
from rivalry.lab.small import engine_on, play_until
from rivalry.report.question import section, table

QUESTION = "What does a large batch gain in a game, and does gradient noise foretell it?"
LEVEL = {"ring": 0.25, "digits": 0.65}  # root of the energy distance at which the quality counts as reached
LIMIT = 0.15  # of the estimate where the noise scale is known


def answer(
    *,
    quick: bool,
    seeds: int,
    progress: Callable[[str, int, int], None],
    data: str | None = None,
    batches: str | None = None,
) -> Answer:
    """The known case, the noise of both players, and the race of batches."""
    name = data or "ring"
    rows_of = open_data(name)
    wanted = batches_of(batches, (16, 64, 256) if quick else (16, 32, 64, 128, 256, 512), rows_of)
    most, rounds = (20_000, (50, 300)) if quick else (100_000, (50, 200, 800, 3200))
    known = [of_regression(seed) for seed in range(seeds)]
    noise, todo = list[Row](), [(game, seed) for game in games_for(rows_of) for seed in range(seeds)]
    for i, (game, seed) in enumerate(todo):
        progress("noise", i, len(todo))
        noise += through_training(game, rows_of, rounds, seed)
    race, cells = list[Row](), [(game, batch) for game in games_for(rows_of) for batch in wanted]
    for i, (game, batch) in enumerate(cells):
        progress("batches", i, len(cells))
        race += tuned(game, rows_of, batch, LEVEL.get(name, 0.5), most, seeds, quick)
    return in_sentences(known, noise, race, name, seeds, LEVEL.get(name, 0.5))


def of_regression(seed: int) -> Row:
    """Least squares, where the noise scale is known; and the estimate that is known to be biased."""
    game, data, exact = regression(20, 2.0, 200_000, seed)
    norms = noise_of(game, data, small=8, parts=4, draws=1000)["learner"]
    return {"exact": exact, "estimate": norms.scale, "mean of ratios": norms.mean_of_ratios, "seed": seed}


def through_training(name: str, data: Dataset, rounds: Sequence[int], seed: int) -> list[Row]:
    """The noise scale of both players after these rounds, at a batch of 64."""
    torch.manual_seed(seed)
    engine = engine_on(GAMES[name](data.spec, batch=64, lr=1e-3), data, seed)
    rows = []
    for at in rounds:
        play_until(engine, at)
        found = noise_of(engine.game, engine.data, small=16, parts=16, draws=8)
        rows.append(
            {"game": name, "seed": seed, "round": at, **{who: norms.scale for who, norms in found.items()}}
        )
    return rows


def tuned(
    name: str, data: Dataset, batch: int, level: float, most: int, seeds: int, quick: bool
) -> list[Row]:
    """The best rate by seed 1000, which is not counted, and then each seed at that rate."""
    rates = RATES[1:] if quick else RATES
    tries = [until(name, data, batch, lr, level, most, 1000) for lr in rates]
    best = min(tries, key=lambda row: (row["samples"], row["nearest"]))["rate"]
    return [until(name, data, batch, best, level, most, seed) for seed in range(seeds)]


def in_sentences(
    known: list[Row], noise: list[Row], race: list[Row], data: str, seeds: int, level: float
) -> Answer:
    """The answer that follows from the rows."""
    games = list(dict.fromkeys(row["game"] for row in race))
    lines = {
        f"{game}, {who}": series_of(noise, "round", who, game=game)
        for game in games
        for who in ("critic", "generator")
    }
    of = lambda column: {game: series_of(_finite(race), "batch", column, game=game) for game in games}
    shown = figures("Gradient noise scale, in data", lines)
    shown += figures(f"Data until a distance of {level:g}", of("samples"), "batch")
    shown += figures("Seconds until then", of("seconds"), "batch")
    for row in race:
        row["run"] = f"{row['game']}, batch {row['batch']}"
    columns = ("samples", "seconds", "rounds", "rate", "nearest")
    exact = [
        (f"seed {r['seed']}", number(r["exact"]), number(r["estimate"]), number(r["mean of ratios"]))
        for r in known
    ]
    return Answer(
        QUESTION,
        [*of_known(known), *of_noise(noise, games), *of_race(race, games)],
        METHOD,
        controls(known),
        [
            section("Figures", charts(*shown)),
            section("Until the quality, with the best rate", NOTE, summary(race, "run", columns)),
            section(
                "Where the noise scale is known", table(("", "exact", "estimate", "mean of ratios"), exact)
            ),
        ],
        [*race, *({"run": f"noise of {r['game']} at round {r['round']}", **r} for r in noise)],
        "run",
        (*columns, "critic", "generator"),
        f"{data}; level {level:g}; {seeds} seeds",
    )


def of_known(known: Sequence[Row]) -> list[str]:
    """Whether the estimate is right where it can be checked."""
    off = mean([row["estimate"] for row in known]) / known[0]["exact"] - 1
    verdict = "within" if abs(off) <= LIMIT else "NOT WITHIN"
    return [
        f"On least squares, where the noise scale is {known[0]['exact']:.4g}, the estimate is "
        f"{words([row['estimate'] for row in known], '.4g')}: {verdict} {LIMIT:.0%}."
    ]


def of_noise(noise: Sequence[Row], games: Sequence[str]) -> list[str]:
    """Whose gradient is noisier, at the end."""
    found = []
    for game in games:
        last = max((row["round"] for row in noise if row["game"] == game), default=0)
        both = {who: over(noise, who, game=game, round=last) for who in ("critic", "generator")}
        if all(both.values()):
            found.append(
                f"{game}: after {last:,} rounds the noise scale is {words(both['critic'])} of the critic and "
                f"{words(both['generator'])} of the generator."
            )
    return found


def of_race(race: Sequence[Row], games: Sequence[str]) -> list[str]:
    """What each game gains in data from a small batch and in rounds from a large one; who gains most."""
    found, gains = [], {}
    for game in games:
        mine = {
            b: _median(race, "rounds", game, b)
            for b in sorted({r["batch"] for r in race if r["game"] == game})
        }
        there = {b: rounds for b, rounds in mine.items() if rounds < math.inf}
        if len(there) < 2:
            found.append(
                f"{game}: {'only one batch' if there else 'no batch'} reaches the quality within these data."
            )
            continue
        low, high = min(there), max(there)
        data = {b: _median(race, "samples", game, b) for b in there}
        gains[game] = math.log(there[low] / there[high]) / math.log(high / low)
        found.append(
            f"{game}: {high / low:.3g} times the batch ({low} to {high}) needs {there[low] / there[high]:.2g} times "
            f"fewer rounds and {data[high] / data[low]:.2g} times the data; fewest data at a batch of "
            f"{min(data, key=data.__getitem__)}."
        )
    others = [game for game in gains if game != "ot-gan"]
    if "ot-gan" in gains and others:
        best = max(others, key=gains.__getitem__)
        more = "more" if gains["ot-gan"] > gains[best] else "no more"
        found.append(
            f"ot-gan gains {more} from large batches than {best}: its rounds fall as the batch to the "
            f"{-gains['ot-gan']:.2f}, those of {best} to the {-gains[best]:.2f} (−1 would be a perfect speed-up)."
        )
    return found


def controls(known: Sequence[Row]) -> list[str]:
    """The mean of ratios, which must miss what the ratio of means finds."""
    off = [row["mean of ratios"] / row["exact"] - 1 for row in known]
    missed = all(abs(each) > LIMIT for each in off)
    return [
        f"The mean of each draw's own ratio is off by {words(off, '+.0%') if len(off) == 1 else f'{mean(off):+.0%}'} "
        f"on least squares{', so it fails as it must' if missed else ', WHICH IS NOT AS FAR OFF AS IT MUST BE'}."
    ]


METHOD = [
    "The noise scale is tr Σ / |G|² from squared norms of gradients of batches of 16 and of 256 (8 and 32 for "
    "least squares), at fixed weights, for both players.",
    "The race: each game with each batch, the rate of Adam chosen by a seed of its own, and the data drawn until the "
    "root of the energy distance of 500 samples from data is below the level. Seconds are those of the processor.",
]
NOTE = "samples: data drawn until the level was reached; nearest: the least distance that was seen."


def _median(race: Sequence[Row], column: str, game: str, batch: int) -> float:
    values = sorted(row.get(column, math.inf) for row in race if (row["game"], row["batch"]) == (game, batch))
    return values[len(values) // 2]


def _finite(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["samples"] < math.inf]
