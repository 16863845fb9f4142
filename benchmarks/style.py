"""How much of a cipher is read without a single pair, and a control whose critics are not listened to.

    python benchmarks/style.py [--seeds 0] [--time 5m] [--only aligned] [--captions FOLDER] [-s NAME=VALUE]

`cross-aligned` by its recipe `laptop` on `cipher`: a small language, and the same with 60 % of its words exchanged.
Three games: aligned (ρ = 1), the control with ρ = 0, and aligned with the cycle.  Each sentence of the test split is
translated to the other style: the share of its words that are those of the true translation, BLEU to the truth and to
the source, and the share that a classifier takes for the style asked for.  A copy of the source stands beside.

Goals: word accuracy at least twice that of copies, and at least 10 points above ρ = 0.

With `--captions FOLDER` the same on `styled-captions`, humorous and romantic, of which no true translation is known: in
its place stands the caption that a person wrote in the other style for the same photograph (bleu-human).  A model that
makes captions of the other style at random has all of the style and little of the source; copies have the reverse.

Writes benchmarks/results/style.json and .md, or style-captions.json and .md.
"""

import argparse
from pathlib import Path

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.game import Game
from rivalry.kinds.tokens import sentences
from rivalry.metrics.text.transfer import against_truth, own_bleu, style_and_source
from rivalry.runs.drawing import draw

CIPHER, CAPTIONS = "cipher", "styled-captions"
GAMES = {"aligned": {}, "no alignment": {"alignment": "0"}, "aligned, with the cycle": {"cycle_weight": "1"}}
FEWER_WORDS = "least=10,longest=15"  # some 1,300 words, so that one core learns something in minutes
STYLE = ("style accuracy", "of copies (style)", "of people (style)", "bleu-source")
COLUMNS = {
    CIPHER: ("word accuracy", "of copies", "bleu-truth", *STYLE, "rounds", "seconds"),
    CAPTIONS: (*STYLE, "bleu-human", "of copies (human)", "of another's (source)", "rounds", "seconds"),
}


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance, settings = certificate(), dict(pair.split("=") for pair in options.settings)
    name = CAPTIONS if options.captions else CIPHER
    data = f"{name}:path={options.captions},{FEWER_WORDS}" if options.captions else name
    for seed in options.seeds:
        for game_name in options.only or GAMES:
            more = {"time": options.time, "seed": seed, **settings, **GAMES[game_name]}
            game, took = played("cross-aligned", data, recipe="laptop", **more)
            row = {"game": game_name, "seed": seed, **measured(game, data), **took, **provenance}
            print(row, flush=True)
            n = len(open_data(data, "test"))
            says = [f"every sentence of the test split ({n:,}) a row; {options.time} of the recipe laptop"]
            says += [f"captions with {FEWER_WORDS}"] if options.captions else []
            into = "style" if name == CIPHER else "style-captions"
            rows = recorded_with(row, into, "game")
            says += [line for one in rows for line in told(one)]
            record(into, rows, "game", COLUMNS[name], says)


def measured(game: Game, data: str) -> Row:
    """All sentences of the test split, each translated to the other style; the first ten stand in the row."""
    real, held_out = open_data(data, "test"), open_data(data)
    assert real.label is not None
    rows, to = torch.arange(len(real)), 1 - real.label
    made = draw(game, len(real), source=real.x, label=to)
    scores = {score.name: score for score in style_and_source(held_out, real, made, rows, to)}
    style = scores["style-accuracy[words+pairs]"]
    found = {
        "style accuracy": style.value,
        "of copies (style)": style.details["copy"],
        "of people (style)": style.details["real"],
        "bleu-source": scores["bleu-source"].value,
    }
    return found | (by_truth(real, made) if "truth" in real.others else by_people(real, made))


def by_truth(real: Dataset, made: torch.Tensor) -> Row:
    """Against the true translations."""
    truth = real.others["truth"]
    scores = {s.name: s for s in against_truth(real, made, torch.arange(len(real)), truth)}
    return {
        "word accuracy": scores["word-accuracy"].value,
        "of copies": scores["word-accuracy"].details["copy"],
        "bleu-truth": scores["bleu-truth"].value,
        "examples": examples(real, made, truth=truth),
    }


def by_people(real: Dataset, made: torch.Tensor) -> Row:
    """Against what a person wrote in the other style; beside copies, and beside captions of other photographs."""
    human = real.x[real.others["partner"]]
    mean = lambda some, others: float(own_bleu(some, others).mean())
    return {
        "bleu-human": mean(made, human),
        "of copies (human)": mean(real.x, human),
        "of another's (source)": mean(human.roll(1, 0), real.x),
        "examples": examples(real, made, person=human),
    }


def examples(real: Dataset, made: torch.Tensor, **beside: torch.Tensor) -> list[Row]:
    """The first five sentences of each style, what they became, and what stands beside: not chosen."""
    assert real.label is not None
    first = torch.cat([torch.nonzero(real.label == k).flatten()[:5] for k in (0, 1)])
    columns = {"source": real.x, "made": made, **beside}
    texts = [sentences(x[first], real.spec.x) for x in columns.values()]
    return [dict(zip(columns, some)) for some in zip(*texts)]


def told(row: Row) -> list[str]:
    """The examples of a row, as lines."""
    head = f"{row['game']}, seed {row['seed']}, the first five sentences of each style:"
    return [head, *(f"{one['source']} → {one['made']}" for one in row["examples"])]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--time", default="5m")
    parser.add_argument("--only", nargs="*", choices=GAMES)
    parser.add_argument("--captions", type=Path, metavar="FOLDER", help="with the files of styled-captions")
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
