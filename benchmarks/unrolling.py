"""The gain from unrolling the critic's steps: modes of the ring found by `unrolled` with k = 0 and with k = 5.

    python benchmarks/unrolling.py [--rounds 2000] [--looks 4] [--seeds 0 1 2] [--foreseen 0 5]

(Metz et al. 2016, arXiv 1611.02163, section 3.1: without unrolling the generator goes from one of the eight modes to
the next.)  Perceptrons of 128 units, the game's defaults else.  The last moment alone does not tell of a generator that
goes from mode to mode: each run is looked at several times, evenly spread over its rounds, by 2,500 samples each time.

"reverse KL" counts every sample for its nearest mode: 0 where all get their share, log 8 = 2.08 where one gets all.  A
sample is of high quality within 3 deviations of a mode.  Where hardly any is, modes and reverse KL mean little.

Writes benchmarks/results/unrolling.json and .md.
"""

import argparse
import json
import math
import statistics
from pathlib import Path
from typing import Any

import torch
from certificate import certificate
from record import in_words

from rivalry.data import open_data
from rivalry.data.source import Dataset, TableSource
from rivalry.games.image.unrolled import unrolled
from rivalry.metrics.points.modes import modes
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal

RESULTS = Path(__file__).parent / "results"
SAMPLES = 2500
Row = dict[str, Any]


def main() -> None:
    options, provenance, rows = parse(), certificate("cpu"), []
    torch.set_num_threads(1)
    for seed in options.seeds:
        for steps in options.foreseen:
            rows.append(one(seed, steps, options.rounds, options.looks))
            print(json.dumps(rows[-1]), flush=True)
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / "unrolling.json").write_text(
                json.dumps({"certificate": provenance, "runs": rows}, indent=1) + "\n"
            )
            (RESULTS / "unrolling.md").write_text(page(rows, provenance))


def one(seed: int, steps: int, rounds: int, looks: int) -> Row:
    """Play one run and look at its modes several times."""
    torch.manual_seed(seed)
    data = open_data("ring")
    game = unrolled(data.spec, steps=steps, width=128)
    engine = Engine(game, TableSource(data, batch=game.batch, seed=seed), seed=seed)
    seen = [look(engine, data, rounds * (i + 1) // looks) for i in range(looks)]
    return {
        "seed": seed,
        "foreseen": steps,
        "rounds": rounds,
        **{name: statistics.mean(s[name] for s in seen) for name in ("modes", "high-quality", "reverse-kl")},
        "looks": seen,
        "ms/round": 1000 * engine.seconds / engine.t,
    }


def look(engine: Engine, data: Dataset, rounds: int) -> Row:
    """Play up to this round, and look at the modes."""
    engine.play(Goal(rounds=rounds))
    truth = data.facts["modes"]
    with engine.evaluating(seed=1) as still:
        found, good, divergence = modes(still.sample(SAMPLES), truth.centers, truth.std)
    return {
        "round": rounds,
        "modes": int(found.value),
        "high-quality": good.value,
        "reverse-kl": divergence.value,
        "hits": found.details["hits"],
    }


def page(rows: list[Row], provenance: Row) -> str:
    lines = ["# Modes of the ring, by the critic's answers foreseen", ""]
    lines += ["| foreseen | seed | modes at each look | high quality | reverse KL | rounds | ms/round |"]
    lines += ["|---" * 7 + "|"]
    for steps in dict.fromkeys(row["foreseen"] for row in rows):
        mine = [row for row in rows if row["foreseen"] == steps]
        lines += [line(row) for row in mine]
        means = [in_words([row[name] for row in mine]) for name in ("modes", "high-quality", "reverse-kl")]
        lines.append(f"| **{steps}** | mean ± deviation of {len(mine)} | " + " | ".join(means) + " | | |")
    says = f"- {SAMPLES:,} samples a look; quality and reverse KL of a run are means over its looks"
    return (
        "\n".join(
            [*lines, "", says, control(), *[f"- {name}: `{value}`" for name, value in provenance.items()]]
        )
        + "\n"
    )


def control() -> str:
    """What points score that know the circle and nothing of the modes on it."""
    truth, chance = open_data("ring").facts["modes"], torch.Generator().manual_seed(0)
    angle = 2 * math.pi * torch.rand(SAMPLES, generator=chance)
    radius = truth.centers.norm(dim=1).mean() * (1 + 0.05 * torch.randn(SAMPLES, generator=chance))
    circle = radius[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    found, good, divergence = modes(circle, truth.centers, truth.std)
    return (
        "- control: points spread evenly over a circle through the modes, the radius ± 5 %, score "
        f"{found.value:g} modes, {good.value:.1%}, {divergence.value:.3f}; "
        "near these, a generator has spread and no modes"
    )


def line(row: Row) -> str:
    counts = ", ".join(str(seen["modes"]) for seen in row["looks"])
    return (
        f"| {row['foreseen']} | {row['seed']} | {counts} | {row['high-quality']:.1%} | {row['reverse-kl']:.3f} "
        f"| {row['rounds']:,} | {row['ms/round']:.1f} |"
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--looks", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--foreseen", type=int, nargs="+", default=[0, 5])
    return parser.parse_args()


if __name__ == "__main__":
    main()
