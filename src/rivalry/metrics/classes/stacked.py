"""Stacked MNIST: a thousand modes that can be counted, a digit in each of three channels.

(Metz et al. 2017, "Unrolled Generative Adversarial Networks", arXiv 1611.02163; Srivastava et al. 2017, VEEGAN, arXiv
1705.07761; Lin et al. 2018, PacGAN, arXiv 1712.04086, whose protocol takes 26,000 samples.)  The judge of MNIST reads
each channel.  It errs at times, and an error is a mode that is not there: the same count on real data is given as well.
"""

from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.extractors.extractor import BUNDLED, Extractor, extract, load_judge
from rivalry.metrics.interval import SPREAD_OF_COUNTS, spread_of_counts
from rivalry.metrics.points.modes import reverse_kl
from rivalry.metrics.score import Score

MODES = 1000


def stacked_modes(
    fake: Tensor, *, provenance: dict[str, Any] | None = None, digit_judge: Extractor | None = None
) -> list[Score]:
    """Two scores of samples with a digit in each channel.

    - "stacked-modes": how many of the 1,000 triples of digits are there; high is good.
    - "stacked-kl": KL(triples of the samples ‖ 1,000 even ones) in nats; low is good.  True samples score about
      999 / (2 n), given in the details as `bias`.

    Args:
        fake: (n, 3, 28, 28) in [-1, 1].
        digit_judge: the bundled one of MNIST where not given.

    Raises:
        BadRequest: no samples, or not of this shape.
    """
    if fake.shape[1:] != (3, 28, 28) or not len(fake):
        raise BadRequest(f"stacked-modes needs samples (n, 3, 28, 28); got {tuple(fake.shape)}")
    counts = triples(fake, digit_judge or judge_of_digits()).bincount(minlength=MODES)
    n = len(fake)
    found = lambda seen: int((seen > 0).sum())
    facts = {**(provenance or {}), "n fake": n, "spread": SPREAD_OF_COUNTS}
    return [
        Score(
            "stacked-modes", found(counts), n, spread_of_counts(counts, found), "high", facts, {"of": MODES}
        ),
        Score(
            "stacked-kl",
            reverse_kl(counts),
            n,
            spread_of_counts(counts, reverse_kl),
            "low",
            facts,
            {"bias": (MODES - 1) / (2 * n)},
        ),
    ]


def judge_of_digits() -> Extractor:
    """The bundled judge of MNIST."""
    return load_judge(BUNDLED / "judge-mnist.safetensors")


def triples(x: Tensor, judge: Extractor) -> Tensor:
    """The mode of each sample: 100 times the digit of its first channel, 10 times the second, the third: (n,)."""
    _, logits = extract(judge, x.flatten(0, 1)[:, None])
    assert logits is not None
    return logits.argmax(1).view(-1, 3) @ torch.tensor([100, 10, 1])
