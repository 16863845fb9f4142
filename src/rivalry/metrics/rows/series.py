"""Series: can a recurrent network tell samples from data, and do samples spread as data do?

    discriminative    |accuracy - ½| of a GRU of 24 units on a held-out fifth: 0 where samples cannot be told from
                      data, .5 where they always can (Yoon, Jarrett & van der Schaar 2019, TimeGAN, section 5.1)
    std-ratio         deviation over samples at a step, in the mean over steps and numbers, as a share of that of data
    jump-ratio        the same of the differences between two steps

A discriminative score of a weak network is gamed: the mean path of slow sines, which has no spread at all, reached .045
with 2 units and .22 with 24.  So the ratios stand beside it, and a score is good where both are near 1.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Dataset
from rivalry.maths.optimizers import adam
from rivalry.metrics.features.neighbors import spaced
from rivalry.metrics.score import Score

UNITS = 24
ROUNDS, BATCH, RATE = 600, 128, 5e-3  # of the training of the network
ROWS = 2500  # series of each sort, at most


class Teller(nn.Module):
    """Series (n, t, d) -> how real they look to a GRU at their end (n,)."""

    def __init__(self, numbers: int):
        super().__init__()
        self.gru, self.read = nn.GRU(numbers, UNITS, batch_first=True), nn.Linear(UNITS, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.gru(x)[1][0])[:, 0]


def series(real: Dataset, fake: Tensor, *, provenance: dict[str, Any] | None = None) -> list[Score]:
    """The three scores of the file.

    Args:
        fake: (n, t, d), see `kinds.episode`.
    """
    n = min(len(real), len(fake), ROWS)
    data, made = real.rows(spaced(torch.arange(len(real)), n)).float(), fake[:n].float().cpu()
    told = discriminative(data, made)
    ratios = {"std-ratio": spread(made) / spread(data), "jump-ratio": jumps(made) / jumps(data)}
    facts = {**(provenance or {}), "compared with": n}
    return [
        Score("discriminative", told, n, None, "low", facts),
        *(Score(name, value, n, None, "", facts) for name, value in ratios.items()),
    ]


def discriminative(data: Tensor, made: Tensor) -> float:
    """|accuracy - ½| on a held-out fifth, of a network trained on the others: 0 to .5."""
    center, scale = data.mean((0, 1)), data.std((0, 1)).clamp(min=1e-6)
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(0))
    kept, held = order[len(order) // 5 :], order[: len(order) // 5]
    both = lambda rows: torch.cat([(x[rows] - center) / scale for x in (data, made)])
    truth = lambda rows: torch.cat([torch.ones(len(rows)), torch.zeros(len(rows))])
    with torch.random.fork_rng([]), torch.enable_grad():
        torch.manual_seed(0)
        teller = trained(both(kept), truth(kept))
    with torch.no_grad():
        right = (teller(both(held)) > 0) == (truth(held) > 0.5)
    return abs(float(right.double().mean()) - 0.5)


def trained(x: Tensor, y: Tensor) -> Teller:
    teller = Teller(x.shape[2])
    optimizer = adam(RATE)([*teller.parameters()])
    for _ in range(ROUNDS):
        rows = torch.randint(len(x), (BATCH,))
        teller.zero_grad()
        F.binary_cross_entropy_with_logits(teller(x[rows]), y[rows]).backward()
        optimizer.step()
    return teller


def spread(x: Tensor) -> float:
    """The deviation over series, in the mean over steps and numbers; the last number says only whether a step is."""
    return max(float(x[:, :, :-1].std(0).mean()), 1e-9)


def jumps(x: Tensor) -> float:
    """The deviation of differences of two steps."""
    return spread(x.diff(dim=1)) if x.shape[1] > 1 else 1e-9
