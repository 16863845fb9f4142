"""A detector of made pictures: a small network, its temperature, and what was measured of it on held-out pictures.

It is trained on real pictures and on those of one or more generators, with blur and JPEG (`corruption`).  Six tenths
of the pictures train it, two tenths choose the temperature (`calibration`), and two tenths, which it never saw, give
its error rates.  The probability is that of a picture that is as likely to be real as made.
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from rivalry.detection.calibration import calibration_error, errors, temperature
from rivalry.detection.corruption import compressed, corrupted
from rivalry.detection.frequency import frequency_scores
from rivalry.detection.network import Places
from rivalry.errors import BadRequest
from rivalry.maths.optimizers import adam
from rivalry.metrics.ranking import average_precision
from rivalry.waiting import Steps

FORMAT = "rivalry detector 1"
LEAST = 40  # pictures of either sort
LARGEST = 4096  # pixels of a side, and four times the widest network, that a file may name
TRAINED, TUNED = (
    0.6,
    0.8,
)  # where the pictures are cut: for training, for the temperature, for the error rates


@dataclass(frozen=True)
class Detector:
    """A trained detector.

    Attributes:
        network: scores places, high for made.
        temperature: by which the mean score is divided.
        facts: `real` and `made` (names of what it saw), `shape`, `width`, and what was measured on held-out pictures:
            `ap`, `ap_jpeg75`, `ap_frequencies`, `calibration_error`, `false_alarms`, `misses`, `held_out`.
    """

    network: Places
    temperature: float
    facts: dict[str, Any]

    @torch.no_grad()
    def maps(self, x: Tensor, chunk: int = 100) -> Tensor:
        """The scores of all places, divided by the temperature: (n, c, h, w) in [-1, 1] -> (n, h', w')."""
        return torch.cat([self.network(part).float().cpu() for part in x.split(chunk)]) / self.temperature

    def probabilities(self, x: Tensor) -> Tensor:
        """The probability that each picture is made: (n, c, h, w) in [-1, 1] -> (n,)."""
        return self.maps(x).mean((1, 2)).sigmoid()

    def heat(self, x: Tensor) -> Tensor:
        """Where it looked: (n, h, w) in [-1, 1], above 0 where a place speaks for made; its maps, enlarged."""
        maps = (2 * self.maps(x).sigmoid() - 1)[:, None]
        return F.interpolate(maps, x.shape[2:], mode="bilinear", align_corners=False)[:, 0]

    def limits(self) -> str:
        """What it has measured, and what it cannot know, in sentences."""
        seen, each = " and ".join(self.facts["made"]), self.facts["held_out"]
        return (
            f"It has seen pictures of {self.facts['real']}, and those that {seen} made.  Of {each} held-out pictures "
            f"of either sort it called {self.facts['false_alarms']:.1%} of the real ones made and "
            f"{self.facts['misses']:.1%} of the made ones real.  It cannot know other generators, edited photographs, "
            "or pictures unlike these; a low number proves nothing.  It does not know who or what a picture shows."
        )


def train_detector(
    real: Tensor,
    fake: Tensor,
    *,
    names: tuple[str, tuple[str, ...]] = ("real pictures", ("a generator",)),
    steps: int = 1500,
    seconds: float = math.inf,
    batch: int = 64,
    width: int = 16,
    rate: float = 1e-3,
    augment: bool = True,
    seed: int = 0,
    progress: Steps | None = None,
) -> Detector:
    """Train, calibrate and measure a detector.  The same seed gives the same one unless `seconds` ends it early.

    Args:
        real, fake: uint8 (n, c, h, w) and (m, c, h, w); alpha is laid over white.
        names: of the real data, and of the generators.
        augment: blur and compress pictures at random while it learns.

    Raises:
        BadRequest: fewer than 40 pictures of a sort, or pictures of other shapes.
    """
    real, fake = opaque(real), opaque(fake)
    _require_pictures(real, fake)
    draw = torch.Generator().manual_seed(seed)
    train, tune, test = _parts(real, fake, draw)
    shape = (real.shape[1], real.shape[2], real.shape[3])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Places(shape, width)
    optimizer = adam(rate)(list(network.parameters()))
    begun = time.monotonic()
    network.train()
    for step, (x, made) in enumerate(_batches(*train, batch, draw)):
        way = max(step / steps, (time.monotonic() - begun) / seconds)
        if way >= 1:
            break
        optimizer.settings["lr"] = rate * (1 + math.cos(math.pi * way)) / 2
        with torch.enable_grad():
            scores = network(seen(corrupted(x, draw) if augment else x)).mean((1, 2))
            loss = F.binary_cross_entropy_with_logits(scores, made.float())
        optimizer.descend(loss)
        if progress:
            progress("learning to tell", step + 1, steps)
    network.eval().requires_grad_(False)
    plain = Detector(network, 1.0, {})
    found = Detector(network, temperature(plain.maps(seen(tune[0])).mean((1, 2)), tune[1]), {})
    facts = {"real": names[0], "made": list(names[1]), "shape": list(shape), "width": width, "seed": seed}
    return Detector(
        network, found.temperature, {**facts, "augmented": augment, **_measured(found, train, test)}
    )


Pool = tuple[Tensor, Tensor]  # pictures uint8 (n, c, h, w), and whether each is made (n,)


def _parts(real: Tensor, fake: Tensor, draw: torch.Generator) -> list[Pool]:
    """The pictures for training, for the temperature and for the error rates, as many real as made in each."""
    each = min(len(real), len(fake))
    real, fake = (some[torch.randperm(len(some), generator=draw)[:each]] for some in (real, fake))
    cuts = [0, int(TRAINED * each), int(TUNED * each), each]
    parts = [(real[a:b], fake[a:b]) for a, b in zip(cuts, cuts[1:])]
    return [(torch.cat(two), torch.arange(2 * len(two[0])) >= len(two[0])) for two in parts]


def _batches(x: Tensor, made: Tensor, batch: int, draw: torch.Generator) -> Iterator[Pool]:
    """Batches in random order, epoch after epoch, half of them mirrored."""
    batch = min(batch, len(x))
    while True:
        order = torch.randperm(len(x), generator=draw)
        for rows in order[: len(x) - len(x) % batch].split(batch):
            mirrored = bool(torch.rand((), generator=draw) < 0.5)
            yield (x[rows].flip(-1) if mirrored else x[rows]), made[rows]


def _measured(found: Detector, train: Pool, test: Pool) -> dict[str, Any]:
    """What is measured on the pictures that nothing was chosen on."""
    x, made = test
    p = found.probabilities(seen(x))
    small = torch.stack([compressed(one, 75) for one in x])
    frequencies = frequency_scores(seen(train[0]), train[1], seen(x))
    wrong = errors(p, made)
    ap = lambda scores: average_precision(scores[made].double(), scores[~made].double())
    return {
        "ap": ap(found.maps(seen(x)).mean((1, 2))),
        "ap_jpeg75": ap(found.maps(seen(small)).mean((1, 2))),
        "ap_frequencies": ap(frequencies),
        "calibration_error": calibration_error(p, made),
        "false_alarms": wrong.false_alarms,
        "misses": wrong.misses,
        "held_out": wrong.each,
    }


def _require_pictures(real: Tensor, fake: Tensor) -> None:
    if real.shape[1:] != fake.shape[1:]:
        told = [" x ".join(map(str, some.shape[1:])) for some in (real, fake)]
        raise BadRequest(f"real pictures are {told[0]} and made ones {told[1]}: --size brings data to a size")
    if (few := min(len(real), len(fake))) < LEAST:
        raise BadRequest(f"a detector learns from {LEAST} real and {LEAST} made pictures or more; got {few}")


def opaque(x: Tensor) -> Tensor:
    """Pictures uint8 (n, 1..4, h, w) without alpha, which is laid over white: (n, 1 or 3, h, w)."""
    if x.shape[1] in (1, 3):
        return x
    color, alpha = x[:, :-1].float(), x[:, -1:].float() / 255
    return (color * alpha + 255 * (1 - alpha)).round().to(torch.uint8)


def seen(x: Tensor) -> Tensor:
    """uint8 as the network sees it: float32 in [-1, 1]."""
    return x.float() / 127.5 - 1


# ---------------------------------------------------------------------- the file


def as_bytes(detector: Detector) -> bytes:
    """The file of a detector: safetensors, with its temperature and its facts as JSON in the header."""
    told = {"format": FORMAT, "temperature": detector.temperature, "facts": detector.facts}
    weights = {name: value.contiguous() for name, value in detector.network.state_dict().items()}
    return save(weights, {"told": json.dumps(told)})


def load_detector(path: Path) -> Detector:
    """Read a detector that `as_bytes` wrote.

    Raises:
        BadRequest: no such file, or a file that is none of a detector.
    """
    if not path.is_file():
        raise BadRequest(f"no detector {str(path)!r}: rivalry detect train makes one")
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {})["told"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _checked(told, weights)
    except (SafetensorError, LookupError, TypeError, ValueError, RuntimeError, OSError) as error:
        raise BadRequest(f"{path} is no detector that `rivalry detect train` wrote") from error


def _checked(told: dict[str, Any], weights: dict[str, Tensor]) -> Detector:
    """A detector, if all that is told of it can be true; else an error of some kind."""
    facts, t = told["facts"], float(told["temperature"])
    c, h, w = (int(side) for side in facts["shape"])
    rates = [float(facts[name]) for name in ("ap", "ap_jpeg75", "ap_frequencies", "false_alarms", "misses")]
    sound = (
        told["format"] == FORMAT and c in (1, 3) and 8 <= min(h, w) <= max(h, w) <= LARGEST
        and 1 <= int(facts["width"]) <= LARGEST // 4 and 0 < t < math.inf
        and all(0 <= rate <= 1 for rate in [*rates, float(facts["calibration_error"])])
        and all(isinstance(name, str) for name in [facts["real"], *facts["made"]])
        and all(value.isfinite().all() for value in weights.values())
    )  # fmt: skip
    if not sound:
        raise ValueError
    with torch.device("meta"):  # no memory is taken before the weights are known to fit
        network = Places((c, h, w), int(facts["width"]))
    network.load_state_dict(weights, assign=True)
    facts["held_out"] = int(facts["held_out"])
    return Detector(network.eval().requires_grad_(False), t, facts)
