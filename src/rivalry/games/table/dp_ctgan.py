"""DP-CTGAN: rows from a generator whose critic is differentially private.

    min_D  E[softplus(-D(real, c))] + E[softplus(D(fake, c))] + γ/2 E‖∇D(fake, c)‖²,  the first by `maths.privacy`
    min_G  E[softplus(-D(G(z, c), c))] + H(c, Ĝ_c)

(Rosenblatt, Liu, Pouyanfar, de Leon, Desai & Allen 2020, "Differentially Private Synthetic Data: Applied Evaluations
and Enhancements", arXiv 2011.05537; the idea of noise for the critic alone is of Xie et al. 2018, arXiv 1802.06739.)

Rows are seen in two places, and the note `epsilon` counts both: what the weights, all of G's samples among them, say
about any one row is bounded by (ε, δ), where two tables are neighbors if one has a row more.

    The critic: the gradient of each real row is clipped to C, and noise of deviation σ C is added to their sum.  Real
        rows enter the loss there alone: the penalty is on fakes, and G sees the critic only.  Fakes are clipped alike,
        so that both sides keep their weight, and need no noise.
    The frequencies of categories, counted once, with noise.

CTGAN's training by sampling would void the bound: it draws rows of rare categories far more often than q, and the
amplification by subsampling holds for rows that are each taken with chance q.  So rows are taken that way, and each is
told a category of its own, of a column drawn evenly; fakes are asked for categories by the noisy frequencies.  A pack
would mix rows into one gradient, and batch norm of D too: there is neither.

ε is not about: how many rows there are; the names, ranges, decimals and categories of columns, which are taken as
public; scores, sheets and the choice of a checkpoint by them, which look at data.  It holds against whoever does not
know the seed, which makes the noise: choose a secret one, and publish samples or the newest weights, not the folder of
the run.

Deviations:
    The authors clip gradients that have summed over a batch's rows and penalty; here each row is clipped.
    Numbers are coded by bins of equal width in their range, since mixtures would have to be fitted to data.
    The loss is the logistic one, with a penalty on fakes, in the place of WGAN-GP, whose penalty mixes in real rows.
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from rivalry.data.source import Source, Spec, TableSource
from rivalry.errors import BadRequest
from rivalry.game import Move, Player
from rivalry.games.table.asked import AskedRows
from rivalry.maths import privacy
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r2
from rivalry.nn.perceptron import PerceptronCritic
from rivalry.settings import Count, Fraction, Rate, Weight

COUNTING = 20.0  # noise of the frequencies, in multiples of how far one row changes them
TOLD = ((1_000, 1_000), (10_000, 1_000), (100_000, 1_000))  # rows and rounds for which `show` tells ε


class DPCTGAN(AskedRows):
    """A generator told a category, and a critic with noise.

    Attributes:
        chance: q, that of a row to be taken.
        counted: how often the critic has looked at rows.
    """

    chance: Tensor
    counted: Tensor

    def __init__(
        self,
        spec: Spec,
        *,
        modes: int,
        latent: int,
        width: int,
        noise: float,
        clip: float,
        delta: float,
        penalty: float,
        critic_steps: int,
        average: float,
        batch: int,
        lr: float,
    ):
        super().__init__(spec, modes=modes, latent=latent, width=width, average=average, batch=batch, lr=lr)
        self.noise, self.clip, self.delta, self.critic_steps = noise, clip, delta, critic_steps
        self.penalty = r2(penalty)
        self.D = PerceptronCritic((self.code.width + self.code.k,), width=width, depth=2)
        self.critic = Player(self.D, optimizer=adam(lr, 0.5, 0.9))
        self.code.divide()
        self.register_buffer("chance", torch.zeros((), dtype=torch.float64))
        self.register_buffer("counted", torch.zeros((), dtype=torch.int64))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        table = in_memory(data)
        if t == 0:
            self.count(table)
        for _ in range(self.critic_steps):
            (real,) = table.take_each(float(self.chance))
            condition = self.condition(self.asked(self.batch))
            with torch.no_grad():
                fake = self.soft(self.raw(condition))
            fake = torch.cat([fake, condition], 1)
            on_real = self.private(self.coded(real, torch.randint(2**31, (len(real),), device=self.device)))
            on_fake = privacy.clipped_sum(self.D, F.softplus, fake, self.clip) / self.batch
            penalty = self.penalty(self.D, fake, fake)
            self.counted += 1
            yield Move(self.critic, on_real + on_fake + penalty, {"on fakes": on_fake, "penalty": penalty})
        asked = self.asked(self.batch)
        condition = self.condition(asked)
        raw = self.raw(condition)
        shown = self.missed(raw, asked)
        loss = F.softplus(-self.D(torch.cat([self.soft(raw), condition], 1))).mean()
        yield Move(self.generator, loss + shown, {"condition": shown, "epsilon": torch.tensor(self.epsilon)})
        self.average.update(self.G)

    # ------------------------------------------------------------------ where real rows are seen

    def private(self, real: Tensor) -> Tensor:
        """A scalar with the noisy gradient of the critic's loss on real rows; its value is 0, and so tells nothing."""
        total = privacy.clipped_sum(self.D, lambda s: F.softplus(-s), real, self.clip)
        noisy = (total + privacy.shaken(self.D, self.noise * self.clip)) / self.batch
        return noisy - noisy.detach()

    @torch.no_grad()
    def count(self, data: TableSource) -> None:
        """How frequent categories are, with noise.  One row changes one count of each column by 1."""
        (x,) = data.take_each(1.0)
        self.chance.fill_(min(1.0, self.batch / len(x)))
        apart = len(self.code.spans) ** 0.5
        noise = COUNTING * apart * torch.randn_like(self.code.counts) * (self.noise > 0)
        self.code.counts.copy_((self.code.categories(x).sum(0) + noise).clamp(min=1e-3))

    @property
    def epsilon(self) -> float:
        """ε of what was given away so far, at `delta`."""
        return self.epsilon_after(int(self.counted), float(self.chance))

    def epsilon_after(self, steps: int, chance: float) -> float:
        if not steps:
            return 0.0
        if not self.noise:
            return float("inf")
        counts = bool(self.code.k) * privacy.gaussian(
            COUNTING
        )  # nothing is counted where there are no categories
        return privacy.epsilon_of(steps * privacy.sampled_gaussian(chance, self.noise) + counts, self.delta)

    def facts(self) -> dict[str, str]:
        told = [
            f"{self.epsilon_after(rounds * self.critic_steps, min(1.0, self.batch / rows)):.3g} for {rows:,} rows"
            for rows, rounds in TOLD
        ]
        return {f"epsilon after {TOLD[0][1]:,} rounds, at delta {self.delta:g}": ", ".join(told)}

    # ------------------------------------------------------------------ rows as the critic sees them

    def asked(self, n: int) -> Tensor:
        """Columns drawn evenly, and categories by their noisy frequencies: (n,)."""
        return self.frequent(torch.rand(n, 2, device=self.device))

    def coded(self, x: Tensor, turn: Tensor, drawn: bool = True) -> Tensor:
        """Rows (n, p), each told its own category in one column, the `turn`-th: (n, w)."""
        own = self.own(x, turn % max(len(self.code.spans), 1))
        return torch.cat([self.code.encode(x, drawn), self.condition(own)], 1)

    def score(self, x: Tensor) -> Tensor:
        """The critic's score of rows, each told a category that it has: (n, p) -> (n,)."""
        return self.D(self.coded(x, self.in_turn(len(x)), drawn=False))


def in_memory(data: Source) -> TableSource:
    """The data, if each row of them can be taken by chance.

    Raises:
        BadRequest: they are a stream.
    """
    if not isinstance(data, TableSource):
        raise BadRequest("dp-ctgan takes each row by chance, and needs a table in memory; got a stream")
    return data


def dp_ctgan(
    spec: Spec,
    *,
    modes: Count = 10,
    latent: Count = 64,
    width: Count = 128,
    noise: Weight = 1.0,
    clip: Rate = 1.0,
    delta: Rate = 1e-5,
    penalty: Weight = 1.0,
    critic_steps: Count = 2,
    average: Fraction = 0.99,
    batch: Count = 128,
    lr: Rate = 1e-3,
) -> DPCTGAN:
    """A conditional GAN for tables with a bound on what it says about any one row.

    Settings:
        modes: parts of a number's mixture, at most
        latent: numbers of a code
        width: units of a hidden layer of both networks
        noise: σ, in multiples of `clip`; 0 for none, and an infinite epsilon
        clip: C, the largest norm of a row's gradient
        delta: far below one by the number of rows
        penalty: weight of the penalty on the critic's slope at fakes
        critic_steps: turns of the critic for each of the generator
        average: decay of the average of the generator
        batch: real rows of one turn, in the mean, and fakes
        lr: Adam's step size of both players
    """
    spec.require("dp-ctgan", kind="table")
    if delta >= 1:
        raise BadRequest(f"dp-ctgan's delta is a chance, far below one by the number of rows; got {delta}")
    return DPCTGAN(
        spec,
        modes=modes,
        latent=latent,
        width=width,
        noise=noise,
        clip=clip,
        delta=delta,
        penalty=penalty,
        critic_steps=critic_steps,
        average=average,
        batch=batch,
        lr=lr,
    )


RECIPES = {"dp-ctgan": {"laptop": {"rounds": 1500}}}
