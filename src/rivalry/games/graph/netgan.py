"""NetGAN: an LSTM makes random walks, a critic tells them from those of the graph, and walks become graphs.

    z ~ N(0, I),  m_0 = g(z);   v_t ~ softmax(m_t · W_up),  m_{t+1} = LSTM(m_t, v_t · W_down)
    max over D, min over G   E[D(walk of the graph)] - E[D(walk made)] - 10 E[(‖∇D‖ - 1)²]

(Bojchevski, Shchur, Zügner & Günnemann 2018, "NetGAN: Generating Graphs via Random Walks", arXiv 1803.00816.)

A node is drawn with the Gumbel maximum.  What the critic sees is the node itself, and the gradient is that of the
softmax at temperature τ (straight through).  Scores of pairs are counts of steps over many walks; a graph is assembled
from them with as many edges as the data have.

The penalty is taken between one-hot walks.  The critic reads a walk through W (v x d) alone, so the gradient in the
one-hot walk is g Wᵀ for the gradient g in what W gives, and its squared norm is g Wᵀ W gᵀ: the same number, without
v numbers a step.

Deviations:
    The temperature falls with every round; the authors change it at each evaluation.
    Pairs are drawn one by one without replacement (`maths.graphs.assembled`).
    Without weight decay on the networks.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.maths.chance import seeded, uniform
from rivalry.maths.graphs import assembled, neighbors, random_walks, transitions
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import Pass
from rivalry.settings import Count, Rate, Weight

GROUP = 1000  # walks that are made at once
ENDS = (5.0, 0.5)  # the temperature at the start, and the lowest
COOLING = 5e-5  # of the temperature, a round


class Walker(nn.Module):
    """Codes (n, latent) -> walks, as one-hot rows (n, length, v) through which the gradient goes."""

    def __init__(self, nodes: int, length: int, latent: int, width: int, embedding: int):
        super().__init__()
        self.length = length
        self.begin = nn.Sequential(nn.Linear(latent, width), nn.Tanh())
        self.hidden, self.cell = nn.Linear(width, width), nn.Linear(width, width)
        self.lstm = nn.LSTMCell(embedding, width)
        self.up = nn.Linear(width, nodes)
        self.down = nn.Linear(nodes, embedding, bias=False)

    def forward(self, z: Tensor, temperature: float = 1.0) -> Tensor:
        h = self.begin(z)
        state = self.hidden(h).tanh(), self.cell(h).tanh()
        seen, walk = z.new_zeros(len(z), self.down.out_features), []
        for _ in range(self.length):
            state = self.lstm(seen, state)
            node = F.gumbel_softmax(self.up(state[0]), temperature, hard=True)
            walk.append(node)
            seen = self.down(node)
        return torch.stack(walk, 1)


class WalkCritic(nn.Module):
    """Walks (n, length, d) in embedding space -> scores (n,)."""

    def __init__(self, nodes: int, width: int, embedding: int):
        super().__init__()
        self.down = nn.Parameter(torch.randn(nodes, embedding) / math.sqrt(nodes))
        self.lstm, self.read = nn.LSTMCell(embedding, width), nn.Linear(width, 1)

    def embedded(self, walk: Tensor) -> Tensor:
        """One-hot walks (n, length, v), or numbers of nodes (n, length): (n, length, d)."""
        return walk @ self.down if walk.is_floating_point() else self.down[walk]

    def forward(self, e: Tensor) -> Tensor:
        state = None
        for step in e.unbind(1):
            state = self.lstm(step, state)
        assert state is not None
        return self.read(state[0])[:, 0]


class NetGAN(Game):
    """Walks against walks.

    Args:
        nodes: v, of every graph.
        walks: made to score pairs of nodes.
    """

    edges: Tensor

    def __init__(
        self,
        nodes: int,
        *,
        length: int,
        latent: int,
        width: int,
        critic_width: int,
        embedding: int,
        walks: int,
        penalty: float,
        critic_steps: int,
        batch: int,
        lr: float,
    ):
        super().__init__()
        self.nodes, self.length, self.latent, self.walks = nodes, length, latent, walks
        self.penalty, self.critic_steps, self.batch = penalty, critic_steps, batch
        self.G = Walker(nodes, length, latent, width, embedding)
        self.D = WalkCritic(nodes, critic_width, embedding)
        self.generator = Player(self.G, optimizer=adam(lr, 0.5, 0.9))
        self.critic = Player(self.D, optimizer=adam(lr, 0.5, 0.9))
        self.register_buffer("edges", torch.tensor(float(nodes)))  # of a graph

    def round(self, data: Source, t: int) -> Iterator[Move]:
        temperature = max(ENDS[0] * math.exp(-COOLING * t), ENDS[1])
        for _ in range(self.critic_steps):
            joined = data.take(1)[0][0] > 0
            self.edges.copy_(joined.sum() / 2)
            real = self.D.embedded(random_walks(neighbors(joined), self.batch, self.length))
            with torch.no_grad():
                walk = self.made(self.batch, temperature)
            fake = self.D.embedded(walk)
            distance = self.D(real).mean() - self.D(fake).mean()
            penalty = self.slope_penalty(real, fake)
            notes = {"distance": distance, "penalty": penalty}
            yield Move(self.critic, self.penalty * penalty - distance, notes)
        walk = self.made(self.batch, temperature)
        yield Move(self.generator, -self.D(self.D.embedded(walk)).mean())

    def made(self, n: int, temperature: float = 1.0) -> Tensor:
        """`n` walks as one-hot rows: (n, length, v)."""
        return self.G(torch.randn(n, self.latent, device=self.device), temperature)

    def slope_penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        """(‖∇D‖ - 1)² between real and made walks, the gradient in one-hot walks: a scalar."""
        share = torch.rand(len(real), 1, 1, device=real.device)
        between = share * real + (1 - share) * fake
        g = Pass(self.D, between).gradient  # (n, length, d)
        gram = self.D.down.T @ self.D.down
        square = torch.einsum("ntd,de,nte->n", g, gram, g)
        return (square.clamp(min=1e-12).sqrt() - 1).square().mean()

    def score(self, x: Tensor) -> Tensor:
        """The critic's mean score of random walks on each graph: (n, v, v) -> (n,)."""
        with seeded(0, self.device):
            walks = [random_walks(neighbors(one > 0), self.batch, self.length) for one in x]
        return torch.stack([self.D(self.D.embedded(some)).mean() for some in walks])

    def link_scores(self) -> Tensor:
        """How often walks step between two nodes: (v, v), symmetric, 0 on the diagonal.

        The walks are drawn from a seed of their own, so that the scores follow from the weights alone.
        """
        count = torch.zeros(self.nodes, self.nodes, device=self.device)
        with seeded(0, self.device), torch.no_grad():
            for n in torch.tensor(range(self.walks)).split(GROUP):
                count += transitions(self.made(len(n)).argmax(2), self.nodes)
        return count.fill_diagonal_(0)

    def sample(self, n: int) -> Tensor:
        """`n` graphs: (n, v, v), 1 where two nodes are joined and -1 elsewhere."""
        chance = uniform((n, self.nodes * (self.nodes - 1) // 2), self.device)
        return assembled(self.link_scores(), round(float(self.edges)), chance).float() * 2 - 1


def netgan(
    spec: Spec,
    *,
    length: Count = 16,
    latent: Count = 16,
    width: Count = 40,
    critic_width: Count = 30,
    embedding: Count = 128,
    walks: Count = 20_000,
    penalty: Weight = 10.0,
    critic_steps: Count = 3,
    batch: Count = 128,
    lr: Rate = 3e-4,
) -> NetGAN:
    """Random walks by an LSTM against a critic.

    Settings:
        length: nodes of a walk
        latent: numbers of a code
        width: units of the generator's LSTM: the rank of its logits
        critic_width: units of the critic's LSTM
        embedding: numbers that stand for a node
        walks: that are made to score pairs of nodes
        penalty: weight of the gradient penalty
        critic_steps: turns of the critic for each of the generator
        batch: walks of one turn
        lr: Adam's step size of both players
    """
    spec.require("netgan", kind="graph")
    return NetGAN(
        spec.shape[0],
        length=length,
        latent=latent,
        width=width,
        critic_width=critic_width,
        embedding=embedding,
        walks=walks,
        penalty=penalty,
        critic_steps=critic_steps,
        batch=batch,
        lr=lr,
    )


RECIPES = {"netgan": {"laptop": {"batch": 64, "embedding": 32, "lr": 1e-3, "time": "10m"}}}
