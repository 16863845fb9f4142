"""How many modes a generator finds, with a critic of one sample and of two: table 1 of PacGAN.

    python benchmarks/modes.py [--data ring|grid] [--jobs 6] [--threads 2] [--device cpu] [--minutes 9]

(Lin et al. 2017, arXiv 1712.04086; its code fjxmlzn/PacGAN.)  The recipe of the same name of our `pacgan`, with
pack = 1, the table's GAN, and pack = 2, its PacGAN2: 50,000 rounds a run where the paper has 400,000; 2,500 samples
by the last generator, in evaluation mode as there.  A mode counts with one sample within 3 deviations.

"reverse KL" counts every sample for its nearest mode; "of good" counts only those within 3 deviations, as the
paper's code does.  The results so far are written after every 5,000 rounds of every run, to
benchmarks/results/modes-<data>.json and .md.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from itertools import product
from pathlib import Path
from queue import Empty
from typing import Any

from certificate import certificate

RESULTS = Path(__file__).parent / "results"
EVERY = 5000  # rounds from one look at the modes to the next
SAMPLES = 2500

# mean ± standard error of 10 trials: modes, share of high quality, reverse KL (table 1, arXiv 1712.04086)
PAPER = {
    ("ring", 1): ("6.3 ± 0.5", "98.2 ± 0.2 %", "0.45 ± 0.09"),
    ("ring", 2): ("7.9 ± 0.1", "95.6 ± 2.0 %", "0.07 ± 0.03"),
    ("grid", 1): ("17.3 ± 0.8", "94.8 ± 0.7 %", "0.70 ± 0.07"),
    ("grid", 2): ("23.8 ± 0.7", "91.3 ± 0.8 %", "0.13 ± 0.04"),
}

Row = dict[str, Any]


def main() -> None:
    options = parse()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)  # before a child imports torch
    provenance = certificate(options.device)
    context = multiprocessing.get_context("spawn")
    rows = context.Queue()
    waiting = list(product(options.seeds, options.packs))
    running: dict[tuple[int, int], Any] = {}
    known: dict[tuple[int, int], list[Row]] = {}
    while waiting or running:
        while waiting and len(running) < options.jobs:
            seed, pack = task = waiting.pop(0)
            running[task] = context.Process(target=one, args=(seed, pack, options, rows))
            running[task].start()
        try:
            row = rows.get(timeout=5)
        except Empty:
            for task in [task for task, process in running.items() if not process.is_alive()]:
                print(
                    f"seed {task[0]}, pack {task[1]} ended with status {running.pop(task).exitcode}",
                    flush=True,
                )
            continue
        task = row["seed"], row["pack"]
        known.setdefault(task, []).append(row)
        write(known, provenance, options)
        print(json.dumps(row), flush=True)
        if row["done"] and task in running:
            running.pop(task).join()
    print((RESULTS / f"{options.name}.md").read_text())


def one(seed: int, pack: int, options: argparse.Namespace, rows: Any) -> None:
    """Play one run in this process; a row after every 5,000 rounds and at the end."""
    import torch

    from rivalry.data import open_data
    from rivalry.data.source import TableSource
    from rivalry.games.image.pacgan import RECIPES, pacgan
    from rivalry.play.engine import Engine
    from rivalry.play.goal import Goal

    torch.set_num_threads(options.threads)
    torch.manual_seed(seed)
    dataset = open_data(options.data).to(options.device)
    recipe = {k: v for k, v in RECIPES["pacgan"][options.data].items() if k not in ("data", "rounds", "pack")}
    game = pacgan(dataset.spec, pack=pack, **recipe)
    source = TableSource(dataset, batch=game.batch, seed=seed, device=options.device)
    engine = Engine(game, source, seed=seed, device=options.device)
    begun = time.process_time()

    def report(done: bool) -> None:
        cost = {
            "ms/round": 1000 * engine.seconds / engine.t,
            "cpu ms/round": 1000 * (time.process_time() - begun) / engine.t,
        }
        rows.put(
            {"seed": seed, "pack": pack, "rounds": engine.t, "done": done, **scores(engine, dataset), **cost}
        )

    def look(engine: Engine, moves: object) -> None:
        if engine.seconds > 60 * options.minutes:
            engine.stopping = "out of time"
        elif engine.t % EVERY == 0 and engine.t < options.rounds:
            report(done=False)

    engine.callbacks.append(look)
    engine.play(Goal(rounds=options.rounds))
    report(done=True)


def scores(engine: Any, dataset: Any) -> Row:
    """Coverage by 2,500 samples of the generator as it is."""
    import torch

    from rivalry.metrics.points.modes import modes, reverse_kl

    truth = dataset.facts["modes"]
    with engine.evaluating(seed=1) as game:
        fake = game.sample(SAMPLES).cpu()
    found, good, divergence = modes(fake, truth.centers, truth.std)
    hits = torch.tensor(found.details["hits"])
    return {
        "modes": int(found.value),
        "high-quality": good.value,
        "reverse-kl": divergence.value,
        "reverse-kl of good": reverse_kl(hits) if hits.any() else None,
        "hits": hits.tolist(),
    }


def write(known: dict[tuple[int, int], list[Row]], provenance: Row, options: argparse.Namespace) -> None:
    """Record every row, and the last one of each run next to the paper's table."""
    RESULTS.mkdir(exist_ok=True)
    protocol = {
        "data": options.data,
        "rounds": options.rounds,
        "samples": SAMPLES,
        "threads": options.threads,
    }
    runs = [row for task in sorted(known) for row in known[task]]
    record = {
        "certificate": provenance,
        "protocol": protocol,
        "paper": {str(k): v for k, v in PAPER.items()},
        "runs": runs,
    }
    (RESULTS / f"{options.name}.json").write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / f"{options.name}.md").write_text(page(known, provenance, options))


def page(known: dict[tuple[int, int], list[Row]], provenance: Row, options: argparse.Namespace) -> str:
    lines = [f"# Modes found on {options.data}", ""]
    lines += ["| | modes | high quality | reverse KL | of good | rounds |", "|---|---|---|---|---|---|"]
    for pack in options.packs:
        last = [rows[-1] for (_, its), rows in sorted(known.items()) if its == pack]
        lines += [
            f"| {options.data}, pack {pack}, seed {row['seed']} | {cells(row)} | {row['rounds']:,} |"
            for row in last
        ]
        if len(last) > 1:
            mean = [spread([row[name] for row in last if row[name] is not None], k) for name, k in COLUMNS]
            lines.append(f"| **pack {pack}, mean ± s.e. of {len(last)} seeds** | {' | '.join(mean)} | |")
        modes, good, divergence = PAPER[options.data, pack]
        lines.append(
            f"| PacGAN, table 1 (400,000 rounds, 10 trials) | {modes} | {good} | | {divergence} | 400,000 |"
        )
    costs = [rows[-1]["ms/round"] for rows in known.values()]
    lines += [
        "",
        f"{min(costs):.1f} to {max(costs):.1f} ms a round; threads: {options.threads}, runs at once: {options.jobs}.",
    ]
    return "\n".join([*lines, "", *[f"- {name}: `{value}`" for name, value in provenance.items()]]) + "\n"


COLUMNS = (("modes", 1), ("high-quality", 100), ("reverse-kl", 1), ("reverse-kl of good", 1))


def cells(row: Row) -> str:
    texts = [f"{k * row[name]:.3g}" if row[name] is not None else "none" for name, k in COLUMNS]
    return " | ".join([texts[0], texts[1] + " %", *texts[2:]])


def spread(values: list[float], times: float) -> str:
    """Mean ± standard error of the mean; no error of a single value."""
    if not values:
        return "none"
    mean = times * statistics.mean(values)
    error = times * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return f"{mean:.3g} ± {error:.2g}" + (" %" if times == 100 else "")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", choices=("ring", "grid"), default="ring")
    parser.add_argument("--packs", type=int, nargs="+", default=[1, 2], choices=(1, 2))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=50_000)
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="a run that takes longer ends there"
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs at once, each in its own process")
    parser.add_argument("--threads", type=int, default=1, help="of each run")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--name", help="of the files in benchmarks/results; modes-<data> where not given")
    options = parser.parse_args()
    options.name = options.name or f"modes-{options.data}"
    return options


if __name__ == "__main__":
    main()
