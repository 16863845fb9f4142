"""A mixture of generators against a mixture of critics, whose weights follow from their gains.

    U_ij = E[log σ(D_j(x))] + E[log σ(-D_j(G_i(z)))]        p_i ∝ p_i exp(-η (U q)_i)        q_j ∝ q_j exp(η (pᵀU)_j)

(Freund & Schapire 1999, "Adaptive game playing using multiplicative weights"; mixtures of generators: Arora et al.
2017, "Generalization and Equilibrium in Generative Adversarial Nets", arXiv 1703.00573, section 5.)  The duality gap

    max_D U(p, D) - min_G U(G, q)

is 0 at an equilibrium and above elsewhere.  Of a matrix it is exact; of networks, both answers are found by training,
so that the gap that is measured is at most the true one.
"""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.lab.small import lowered
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import r1
from rivalry.nn.perceptron import PerceptronCritic, PerceptronGenerator


def follow(weights: Tensor, gain: Tensor, rate: float) -> Tensor:
    """w_i exp(η gain_i), normalized: (k,)."""
    return torch.softmax(weights.clamp(min=1e-30).log() + rate * gain, 0)


def of_matrix(payoff: Tensor, rounds: int, rate: float) -> tuple[Tensor, Tensor]:
    """The mean strategies of two players who follow their gains; the one of the rows lowers the payoff (k, m)."""
    p, q = (torch.full((n,), 1 / n, dtype=payoff.dtype) for n in payoff.shape)
    means = [torch.zeros_like(p), torch.zeros_like(q)]
    for _ in range(rounds):
        means[0] += p / rounds
        means[1] += q / rounds
        p, q = follow(p, -payoff @ q, rate), follow(q, p @ payoff, rate)
    return means[0], means[1]


def gap_of_matrix(payoff: Tensor, p: Tensor, q: Tensor) -> float:
    """max_j (pᵀU)_j - min_i (U q)_i."""
    return float((p @ payoff).max() - (payoff @ q).min())


class Mixture(Game):
    """k perceptrons against k.

    Args:
        rate: η; 0 leaves the weights equal.
    """

    shares: Tensor
    trust: Tensor

    def __init__(
        self,
        spec: Spec,
        k: int,
        *,
        width: int,
        latent: int,
        batch: int,
        lr: float,
        rate: float,
        penalty: float = 0.1,
    ):
        super().__init__()
        self.G = nn.ModuleList(
            PerceptronGenerator(latent, spec.shape, width=width, depth=2, bounded=spec.meaning.bounded)
            for _ in range(k)
        )
        self.D = nn.ModuleList(PerceptronCritic(spec.shape, width=width, depth=2) for _ in range(k))
        self.latent, self.batch, self.rate, self.penalty = latent, batch, rate, r1(penalty)
        self.generator = Player(self.G, optimizer=adam(lr, 0.0, 0.99))
        self.critic = Player(self.D, optimizer=adam(lr, 0.0, 0.99))
        self.register_buffer("shares", torch.full((k,), 1 / k))  # p
        self.register_buffer("trust", torch.full((k,), 1 / k))  # q

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fakes = self.fakes(len(real))
        slopes = sum((q * self.penalty(D, real, real) for q, D in zip(self.trust, self.D)), torch.zeros(()))
        payoff = self.payoff(real, [fake.detach() for fake in fakes])
        yield Move(self.critic, slopes - self.shares @ payoff @ self.trust)
        fooled = torch.stack([torch.stack([F.softplus(-D(fake)).mean() for D in self.D]) for fake in fakes])
        yield Move(self.generator, self.shares @ fooled @ self.trust)
        now = payoff.detach()
        self.shares.copy_(follow(self.shares, -now @ self.trust, self.rate))
        self.trust.copy_(follow(self.trust, self.shares @ now, self.rate))

    def fakes(self, n: int) -> list[Tensor]:
        """A batch of each generator."""
        return [G(torch.randn(n, self.latent)) for G in self.G]

    def payoff(self, real: Tensor, fakes: list[Tensor]) -> Tensor:
        """U (k, k): rows are generators, columns critics."""
        known = torch.stack([-F.softplus(-D(real)).mean() for D in self.D])
        return torch.stack(
            [known + torch.stack([-F.softplus(D(fake)).mean() for D in self.D]) for fake in fakes]
        )

    def sample(self, n: int, **given: object) -> Tensor:
        which = torch.multinomial(self.shares, n, replacement=True)
        every = torch.stack(self.fakes(n))
        return every[which, torch.arange(n)]


def gap(game: Mixture, data: Source, rounds: int, lr: float = 1e-3) -> float:
    """The duality gap, with answers that are trained from the best player at hand; every expectation on fresh data."""
    D, G = game.D[int(game.trust.argmax())], game.G[int(game.shares.argmax())]
    critic = lowered(copy.deepcopy(D), lambda D: -_against_mixture(game, D, data), rounds, lr)
    generator = lowered(copy.deepcopy(G), lambda G: _against_critics(game, G, data), rounds, lr)
    with torch.no_grad():
        high = sum(float(_against_mixture(game, critic, data)) for _ in range(8)) / 8
        low = sum(float(_against_critics(game, generator, data)) for _ in range(8)) / 8
    return high - low


def _against_mixture(game: Mixture, D: nn.Module, data: Source) -> Tensor:
    (real,) = data.take(256)
    on_fake = torch.stack([-F.softplus(D(fake)).mean() for fake in game.fakes(256)])
    return -F.softplus(-D(real)).mean() + game.shares @ on_fake


def _against_critics(game: Mixture, G: nn.Module, data: Source) -> Tensor:
    (real,) = data.take(256)
    fake = G(torch.randn(256, game.latent))
    each = torch.stack([-F.softplus(-D(real)).mean() - F.softplus(D(fake)).mean() for D in game.D])
    return game.trust @ each
