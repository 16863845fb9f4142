"""CELL: a low-rank matrix of logits whose random walks are those of the graph, by maximum likelihood.

    min_W  - Σ_{(i, j) an edge} log softmax(W_i)_j,    W = W_down W_up of rank H
    T = softmax(W),  π = π T,  S = diag(π) T + (diag(π) T)ᵀ

(Rendsburg, Heidrich & von Luxburg 2020, "NetGAN without GAN: From Random Walks to Low-Rank Approximations", ICML.)
The paper shows that NetGAN's strength is the low rank of its generator's last layer, and no adversary is needed for it:
the likelihood of all walks is that of single steps.  So this is the baseline of `netgan`.

There is one player without an opponent.  S scores pairs of nodes; a graph is assembled by drawing pairs by their
scores, with as many edges as the data have.  The longer the training, the more edges of the data are in a sample.

Deviations:
    Pairs are drawn one by one without replacement, and every node's first pair is drawn from the same order
        (`maths.graphs.assembled`); the authors draw the nodes' first pairs apart.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.maths.chance import uniform
from rivalry.maths.graphs import assembled, stationary
from rivalry.maths.optimizers import adam
from rivalry.settings import Count, Rate, Weight


class LowRankLogits(Game):
    """Logits of the steps of a random walk, as a product of two narrow matrices.

    Args:
        nodes: v, of every graph.
        rank: H, of the matrix of logits.
    """

    edges: Tensor

    def __init__(self, nodes: int, *, rank: int, batch: int, lr: float, decay: float):
        super().__init__()
        self.nodes, self.batch, self.decay = nodes, batch, decay
        std = (2 / (nodes + rank)) ** 0.5
        self.down = nn.Parameter(std * torch.randn(nodes, rank))
        self.up = nn.Parameter(std * torch.randn(rank, nodes))
        self.model = Player(self.down, self.up, optimizer=adam(lr, 0.9))
        self.register_buffer("edges", torch.tensor(float(nodes)))  # of a graph, in the mean

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        joined = (x > 0).float()
        self.edges.copy_(joined.sum() / (2 * len(x)))
        nll = -(joined * self.logits().log_softmax(1)).sum() / joined.sum().clamp(min=1)
        size = self.down.square().sum() + self.up.square().sum()
        yield Move(self.model, nll + self.decay / 2 * size, {"nats a step": nll})

    def logits(self) -> Tensor:
        """W: (v, v)."""
        return self.down @ self.up

    def link_scores(self) -> Tensor:
        """S, how often a long random walk steps between two nodes: (v, v), symmetric, 0 on the diagonal."""
        chain = self.logits().softmax(1)
        flow = stationary(chain)[:, None] * chain
        return (flow + flow.T).fill_diagonal_(0)

    def sample(self, n: int) -> Tensor:
        """`n` graphs: (n, v, v), 1 where two nodes are joined and -1 elsewhere."""
        scores = self.link_scores()
        chance = uniform((n, self.nodes * (self.nodes - 1) // 2), self.device)
        return assembled(scores, round(float(self.edges)), chance).float() * 2 - 1


def cell(
    spec: Spec, *, rank: Count = 9, batch: Count = 1, lr: Rate = 0.1, decay: Weight = 1e-6
) -> LowRankLogits:
    """A low-rank matrix of logits by maximum likelihood.

    Settings:
        rank: H, of the matrix of logits; the higher, the sooner a sample repeats the data's edges
        batch: graphs of one turn
        lr: Adam's step size
        decay: weight of half the sum of squares of both matrices
    """
    spec.require("cell", kind="graph")
    return LowRankLogits(spec.shape[0], rank=rank, batch=batch, lr=lr, decay=decay)


RECIPES = {"cell": {"laptop": {"rounds": 45}}}
