"""Two critics on two parallel lines, |θ| apart.

    python benchmarks/parallel_lines.py [--seeds 5] [--rounds 1500]

(Arjovsky, Chintala & Bottou 2017, arXiv 1701.07875, example 1: W₁ = |θ|, JSD = log 2.)  The critic of `wgan-gp` is
trained without a generator and asked for W₁ and for the generator's gradient, with the paper's penalty of 10 and with
20, whose known bias θ²/2λ is half as large; then the critic of `gan`, asked for the Jensen-Shannon divergence and for
the gradient of the minimax generator.  Width 32, Adam at 1e-3, batch 64 (gan: 100), 10,000 fresh points on each line.

Writes benchmarks/results/parallel-lines.json and .md.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from math import log
from pathlib import Path
from typing import Any

import torch
from certificate import certificate

from rivalry.lab.parallel_lines import Finding, jensen_shannon_finding, wasserstein_finding

RESULTS = Path(__file__).parent / "results"
LINES = (0.1, 0.5, 1.0)
PENALTIES = (10.0, 20.0)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=1500)
    options = parser.parse_args()
    torch.set_num_threads(1)
    provenance = certificate()
    rows: list[dict[str, Any]] = []
    for theta in LINES:
        for weight in PENALTIES:
            find = lambda seed: wasserstein_finding(theta, seed=seed, rounds=options.rounds, penalty=weight)  # noqa: B023
            expected = {"exact": theta, "at the best critic": theta * (1 + theta / (2 * weight))}
            rows.append(row("W₁", theta, find, options.seeds, {"penalty": weight, **expected}))
        find = lambda seed: jensen_shannon_finding(theta, seed=seed, rounds=options.rounds)  # noqa: B023
        rows.append(row("JSD", theta, find, options.seeds, {"exact": log(2), "at the best critic": log(2)}))
    RESULTS.mkdir(exist_ok=True)
    record = {"certificate": provenance, "rounds": options.rounds, "rows": rows}
    (RESULTS / "parallel-lines.json").write_text(json.dumps(record, indent=1) + "\n")
    (RESULTS / "parallel-lines.md").write_text(page(rows, provenance))
    print((RESULTS / "parallel-lines.md").read_text())


def row(
    what: str, theta: float, find: Callable[[int], Finding], seeds: int, given: dict[str, float]
) -> dict[str, Any]:
    found = [find(seed) for seed in range(seeds)]
    distances, pulls = [f.distance for f in found], [f.pull for f in found]
    print(what, theta, given, distances, pulls, flush=True)
    return {"what": what, "theta": theta, **given, "distances": distances, "gradients": pulls}


def page(rows: list[dict[str, Any]], provenance: dict[str, Any]) -> str:
    lines = [
        "# Two parallel lines",
        "",
        "Mean ± standard deviation over seeds; the largest error is of one seed.",
        "",
        "| | θ | λ | exact | at the best critic | estimate | largest error | generator's gradient |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        worst = max(abs(d - r["exact"]) for d in r["distances"])
        cells = [
            r["what"],
            r["theta"],
            r.get("penalty", ""),
            f"{r['exact']:.4g}",
            f"{r['at the best critic']:.4g}",
        ]
        cells += [spread(r["distances"]), f"{worst:.2g}", spread(r["gradients"])]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join([*lines, "", *[f"- {name}: `{value}`" for name, value in provenance.items()]]) + "\n"


def spread(values: list[float]) -> str:
    error = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.4g} ± {error:.2g}"


if __name__ == "__main__":
    main()
