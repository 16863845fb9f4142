"""Whether coupled games make pairs: digits and edges that no pair was ever shown of.

    python benchmarks/coupled.py [--rounds 15000] [--seeds 0 1 2] [--only cogan] [--runs RUN ...] [--threads 2]

`cogan` on `mnist-edges` (digits; the edges of other digits), and the control whose games share no layer.  10,000
pairs a run: the share in which the judge of MNIST sees the digit in the first image that a judge of edges sees in
the second, next to the share by chance, if each kept its digits and the pairs were shuffled: generators that draw
one digit alone agree always, and by chance as well.  The judge of edges is trained on the edges of all training
digits; both judges' own test accuracy is stated under the table.  With --runs those that lie on disk are measured, as
far as they have come, and nothing is trained.  Writes benchmarks/results/coupled.json and .md.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from certificate import certificate
from played import loaded, played
from record import Row, record, recorded_with

from rivalry.data import open_data
from rivalry.data.sets.from_mnist import edges
from rivalry.data.source import Dataset, Spec
from rivalry.metrics.extractors.extractor import Extractor, extract, judge
from rivalry.runs.run import Run
from rivalry.show.sheets import sheet

PAIRS = 10_000
AT_ONCE = 1000  # pairs that are drawn in one go
GAMES = {"cogan": "edges", "nothing shared": "unshared"}  # recipes
COLUMNS = (
    "same digit",
    "by chance",
    "both sure and same",
    "classes",
    "parameters saved",
    "rounds",
    "seconds",
    "trained on",
)


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance = certificate()
    judges = judge(open_data("mnist").spec), judge_of_edges()
    for name, seed, game, took in to_measure(options):
        row = {
            "game": name,
            "seed": seed,
            **measured(game, seed, judges, options.sheet),
            **took,
            **provenance,
        }
        print(row, flush=True)
        says = [f"{j.name}: {j.facts['accuracy']:.2%} of held-out images right" for j in judges]
        says += ["`rivalry train cogan --recipe edges`, and `--recipe unshared`"]
        record("coupled", recorded_with(row, "coupled", "game"), "game", COLUMNS, says)


def to_measure(options: argparse.Namespace) -> Iterator[tuple[str, int, Any, Row]]:
    """Its name in the table, the seed, the trained game, and how long it played."""
    if options.runs:
        for path in options.runs:
            config = Run.open(path).config
            (name,) = (name for name, recipe in GAMES.items() if recipe == config["recipe"])
            game, took = loaded(path)
            yield (
                name,
                config["seed"],
                game,
                {**took, "trained on": f"{config['device']}, at {config['commit']}"},
            )
    else:
        for seed, name in product(options.seeds, options.only or GAMES):
            made = played("cogan", "mnist-edges", recipe=GAMES[name], rounds=options.rounds, seed=seed)
            yield name, seed, *made


def measured(game: Any, seed: int, judges: tuple[Extractor, Extractor], picture: str | None) -> Row:
    torch.manual_seed(seed)
    with torch.no_grad():
        x = torch.cat([game.sample(2 * AT_ONCE) for _ in range(PAIRS // AT_ONCE)])
    if picture:
        sheet(x[:128], open_data("mnist-edges").spec, 16).save(f"{picture}-{game.saved:.0%}-{seed}.png")
    first, second = (sure(j, part) for j, part in zip(judges, (x[0::2], x[1::2])))
    same = first[0] == second[0]
    shares = [digit.bincount(minlength=10) / len(digit) for digit, _ in (first, second)]
    return {
        "same digit": float(same.float().mean()),
        "by chance": float((shares[0] * shares[1]).sum()),
        "both sure and same": float((same & (first[1] >= 0.9) & (second[1] >= 0.9)).float().mean()),
        "classes": len(first[0].unique()),
        "parameters saved": game.saved,
    }


def sure(judge: Extractor, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The digit that a judge sees in each image, and how sure it is."""
    logits = extract(judge, x)[1]
    assert logits is not None
    confidence, digit = logits.softmax(1).max(1)
    return digit, confidence


def judge_of_edges() -> Extractor:
    mnist = open_data("mnist")
    spec = Spec("edges-of-mnist", "image", mnist.spec.shape, mnist.spec.classes)
    return judge(spec, Dataset(spec, edges(mnist.x), mnist.label))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument(
        "--only",
        nargs="*",
        help="rows to measure, by name; what was recorded of others and of other seeds stays",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--runs", nargs="*", default=[], help="measure these, which lie on disk, of the two recipes"
    )
    parser.add_argument("--sheet", help="where to write a sheet of each run's pairs: the beginning of a name")
    return parser.parse_args()


if __name__ == "__main__":
    main()
