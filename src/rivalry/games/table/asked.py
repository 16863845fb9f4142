"""Games of rows that are asked for a category: all but the critic and the round.

A generator is told one category of one column, as in CTGAN (Xu et al. 2019, arXiv 1907.00503, section 4.3).  A sample
is drawn for a category by its own frequency, so that the shares of the data come out, with the running statistics of
batch norm.  `where={"sex": "F"}` asks for one category of one column; the category asked for is written into the row,
so that every row has it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Player
from rivalry.kinds.table import category_of, place_of, places
from rivalry.maths.averages import Average
from rivalry.maths.chance import normal
from rivalry.maths.optimizers import adam
from rivalry.nn.row_code import RowCode

TEMPERATURE = 0.2  # of the Gumbel softmax
LIKELY = 60.0  # added to the logit of a category that is asked for


class Residual(nn.Module):
    """x -> (ReLU(BN(W x)), x)."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.body(x), x], 1)


class AskedRows(Game):
    """A code of rows, a generator told a category, and its average.

    Attributes:
        code: the rows as networks see them.
        G: (n, latent + k) -> (n, code.width).
    """

    def __init__(
        self, spec: Spec, *, modes: int, latent: int, width: int, average: float, batch: int, lr: float
    ):
        super().__init__()
        self.column, self.latent, self.batch = spec.x, latent, batch
        self.code = RowCode(spec.x, modes)
        first = latent + self.code.k
        self.G = nn.Sequential(
            Residual(first, width),
            Residual(first + width, width),
            nn.Linear(first + 2 * width, self.code.width),
        )
        self.generator = Player(self.G, optimizer=adam(lr, 0.5, 0.9))
        self.average = Average(self.G, average)

    # ------------------------------------------------------------------ conditions, as numbers of categories of all

    def condition(self, asked: Tensor) -> Tensor:
        """c: (n,) -> (n, k), one-hot; of width 0 where the table has no categories."""
        if not self.code.k:
            return torch.zeros(len(asked), 0, device=self.device)
        return F.one_hot(asked, self.code.k).float()

    def own(self, x: Tensor, turn: Tensor) -> Tensor:
        """For each row (n, p) its category in column `turn` (n,) of those with categories: (n,)."""
        asked = torch.zeros(len(x), dtype=torch.long, device=x.device)
        has = self.code.categories(x)
        for j, (a, b) in enumerate(self.code.spans):
            asked = torch.where(turn == j, a + has[:, a:b].argmax(1), asked)
        return asked

    def in_turn(self, n: int) -> Tensor:
        """Columns with categories, one after another: (n,)."""
        return torch.arange(n, device=self.device) % max(len(self.code.spans), 1)

    def missed(self, raw: Tensor, asked: Tensor) -> Tensor:
        """The cross-entropy of what was asked for, in the mean over rows: a scalar."""
        sorts, total = self.code.parts(raw)[2], raw.new_zeros(())
        for a, b in self.code.spans:
            mine = (asked >= a) & (asked < b)
            total = total + F.cross_entropy(sorts[mine, a:b], asked[mine] - a, reduction="sum")
        return total / len(raw)

    # ------------------------------------------------------------------ rows

    def raw(self, condition: Tensor) -> Tensor:
        z = torch.randn(len(condition), self.latent, device=self.device)
        return self.G(torch.cat([z, condition], 1))

    def soft(self, raw: Tensor) -> Tensor:
        noise = torch.rand(len(raw), self.code.width - self.code.q, device=raw.device)
        return self.code.soften(raw, TEMPERATURE, noise)

    def draw(self, n: int) -> Tensor:
        """Codes: z, two numbers that choose a category, and noise for modes and categories."""
        return normal((n, self.latent + 2 + self.code.width - self.code.q), self.device)

    def decode(self, z: Tensor, where: Mapping[str, str] | None = None) -> Tensor:
        """Rows (n, p) of codes.

        Args:
            where: a category of one column, {"sex": "F"}, that all rows have.

        Raises:
            BadRequest: no such column or category, or several columns.
        """
        z, choice, noise = z.split([self.latent, 2, self.code.width - self.code.q], 1)
        asked = self.frequent(torch.special.ndtr(choice)) if where is None else self.wanted(where, len(z))
        at, modes, sorts = self.code.parts(self.average(torch.cat([z, self.condition(asked)], 1)))
        if where is not None:
            sorts = sorts + LIKELY * (sorts.abs().amax() + 1) * self.condition(asked)
        return self.code.rows(at.tanh(), modes, sorts, torch.special.ndtr(noise))

    def frequent(self, u: Tensor) -> Tensor:
        """Columns drawn evenly and categories by their frequency, from uniform numbers (n, 2): (n,)."""
        asked = torch.zeros(len(u), dtype=torch.long, device=u.device)
        column = (u[:, 0] * len(self.code.spans)).long()
        for j, (a, b) in enumerate(self.code.spans):
            edges = self.code.counts[a:b].cumsum(0)
            category = torch.searchsorted(edges, u[:, 1].contiguous() * edges[-1], right=True).clamp(
                max=b - a - 1
            )
            asked = torch.where(column == j, a + category, asked)
        return asked

    def wanted(self, where: Mapping[str, str], n: int) -> Tensor:
        if len(where) != 1:
            raise BadRequest(f"rows are asked for by a category of one column at a time; got {len(where)}")
        ((name, cell),) = where.items()
        place = place_of(self.column, name)
        category = category_of(places(self.column)[place], cell)
        start, _ = self.code.spans[self.code.sorted.index(place)]
        return torch.full((n,), start + category, device=self.device)

    def sample(self, n: int, where: Mapping[str, str] | None = None) -> Tensor:
        """`n` rows: (n, p)."""
        return self.decode(self.draw(n), where)
