"""Rows of a table as networks see them: each number as a mode of its mixture and a place in it, categories one-hot.

    x = μ_m + 4 σ_m α,  m drawn from p(m | x),  α in (-1, 1)

(Xu et al. 2019, "Modeling Tabular data using Conditional GAN", arXiv 1907.00503, section 4.2: mode-specific
normalization.)  A row is (α of each number | the modes of each number | the categories of each column).

The mixtures and how frequent each category is are fitted on data and kept as buffers, so that they are saved with the
weights.  They belong to the game and not to what is known of the data: other games need other facts of the same table.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.kinds.spec import Column
from rivalry.kinds.table import places
from rivalry.maths.mixture import Mixtures, fit_mixtures

MOST = 0.99  # of |α|
FITTED_ON = 3000  # rows


class RowCode(nn.Module):
    """Rows (n, p) <-> codes (n, width).

    Args:
        column: what the places of a row are.
        parts: of a mixture, at most.

    Attributes:
        numbers, sorted: the places that hold numbers, and those that hold categories.
        spans: where the categories of each of `sorted` are among all categories: (start, end).
        q, m, k: how many numbers, parts of each, and categories of all columns together.
    """

    means: Tensor
    stds: Tensor
    weights: Tensor
    counts: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, column: Column, parts: int = 10):
        super().__init__()
        known = places(column)
        self.numbers = [i for i, place in enumerate(known) if not place.sorts]
        self.sorted = [i for i, place in enumerate(known) if place.sorts]
        ends = [0]
        for i in self.sorted:
            ends.append(ends[-1] + known[i].sorts)
        self.spans = list(zip(ends, ends[1:]))
        self.q, self.m, self.k = len(self.numbers), parts, ends[-1]
        self.width = self.q + self.q * self.m + self.k
        self.register_buffer("weights", torch.full((self.q, parts), 1 / parts))
        self.register_buffer("means", torch.zeros(self.q, parts))
        self.register_buffer("stds", torch.ones(self.q, parts))
        self.register_buffer("counts", torch.ones(self.k))
        low, high = zip(*(place.range() for place in known))
        self.register_buffer("low", torch.tensor(low), persistent=False)
        self.register_buffer("high", torch.tensor(high), persistent=False)

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Find the mixtures and count the categories on rows (n, p)."""
        if self.q:
            found = fit_mixtures(x[:FITTED_ON, self.numbers], self.m)
            for mine, new in zip((self.weights, self.means, self.stds), found):
                mine.copy_(new)
        self.counts.copy_(self.categories(x).sum(0))

    @torch.no_grad()
    def divide(self) -> None:
        """Parts of equal width from the least to the greatest value of each number, without a look at data.

        Where a number has no range, from -4 to 4, since numbers are of about the size 1.
        """
        low, high = (one[self.numbers].nan_to_num(neginf=-4.0, posinf=4.0) for one in (self.low, self.high))
        width = ((high - low) / self.m).clamp(min=1e-6)[:, None]
        self.means.copy_(low[:, None] + width * (torch.arange(self.m, device=low.device) + 0.5))
        self.stds.copy_((width / 8).expand_as(self.stds))  # so that α of -1 and 1 are its ends

    @property
    def mixtures(self) -> Mixtures:
        return Mixtures(self.weights, self.means, self.stds)

    def categories(self, x: Tensor) -> Tensor:
        """The categories of rows (n, p), one-hot for each column: (n, k)."""
        hot = [
            F.one_hot(x[:, i].round().long().clamp(0, end - start - 1), end - start)
            for i, (start, end) in zip(self.sorted, self.spans)
        ]
        return torch.cat(hot, 1).float() if hot else x.new_zeros(len(x), 0)

    def encode(self, x: Tensor, drawn: bool = True) -> Tensor:
        """Rows (n, p) -> codes (n, width).  The mode is drawn, or the likeliest."""
        value = x[:, self.numbers].float()
        log_share = self.mixtures.log_shares(value)
        mode = (log_share + gumbel(torch.rand_like(log_share)) if drawn else log_share).argmax(2)  # (n, q)
        hot = F.one_hot(mode, self.m).float()
        alpha = ((value - (hot * self.means).sum(2)) / (4 * (hot * self.stds).sum(2))).clamp(-MOST, MOST)
        return torch.cat([alpha, hot.flatten(1), self.categories(x)], 1)

    def parts(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What a network says, (n, width): the numbers before tanh (n, q), logits of modes (n, q, m), of categories.

        Parts that are not there have logits of -30 at most.
        """
        at, modes, sorts = raw.float().split([self.q, self.q * self.m, self.k], 1)
        alive = torch.where(self.weights > 0, 0.0, -60.0)
        return at, modes.unflatten(1, (self.q, self.m)) + alive, sorts

    def soften(self, raw: Tensor, temperature: float, noise: Tensor) -> Tensor:
        """A code through which gradients go: tanh, and the Gumbel softmax at a temperature.

        Args:
            raw: (n, width).
            noise: uniform, (n, width - q).
        """
        at, modes, sorts = self.parts(raw)
        g = gumbel(noise)
        modes = ((modes + g[:, : self.q * self.m].view_as(modes)) / temperature).softmax(2)
        noisy = (sorts + g[:, self.q * self.m :]) / temperature
        each = [noisy[:, start:end].softmax(1) for start, end in self.spans]
        return torch.cat([at.tanh(), modes.flatten(1), *each], 1)

    def rows(self, alpha: Tensor, modes: Tensor, sorts: Tensor, noise: Tensor) -> Tensor:
        """Rows (n, p) from α (n, q), and modes and categories drawn by their logits.

        Args:
            noise: uniform, (n, width - q).
        """
        g = gumbel(noise)
        hot = F.one_hot((modes + g[:, : self.q * self.m].view_as(modes)).argmax(2), self.m).float()
        noisy = sorts + g[:, self.q * self.m :]
        x = alpha.new_zeros(len(alpha), self.q + len(self.sorted))
        x[:, self.numbers] = (hot * self.means).sum(2) + 4 * (hot * self.stds).sum(2) * alpha
        for i, (start, end) in zip(self.sorted, self.spans):
            x[:, i] = noisy[:, start:end].argmax(1).float()
        return torch.minimum(torch.maximum(x, self.low), self.high)


def gumbel(u: Tensor) -> Tensor:
    """Gumbel noise from uniform numbers."""
    return -(-u.clamp(1e-7, 1 - 1e-7).log()).log()
