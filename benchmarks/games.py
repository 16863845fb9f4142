"""Every image game on MNIST for the same time on two cores: judge, classes, Fréchet distance, time of a round.

    python benchmarks/games.py --time 5m            one game after the other, each on two cores
    python benchmarks/games.py --time 5m --jobs 8   eight at once, each on two cores of its own
    python benchmarks/games.py --games dcgan wgan   some of them; rows of the same name join those that are there
    python benchmarks/games.py --name demo --games projection-gan --recipe demo --time 2m --seeds 5 -n 2000 \\
        --as-users-do                               the games of `make demo`, over five seeds

Writes benchmarks/results/<name>.json and .md.  Every run has its own process and two threads, pinned where there
are more cores; samples are drawn from the last weights (--as-users-do: from the best), and scored with the bundled
judge of MNIST.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

from certificate import certificate

from rivalry.catalog import CATALOG, find, recipes
from rivalry.data import open_data
from rivalry.metrics import suite

RESULTS = Path(__file__).parent / "results"
REAL = "(real test images)"
COLUMNS = ("confident", "classes", "accuracy", "fid", "ms/round", "rounds")


def main() -> None:
    options = parse()
    plays = [entry.name for entry in CATALOG if entry.room == "image" and set(entry.needs) <= {"labels"}]
    names = options.games or plays
    tasks = [(game, seed) for game in names for seed in range(options.seeds)]
    pairs: Queue[str] = Queue()
    for job in range(options.jobs):
        pairs.put(f"{options.first + 2 * job},{options.first + 2 * job + 1}")
    provenance = certificate(options.device)
    rows = [row for row in recorded(options.name) if (row["game"], row["seed"]) not in [*tasks, (REAL, 0)]]
    rows.insert(0, {**real(options.n), **provenance})
    with ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda task: one(*task, options, pairs), tasks):
            rows.append({**row, **provenance})
            write(rows, options.name)
            print(json.dumps(row), flush=True)
    print((RESULTS / f"{options.name}.md").read_text())


def one(game: str, seed: int, options: argparse.Namespace, pairs: "Queue[str]") -> dict[str, Any]:
    """Train and score one game in processes of its own; a failure is a row that says so."""
    cores = pairs.get()
    try:
        return played(game, seed, options, cores)
    except subprocess.CalledProcessError as failure:
        return {"game": game, "seed": seed, "failed": failure.stderr.strip().splitlines()[-1:]}
    finally:
        pairs.put(cores)


def played(game: str, seed: int, options: argparse.Namespace, cores: str) -> dict[str, Any]:
    run = Path(options.runs or tempfile.mkdtemp()) / f"{game}-{seed}"
    train = ["train", game, "--data", "mnist", "--time", options.time, "--seed", str(seed), "--run", str(run)]
    train += ["--quiet", "--device", options.device]
    train += [] if options.as_users_do else ["--no-measure", "--save-every", "1h"]
    recipe = next((r for r in (options.recipe, "paper") if r in recipes(find(game))), None)
    train += ["--recipe", recipe] if recipe else []
    train += [word for setting in options.settings or [] for word in ("-s", setting)]
    call(train, cores)
    metrics = options.metrics + (",accuracy" if "labels" in find(game).needs else "")
    which = "best" if options.as_users_do else "newest"
    score = ["evaluate", str(run), "--metrics", metrics, "-n", str(options.n), "--which", which, "--json"]
    scores = {s["name"].split("[")[0]: s for s in json.loads(call(score, cores))}
    last = last_line(run / "log.jsonl")
    about = json.loads((run / "run.json").read_text())
    return {
        "game": game,
        "seed": seed,
        "confident": scores["confident"]["value"],
        "classes": scores["classes"]["value"],
        "accuracy": scores["accuracy"]["value"] if "accuracy" in scores else None,
        "fid": scores["fid"]["value"],
        "ms/round": 1000 * last["seconds"] / last["round"],
        "rounds": last["round"],
        "precision": about["precision"],
        "settings": about["settings"],
        "played": "rivalry " + " ".join(word for word in train if word not in ("--run", str(run))),
    }


def call(words: list[str], cores: str) -> str:
    pin = ["taskset", "-c", cores] if sys.platform == "linux" and (os.cpu_count() or 0) > 2 else []
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [*pin, sys.executable, "-m", "rivalry", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout


def last_line(log: Path) -> dict[str, Any]:
    """The last line that tells of training."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return next(line for line in reversed(lines) if line.get("event") == "done")


def real(n: int) -> dict[str, Any]:
    """The control: as many real images that no game was trained on, scored alike."""
    test = open_data("mnist", "test")
    some = slice(0, n)
    scores = suite.evaluate(
        open_data("mnist"), test.rows(some), test.column("label", some), "judge,accuracy,fid"
    )
    values = {score.name.split("[")[0]: score.value for score in scores}
    return {"game": REAL, "seed": 0, "ms/round": None, "rounds": None, "precision": "", **values}


def recorded(name: str) -> list[dict[str, Any]]:
    """The rows that were measured before under this name."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text())["rows"] if file.exists() else []


def write(rows: list[dict[str, Any]], name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"rows": rows}, indent=1) + "\n")
    lines = ["| game | seeds | " + " | ".join(COLUMNS) + " | precision |", "|---" * (len(COLUMNS) + 3) + "|"]
    lines += [*table(rows), ""]
    for what in ("hardware", "torch", "python", "commit", "date"):
        lines.append(f"- {what}: " + ", ".join(dict.fromkeys(f"`{row[what]}`" for row in rows)))
    lines.append("- command of the last row: `" + rows[-1].get("command", "") + "`")
    (RESULTS / f"{name}.md").write_text("\n".join(lines) + "\n")


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    for game in dict.fromkeys(row["game"] for row in rows):
        mine = [row for row in rows if row["game"] == game]
        if failed := [row["failed"] for row in mine if "failed" in row]:
            yield f"| {game} | {len(mine)} | failed: {failed[0]} |" + " |" * len(COLUMNS)
            continue
        cells = [in_words([row[column] for row in mine]) for column in COLUMNS]
        yield f"| {game} | {len(mine)} | " + " | ".join(cells) + f" | {mine[0]['precision']} |"


def in_words(values: list[float | None]) -> str:
    """A mean, with the standard deviation over seeds where there are several."""
    there = [v for v in values if v is not None]
    if not there:
        return "–"
    mean = f"{statistics.mean(there):.4g}"
    return mean if len(there) == 1 else f"{mean} ± {statistics.stdev(there):.2g}"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--games", nargs="*", help="names; all games that MNIST suits by default")
    parser.add_argument("--time", default="5m")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recipe", default="mnist", help="taken where a game has it, its defaults elsewhere")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE")
    parser.add_argument(
        "--as-users-do", action="store_true", help="with scores and checkpoints on the way, and the best kept"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--metrics", default="judge,fid")
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each on two cores")
    parser.add_argument("--first", type=int, default=0, help="the first core to use")
    parser.add_argument("--runs", help="where runs are kept; nowhere by default")
    parser.add_argument("--name", default="games-mnist")
    return parser.parse_args()


if __name__ == "__main__":
    main()
