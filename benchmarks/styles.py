"""The effect of styles: StyleGAN and StyleGAN2 on clothes of 32 x 32 pixels, and DCGAN; with and without path length.

    python benchmarks/styles.py [--time 20m] [--seeds 0] [--data fashion-mnist] [--only stylegan …]

- Fréchet distance (on the judge's features) of `stylegan`, `stylegan2` and `dcgan` after the same time.  The settings
  of all three were found by trying, for one core.
- Mixing: of 1,000 pairs, one image gives the layers of maps up to 4, 8 or 16 pixels, another the rest.  The share in
  which the judge sees in the mixed image the class of the first ("coarse, 16"), and of the second ("fine, 16").
  Beside them the share by chance, and the most there can be: the same styles drawn again, with other noise.
- Path length: mean and spread of ‖Jᵀy‖, of `stylegan2` with the term and without it.

Writes benchmarks/results/styles.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.game import Game, Styled
from rivalry.maths.penalties import path_lengths
from rivalry.metrics import suite
from rivalry.metrics.extractors.extractor import Extractor, extract, judge
from rivalry.runs.drawing import draw

SAMPLES, PAIRS, SIZE = 5000, 1000, (32, 32)
SIDES = 4, 8, 16  # pixels, of the maps whose layers are one image's; 32 are the other's always
TUNED = {"width": 16, "batch": 64, "lr": 1e-3, "average": 0.998}  # the control, by the same effort
SMALL = ["width=8", "latent=64", "depth=2", "mixing=0.5", "lr=3e-3", "penalty=5", "every=4"]
GAMES = {
    "dcgan": ("dcgan", TUNED),
    "stylegan": ("stylegan", {}),
    "stylegan2": ("stylegan2", {}),
    "stylegan2 without path length": ("stylegan2", {"path": 0}),
}
COLUMNS = (
    "fid", *(f"{which}, {side}" for side in SIDES for which in ("coarse", "fine")), "by chance", "drawn again",
    "path length", "spread of path length", "minutes", "rounds",
)  # fmt: skip


def main() -> None:
    options = parse()
    torch.set_num_threads(options.threads)
    provenance, data = certificate(), open_data(options.data, size=SIZE)
    judged = judge(data.spec, data)
    for seed in options.seeds:
        for name in options.only or GAMES:
            game_name, given = GAMES[name]
            own = {} if game_name == "dcgan" else dict(pair.split("=") for pair in options.settings)
            settings = {**own, **given, "seed": seed, "size": SIZE}
            game, took = played(game_name, options.data, time=options.time, **settings)
            row: Row = {
                "game": f"{name}, {options.data}",
                "seed": seed,
                "rounds": took["rounds"],
                "minutes": took["seconds"] / 60,
            }
            row |= {"fid": fid(game, data, judged, seed)}
            row |= {**mixing(game, judged, seed), **paths(game, seed)} if isinstance(game, Styled) else {}
            print(row, flush=True)
            tuned = ", ".join(f"{key}={value}" for key, value in TUNED.items())
            says = f"32 x 32; styled games with {', '.join(SMALL)}, but for what -s changes in the commands; "
            says += f"dcgan with {tuned}"
            rows = recorded_with({**row, **provenance}, "styles", "game")
            record("styles", rows, "game", COLUMNS, [says])


def fid(game: Game, data: Dataset, judged: Extractor, seed: int) -> float:
    return suite.evaluate(data, draw(game, SAMPLES, seed=seed), None, "fid", judged)[0].value


@torch.no_grad()
def mixing(game: Game, judged: Extractor, seed: int) -> Row:
    """For every size at which one image's layers end: how often the class is that image's, how often the other's."""
    torch.manual_seed(seed)
    one, other = (game.style(game.draw(PAIRS)) for _ in range(2))
    a, b, again = (seen(judged, game.synthesize(w)) for w in (one, other, one))
    row: Row = {"drawn again": float((again == a).float().mean())}
    for number, side in enumerate(SIDES, 1):
        cut = one.shape[1] * number // (len(SIDES) + 1)
        c = seen(judged, game.synthesize(torch.cat([one[:, :cut], other[:, cut:]], 1)))
        row[f"coarse, {side}"] = float((c == a).float().mean())
        row[f"fine, {side}"] = float((c == b).float().mean())
    shares = [x.bincount(minlength=10) / len(x) for x in (a, b)]
    return row | {"by chance": float((shares[0] * shares[1]).sum())}


def seen(judged: Extractor, x: torch.Tensor) -> torch.Tensor:
    logits = extract(judged, x)[1]
    assert logits is not None
    return logits.argmax(1)


def paths(game: Game, seed: int) -> Row:
    torch.manual_seed(seed)
    lengths = torch.cat([path_lengths(game.synthesize, game.style(game.draw(100))) for _ in range(10)])
    return {"path length": float(lengths.mean()), "spread of path length": float(lengths.std())}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--time", default="20m")
    parser.add_argument("--data", default="fashion-mnist")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--only", nargs="*", choices=GAMES, help="play these; keep the other rows")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "-s", dest="settings", action="append", metavar="NAME=VALUE",
        default=SMALL,
    )  # fmt: skip
    return parser.parse_args()


if __name__ == "__main__":
    main()
