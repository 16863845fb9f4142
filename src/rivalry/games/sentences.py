"""Sentences token by token: what every game has in common whose generator predicts the next token.

    log p(x) = Σ_t log p(x_t | x_1 ... x_{t-1})

`Sentences` holds the network, its likelihood and how to sample from it.  `MaximumLikelihood` is the plain round.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.kinds.tokens import END, PAD, START, impossible, vocabulary_size
from rivalry.labels import labels_for
from rivalry.maths.chance import uniform
from rivalry.maths.optimizers import MakeOptimizer

Choose = Callable[[Tensor, int], Tensor]  # logits (n, v) of place t, t -> tokens (n, 1)


class Sentences(Game):
    """A network of the next token, its likelihood and its samples; a subclass adds players and the round.

    Args:
        network: see `nn.next_token`.
        spec: of the data.
        classes: the number of classes that the network is conditioned on; 0 for none.
        batch: sentences of one turn.
    """

    never: Tensor  # 0, and -∞ for impossible tokens: (v,)

    def __init__(self, network: nn.Module, spec: Spec, *, classes: int, batch: int):
        super().__init__()
        self.network, self.longest, self.classes, self.batch = network, spec.shape[0], classes, batch
        self.reads = ("x", "label") if classes else ("x",)
        never = torch.zeros(vocabulary_size(spec.x)).masked_fill(impossible(spec.x), -float("inf"))
        self.register_buffer("never", never, persistent=False)

    def logits(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Of each token, given those before it: (n, t) -> (n, t, v).  Impossible tokens have -∞."""
        before = torch.cat([torch.full_like(x[:, :1], START), x[:, :-1]], 1)
        return self.possible(self.network(before, label)[0])

    def possible(self, logits: Tensor) -> Tensor:
        """The logits in float32, with -∞ for tokens that no sentence has: padding, the start."""
        return logits.float() + self.never

    def of_tokens(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """log p of each token given those before it, 0 for padding: (n, t) -> (n, t)."""
        flat = self.logits(x, label).flatten(0, 1)
        return -F.cross_entropy(flat, x.flatten(), reduction="none", ignore_index=PAD).unflatten(0, x.shape)

    def log_prob(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """log p(x) in nats, the end of the sentence among its tokens: (n, t) -> (n,).

        Where classes are told and none is named, all of them are equally likely.
        """
        if label is None and self.classes:
            each = torch.stack([self.log_prob(x, label=k) for k in range(self.classes)])
            return each.logsumexp(0) - math.log(self.classes)
        return self.of_tokens(x, *labels_for(len(x), label, self.classes, self.device)).sum(1)

    def likelihood_loss(self, x: Tensor, *given: Tensor) -> tuple[Tensor, dict[str, Tensor | float]]:
        """The mean of -log p over tokens, and its sum over a sentence as a note."""
        nll = -self.of_tokens(x, *given)  # (n, t), 0 behind the end
        return nll.sum() / (x != PAD).sum(), {"nats a sentence": nll.sum(1).mean()}

    def sample(
        self,
        n: int,
        label: Tensor | int | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> Tensor:
        """`n` sentences, token by token: (n, t).

        Args:
            temperature: logits are divided by it; below 1 likely tokens become likelier still.
            top_k: only so many of the likeliest tokens are drawn from; 0 for all.
            top_p: only the likeliest tokens that together have this probability; 1 for all.
        """
        require_sampling(temperature, top_k, top_p)
        labels = labels_for(n, label, self.classes, self.device)
        chance = uniform((n, self.longest), self.device)
        return self.spoken(
            n, lambda logits, t: drawn(logits / temperature, chance[:, t : t + 1], top_k, top_p), *labels
        )

    def spoken(self, n: int, choose: Choose, *labels: Tensor) -> Tensor:
        """`n` sentences whose tokens are chosen one after the other: (n, t)."""
        token, state, said = torch.full((n, 1), START, device=self.device), None, list[Tensor]()
        ended = torch.zeros(n, 1, dtype=torch.bool, device=self.device)
        for t in range(self.longest):
            logits, state = self.network(token, *labels, state=state)
            token = choose(self.possible(logits[:, -1]), t).masked_fill(ended, PAD)
            said.append(token)
            ended = ended | (token == END)
        return torch.cat(said, 1)


class MaximumLikelihood(Sentences):
    """Each next token, given those before it; one player without an opponent."""

    def __init__(
        self, network: nn.Module, spec: Spec, *, optimizer: MakeOptimizer, batch: int, clip: float | None
    ):
        super().__init__(network, spec, classes=len(spec.classes), batch=batch)
        self.model = Player(network, optimizer=optimizer, clip=clip)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        yield Move(self.model, *self.likelihood_loss(x, *given))


def require_sampling(temperature: float, top_k: int = 0, top_p: float = 1.0) -> None:
    """Refuse a temperature, a number of tokens or a probability that sentences cannot be drawn with.

    Raises:
        BadRequest: says which, and what it may be.
    """
    if not 0 < temperature < float("inf"):
        raise BadRequest(f"a temperature is above 0 (0.7: likelier sentences); got {temperature}")
    if top_k < 0:
        raise BadRequest(f"top-k is a number of tokens from 1, or 0 for all; got {top_k}")
    if not 0 < top_p <= 1:
        raise BadRequest(f"top-p is a probability above 0 and up to 1, which is all; got {top_p}")


def drawn(logits: Tensor, chance: Tensor, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """A token from each row of logits: (n, v) -> (n, 1).

    Args:
        chance: (n, 1), uniform on [0, 1): where in the distribution the token lies.
    """
    if not top_k and top_p == 1:
        return _at(logits.softmax(1), chance)
    order = logits.argsort(dim=1, descending=True)
    p = logits.gather(1, order).softmax(1)
    if top_k:
        p[:, top_k:] = 0
    p = p * (p.cumsum(1) - p < top_p)  # the first one stays, however likely
    return order.gather(1, _at(p, chance))


def _at(p: Tensor, chance: Tensor) -> Tensor:
    """The place that lies at this share of the whole weight: (n, v) and (n, 1) -> (n, 1)."""
    edges = p.cumsum(1)
    within = chance * edges[:, -1:] * (1 - 1e-6)  # rounding must not reach the end: it may have no weight
    return torch.searchsorted(edges, within, right=True)
