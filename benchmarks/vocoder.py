"""Sounds that are made again from their mel spectra: HiFi-GAN beside Griffin-Lim, on voices that were never heard.

    python benchmarks/vocoder.py --data FOLDER [--speaker theo] [--seeds 0] [--time 15m] [--rounds N] [-s NAME=VALUE]

`hifigan` by its recipe `laptop` on the spoken digits of all but one speaker, and 300 recordings of this speaker made
again.  Beside it, from the same mel spectra, Griffin-Lim: magnitudes by 30 multiplicative updates, phases by 60 steps;
and the generator before its first round, the control.

Columns: the distance of log-mel spectra (natural logarithms; lower is better) on the frames that HiFi-GAN is given, and
on frames of 512 samples and 60 bands, which neither was made for; the spectral convergence; seconds to make a second.

Goal: HiFi-GAN's distance lower than Griffin-Lim's.

Writes benchmarks/results/vocoder.json and .md, and a sheet: a recording, Griffin-Lim's and HiFi-GAN's in each row.
"""

import argparse
import time
from collections.abc import Callable

import torch
from certificate import certificate
from played import played
from record import RESULTS, Row, record, recorded_with
from torch import Tensor

from rivalry.catalog import find, maker, recipes
from rivalry.data import open_data
from rivalry.data.source import Dataset
from rivalry.maths.mel import LogMel
from rivalry.maths.spectra import Frames
from rivalry.metrics.audio.convergence import convergence
from rivalry.metrics.audio.log_mel import log_mel_distance
from rivalry.settings import check
from rivalry.show.sheets import sheet

COLUMNS = ("log-mel distance", "other bands", "spectral convergence", "seconds a second", "rounds", "seconds")
N, STEPS = 300, 60


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    told = dict(pair.split("=") for pair in options.settings)
    data = f"spoken-digits:path={options.data},speaker={options.speaker}"
    test = open_data(data, "test")
    test = test.only(torch.linspace(0, len(test) - 1, N).long())
    how_long = {"rounds": options.rounds} if options.rounds else {"time": options.time}
    for seed in options.seeds:
        game, took = played("hifigan", data, recipe="laptop", seed=seed, **how_long, **told)
        make, laptop = maker(find("hifigan")), dict(recipes(find("hifigan"))["laptop"])
        laptop.pop("time")
        torch.manual_seed(seed)
        untrained = make(test.spec, **check(make, {**laptop, **told}, "hifigan")).eval()
        ways: dict[str, tuple[Callable[[Tensor], Tensor], Row]] = {
            "Griffin-Lim": (lambda x, mel=game.mel: mel.griffin_lim(mel(x), STEPS), {}),
            "hifigan": (game.translate, took),
            "hifigan untrained": (untrained.translate, {"rounds": 0, "seconds": 0}),
        }
        for name, (way, more) in ways.items():
            row = {"game": name, "seed": seed, **measured(test, way), **more, **certificate()}
            print(row, flush=True)
            says = [f"{N} recordings of {options.speaker}, a speaker who is held out; one thread"]
            record("vocoder", recorded_with(row, "vocoder", "game"), "game", COLUMNS, says)
        rows = test.rows(torch.arange(0, N, N // 8))
        with torch.no_grad():
            sides = [rows, *(ways[name][0](rows) for name in ("Griffin-Lim", "hifigan"))]
        sheet(torch.stack(sides, 1).flatten(0, 1), test.spec, 3).save(RESULTS / "vocoder.png")


def measured(data: Dataset, way: Callable[[Tensor], Tensor]) -> Row:
    rows, began = torch.arange(len(data)), time.perf_counter()
    with torch.no_grad():
        made = torch.cat([way(some) for some in data.rows(rows).split(50)])
    took, rate = time.perf_counter() - began, data.spec.about["rate"]
    other = LogMel(Frames(made.shape[-1], 512, 128), 60, rate)
    return {
        "log-mel distance": log_mel_distance(data, made, rows).value,
        "other bands": float((other(made) - other(data.rows(rows))).abs().mean()),
        "spectral convergence": convergence(data, made, rows).value,
        "seconds a second": took / (made.shape[0] * made.shape[-1] / rate),
    }


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="the recordings of spoken digits")
    parser.add_argument("--speaker", default="theo")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--time", default="15m")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("-s", dest="settings", action="append", metavar="NAME=VALUE", default=[])
    return parser.parse_args()


if __name__ == "__main__":
    main()
