"""Deep Dream on the judge of MNIST: how the answer of a layer grows, what jitter does, and a class made likelier.

    python benchmarks/dreaming.py [--pictures 8]
    python benchmarks/dreaming.py --only digits --layer convolutions.11 --steps 40    the last convolution, more steps

Rows: on EfficientNet-lite0, where it is installed, the two photographs that come with scikit-learn at 224 x 224; on the
judge of MNIST smooth random pictures of 64 x 64, and held-out digits at 28 x 28.  Columns: the norm of what the default
layer (or the one that is named) answers to the dream, divided by that to the picture (mean and least over pictures),
beside the control, the same changes of pixels at other places; total variation of dreams without jitter, divided by
that with it; toward the class after the digit's own, or class 3: the share of pictures whose probability of it rises
with every step, and its mean before and after.

Writes benchmarks/results/dreaming.json and .md.
"""

import argparse
from importlib.util import find_spec
from itertools import pairwise
from statistics import mean

import torch
from certificate import certificate
from record import Row, record, recorded_with
from torch import Tensor
from torch.nn import functional as F

from rivalry.data import open_data
from rivalry.editing.dream import STEPS, Ascent, dream, toward
from rivalry.editing.seers import Seer, answer, find_seer, require_layer

COLUMNS = (
    "answer, times", "least", "other places, times", "variation without jitter, times", "rises with every step",
    "probability before", "probability after",
)  # fmt: skip
TOWARD = 40  # steps toward a class


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--only", choices=("smooth pictures", "digits", "photographs"))
    parser.add_argument("--layer", help="in place of the default one")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each octave")
    options = parser.parse_args()
    n = options.pictures
    torch.set_num_threads(1)
    provenance = certificate()
    judge = find_seer("judge-mnist")
    digits = open_data("mnist", "test").only(torch.arange(n))
    assert digits.label is not None
    every: dict[str, tuple[Seer, list[Tensor], list[int]]] = {
        "smooth pictures": (judge, [cloud(64, seed) for seed in range(n)], [3] * n),
        "digits": (judge, list(digits.rows(slice(None)).split(1)), ((digits.label + 1) % 10).tolist()),
    }
    if find_spec("efficientnet_lite_pytorch"):
        every["photographs"] = find_seer("efficientnet-lite0"), photos(), [3] * 2
    if options.only:
        every = {options.only: every[options.only]}
    for kind, (seer, pictures, wanted) in every.items():
        name = ", ".join([kind, *([options.layer, f"{options.steps} steps"] if options.layer else [])])
        found = measured(seer, pictures, wanted, require_layer(seer, options.layer), options.steps)
        row = {
            "pictures": name, "seed": 0, "network": seer.name, **found, "n": len(pictures), **provenance
        }  # fmt: skip
        print(row, flush=True)
        record("dreaming", recorded_with(row, "dreaming", "pictures"), "pictures", ("network", *COLUMNS, "n"))


def photos() -> list[Tensor]:
    from sklearn.datasets import load_sample_images

    whole = [torch.tensor(x).permute(2, 0, 1)[None].float() / 127.5 - 1 for x in load_sample_images().images]
    return [F.interpolate(x[..., :420, 110:530], (224, 224), mode="area") for x in whole]


def cloud(side: int, seed: int) -> Tensor:
    coarse = torch.randn(1, 1, 6, 6, generator=torch.Generator().manual_seed(seed))
    return 0.2 * F.interpolate(coarse, (side, side), mode="bicubic", align_corners=False).clamp(-3, 3)


def measured(judge: Seer, pictures: list[Tensor], wanted: list[int], layer: str, steps: int) -> Row:
    strength = lambda x: float(answer(judge, x, layer).norm())
    dreams = [dream(judge, x, layer, ascent=Ascent(steps=steps)) for x in pictures]
    times = [strength(y) / strength(x) for x, y in zip(pictures, dreams)]
    others = [strength(elsewhere(x, y)) / strength(x) for x, y in zip(pictures, dreams)]
    still = [dream(judge, x, layer, ascent=Ascent(steps=steps, jitter=0)) for x in pictures]
    return {
        "answer, times": mean(times),
        "least": min(times),
        "other places, times": mean(others),
        "variation without jitter, times": mean(map(variation, still)) / mean(map(variation, dreams)),
        **(of_classes(judge, pictures, wanted) if judge.classes else {}),
    }


def of_classes(judge: Seer, pictures: list[Tensor], wanted: list[int]) -> Row:
    ascent = Ascent(steps=TOWARD)
    ways = [
        [p for _, p in toward(judge, x, str(k), until=0.9, ascent=ascent)] for x, k in zip(pictures, wanted)
    ]
    return {
        "rises with every step": mean(all(b > a for a, b in pairwise(way)) for way in ways),
        "probability before": mean(way[0] for way in ways),
        "probability after": mean(way[-1] for way in ways),
    }


def elsewhere(x: Tensor, y: Tensor) -> Tensor:
    """The picture with the changes of the dream at other places: the control."""
    order = torch.randperm(y.numel(), generator=torch.Generator().manual_seed(0))
    return (x + (y - x).flatten()[order].view_as(y)).clamp(-1, 1)


def variation(x: Tensor) -> float:
    return float(x.diff(dim=2).abs().mean() + x.diff(dim=3).abs().mean())


if __name__ == "__main__":
    main()
