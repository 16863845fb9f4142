"""CTGAN: a conditional WGAN-GP for tables whose columns are numbers of many modes and categories of uneven size.

    min_D  E[D(fake, c)] - E[D(real, c)] + λ E(‖∇D‖ - 1)²        min_G  -E[D(G(z, c), c)] + H(c, Ĝ_c)

(Xu, Skoularidou, Cuesta-Infante & Veeramachaneni 2019, "Modeling Tabular data using Conditional GAN", arXiv
1907.00503.)

    Mode-specific normalization: `nn.row_code`, whose mixtures are fitted in the first round and kept as buffers.
    Conditional vector c: one category of one column; the cross-entropy H makes G show it.
    Training by sampling: the column is drawn evenly, the category by the logarithm of its frequency, and the real row
        among rows that have it.
    PacGAN: the critic sees `pack` rows at once (Lin et al. 2018, arXiv 1712.04086).

A sample is drawn for a category by its own frequency, so that the shares of the data come out, with the running
statistics of batch norm.  `where={"sex": "F"}` asks for one category of one column; the category asked for is written
into the row, so that every row has it.

Deviations:
    Real rows with the category are taken from `pool` batches of rows, and not from all: where none of those has it, a
        category that is there is asked for instead.
    The Bayesian information criterion says how many parts a mixture has; the authors take a Dirichlet process.
    Samples come from an average of G over training.  No weight decay.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.kinds.table import category_of, place_of, places
from rivalry.maths.averages import Average
from rivalry.maths.chance import normal
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.nn.perceptron import perceptron
from rivalry.nn.row_code import RowCode
from rivalry.settings import Count, Fraction, Rate, Weight

TEMPERATURE = 0.2  # of the Gumbel softmax
LIKELY = 60.0  # added to the logit of a category that is asked for


class Residual(nn.Module):
    """x -> (ReLU(BN(W x)), x)."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(inputs, width, bias=False), nn.BatchNorm1d(width), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.body(x), x], 1)


class PackCritic(nn.Module):
    """Packs of rows with their conditions: (n / pack, pack · w) -> (n / pack,)."""

    def __init__(self, inputs: int, width: int, pack: int, dropout: float):
        super().__init__()
        self.pack, self.body = pack, perceptron(pack * inputs, width, width, 1, dropout=dropout)

    def forward(self, packs: Tensor) -> Tensor:
        return self.body(packs).squeeze(1)

    def packs(self, rows: Tensor) -> Tensor:
        """(n, w) -> (n / pack, pack · w); rows that fill no pack are left out."""
        n = len(rows) // self.pack
        return rows[: n * self.pack].reshape(n, self.pack * rows.shape[1])


class CTGAN(Game):
    """A generator told a category, and a critic of packs of rows."""

    def __init__(
        self,
        spec: Spec,
        *,
        latent: int,
        width: int,
        pack: int,
        dropout: float,
        penalty: float,
        critic_steps: int,
        pool: int,
        average: float,
        batch: int,
        lr: float,
    ):
        super().__init__()
        if batch % pack:
            raise BadRequest(f"ctgan's batch is whole packs: expected a multiple of {pack}, got {batch}")
        self.column, self.latent, self.batch = spec.x, latent, batch
        self.critic_steps, self.pool = critic_steps, pool
        self.penalty = gradient_penalty(penalty)
        self.code = RowCode(spec.x)
        k, first = self.code.k, latent + self.code.k
        self.G = nn.Sequential(
            Residual(first, width),
            Residual(first + width, width),
            nn.Linear(first + 2 * width, self.code.width),
        )
        self.D = PackCritic(self.code.width + k, width, pack, dropout)
        self.generator = Player(self.G, optimizer=adam(lr, 0.5, 0.9))
        self.critic = Player(self.D, optimizer=adam(lr, 0.5, 0.9))
        self.average = Average(self.G, average)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t == 0:
            self.code.fit(data.take(self.pool * self.batch)[0])
        for _ in range(self.critic_steps):
            asked, real = self.matching(self.asked(self.batch), data.take(self.pool * self.batch)[0])
            condition = self.condition(asked)
            with torch.no_grad():
                fake = self.soft(self.raw(condition))
            order = torch.randperm(len(real), device=real.device)
            on_real = self.D.packs(torch.cat([self.code.encode(real), condition], 1)[order])
            on_fake = self.D.packs(torch.cat([fake, condition], 1))
            penalty = self.penalty(self.D, on_real, on_fake)
            distance = self.D(on_real).mean() - self.D(on_fake).mean()
            yield Move(self.critic, penalty - distance, {"distance": distance, "penalty": penalty})
        asked = self.asked(self.batch)
        condition = self.condition(asked)
        raw = self.raw(condition)
        shown = self.missed(raw, asked)
        score = self.D(self.D.packs(torch.cat([self.soft(raw), condition], 1))).mean()
        yield Move(self.generator, shown - score, {"condition": shown})
        self.average.update(self.G)

    # ------------------------------------------------------------------ conditions, as numbers of categories of all

    def asked(self, n: int) -> Tensor:
        """Columns drawn evenly, and in each a category by the logarithm of its frequency: (n,)."""
        if not self.code.k:
            return torch.zeros(n, dtype=torch.long, device=self.device)
        weights = (1 + self.code.counts).log()
        chance = torch.cat([weights[a:b] / weights[a:b].sum().clamp(min=1e-9) for a, b in self.code.spans])
        return torch.multinomial(chance, n, replacement=True)

    def condition(self, asked: Tensor) -> Tensor:
        """c: (n,) -> (n, k), one-hot; of width 0 where the table has no categories."""
        if not self.code.k:
            return torch.zeros(len(asked), 0, device=self.device)
        return F.one_hot(asked, self.code.k).float()

    def matching(self, asked: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """For each category that is asked for, a row that has it: the categories (n,) and the rows (n, p)."""
        pick = torch.randint(len(rows), (len(asked),), device=rows.device)
        if not self.code.k:
            return asked, rows[pick]
        has, asked = self.code.categories(rows) > 0, asked.clone()
        for c in asked.unique().tolist():
            mine, those = torch.nonzero(asked == c).flatten(), torch.nonzero(has[:, c]).flatten()
            if len(those):
                pick[mine] = those[torch.randint(len(those), (len(mine),), device=rows.device)]
            else:
                a, b = next(span for span in self.code.spans if span[0] <= c < span[1])
                asked[mine] = a + has[pick[mine], a:b].float().argmax(1)
        return asked, rows[pick]

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
            raise BadRequest(f"ctgan is asked for a category of one column at a time; got {len(where)}")
        ((name, cell),) = where.items()
        place = place_of(self.column, name)
        category = category_of(places(self.column)[place], cell)
        start, _ = self.code.spans[self.code.sorted.index(place)]
        return torch.full((n,), start + category, device=self.device)

    def sample(self, n: int, where: Mapping[str, str] | None = None) -> Tensor:
        """`n` rows: (n, p)."""
        return self.decode(self.draw(n), where)

    def score(self, x: Tensor) -> Tensor:
        """The critic's score of packs of rows, each told a category that it has: (n, p) -> (n / pack,)."""
        asked = torch.zeros(len(x), dtype=torch.long, device=x.device)
        has = self.code.categories(x)
        for j, (a, b) in enumerate(self.code.spans):
            turn = torch.arange(len(x), device=x.device) % len(self.code.spans) == j
            asked = torch.where(turn, a + has[:, a:b].argmax(1), asked)
        rows = torch.cat([self.code.encode(x, drawn=False), self.condition(asked)], 1)
        return self.D(self.D.packs(rows))


def ctgan(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 256,
    pack: Count = 10,
    dropout: Fraction = 0.5,
    penalty: Weight = 10.0,
    critic_steps: Count = 1,
    pool: Count = 5,
    average: Fraction = 0.99,
    batch: Count = 500,
    lr: Rate = 2e-4,
) -> CTGAN:
    """A conditional GAN for tables.

    Settings:
        latent: numbers of a code
        width: units of a hidden layer of both networks
        pack: rows that the critic sees at once
        dropout: share of the critic's hidden units that is dropped
        penalty: weight of the gradient penalty
        critic_steps: turns of the critic for each of the generator
        pool: batches of rows that real rows are chosen from
        average: decay of the average of the generator
        batch: rows of one turn, whole packs
        lr: Adam's step size of both players
    """
    spec.require("ctgan", kind="table")
    return CTGAN(
        spec,
        latent=latent,
        width=width,
        pack=pack,
        dropout=dropout,
        penalty=penalty,
        critic_steps=critic_steps,
        pool=pool,
        average=average,
        batch=batch,
        lr=lr,
    )


RECIPES = {"ctgan": {"laptop": {"rounds": 1500, "dropout": 0.0, "lr": 1e-3}}}
