"""The known modes of a toy: which are found, how well they are hit, in what proportions.

Metz et al. 2017 (arXiv 1611.02163), Srivastava et al. 2017 (VEEGAN, arXiv 1705.07761), Lin et al. 2018
(PacGAN, arXiv 1712.04086), whose protocol on ring and grid takes 2,500 samples.
"""

from math import log
from typing import Any

import torch
from torch import Tensor

from rivalry.errors import BadRequest
from rivalry.metrics.interval import SPREAD_OF_COUNTS, SPREAD_OF_SHARE, spread_of_counts, wilson_error
from rivalry.metrics.score import Score

WITHIN = 3.0  # standard deviations from its mode: a sample no further is of high quality


def modes(
    fake: Tensor,
    centers: Tensor,
    std: float,
    *,
    proportions: Tensor | None = None,
    provenance: dict[str, Any] | None = None,
) -> list[Score]:
    """Three scores of samples from a mixture of round Gaussians whose modes are known.

    - "modes": how many modes have a sample within 3 standard deviations of the center; high is good.
    - "high-quality": the share of samples within 3 standard deviations of the nearest center; of true
      samples in two dimensions it is 1 - exp(-9/2) = 98.9 %.
    - "reverse-kl": KL(samples' modes ‖ true proportions) in nats, each sample counted for its nearest mode;
      low is good.  True samples score about (k - 1) / (2 n), given in the details as `bias`.

    Args:
        fake: (n, d).
        centers: (k, d).
        std: standard deviation of a mode in every direction.
        proportions: (k,) of the modes, summing to 1; equal where not given.

    Raises:
        BadRequest: no samples, samples that are not finite, or not of the modes' dimension.
    """
    n, k = len(fake), len(centers)
    if n < 1:
        raise BadRequest("modes needs at least 1 sample; got none")
    if fake.shape[1:] != centers.shape[1:]:
        raise BadRequest(f"modes: samples are {tuple(fake.shape[1:])}, modes {tuple(centers.shape[1:])}")
    if not fake.isfinite().all():
        raise BadRequest("modes: some samples are not finite")
    nearest, good = assigned(fake, centers, std)
    hits = nearest[good].bincount(minlength=k).cpu()
    counts = nearest.bincount(minlength=k).cpu()
    high = int(good.sum())
    found = lambda hits_and_misses: int((hits_and_misses[:k] > 0).sum())
    divergence = lambda counts: reverse_kl(counts, proportions)
    misses = torch.tensor([n - high])
    facts = {**(provenance or {}), "n fake": n, "within": f"{WITHIN:g} standard deviations of {std:g}"}
    by_share, by_counts = (facts | {"spread": s} for s in (SPREAD_OF_SHARE, SPREAD_OF_COUNTS))
    moves = spread_of_counts(torch.cat([hits, misses]), found)
    kl_moves = spread_of_counts(counts, divergence)
    placed = {"counts": counts.tolist(), "bias": (k - 1) / (2 * n)}
    return [
        Score("modes", found(hits), n, moves, "high", by_counts, {"of": k, "hits": hits.tolist()}),
        Score("high-quality", high / n, n, wilson_error(high, n), "high", by_share),
        Score("reverse-kl", divergence(counts), n, kl_moves, "low", by_counts, placed),
    ]


def assigned(fake: Tensor, centers: Tensor, std: float) -> tuple[Tensor, Tensor]:
    """The nearest mode of each sample, and whether it is within 3 standard deviations: (n,) int64, (n,) bool."""
    away, nearest = torch.cdist(fake.double(), centers.to(fake.device).double()).min(1)
    return nearest, away <= WITHIN * std


def reverse_kl(counts: Tensor, proportions: Tensor | None = None) -> float:
    """KL(counts / their sum ‖ proportions) in nats, 0 or more; log k when all samples fall in one of k.

    Args:
        counts: (k,) of samples a mode, not all 0.
        proportions: (k,), positive, summing to 1; equal where not given.
    """
    share = counts.double().cpu() / counts.sum().cpu()
    cross = (
        log(len(counts)) if proportions is None else float(-(share * proportions.double().cpu().log()).sum())
    )
    return max(0.0, cross - float(torch.special.entr(share).sum()))
