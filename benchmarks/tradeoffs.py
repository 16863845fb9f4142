"""`rivalry lab tradeoffs` with its numbers kept: one model of each kind, trained for the same seconds of one core.

    python benchmarks/tradeoffs.py [--data mnist] [--seconds 120] [--families dcgan vae] [--seeds 0]

Writes benchmarks/results/tradeoffs-<data>.json and .md: of each model what it is, its scores at the end, its seconds of
1,000 samples at the sides 8 and 32, its likelihood, the error of data turned into codes and back; and the sentences.
"""

import argparse
from dataclasses import replace
from typing import Any

import torch
from certificate import certificate
from record import Row, record, recorded

from rivalry.data import open_data
from rivalry.lab import tradeoffs as experiment
from rivalry.lab.tradeoffs_found import conclusions
from rivalry.metrics.extractors.find import find_extractor
from rivalry.runs.progress import steps

COLUMNS = (
    *("parameters", "rounds", "fid", "precision", "recall", "judge"),
    *("1,000 of side 8", "1,000 of side 32", "likelihood", "bits", "inverted"),
)


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    families = [family for family in experiment.FAMILIES if family.game in options.families]
    train, test = open_data(options.data), open_data(options.data, "test")
    extractor = find_extractor("judge" if train.label is not None else "pixels", train.spec, train)
    name = f"tradeoffs-{options.data}"
    given = f"--data {options.data} --seconds {options.seconds:g}"
    for seed in options.seeds:
        command = f"python benchmarks/tradeoffs.py {given} --seeds {seed}"
        provenance = {**certificate(), "command": command, "seed": seed}
        plan = replace(experiment.Plan(), seconds=options.seconds, seed=seed)
        with steps() as show:
            found = experiment.tradeoffs(
                train, test, plan, families=families, extractor=extractor, progress=show
            )
        rows = [{**row_of(finding), **provenance} for finding in found]
        mine = {(row["model"], seed) for row in rows}
        rows = [*(row for row in recorded(name) if (row["model"], row["seed"]) not in mine), *rows]
        record(name, rows, "model", COLUMNS, [f"seed {seed}: {said}" for said in conclusions(found)])


def row_of(finding: experiment.Finding) -> Row:
    """A finding as a row of the table."""
    drawn: dict[str, Any] = {f"1,000 of side {side}": both[1] for side, both in finding.latency.items()}
    scores = {score: finding.last(score) for score in ("fid", "precision", "recall", "judge")}
    return {"model": f"{finding.family}: {finding.game}", **finding.to_json(), **scores, **drawn}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    games = [family.game for family in experiment.FAMILIES]
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--families", nargs="*", default=games, choices=games)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    return parser.parse_args()


if __name__ == "__main__":
    main()
