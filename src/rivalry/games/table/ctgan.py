"""CTGAN: a conditional WGAN-GP for tables whose columns are numbers of many modes and categories of uneven size.

    min_D  E[D(fake, c)] - E[D(real, c)] + λ E(‖∇D‖ - 1)²        min_G  -E[D(G(z, c), c)] + H(c, Ĝ_c)

(Xu, Skoularidou, Cuesta-Infante & Veeramachaneni 2019, "Modeling Tabular data using Conditional GAN", arXiv
1907.00503.)

    Mode-specific normalization: `nn.row_code`, whose mixtures are fitted in the first round and kept as buffers.
    Conditional vector c: one category of one column; the cross-entropy H makes G show it.
    Training by sampling: the column is drawn evenly, the category by the logarithm of its frequency, and the real row
        among rows that have it.
    PacGAN: the critic sees `pack` rows at once (Lin et al. 2018, arXiv 1712.04086).

What is asked for when rows are made: `games.table.asked`.

Deviations:
    Real rows with the category are taken from `pool` batches of rows, and not from all: where none of those has it, a
        category that is there is asked for instead.
    The Bayesian information criterion says how many parts a mixture has; the authors take a Dirichlet process.
    Samples come from an average of G over training.  No weight decay.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Move, Player
from rivalry.games.table.asked import AskedRows
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.nn.perceptron import perceptron
from rivalry.settings import Count, Fraction, Rate, Weight


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


class CTGAN(AskedRows):
    """A generator told a category, and a critic of packs of rows."""

    def __init__(
        self,
        spec: Spec,
        *,
        modes: int,
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
        if batch % pack:
            raise BadRequest(f"ctgan's batch is whole packs: expected a multiple of {pack}, got {batch}")
        super().__init__(spec, modes=modes, latent=latent, width=width, average=average, batch=batch, lr=lr)
        self.critic_steps, self.pool = critic_steps, pool
        self.penalty = gradient_penalty(penalty)
        self.D = PackCritic(self.code.width + self.code.k, width, pack, dropout)
        self.critic = Player(self.D, optimizer=adam(lr, 0.5, 0.9))

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

    # ------------------------------------------------------------------ training by sampling

    def asked(self, n: int) -> Tensor:
        """Columns drawn evenly, and in each a category by the logarithm of its frequency: (n,)."""
        if not self.code.k:
            return torch.zeros(n, dtype=torch.long, device=self.device)
        weights = (1 + self.code.counts).log()
        chance = torch.cat([weights[a:b] / weights[a:b].sum().clamp(min=1e-9) for a, b in self.code.spans])
        return torch.multinomial(chance, n, replacement=True)

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

    def score(self, x: Tensor) -> Tensor:
        """The critic's score of packs of rows, each told a category that it has: (n, p) -> (n / pack,)."""
        asked = self.own(x, self.in_turn(len(x)))
        rows = torch.cat([self.code.encode(x, drawn=False), self.condition(asked)], 1)
        return self.D(self.D.packs(rows))


def ctgan(
    spec: Spec,
    *,
    modes: Count = 10,
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
        modes: parts of a number's mixture, at most
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
        modes=modes,
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


RECIPES = {"ctgan": {"laptop": {"rounds": 1500, "modes": 4, "pack": 2, "dropout": 0.0, "lr": 1e-3}}}
