"""What the start of GLO's codes is worth, and what restarts of VQGAN's codes are.

    python benchmarks/autoencoding.py glo [--epochs 25]
    python benchmarks/autoencoding.py vqgan [--rounds 800] [--writing 400] [--only restarts]

- glo on 8,000 images of MNIST: the mean squared error with which 2,000 of them are drawn again from their codes, after
  one epoch with codes that start as principal components, and after one and so many with codes that start at random.
  With our step of a code, which is that of its own datum; with the paper's, which is 10 for the mean over a batch; and
  with the paper's generator as well, which moves by plain gradient descent with a step of 1.
- vqgan on `tiles`, of which 256 are held out, with restarts of idle codes and, as a control, without: the perplexity of
  the codes of held-out images, of 256; the error of those drawn again; the energy of their differences from pixel to
  pixel beside that of the images (blur is under 1); the perplexity of a token under the transformer, in its second
  phase.

Writes benchmarks/results/autoencoding-<what>.json and .md, and of vqgan a sheet: held-out images, the same drawn again,
and samples.
"""

import argparse
import math
import time

import torch
from certificate import certificate
from record import RESULTS, Row, record, recorded_with
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset, Spec, TableSource
from rivalry.game import Game
from rivalry.games.likelihood.glo import glo
from rivalry.games.likelihood.vqgan import VQGAN, vqgan
from rivalry.maths.optimizers import MakeOptimizer, sgd
from rivalry.maths.pyramid import laplacian_distance
from rivalry.nn.quantizer import perplexity
from rivalry.play.engine import Engine
from rivalry.play.goal import Goal
from rivalry.runs.drawing import draw
from rivalry.show.sheets import sheet

COLUMNS = {
    "glo": ("epochs", "error", "distance", "processor seconds"),
    "vqgan": (
        "perplexity of codes",
        "codes used",
        "error",
        "energy of differences",
        "perplexity of a token",
        "rounds",
        "processor seconds",
    ),
}
HELD_OUT, SHOWN = 256, 16
DRAWN_AGAIN, MEASURED, BATCH = 8_000, 2_000, 64  # of GLO
STEPS: dict[str, tuple[float, MakeOptimizer | None]] = {
    "our step": (1.0, None),
    "the paper's step": (10 / BATCH, None),
    "the paper's steps": (10 / BATCH, sgd(1.0)),
}
PATIENCE = {"restarts": 50, "no restarts": 0}


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance = certificate()
    for row in {"glo": starts, "vqgan": restarts}[options.what](options):
        print(row, flush=True)
        name = f"autoencoding-{options.what}"
        rows = recorded_with({**row, **provenance}, name, "game")
        record(name, rows, "game", COLUMNS[options.what])


def engine_for(game: Game, data: Dataset, seed: int) -> Engine:
    return Engine(game, TableSource(data, game.reads, batch=game.batch, seed=seed), seed=seed)


def starts(options: argparse.Namespace) -> list[Row]:
    """GLO after one epoch from principal components, and after one and after many from random codes."""
    rows: list[Row] = []
    every = open_data("mnist")
    data = every.only(torch.randperm(len(every), generator=torch.Generator().manual_seed(0))[:DRAWN_AGAIN])
    some = torch.arange(MEASURED)
    for words in options.steps or STEPS:
        step, descent = STEPS[words]
        for start, lengths in (("pca", (1,)), ("random", (1, options.epochs))):
            torch.manual_seed(options.seed)
            size = {"latent": 32, "width": 16, "rows": DRAWN_AGAIN, "batch": BATCH}
            game = glo(data.spec, start=start, code_lr=step, **size)  # type: ignore[arg-type]
            game.generator.make = descent or game.generator.make
            engine, begun = engine_for(game, data, options.seed), time.process_time()
            for epochs in lengths:
                engine.play(Goal(rounds=math.ceil(epochs * len(data) / game.batch)))
                with engine.evaluating():
                    again = game.reconstruct(some)
                error = (again - data.rows(some)).square().mean()
                distance = laplacian_distance(again, data.rows(some)).mean()
                rows.append(
                    {
                        "game": f"{words}, {start} start, {epochs} epoch{'s' * (epochs > 1)}",
                        "seed": options.seed,
                        "epochs": epochs,
                        "error": float(error),
                        "distance": float(distance),
                        "processor seconds": time.process_time() - begun,
                    }
                )
                print(rows[-1], flush=True)
    return rows


def restarts(options: argparse.Namespace) -> list[Row]:
    """VQGAN with and without restarts of idle codes."""
    rows, every = [], open_data("tiles")
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(0))
    data, x = every.only(order[HELD_OUT:]), every.rows(order[:HELD_OUT])
    for name, patience in PATIENCE.items():
        if name not in (options.only or PATIENCE):
            continue
        torch.manual_seed(options.seed)
        phases = {"tokenizer_rounds": options.rounds, "adversarial_from": options.rounds // 3}
        game = vqgan(data.spec, width=32, patience=patience, **phases)
        engine, begun = engine_for(game, data, options.seed), time.process_time()
        engine.play(Goal(rounds=options.rounds))
        many = len(game.quantizer.codes)
        with engine.evaluating():
            tokens, again = game.tokens(x), game.reconstruct(x)
        row: Row = {
            "game": name,
            "seed": options.seed,
            "perplexity of codes": float(perplexity(tokens, many)),
            "codes used": len(tokens.unique()),
            "codes": many,
            "error": float((again - x).square().mean()),
            "energy of differences": float(energy(again) / energy(x)),
        }
        if patience:
            row |= written(game, engine, x, data.spec, options)
        row |= {"rounds": engine.t, "processor seconds": time.process_time() - begun}
        rows.append(row)
    return rows


def written(game: VQGAN, engine: Engine, x: Tensor, spec: Spec, options: argparse.Namespace) -> Row:
    """The second phase, and a sheet of images, images drawn again, and samples."""
    last: list[float] = []
    engine.callbacks = [lambda engine, moves: last.append(float(moves[0].notes["nats a token"]))]
    engine.play(Goal(rounds=options.rounds + options.writing))
    with engine.evaluating():
        few = x[:: len(x) // SHOWN][:SHOWN]
        page = torch.cat([few, game.reconstruct(few), draw(game, 2 * SHOWN, seed=options.seed)])
    sheet(page, spec, SHOWN).save(RESULTS / "autoencoding-vqgan.png")
    return {"perplexity of a token": math.exp(sum(last[-20:]) / 20)}


def energy(x: Tensor) -> Tensor:
    """The mean squared difference of a pixel from the one below it and the one to its right."""
    return x.diff(dim=2).square().mean() + x.diff(dim=3).square().mean()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=sorted(COLUMNS))
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--steps", nargs="*", choices=STEPS, help="of glo")
    parser.add_argument("--rounds", type=int, default=800, help="of the tokenizer")
    parser.add_argument("--writing", type=int, default=400, help="rounds of the transformer")
    parser.add_argument("--only", nargs="*", choices=PATIENCE, help="of vqgan")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
