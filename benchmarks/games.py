"""Every image game on MNIST for the same time on two cores: judge, classes, Fréchet distance, time of a round.

    python benchmarks/games.py --time 5m            one game after the other, each on two cores
    python benchmarks/games.py --time 5m --jobs 8   eight at once, each on two cores of its own
    python benchmarks/games.py --games dcgan wgan   some of them; rows of the same name join those that are there
    python benchmarks/games.py --name demo --games projection-gan --recipe demo --time 2m --seeds 5 -n 2000 \\
        --as-users-do                               the games of `make demo`, over five seeds
    python benchmarks/games.py --as-recorded --jobs 2 --threads 1 --games gan
                                                    the rounds on record once more, however long they take: for a
                                                    change of what is scored; each on one core

Writes benchmarks/results/<name>.json and .md.  Every run has its own process and cores; samples are drawn
from the last weights (--as-users-do: from the best), and scored with the bundled judge of MNIST.  The column `played`
says of each row whether a time or the rounds were given.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

from certificate import certificate
from record import RESULTS, Row, record, recorded, recorded_with

from rivalry.catalog import CATALOG, find, recipes
from rivalry.data import open_data
from rivalry.metrics import suite

REAL = "(real test images)"
COLUMNS = ("confident", "classes", "accuracy", "fid", "ms/round", "rounds", "precision", "played")


def main() -> None:
    options = parse()
    plays = [entry.name for entry in CATALOG if entry.room == "image" and set(entry.needs) <= {"labels"}]
    names = options.games or plays
    tasks = [(game, seed) for game in names for seed in range(options.seeds)]
    options.rounds = {(row["game"], row["seed"]): row["rounds"] for row in recorded(options.name)}
    cores: Queue[str] = Queue()
    for job in range(options.jobs):
        first = options.first + options.threads * job
        cores.put(",".join(str(first + core) for core in range(options.threads)))
    provenance = certificate(options.device)
    keep({**real(options.n), **provenance}, options.name)
    with ThreadPoolExecutor(options.jobs) as pool:
        for row in pool.map(lambda task: one(task[0], task[1], options, cores), tasks):
            keep({**row, **provenance}, options.name)
            print(json.dumps(row), flush=True)
    print((RESULTS / f"{options.name}.md").read_text())


def keep(row: Row, name: str) -> None:
    """Put a row in its place on record, and say below the table what failed."""
    rows = recorded_with(row, name, "game")
    failures = [
        f"{row['game']}, seed {row['seed']}, failed: {row['failed']}" for row in rows if "failed" in row
    ]
    record(name, rows, "game", COLUMNS, failures)


def one(game: str, seed: int, options: argparse.Namespace, free: "Queue[str]") -> Row:
    """Train and score one game in processes of its own; a failure is a row that says so."""
    cores = free.get()
    try:
        return played(game, seed, options, cores)
    except subprocess.CalledProcessError as failure:
        return {"game": game, "seed": seed, "failed": failure.stderr.strip().splitlines()[-1:]}
    finally:
        free.put(cores)


def played(game: str, seed: int, options: argparse.Namespace, cores: str) -> Row:
    run = Path(options.runs or tempfile.mkdtemp()) / f"{game}-{seed}"
    train = ["train", game, "--data", "mnist", *length(game, seed, options), "--seed", str(seed)]
    train += ["--run", str(run), "--quiet", "--device", options.device]
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


def length(game: str, seed: int, options: argparse.Namespace) -> list[str]:
    """How long a game is played: for a time, or for the rounds that its row on record played in that time."""
    if not options.as_recorded:
        return ["--time", options.time]
    return ["--rounds", str(options.rounds[game, seed])]


def call(words: list[str], cores: str) -> str:
    threads = cores.count(",") + 1
    pin = ["taskset", "-c", cores] if sys.platform == "linux" and (os.cpu_count() or 0) > threads else []
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
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


def real(n: int) -> Row:
    """The control: as many real images that no game was trained on, scored alike."""
    test = open_data("mnist", "test")
    some = slice(0, n)
    scores = suite.evaluate(
        open_data("mnist"), test.rows(some), test.column("label", some), "judge,accuracy,fid"
    )
    values = {score.name.split("[")[0]: score.value for score in scores}
    return {"game": REAL, "seed": 0, "ms/round": None, "rounds": None, "precision": "", **values}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--games", nargs="*", help="names; all games that MNIST suits by default")
    parser.add_argument("--time", default="5m")
    parser.add_argument("--as-recorded", action="store_true", help="the rounds on record in place of a time")
    parser.add_argument("--threads", type=int, default=2, help="cores of each run")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recipe", default="mnist", help="taken where a game has it, its defaults elsewhere")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE")
    parser.add_argument(
        "--as-users-do", action="store_true", help="with scores and checkpoints on the way, and the best kept"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--metrics", default="judge,fid")
    parser.add_argument("-n", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each on cores of its own")
    parser.add_argument("--first", type=int, default=0, help="the first core to use")
    parser.add_argument("--runs", help="where runs are kept; nowhere by default")
    parser.add_argument("--name", default="games-mnist")
    return parser.parse_args()


if __name__ == "__main__":
    main()
