"""Sounds: is the pitch that a game makes the one that was asked for, and do the phases of its harmonics hold together?

    python benchmarks/sound.py [--seeds 0 1 2] [--only NAME ...] [--time 25m] [--spoken FOLDER]

WaveGAN, SpecGAN and GANSynth by their recipes `laptop` on `notes`, 12 pitches of 1,024 samples, and the control,
WaveGAN without the condition, which cannot know what is asked for.  Columns: the share of 1,200 sounds whose spectral
peak is within half a semitone of the pitch asked for, the same of the held-out notes themselves, how many of the 12
pitches the sounds hold, and the coherence of their harmonics' phases, of the pitch at the peak, beside that of the
notes.

With --spoken, the spoken digits of this folder or zip in place of notes, by the recipes `spoken`: WaveGAN, the control
WaveGAN without phase shuffle, SpecGAN, and the held-out recordings themselves.  A judge that is trained on the digits'
labels says: the share of 1,000 sounds that are the digit asked for, the inception score (10 at best), how many digits
it is sure of, and the Fréchet distance of its features from the training recordings.

Writes benchmarks/results/sound.json or sound-spoken.json, and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with
from torch import Tensor

from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.game import Game
from rivalry.metrics.audio.coherence import coherences
from rivalry.metrics.audio.pitch import pitch, spectral_peak
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.extractors.find import find_extractor
from rivalry.metrics.suite import evaluate
from rivalry.runs.drawing import draw

N = 1200
COLUMNS = (
    "data",
    "pitch right",
    "pitch right of the data",
    "pitches made",
    "coherence",
    "coherence of the data",
    "rounds",
    "seconds",
)
GAMES = {
    "wavegan": {"condition": True},
    "wavegan without the condition": {"condition": False},
    "specgan": {},
    "gansynth": {},
}
SAYS = [f"{N:,} sounds a row; a pitch is made if at least 1 % of the sounds have it"]
SPOKEN: dict[str, Row] = {
    "the held-out recordings": {},
    "wavegan": {},
    "wavegan without phase shuffle": {"shuffle": 0},
    "specgan": {},
}
OF_SPOKEN = ("digit right", "inception score", "digits made", "fid", "rounds", "seconds")
M = 1000


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance = certificate()
    if options.spoken:
        spoken(options, provenance)
        return
    for seed in options.seeds:
        for name in options.only or GAMES:
            made, took = played(
                name.split()[0], "notes", seed=seed, recipe="laptop", time=options.time, **GAMES[name]
            )
            row = {"game": name, "data": "notes", "seed": seed, **measured(made), **took, **provenance}
            print(row, flush=True)
            record("sound", recorded_with(row, "sound", "game"), "game", COLUMNS, SAYS)


def measured(game: Game) -> Row:
    real = open_data("notes", "test")
    pitches = real.facts["pitches"]
    asked = torch.arange(N) % len(pitches)
    given = {"label": asked} if getattr(game, "classes", 0) else {}
    x = draw(game, N, seed=0, **given)
    rate = real.spec.about["rate"]
    nearest = (spectral_peak(x, rate)[:, None] / pitches).log().abs().argmin(1)
    steady = lambda x: float(coherences(x[:, 0], spectral_peak(x, rate), rate).mean())
    assert real.label is not None
    return {
        "pitch right": pitch(real, x, asked, pitches).value,
        "pitch right of the data": pitch(real, real.x, real.label, pitches).value,
        "pitches made": int((nearest.bincount(minlength=len(pitches)) >= N / 100).sum()),
        "coherence": steady(x),
        "coherence of the data": steady(real.x),
    }


def spoken(options: argparse.Namespace, provenance: Row) -> None:
    data = f"spoken-digits:path={options.spoken}"
    real, held_out = open_data(data), open_data(data, "test")
    judge = find_extractor("judge", real.spec, real)
    says = [f"{M:,} sounds a row, of the recordings 300", f"the judge: {judge.facts['accuracy']:.1%} right"]
    for seed in options.seeds:
        for name, settings in SPOKEN.items():
            if name not in (options.only or SPOKEN):
                continue
            took: Row = {}
            x, asked = held_out.x, held_out.label
            if name != "the held-out recordings":
                config = {"seed": seed, "recipe": "spoken", "time": options.time, **settings}
                game, took = played(name.split()[0], data, **config)
                asked = torch.arange(M) % len(real.spec.classes)
                x = draw(game, M, seed=0, label=asked)
            row = {"game": name, "seed": seed, **judged(real, x, asked, judge), **took, **provenance}
            print(row, flush=True)
            whole = recorded_with(row, "sound-spoken", "game")
            record("sound-spoken", whole, "game", OF_SPOKEN, says)


def judged(real: Dataset, x: Tensor, asked: Tensor | None, judge: Extractor) -> Row:
    metrics = ["accuracy", "inception-score", "judge", "fid"]
    scores = {one.name.split("[")[0]: one.value for one in evaluate(real, x, asked, metrics, judge)}
    return {
        "digit right": scores["accuracy"],
        "inception score": scores["inception-score"],
        "digits made": scores["classes"],
        "fid": scores["fid"],
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices={**GAMES, **SPOKEN})
    parser.add_argument("--time", default="25m")
    parser.add_argument("--spoken", help="the folder or zip with the spoken digits")
    return parser.parse_args()


if __name__ == "__main__":
    main()
