"""TVAE: a variational autoencoder of rows, with CTGAN's code of numbers and categories.

    max  E_x[ E_{z ~ q(z|x)} log p(x|z) ] · 2 - KL(q(z|x) ‖ N(0, I))
    p(α|z) = N(tanh(ᾱ), δ²),  p(mode|z) and p(category|z) by softmax

(Xu, Skoularidou, Cuesta-Infante & Veeramachaneni 2019, arXiv 1907.00503, section 4.5.)  δ is learned for each number.
There is one player; it is the baseline that `ctgan` has to beat.

Deviations:
    The factor 2 is that of the authors' code; the paper has none.
    Modes and categories are drawn from their softmax, where the authors' code takes the likeliest.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.maths.chance import normal
from rivalry.maths.optimizers import adam
from rivalry.nn.row_code import RowCode
from rivalry.settings import Count, Rate, Weight

DEVIATION = (0.01, 1.0)  # the least and the greatest δ
FACTOR = 2.0  # of the likelihood
FITTED_ON = 2500  # rows, in the first round


class TVAE(Game):
    """An encoder and a decoder of rows."""

    def __init__(
        self, spec: Spec, *, modes: int, latent: int, width: int, decay: float, batch: int, lr: float
    ):
        super().__init__()
        self.latent, self.batch, self.decay = latent, batch, decay
        self.code = RowCode(spec.x, modes)
        body = lambda a, b: nn.Sequential(
            nn.Linear(a, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, b)
        )
        self.encoder, self.G = body(self.code.width, 2 * latent), body(latent, self.code.width)
        self.deviation = nn.Parameter(torch.full((self.code.q,), 0.1))
        self.model = Player(self.encoder, self.G, self.deviation, optimizer=adam(lr))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t == 0:
            self.code.fit(data.take(max(self.batch, FITTED_ON))[0])
        code = self.code.encode(data.take(self.batch)[0])
        mean, log_variance = self.encoder(code).chunk(2, 1)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        nats = self.nats(code, self.G(z))
        kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1).mean()
        size = torch.stack([p.square().sum() for p in self.model.parameters]).sum()
        yield Move(self.model, FACTOR * nats + kl + self.decay / 2 * size, {"nats": nats, "kl": kl})

    def nats(self, code: Tensor, raw: Tensor) -> Tensor:
        """-log p of a code (n, width) given what the decoder says, in the mean over rows: a scalar."""
        alpha, hot, sorts = code.split([self.code.q, self.code.q * self.code.m, self.code.k], 1)
        at, modes, logits = self.code.parts(raw)
        spread = self.deviation.clamp(*DEVIATION)
        near = (alpha - at.tanh()).square() / (2 * spread.square()) + spread.log()
        each = [F.cross_entropy(logits[:, a:b], sorts[:, a:b]) for a, b in self.code.spans]
        of_modes = -(hot.view_as(modes) * modes.log_softmax(2)).sum((1, 2)).mean()
        return near.sum(1).mean() + of_modes + sum(each)

    def draw(self, n: int) -> Tensor:
        """Codes: z, and noise for numbers, modes and categories."""
        return normal((n, self.latent + self.code.width), self.device)

    def decode(self, z: Tensor) -> Tensor:
        """Rows (n, p) of codes."""
        z, noise = z[:, : self.latent], z[:, self.latent :]
        at, modes, sorts = self.code.parts(self.G(z))
        alpha = at.tanh() + self.deviation.clamp(*DEVIATION) * noise[:, : self.code.q]
        return self.code.rows(alpha.clamp(-1, 1), modes, sorts, torch.special.ndtr(noise[:, self.code.q :]))

    def sample(self, n: int) -> Tensor:
        """`n` rows: (n, p)."""
        return self.decode(self.draw(n))


def tvae(
    spec: Spec,
    *,
    modes: Count = 10,
    latent: Count = 128,
    width: Count = 128,
    decay: Weight = 1e-5,
    batch: Count = 500,
    lr: Rate = 1e-3,
) -> TVAE:
    """A variational autoencoder of rows.

    Settings:
        modes: parts of a number's mixture, at most
        latent: numbers of a code
        width: units of a hidden layer
        decay: weight of half the sum of squares of all weights
        batch: rows of one turn
        lr: Adam's step size
    """
    spec.require("tvae", kind="table")
    return TVAE(spec, modes=modes, latent=latent, width=width, decay=decay, batch=batch, lr=lr)


RECIPES = {"tvae": {"laptop": {"rounds": 1000}}}
