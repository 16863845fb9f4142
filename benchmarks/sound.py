"""Sounds: is the pitch that a game makes the one that was asked for, and do the phases of its harmonics hold together?

    python benchmarks/sound.py [--seeds 0 1 2] [--only NAME ...] [--time 25m]

WaveGAN, SpecGAN and GANSynth by their recipes `laptop` on `notes`, 12 pitches of 1,024 samples, and the control,
WaveGAN without the condition, which cannot know what is asked for.  Columns: the share of 1,200 sounds whose spectral
peak is within half a semitone of the pitch asked for, the same of the held-out notes themselves, how many of the 12
pitches the sounds hold, and the coherence of their harmonics' phases, of the pitch at the peak, beside that of the
notes.

Writes benchmarks/results/sound.json and .md.
"""

import argparse

import torch
from certificate import certificate
from played import played
from record import Row, record, recorded_with

from rivalry.data import open_data
from rivalry.game import Game
from rivalry.metrics.audio.coherence import coherences
from rivalry.metrics.audio.pitch import pitch, spectral_peak
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


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance = certificate()
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


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=GAMES)
    parser.add_argument("--time", default="25m")
    return parser.parse_args()


if __name__ == "__main__":
    main()
