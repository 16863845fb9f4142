"""Does a game bear stale gradients, as minimization does?

Odena's question of asynchrony (Distill 2019): a delay of gradients hardly hurts a minimization, and distributed
training of GANs could be asynchronous if games bore it as well.  First where all is known, the Dirac-GAN; then small
games on the ring; then processes that do not wait for each other.
"""

from collections.abc import Callable, Sequence

from rivalry.data import open_data
from rivalry.lab.answer import Answer, Row, charts, figures, mean, over, series_of, summary, words
from rivalry.lab.asynchronous.processes import PENALTY, WAYS, Job, game_of, play
from rivalry.lab.asynchronous.stale import predicted, simulated
from rivalry.lab.small import distance, engine_on, held_out_of, play_until, samples_of
from rivalry.play.dynamics import Stale
from rivalry.report.question import section, table

QUESTION = "Does a game bear stale gradients?"
GAMMAS = (0.0, 0.3, 1.0)
LIMIT = 0.01  # by which the factor of a round may differ from the prediction
WORKERS = 2
SETTINGS = {"width": 32, "batch": 64, "lr": 1e-3}


def answer(
    *, quick: bool, seeds: int, progress: Callable[[str, int, int], None], data: str | None = None
) -> Answer:
    """The Dirac-GAN, a small game with delays, and processes that do not wait."""
    name, rounds, shared = data or "ring", 400 if quick else 6000, 400 if quick else 2000
    delays = (0, 1, 2, 4, 8, 16) if quick else (0, 1, 2, 4, 8, 16, 32, 64)
    exact = dirac(range(0, 7 if quick else 9))
    rows: list[Row] = []
    todo = [(delay, seed) for delay in delays for seed in range(seeds)]
    for i, (delay, seed) in enumerate(todo):
        progress("delays", i, len(todo))
        rows.append(
            {"what": f"delay {delay}", "delay": delay, "seed": seed, **delayed(name, delay, rounds, seed)}
        )
    ways = [(way, seed) for way in WAYS for seed in range(1 if quick else seeds)]
    for i, (way, seed) in enumerate(ways):
        progress("processes", i, len(ways))
        rows.append({"what": way, "seed": seed, **together(name, way, shared, seed)})
    return in_sentences(exact, rows, name, (rounds, shared), seeds)


def dirac(delays: Sequence[int]) -> list[Row]:
    """Prediction and play for each weight of R1 and each delay; nothing is random."""
    return [
        {
            "gamma": gamma,
            "delay": delay,
            "predicted": predicted(gamma, delay),
            "played": simulated(gamma, delay),
        }
        for gamma in GAMMAS
        for delay in delays
    ]


def delayed(data: str, delay: int, rounds: int, seed: int) -> Row:
    """A small game whose every step uses the gradient of `delay` moves before."""
    job, table_of = Job(data, rounds, 1, seed, SETTINGS), open_data(data)
    engine = engine_on(game_of(job), table_of, seed, Stale(delay))
    play_until(engine, rounds)
    return {"from data": distance(samples_of(engine), held_out_of(table_of, seed))}


def together(data: str, way: str, rounds: int, seed: int) -> Row:
    """The same number of rounds by processes."""
    table_of = open_data(data)
    played = play(Job(data, rounds, WORKERS, seed, SETTINGS), way)
    engine = engine_on(played.game, table_of, seed)
    return {
        "from data": distance(samples_of(engine), held_out_of(table_of, seed)),
        "rounds a second": rounds / played.seconds,
        "staleness": played.staleness,
    }


def in_sentences(exact: list[Row], rows: list[Row], data: str, rounds: tuple[int, int], seeds: int) -> Answer:
    """The answer that follows from the rows; `rounds` of the delays and of the processes."""
    lines = {
        f"γ = {g:g}, {how}": series_of(exact, "delay", how, gamma=g)
        for g in GAMMAS[1:]
        for how in ("predicted", "played")
    }
    delays = [row for row in rows if "delay" in row]
    shown = figures("Factor of a round on the Dirac-GAN (stable below 1)", lines, "delay")
    shown += figures(
        f"Distance of samples from {data}", {"stale": series_of(delays, "delay", "from data")}, "delay"
    )
    cells = [
        (
            f"γ = {r['gamma']:g}, delay {r['delay']}",
            f"{r['predicted']:.4f}",
            f"{r['played']:.4f}",
            stable(r["played"]),
        )
        for r in exact
    ]
    columns = ("from data", "rounds a second", "staleness")
    return Answer(
        QUESTION,
        [*of_dirac(exact), *of_delays(delays), *of_processes(rows)],
        METHOD,
        controls(exact),
        [
            section("Figures", charts(*shown)),
            section("A small game, and processes", NOTE, summary(rows, "what", columns)),
            section("The Dirac-GAN", table(("play", "predicted", "played", ""), cells)),
        ],
        [*rows, *({"what": f"Dirac γ={r['gamma']:g} delay {r['delay']}", "seed": 0, **r} for r in exact)],
        "what",
        (*columns, "predicted", "played"),
        f"{data}; {rounds[0]:,} rounds, R1 of {PENALTY:g}; {seeds} seeds; {WORKERS} processes, {rounds[1]:,} rounds, "
        f"with seeds: {len(over(rows, 'from data', what=WAYS[0]))}",
    )


def stable(factor: float) -> str:
    return "stable" if factor < 1 else "not stable"


def of_dirac(exact: Sequence[Row]) -> list[str]:
    """What the eigenvalues say, and whether play agrees."""
    worst = max(abs(r["predicted"] - r["played"]) for r in exact)
    same = all((r["predicted"] < 1) == (r["played"] < 1) for r in exact)
    found = [
        f"On the Dirac-GAN the factor of a round differs from the eigenvalues' by {worst:.1g} at most, over "
        f"{len(exact)} cases; {'every' if same else 'NOT EVERY'} case is stable or not as they say."
    ]
    for gamma in GAMMAS[1:]:
        ok = [r["delay"] for r in exact if r["gamma"] == gamma and r["played"] < 1]
        most = max((r["delay"] for r in exact if r["gamma"] == gamma), default=0)
        upto = (
            f"up to a delay of {max(ok)}" if ok and max(ok) < most else f"at every delay tried, up to {most}"
        )
        found.append(
            f"With R1 of {gamma:g} play converges {upto}." if ok else f"With R1 of {gamma:g} it never does."
        )
    return found


def of_delays(rows: Sequence[Row]) -> list[str]:
    """How a small game bears a delay."""
    by = {d: mean(over(rows, "from data", delay=d)) for d in sorted({row["delay"] for row in rows})}
    if len(by) < 2:
        return []
    hurt = [d for d, value in by.items() if value > 1.5 * by[min(by)]]
    where = f"from a delay of {min(hurt)} on" if hurt else "at no delay that was tried"
    each = ", ".join(f"{value:.2g} at {d}" for d, value in by.items())
    return [f"The small game ends more than half as far again from the data {where} (distance {each})."]


def of_processes(rows: Sequence[Row]) -> list[str]:
    """Speed and quality of each way beside one process."""
    ways = [way for way in WAYS if over(rows, "rounds a second", what=way)]
    found = []
    for way in ways:
        speed, far = over(rows, "rounds a second", what=way), over(rows, "from data", what=way)
        found.append(
            f"{way}: {words(speed)} rounds a second, distance {words(far, '.2g')}, "
            f"staleness {words(over(rows, 'staleness', what=way), '.2g')} rounds."
        )
    if {"synchronous", "shared weights"} <= set(ways):
        speeds = [mean(over(rows, "rounds a second", what=w)) for w in ("synchronous", "shared weights")]
        found.append(
            f"Shared weights play {speeds[1] / speeds[0]:.2g} times the rounds a second of synchronous play."
        )
    return found


def controls(exact: Sequence[Row]) -> list[str]:
    """Without R1, play must not converge at any delay."""
    without = [r for r in exact if r["gamma"] == 0]
    failed = all(r["played"] > 1 for r in without)
    low = min(r["played"] for r in without)
    return [
        f"Without R1 the game has no delay at which it converges: every factor is {low:.4f} or more, "
        f"{'as it must be' if failed else 'BUT ONE IS BELOW 1, so the measure is wrong'}."
    ]


METHOD = [
    "The Dirac-GAN is played by the engine with gradients of τ moves before, simultaneously, from 1e-6 away; the "
    "factor of a round is the slope of the logarithm of the distance over the second half of the play.",
    "The small game is a GAN of perceptrons with Adam; every step uses the gradient of τ moves before.",
    "Processes play the same number of rounds in all, each on its own batches: one alone, two that average gradients, "
    "two that write into the same memory without a lock (Hogwild), and two beside a parameter server. Their seconds "
    "are those of the clock: they mean little where other work takes the cores.",
]
NOTE = "from data: root of the energy distance of 1,000 samples from data; staleness: other workers' rounds in between."
