"""Whether coupled games make pairs: digits and edges that no pair was ever shown of.

    python benchmarks/coupled.py [--rounds 15000] [--seeds 0 1 2] [--threads 2] [--only cogan [--run RUN]]

`cogan` on `mnist-edges` (digits; the edges of other digits), and the control whose games share no layer.  10,000
pairs a run: the share in which the judge of MNIST sees the digit in the first image that a judge of edges sees in
the second, beside the share by chance, if each kept its digits and the pairs were shuffled: generators that draw
one digit alone agree always, and by chance as well.  The judge of edges is trained on the edges of all training
digits; both judges' own test accuracy is told under the table.  With --run a run that lies on disk is measured, as far
as it has come, and nothing is trained.  Writes benchmarks/results/coupled.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import loaded, played
from record import record, recorded

from rivalry.data import open_data
from rivalry.data.from_mnist import edges
from rivalry.data.source import Dataset, Spec
from rivalry.metrics.features import Extractor, extract, judge
from rivalry.sheets import sheet

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
    "ms/round",
)


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    told = certificate()
    judges = judge(open_data("mnist").spec), judge_of_edges()
    for seed in options.seeds:
        for name in options.only or GAMES:
            recipe = GAMES[name]
            row = {"game": name, "seed": seed, **one(recipe, seed, options, judges), **told}
            print(row, flush=True)
            says = [f"{j.name}: {j.facts['accuracy']:.2%} of held-out images right" for j in judges]
            says += ["`rivalry train cogan --recipe edges`, and `--recipe unshared`"]
            others = [r for r in recorded("coupled") if (r["game"], r["seed"]) != (name, seed)]
            record("coupled", [*others, row], "game", COLUMNS, says)


def one(recipe: str, seed: int, options: argparse.Namespace, judges: tuple[Extractor, Extractor]) -> dict:
    if options.run:
        game, took = loaded(options.run)
    else:
        game, took = played("cogan", "mnist-edges", recipe=recipe, rounds=options.rounds, seed=seed)
    torch.manual_seed(seed)
    with torch.no_grad():
        x = torch.cat([game.sample(2 * AT_ONCE) for _ in range(PAIRS // AT_ONCE)])
    if options.sheet:
        sheet(x[:128], open_data("mnist-edges").spec, 16).save(f"{options.sheet}-{recipe}-{seed}.png")
    first, second = (sure(j, part) for j, part in zip(judges, (x[0::2], x[1::2])))
    same = first[0] == second[0]
    shares = [digit.bincount(minlength=10) / len(digit) for digit, _ in (first, second)]
    return {
        "same digit": float(same.float().mean()),
        "by chance": float((shares[0] * shares[1]).sum()),
        "both sure and same": float((same & (first[1] >= 0.9) & (second[1] >= 0.9)).float().mean()),
        "classes": len(first[0].unique()),
        "parameters saved": game.saved,
        "rounds": took["rounds"],
        "ms/round": 1000 * took["seconds"] / took["rounds"],
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
        "--run", help="measure this run, of the game that --only names and of the seed that --seeds does"
    )
    parser.add_argument("--sheet", help="where to write a sheet of each run's pairs: the beginning of a name")
    return parser.parse_args()


if __name__ == "__main__":
    main()
