"""RGAN: series by a recurrent generator, against a recurrent critic that judges every step.

    min_D  E[Σ_t softplus(-D(x)_t)] + E[Σ_t softplus(D(G(z))_t)]        min_G  E[Σ_t softplus(-D(G(z))_t)]

(Esteban, Hyland & Rätsch 2017, "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs", arXiv
1706.02633; sums are means over steps.)  z_t is fresh at every step: G is an LSTM over noise, and what joins the steps
of a series is its state alone.  D(x)_t has seen the steps up to t.

A series is an episode of `kinds.episode`: the last number of a step is 1 until the series ends, so that series of
different lengths play.  G's last number falls only.

Deviations:
    The paper's critic takes plain gradient descent with steps of 0.1; here both players take Adam.
    There is no label at each step: this is the paper's RGAN, without its C.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.maths.averages import average_of
from rivalry.maths.chance import normal
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.settings import Count, Fraction, Rate

LASTING = 3.0  # added to the logit of lasting on, so that a fresh generator's series do


class SeriesGenerator(nn.Module):
    """Noise for each step (n, t, latent) -> series (n, t, d)."""

    def __init__(self, latent: int, width: int, numbers: int):
        super().__init__()
        self.lstm, self.read = nn.LSTM(latent, width, batch_first=True), nn.Linear(width, numbers)

    def forward(self, z: Tensor) -> Tensor:
        values, logit = self.read(self.lstm(z)[0]).split([self.read.out_features - 1, 1], 2)
        lasting = (logit + LASTING).sigmoid().cummin(1).values
        begun = torch.arange(z.shape[1], device=z.device)[:, None] == 0  # every series has a first step
        return torch.cat([values, torch.where(begun, 1.0, lasting)], 2)


class SeriesCritic(nn.Module):
    """Series (n, t, d) -> a score of every step, given those before it (n, t)."""

    def __init__(self, width: int, numbers: int):
        super().__init__()
        self.lstm, self.read = nn.LSTM(numbers, width, batch_first=True), nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.read(self.lstm(x)[0])[:, :, 0]


class RGAN(Game):
    """Two recurrent networks."""

    def __init__(
        self, spec: Spec, *, latent: int, width: int, critic_steps: int, average: float, batch: int, lr: float
    ):
        super().__init__()
        self.steps, numbers = spec.shape
        self.latent, self.batch, self.critic_steps = latent, batch, critic_steps
        self.G, self.D = SeriesGenerator(latent, width, numbers), SeriesCritic(width, numbers)
        self.generator = Player(self.G, optimizer=adam(lr, 0.5))
        self.critic = Player(self.D, optimizer=adam(lr, 0.5))
        self.average = average_of(self.G, average)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            (real,) = data.take(self.batch)
            with torch.no_grad():
                fake = self.G(self.noise(self.draw(len(real))))
            yield Move(self.critic, non_saturating.critic(self.D(real), self.D(fake)))
        fake = self.G(self.noise(self.draw(self.batch)))
        yield Move(self.generator, non_saturating.generator(self.D(fake)))
        self.average.update(self.G)

    def draw(self, n: int) -> Tensor:
        """Codes: the noise of all steps, (n, t · latent)."""
        return normal((n, self.steps * self.latent), self.device)

    def noise(self, z: Tensor) -> Tensor:
        return z.view(len(z), self.steps, self.latent)

    def decode(self, z: Tensor) -> Tensor:
        """Series (n, t, d) of codes, the last number of a step 1 or 0."""
        x = self.average(self.noise(z))
        return torch.cat([x[:, :, :-1], (x[:, :, -1:] > 0.5).to(x.dtype)], 2)

    def sample(self, n: int) -> Tensor:
        """`n` series: (n, t, d)."""
        return self.decode(self.draw(n))

    def score(self, x: Tensor) -> Tensor:
        """The critic's mean score of the steps: (n, t, d) -> (n,)."""
        return self.D(x).mean(1)


def rgan(
    spec: Spec,
    *,
    latent: Count = 5,
    width: Count = 100,
    critic_steps: Count = 1,
    average: Fraction = 0.99,
    batch: Count = 64,
    lr: Rate = 1e-3,
) -> RGAN:
    """A recurrent GAN for series.

    Settings:
        latent: numbers of the noise of a step
        width: units of both networks' LSTM
        critic_steps: turns of the critic for each of the generator
        average: decay of the average of the generator; 0 for none
        batch: series of one turn
        lr: Adam's step size of both players
    """
    spec.require("rgan", kind="episode")
    return RGAN(
        spec, latent=latent, width=width, critic_steps=critic_steps, average=average, batch=batch, lr=lr
    )


RECIPES = {"rgan": {"laptop": {"data": "sines", "rounds": 2000}}}
