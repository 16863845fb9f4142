"""Which metric detects which damage?  Real images are damaged in known ways and scored like samples of a generator.

Each damage has several strengths.  The control is several draws of other, undamaged real images; the deviation of a
score over these draws is its noise.  A metric detects a damage if its score changes by several times the noise, and the
direction says whether it reads the damage as worse or as better.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import copysign, exp, inf, log
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.errors import BadRequest
from rivalry.kinds.image import to_uint8
from rivalry.metrics import suite
from rivalry.metrics.extractors.extractor import Extractor
from rivalry.metrics.score import Score

QUESTION = "Which metric notices which damage, and does it read it as worse or as better?"
CONTROLS = 4
NOTICED = 4.0  # times the noise
ORDERS = ("support-size", "mifid")  # these range over orders of magnitude
METRICS = (
    "judge",
    "accuracy",
    "balance",
    "fid",
    "kid",
    "prdc",
    "inception-score",
    "diversity",
    "support-size",
    "intra-class-fid",
    "defects",
    "c2st",
    "mifid",
    "copying",
    "authenticity",
    "memorization",
    "ms-ssim",
    "sharpness",
)


class Samples(NamedTuple):
    """What a generator would have made: images (n, c, h, w) in [-1, 1], and the labels (n,) asked for."""

    x: Tensor
    asked: Tensor


Damage = Callable[[Samples, Dataset, float, torch.Generator], Samples]


@dataclass(frozen=True)
class Finding:
    """The change of one score under one damage.

    Attributes:
        damage: and `strength`, in the unit that the damage tells.
        score: its name.
        value: of the damaged images.
        control: the mean over undamaged ones, and `noise`, their standard deviation or the score's own spread.
        better: which side of the score is good.
        orders: the score ranges over orders of magnitude: the control is a geometric mean, the noise a deviation
            of natural logarithms.
    """

    damage: str
    strength: float
    score: str
    value: float
    control: float
    noise: float
    better: str
    orders: bool = False

    @property
    def moved(self) -> float:
        """How far the score moved, in units of its noise."""
        away = log(self.value / self.control) if self.orders else self.value - self.control
        if self.noise == 0:
            return copysign(inf, away) if away else 0.0
        return away / self.noise

    @property
    def verdict(self) -> str:
        """ "worse", "better", "moved" where no side is good in itself, or "" where it was not noticed."""
        if abs(self.moved) < NOTICED:
            return ""
        if not self.better:
            return "moved"
        return "better" if (self.moved > 0) == (self.better == "high") else "worse"


def audit(
    train: Dataset,
    test: Dataset,
    *,
    n: int = 2000,
    metrics: Sequence[str] = METRICS,
    extractor: Extractor | None = None,
    damages: Sequence[str] = (),
    seed: int = 0,
    progress: suite.Progress | None = None,
) -> list[Finding]:
    """Damage real images in every way and score them.

    Args:
        train: what the samples are compared with, and copied from.
        test: undamaged images that no metric has seen; the samples are drawn from them.
        n: how many are scored at a time.
        damages: names of `DAMAGES`; all of them where none is named.
        progress: called with the damage, how many are done and how many there are.

    Raises:
        BadRequest: images without labels, or too few of them.
    """
    test.spec.require("audit-metrics", kind="image", classes=True)
    if len(test) < 2 * n:
        raise BadRequest(
            f"audit-metrics needs twice as many held-out images as it scores; got {len(test):,} for {n:,}"
        )

    def score(samples: Samples) -> dict[str, Score]:
        evidence = suite.Evidence(train, samples.x, samples.asked, extractor, held_out=lambda: test)
        found: dict[str, Score] = {}
        for metric in suite.choose(metrics, evidence):
            with suppress(BadRequest):  # a class may be missing, which is what some metrics refuse
                found |= {one.name: one for one in suite.measured(metric, evidence)}
        return found

    controls = [score(some_of(test, n, seed + k)) for k in range(CONTROLS)]
    findings = []
    todo = [
        (name, damage, strength)
        for name in damages or DAMAGES
        for damage, strengths in [DAMAGES[name]]
        for strength in strengths
    ]
    for i, (name, damage, strength) in enumerate(todo):
        if progress:
            progress(name, i, len(todo))
        generator = torch.Generator().manual_seed(seed)
        damaged = damage(some_of(test, n, seed), train, strength, generator)
        findings += list(_compared(name, strength, score(damaged), controls))
    return findings


def _compared(
    damage: str, strength: float, scores: dict[str, Score], controls: Sequence[dict[str, Score]]
) -> Iterator[Finding]:
    for name, score in scores.items():
        others = [control[name] for control in controls]
        values = torch.tensor([other.value for other in others], dtype=torch.float64)
        if name.split("[")[0] in ORDERS:
            control, noise = float(values.log().mean().exp()), float(values.log().std())
        else:
            control, noise = (
                float(values.mean()),
                max(float(values.std()), *(o.spread or 0.0 for o in others)),
            )
        yield Finding(
            damage, strength, name, score.value, control, noise, score.better, name.split("[")[0] in ORDERS
        )


def some_of(data: Dataset, n: int, seed: int) -> Samples:
    """`n` undamaged images, drawn without replacement."""
    rows = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[:n]
    return Samples(data.rows(rows), data.column("label", rows))


# ---------------------------------------------------------------------- damages


def blurred(samples: Samples, train: Dataset, deviation: float, generator: torch.Generator) -> Samples:
    """Blurred by a Gaussian of this many pixels."""
    reach = max(1, round(3 * deviation))
    weights = torch.exp(-torch.arange(-reach, reach + 1.0).square() / (2 * deviation**2))
    weights = weights / weights.sum()
    x, channels = samples.x, samples.x.shape[1]
    for kernel in (weights[:, None], weights[None]):
        h, w = kernel.shape
        padded = F.pad(x, (w // 2, w // 2, h // 2, h // 2), mode="replicate")
        x = F.conv2d(padded, kernel.expand(channels, 1, h, w), groups=channels)
    return samples._replace(x=x)


def noisy(samples: Samples, train: Dataset, deviation: float, generator: torch.Generator) -> Samples:
    """With normal noise of this deviation, in units of [-1, 1]."""
    noise = deviation * torch.randn(samples.x.shape, generator=generator)
    return samples._replace(x=(samples.x + noise).clamp(-1, 1))


def compressed(samples: Samples, train: Dataset, quality: float, generator: torch.Generator) -> Samples:
    """Through JPEG at this quality."""
    again = []
    for image in to_uint8(samples.x):
        planes = image.permute(1, 2, 0).numpy()
        file = io.BytesIO()
        Image.fromarray(planes.squeeze(2) if planes.shape[2] == 1 else planes).save(
            file, "jpeg", quality=int(quality)
        )
        back = np.array(Image.open(file)).reshape(planes.shape)
        again.append(torch.from_numpy(back).permute(2, 0, 1))
    return samples._replace(x=torch.stack(again).float() / 127.5 - 1)


def without_classes(samples: Samples, train: Dataset, share: float, generator: torch.Generator) -> Samples:
    """Without this share of the classes; images of the other classes, with their labels, take their places."""
    k = len(train.spec.classes)
    kept = torch.nonzero(samples.asked < k - round(share * k)).flatten()
    rows = kept[torch.randint(len(kept), (len(samples.x),), generator=generator)]
    return Samples(samples.x[rows], samples.asked[rows])


def mislabeled(samples: Samples, train: Dataset, share: float, generator: torch.Generator) -> Samples:
    """With this share asked for as another class than they are."""
    k, n = len(train.spec.classes), len(samples.x)
    wrong = torch.rand(n, generator=generator) < share
    other = (samples.asked + torch.randint(1, k, (n,), generator=generator)) % k
    return samples._replace(asked=torch.where(wrong, other, samples.asked))


def copied(samples: Samples, train: Dataset, share: float, generator: torch.Generator) -> Samples:
    """With this share replaced by training images."""
    n = len(samples.x)
    rows = torch.randperm(len(train), generator=generator)[:n]
    copies = (torch.rand(n, generator=generator) < share)[:, None, None, None]
    asked = torch.where(copies.flatten(), train.column("label", rows), samples.asked)
    return Samples(torch.where(copies, train.rows(rows), samples.x), asked)


def flipped(samples: Samples, train: Dataset, share: float, generator: torch.Generator) -> Samples:
    """With this share replaced by training images, mirrored."""
    made = copied(samples, train, share, generator)
    copies = (made.x != samples.x).flatten(1).any(1)[:, None, None, None]
    return made._replace(x=torch.where(copies, made.x.flip(3), made.x))


def collapsed(samples: Samples, train: Dataset, images: float, generator: torch.Generator) -> Samples:
    """With no more than this many different images of each class."""
    rows = torch.arange(len(samples.x))
    for k in samples.asked.unique():
        mine = torch.nonzero(samples.asked == k).flatten()
        rows[mine] = mine[torch.arange(len(mine)) % min(int(images), len(mine))]
    return samples._replace(x=samples.x[rows])


DAMAGES: dict[str, tuple[Damage, tuple[float, ...]]] = {
    "blur, pixels": (blurred, (0.5, 1.0, 2.0)),
    "noise": (noisy, (0.05, 0.15, 0.5)),
    "JPEG, quality": (compressed, (75, 30, 10)),
    "classes dropped": (without_classes, (0.1, 0.5)),
    "labels wrong": (mislabeled, (0.05, 0.5)),
    "copies of training data": (copied, (0.1, 0.5, 1.0)),
    "mirrored copies": (flipped, (0.5, 1.0)),
    "images a class": (collapsed, (50, 10, 1)),
}


# ---------------------------------------------------------------------- the table

SIGNS = {"worse": "▼", "better": "▲", "moved": "◆", "": "·"}
REFUSED = "–"


def table(findings: Sequence[Finding]) -> str:
    """As Markdown: a row for each score, a column for each damage, a sign for each of its strengths in turn."""
    at = {(f.score, f.damage, f.strength): f for f in findings}
    damages = {damage: [s for d, s in _places(findings) if d == damage] for damage, _ in _places(findings)}
    heads = [f"{damage} {', '.join(f'{s:g}' for s in strengths)}" for damage, strengths in damages.items()]
    lines = ["| score | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for score in dict.fromkeys(f.score for f in findings):
        cells = []
        for damage, strengths in damages.items():
            found = [at.get((score, damage, strength)) for strength in strengths]
            cells.append(" ".join(SIGNS[f.verdict] if f else REFUSED for f in found))
        lines.append(f"| `{score}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def values(findings: Sequence[Finding]) -> str:
    """As Markdown: a row for each damage, a column for each score, with its value and what it made of it."""
    scores = list(dict.fromkeys(f.score for f in findings))
    at = {(f.damage, f.strength, f.score): f for f in findings}
    lines = ["| damage | " + " | ".join(scores) + " |", "|---" * (len(scores) + 1) + "|"]
    one = {f.score: f for f in findings}
    lines.append("| none | " + " | ".join(_control(one[score]) for score in scores) + " |")
    for damage, strength in _places(findings):
        cells = [at.get((damage, strength, score)) for score in scores]
        values = " | ".join(f"{cell.value:.3g} {SIGNS[cell.verdict]}" if cell else REFUSED for cell in cells)
        lines.append(f"| {damage} {strength:g} | {values} |")
    return "\n".join(lines)


def _control(finding: Finding) -> str:
    if finding.orders:
        return f"{finding.control:.3g} ×/÷ {exp(finding.noise):.2g}"
    return f"{finding.control:.3g} ± {finding.noise:.1g}"


def _places(findings: Sequence[Finding]) -> list[tuple[str, float]]:
    return list(dict.fromkeys((f.damage, f.strength) for f in findings))
