"""A recurrent network that learns each next token by maximum likelihood: the baseline of every game of text.

    max_θ  E_x[ Σ_t log p_θ(x_t | x_1 ... x_{t-1}) ]

(Graves 2013, "Generating Sequences With Recurrent Neural Networks", arXiv 1308.0850; Hochreiter & Schmidhuber 1997.)

There is one player without an opponent: each token is predicted from the data's own tokens (teacher forcing).  A colder
sampler, `temperature` below 1, makes likelier sentences that are less different from each other, so every
adversarial result has to be compared with this whole curve.

Deviations:
    One layer where the paper has up to seven, and Adam where it has RMSprop with clipping of each derivative; the
        gradient's norm is clipped.
    The loss is the mean over tokens, so that a sentence's length does not set the step.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.kinds.tokens import END, PAD, START, vocabulary_size
from rivalry.labels import told_labels
from rivalry.maths.chance import uniform
from rivalry.maths.optimizers import adam
from rivalry.settings import Count, Fraction, Rate


class NextToken(nn.Module):
    """An LSTM over tokens, conditioned on the class if there are any: (n, t) -> logits of the next tokens (n, t, v)."""

    def __init__(self, tokens: int, embedding: int, width: int, layers: int, dropout: float, classes: int):
        super().__init__()
        self.embed = nn.Embedding(tokens, embedding, padding_idx=PAD)
        self.by_class = nn.Embedding(classes, embedding) if classes else None
        self.lstm = nn.LSTM(
            embedding, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0
        )
        self.drop = nn.Dropout(dropout)
        self.read = nn.Linear(width, tokens)

    def forward(
        self, x: Tensor, label: Tensor | None = None, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h = self.embed(x)  # (n, t) -> (n, t, embedding)
        if self.by_class is not None and label is not None:
            h = h + self.by_class(label)[:, None]
        h, state = self.lstm(self.drop(h), state)
        return self.read(self.drop(h)), state


class MaximumLikelihood(Game):
    """Each next token, given those before it.

    Args:
        network: (n, t) tokens -> logits (n, t, v) and the state after them.
        longest: tokens of a sentence, its end among them.
        classes: the number of classes that the network is conditioned on; 0 for none.
    """

    def __init__(self, network: NextToken, *, longest: int, classes: int, batch: int, lr: float, clip: float):
        super().__init__()
        self.network, self.longest, self.classes, self.batch = network, longest, classes, batch
        self.reads = ("x", "label") if classes else ("x",)
        self.model = Player(network, optimizer=adam(lr, 0.9), clip=clip)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, *given = data.take(self.batch)
        nll = -self.of_tokens(x, *given)  # (n, t), 0 behind the end
        yield Move(self.model, nll.sum() / (x != PAD).sum(), {"nats a sentence": nll.sum(1).mean()})

    def of_tokens(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """log p of each token given those before it, 0 for padding: (n, t) -> (n, t)."""
        before = torch.cat([torch.full_like(x[:, :1], START), x[:, :-1]], 1)
        logits, _ = self.network(before, label)
        nll = F.cross_entropy(logits.float().flatten(0, 1), x.flatten(), reduction="none").unflatten(
            0, x.shape
        )
        return -nll * (x != PAD)

    def log_prob(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """log p(x) in nats, the end of the sentence among its tokens: (n, t) -> (n,).

        Where classes are told and none is named, all of them are equally likely.
        """
        if label is None and self.classes:
            each = torch.stack([self.log_prob(x, label=k) for k in range(self.classes)])
            return each.logsumexp(0) - math.log(self.classes)
        return self.of_tokens(x, *told_labels(len(x), label, self.classes, self.device)).sum(1)

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
        if not temperature > 0:
            raise BadRequest(f"a temperature is above 0 (0.7: likelier sentences); got {temperature}")
        labels = told_labels(n, label, self.classes, self.device)
        token, state = torch.full((n, 1), START, device=self.device), None
        made, ended = [], torch.zeros(n, dtype=torch.bool, device=self.device)
        chance = uniform((n, self.longest), self.device)
        for at in chance.split(1, dim=1):
            logits, state = self.network(token, *labels, state=state)
            token = drawn(logits[:, -1].float() / temperature, at, top_k, top_p)  # (n, 1)
            token = token.masked_fill(ended[:, None], PAD)
            made.append(token)
            ended |= token[:, 0] == END
        return torch.cat(made, 1)


def drawn(logits: Tensor, chance: Tensor, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """A token from each row of logits, never padding or a start: (n, v) -> (n, 1).

    Args:
        chance: (n, 1), uniform on [0, 1): where in the distribution the token lies.
    """
    logits = logits.clone()
    logits[:, [PAD, START]] = -float("inf")
    order = logits.argsort(dim=1, descending=True)
    p = logits.gather(1, order).softmax(1)
    if top_k:
        p[:, top_k:] = 0
    p = p * (p.cumsum(1) - p < top_p)  # the first one stays, however likely
    edges = p.cumsum(1)
    place = torch.searchsorted(edges, chance * edges[:, -1:], right=True).clamp(max=p.shape[1] - 1)
    return order.gather(1, place)


def lstm(
    spec: Spec,
    *,
    embedding: Count = 64,
    width: Count = 256,
    layers: Count = 1,
    dropout: Fraction = 0.2,
    batch: Count = 64,
    lr: Rate = 2e-3,
    clip: Rate = 5.0,
) -> MaximumLikelihood:
    """Sentences by maximum likelihood, a token at a time.

    Settings:
        embedding: numbers that stand for a token
        width: units of the recurrent layer
        layers: recurrent layers, one over the other
        dropout: share of the units that is dropped, before and after the recurrence
        batch: sentences of one turn
        lr: Adam's step size
        clip: the largest norm of the gradient
    """
    spec.require("lstm", kind="tokens")
    tokens, classes = vocabulary_size(spec.x), len(spec.classes)
    return MaximumLikelihood(
        NextToken(tokens, embedding, width, layers, dropout, classes),
        longest=spec.shape[0],
        classes=classes,
        batch=batch,
        lr=lr,
        clip=clip,
    )


RECIPES = {"lstm": {"laptop": {"width": 128, "time": "10m"}}}
