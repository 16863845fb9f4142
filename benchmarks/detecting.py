"""Is a detector of made pictures right, within its family and on others, after JPEG, and as sure as it should be?

    python benchmarks/detecting.py [--data mnist] [--time 2m] [--n 1500] [--steps 1500] [--runs FOLDER] [--seed 0]

DCGAN, StyleGAN2, WGAN-GP, a VAE and DDPM are trained on the data by their recipes `laptop`, for the same time.  The
detector learns from the data and from DCGAN's pictures alone.  Rows, each the average precision on pictures that it did
not see, of JPEG at quality 75 and without:

    dcgan                   the family that it knows
    stylegan2, wgan-gp ...  other families: it has seen none of theirs
    dcgan, no augmentation  the same, had it not been shown blurred and compressed pictures
    dcgan, shuffled labels  the control: trained on the same pictures with real and made at random; 0.5 at best

`frequencies` is the baseline, power at each frequency in a logistic regression; `calibration error` that of the
probabilities within the family.

Writes benchmarks/results/detecting.json and .md.
"""

import argparse
from pathlib import Path

import torch
from certificate import certificate
from played import loaded, played
from record import Row, record, recorded_with
from torch import Tensor

import rivalry
from rivalry.data import open_data
from rivalry.detection.calibration import calibration_error
from rivalry.detection.corruption import compressed
from rivalry.detection.detector import Detector, seen, train_detector
from rivalry.game import Game
from rivalry.metrics.ranking import average_precision
from rivalry.runs.drawing import draw

FAMILIES = ("dcgan", "stylegan2", "wgan-gp", "vae", "ddpm")
COLUMNS = ("ap", "ap after JPEG 75", "frequencies", "calibration error", "rounds", "seconds")
HELD_OUT = 0.25  # of the pictures, on which all rows are measured


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    provenance = certificate()
    data = open_data(options.data)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(options.seed))[: options.n]
    real = data.x[order]
    cut = int(HELD_OUT * len(real))
    made, took = dict[str, Tensor](), dict[str, Row]()
    for family in FAMILIES:
        game, took[family] = game_of(family, options)
        made[family] = data.spec.meaning.kept(draw(game, len(real), seed=1))
    says = [
        f"{options.data}; {len(real) - cut:,} pictures of either sort to learn from, {cut:,} to measure on"
    ]
    for name, found in detectors(real[cut:], made["dcgan"][cut:], options):
        others = FAMILIES if name == "dcgan" else ("dcgan",)
        for family in others:
            row = {"made by": name if len(others) == 1 else family, "seed": options.seed}
            row |= measured(found, real[:cut], made[family][:cut])
            if family == "dcgan":
                row["frequencies"] = found.facts["ap_frequencies"]
            row |= {**took[family], **provenance}
            print(row, flush=True)
            record("detecting", recorded_with(row, "detecting", "made by"), "made by", COLUMNS, says)


def game_of(family: str, options: argparse.Namespace) -> tuple[Game, Row]:
    place = Path(options.runs) / family if options.runs else None
    if place and place.exists():
        return loaded(str(place))
    if place:
        rivalry.train(
            family,
            options.data,
            recipe="laptop",
            time=options.time,
            seed=options.seed,
            run=place,
            quiet=True,
            measure=False,
        )
        return loaded(str(place))
    return played(family, options.data, recipe="laptop", time=options.time, seed=options.seed)


def detectors(real: Tensor, fake: Tensor, options: argparse.Namespace) -> list[tuple[str, Detector]]:
    both = torch.cat([real, fake])
    mixed = both[torch.randperm(len(both), generator=torch.Generator().manual_seed(options.seed))]
    asks = {"steps": options.steps, "seed": options.seed}
    return [
        ("dcgan", train_detector(real, fake, **asks)),
        ("dcgan, no augmentation", train_detector(real, fake, augment=False, **asks)),
        ("dcgan, shuffled labels", train_detector(*mixed.split(len(real)), **asks)),
    ]


def measured(found: Detector, real: Tensor, fake: Tensor) -> Row:
    whole = torch.cat([real, fake])
    is_made = torch.arange(len(whole)) >= len(real)
    precision = lambda x: average_precision(*split(found.maps(seen(x)).mean((1, 2)).double(), is_made))
    return {
        "ap": precision(whole),
        "ap after JPEG 75": precision(torch.stack([compressed(one, 75) for one in whole])),
        "calibration error": calibration_error(found.probabilities(seen(whole)), is_made),
    }


def split(scores: Tensor, is_made: Tensor) -> tuple[Tensor, Tensor]:
    return scores[is_made], scores[~is_made]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--time", default="2m", help="of training each generator")
    parser.add_argument("--n", type=int, default=1500, help="pictures of either sort")
    parser.add_argument("--steps", type=int, default=1500, help="of training each detector")
    parser.add_argument("--runs", help="the folder where runs are kept")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
