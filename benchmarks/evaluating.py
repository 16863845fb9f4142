"""How long `rivalry evaluate` takes on 10,000 samples, with the process's start and everything that it reads.

    python benchmarks/evaluating.py [--metrics standard] [--repeats 3]

A run of `projection-gan` on MNIST, of a minute, is evaluated by command: 10,000 samples against 60,000 training
images; and so is an archive of 10,000 test images.  First with an empty cache, then with the statistics of the data
kept from the time before.  Seconds by the clock.  Writes benchmarks/results/evaluating.json and .md.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from certificate import certificate
from record import Row, record

import rivalry
from rivalry.data import open_data

SAMPLES = 10_000
COLUMNS = ("empty cache, s", "kept statistics, s")


def main() -> None:
    options = parse()
    provenance, rows = certificate(), []
    with tempfile.TemporaryDirectory() as folder:
        run = rivalry.train(
            "projection-gan", "mnist", recipe="paper", run=f"{folder}/run", time=60, quiet=True, measure=False
        )
        test = open_data("mnist", "test")
        np.savez(f"{folder}/test.npz", x=test.x.numpy(), label=test.label.numpy())
        for name, path in {"a run": run.path, "an archive": Path(folder) / "test.npz"}.items():
            for repeat in range(options.repeats):
                cache = f"{folder}/cache-{path.stem}-{repeat}"
                row: Row = {"samples of": name, "seed": repeat}
                for column in COLUMNS:
                    row[column] = seconds(path, options.metrics, cache)
                rows.append({**row, **provenance})
                print(row, flush=True)
    says = [f"`--metrics {options.metrics} -n {SAMPLES}`, each row {options.repeats} times"]
    record("evaluating", rows, "samples of", COLUMNS, says)


def seconds(path: Path, metrics: str, cache: str) -> float:
    """Of one process, from its start to its end."""
    command = [
        sys.executable,
        "-m",
        "rivalry",
        "evaluate",
        str(path),
        "--data",
        "mnist",
        "--metrics",
        metrics,
    ]
    began = time.perf_counter()
    subprocess.run(
        [*command, "-n", str(SAMPLES)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "RIVALRY_CACHE": cache},
    )  # fmt: skip
    return time.perf_counter() - began


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metrics", default="standard")
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
