"""Style of text without pairs: one autoencoder for two styles, whose states are aligned across the styles by critics.

    min_{E, G} max_{D_0, D_1}  L_rec  +  ρ Σ_k E[log D_k(h_k) + log(1 - D_k(h̃_k))]  (+  λ L_cycle)

L_rec is -log p(x | y_k, E(x, y_k)) of a sentence x of style k.  h_k are the states of the decoder when it is fed x
itself; h̃_k those when it is fed its own soft words and was given a sentence of the *other* style and the style vector
y_k.  A critic that cannot tell h_k from h̃_k leaves no trace of the style in E(x, y), the content.  (Shen et al. 2017,
"Style Transfer from Non-Parallel Text by Cross-Alignment", arXiv 1705.09655, equations 7 and 8 and algorithm 1.)

L_cycle is -log p(x | y_k, E(x̃, y_{1-k})) with x̃ the soft words that x becomes in the other style: back again, the
sentence should be itself.  Its weight is 0 by default: it is not of this paper.

A soft word is a mean of embeddings, weighted by softmax((logits + g) / γ) with Gumbel's noise g: gradients pass.  The
generator listens to the critics only in rounds in which both are better than a threshold, as in the authors' code.

Deviations:
    A style of 32 numbers, a content of 96 and 64 filters of each length; the authors' code has 200, 500 and 128.
    Padding is predicted as well, so that states go on alike after the end of a sentence, whoever feeds the decoder.
    The generator raises log D_k(h̃_k) in place of lowering log(1 - D_k(h̃_k)), as the authors' code does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.kinds.tokens import END, PAD, START, vocabulary_size
from rivalry.labels import labels_for
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.nn.translator import EachDomain
from rivalry.settings import Count, Fraction, Rate, Weight

STYLES = (0, 1)
GATE = 1.2  # the critics' losses below which the generator listens to them; log 4 is what guessing costs


class Fed(NamedTuple):
    """What a decoder makes when it is fed its own words.

    Attributes:
        states: (n, t, size), as they were before each word.
        words: (n, t, embedding), soft words, or the embeddings of the likeliest.
        tokens: (n, t), the likeliest.
    """

    states: Tensor
    words: Tensor
    tokens: Tensor


class StyledAutoencoder(nn.Module):
    """Sentences of known style -> contents -> sentences of any style, by two GRUs over the same embeddings.

    A state holds a style of `style` numbers and a content of `content` numbers when reading or writing begins.
    """

    def __init__(
        self, tokens: int, *, embedding: int, style: int, content: int, dropout: float, longest: int
    ):
        super().__init__()
        self.embed = nn.Embedding(tokens, embedding)
        self.read_style, self.write_style = nn.Embedding(2, style), nn.Embedding(2, style)
        self.reader = nn.GRU(embedding, style + content, batch_first=True)
        self.writer = nn.GRU(embedding, style + content, batch_first=True)
        self.out, self.drop = nn.Linear(style + content, tokens), nn.Dropout(dropout)
        self.style, self.content, self.longest = style, content, longest

    def encode(self, words: Tensor, style: Tensor) -> Tensor:
        """Contents (n, content) of words (n, t, embedding), read from the last to the first, of styles (n,)."""
        first = F.pad(self.read_style(style), (0, self.content))
        _, last = self.reader(self.drop(words.flip(1)), first[None].contiguous())
        return last[0, :, self.style :]

    def begin(self, content: Tensor, style: Tensor) -> Tensor:
        """The state (1, n, size) from which a content is written in a style."""
        return torch.cat([self.write_style(style), content], 1)[None]

    def taught(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """States (n, t, size) and logits (n, t, v) when the decoder is fed the sentences x (n, t)."""
        before = torch.cat([torch.full_like(x[:, :1], START), x[:, :-1]], 1)
        h, _ = self.writer(self.drop(self.embed(before)), state)
        return h, self.out(self.drop(h))

    def free(self, state: Tensor, softness: float = 0.0) -> Fed:
        """Write until the longest length, fed with soft words of this temperature, or with the likeliest words at 0."""
        word = self.embed(torch.full((state.shape[1], 1), START, device=state.device))  # (n, 1, embedding)
        states, words, tokens = list[Tensor](), list[Tensor](), list[Tensor]()
        for _ in range(self.longest):
            h, state = self.writer(self.drop(word), state)
            logits = self.out(self.drop(h))
            token = logits.argmax(2)
            word = _soft(logits, softness) @ self.embed.weight if softness else self.embed(token)
            states.append(h)
            words.append(word)
            tokens.append(token)
        return Fed(torch.cat(states, 1), torch.cat(words, 1), torch.cat(tokens, 1))


class StateCritic(nn.Module):
    """Sequences of states (n, t, size) -> scores (n,): convolutions of several lengths, the most of each over time."""

    def __init__(self, size: int, filters: int, lengths: Sequence[int]):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(size, filters, k, padding=k // 2) for k in lengths)
        self.last = nn.Linear(filters * len(lengths), 1)

    def forward(self, h: Tensor) -> Tensor:
        most = [F.leaky_relu(conv(h.transpose(1, 2)), 0.01).amax(2) for conv in self.convs]
        return self.last(torch.cat(most, 1)).squeeze(1)


@dataclass(frozen=True)
class Term:
    """A further term of the generator's loss.

    Attributes:
        name: for the log.
        weight: of the term.
        measure: (game, x, style, fed) -> scalar; x (n, t) of styles (n,), and what they become in the other style.
    """

    name: str
    weight: float
    measure: Callable[["CrossAligned", Tensor, Tensor, Fed], Tensor]


def cycle(weight: float) -> Term:
    """-log p(x) when x is written back from the soft words that it becomes in the other style."""

    def measure(game: "CrossAligned", x: Tensor, style: Tensor, fed: Fed) -> Tensor:
        return game.unlike(x, game.G.encode(fed.words, 1 - style), style)[1]

    return Term("cycle", weight, measure)


class CrossAligned(Game):
    """Two players: an autoencoder, and a critic of states for each style.

    Args:
        G: the autoencoder.
        D: by style, a critic of states.
        alignment: ρ, the weight of the critics in the generator's loss; 0 is the control.
        softness: γ, the temperature of soft words.
        terms: further losses of the generator; one without weight costs nothing.
        generator, critic: the optimizers of the two players.
        clip: the largest norm of each player's gradient.
    """

    classes = len(STYLES)

    def __init__(
        self,
        G: StyledAutoencoder,
        D: Sequence[nn.Module],
        *,
        alignment: float,
        softness: float,
        terms: Sequence[Term],
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        divergence: Divergence = non_saturating,
        batch: int = 32,
        clip: float = 30.0,
    ):
        super().__init__()
        self.G, self.D, self.divergence = G, EachDomain(D), divergence
        self.alignment, self.softness, self.batch = alignment, softness, batch
        self.terms = [term for term in terms if term.weight]
        self.generator = Player(G, optimizer=generator, clip=clip)
        self.critic = Player(self.D, optimizer=critic, clip=clip)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x = torch.cat([data.take(self.batch, label=k)[0] for k in STYLES])  # style 0, then style 1
        style = torch.arange(2, device=x.device).repeat_interleave(len(x) // 2)
        content = self.G.encode(self.G.embed(x), style)
        taught, error = self.unlike(x, content, style)
        fed = self.G.free(self.G.begin(content, 1 - style), self.softness)
        real, fake = taught.chunk(2), fed.states.chunk(2)[::-1]  # by the style in which they were written
        each = [
            self.divergence.critic(self.D[k](real[k].detach()), self.D[k](fake[k].detach())) for k in STYLES
        ]
        yield Move(self.critic, torch.stack(each).sum(), {"style 0": each[0], "style 1": each[1]})
        heard = (torch.stack(each).detach() < GATE).all().float()
        adversarial = torch.stack([self.divergence.generator(self.D[k](fake[k])) for k in STYLES]).sum()
        terms = {term.name: term.weight * term.measure(self, x, style, fed) for term in self.terms}
        loss = error + self.alignment * heard * adversarial + sum(terms.values())
        notes = {"reconstruction": error, "adversarial": adversarial, "heard": heard}
        yield Move(self.generator, loss, {**notes, **terms})

    def unlike(self, x: Tensor, content: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """The decoder's states when it is fed x (n, t) in styles (n,), and -log p(x), the mean over sentences."""
        states, logits = self.G.taught(x, self.G.begin(content, style))
        return states, F.cross_entropy(logits.float().flatten(0, 1), x.flatten(), reduction="sum") / len(x)

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Sentences (n, t) of the other style -> sentences (n, t) of style `to`, one for all or (n,).

        Raises:
            BadRequest: no such style, or none is given.
        """
        if to is None:
            raise BadRequest("there are two ways to go: name the domain to translate to, 0 or 1")
        (to,) = labels_for(len(x), to, self.classes, self.device)
        content = self.G.encode(self.G.embed(x), 1 - to)
        tokens = self.G.free(self.G.begin(content, to)).tokens
        tokens = tokens.where(tokens > START, torch.full_like(tokens, END))  # one cannot go on after padding
        ended = (tokens == END).int().cumsum(1) - (tokens == END).int() > 0
        return tokens.masked_fill(ended, PAD)

    def sample(self, n: int, source: Tensor, label: Tensor | int | None = None) -> Tensor:
        """`n` translations to style `label`, of n sources (n, t) or of a single one (1, t)."""
        return self.translate(source.expand(n, -1), label)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """How the decoder's states look to the critic of style `label` when it is fed x in that style: (n,)."""
        (style,) = labels_for(len(x), label, self.classes, self.device)
        content = self.G.encode(self.G.embed(x), style)
        return self.D(self.G.taught(x, self.G.begin(content, style))[0], style)


def _soft(logits: Tensor, softness: float) -> Tensor:
    """softmax((logits + g) / γ), g from Gumbel's distribution: (n, t, v)."""
    noise = -torch.empty_like(logits).exponential_().log()
    return ((logits + noise) / softness).softmax(-1)


def cross_aligned(
    spec: Spec,
    *,
    alignment: Weight = 1.0,
    cycle_weight: Weight = 0.0,
    embedding: Count = 100,
    style: Count = 32,
    content: Count = 96,
    filters: Count = 64,
    softness: Rate = 0.1,
    dropout: Fraction = 0.5,
    batch: Count = 32,
    lr: Rate = 5e-4,
    beta1: Fraction = 0.5,
) -> CrossAligned:
    """GRUs and critics of their states, between two styles.

    Settings:
        alignment: weight of the critics; 0 is the control, an autoencoder with styles
        cycle_weight: weight of the way there and back; 0 for none
        embedding: numbers that stand for a token
        style: numbers of a state that hold the style
        content: numbers of a state that hold the content
        filters: of each length in a critic
        softness: temperature of the soft words that the decoder is fed
        dropout: share of the inputs of GRUs and of the output layer that is dropped
        batch: sentences of each style in one turn
    """
    spec.require("cross-aligned", kind="tokens", domains=2)
    longest = spec.shape[0]
    G = StyledAutoencoder(
        vocabulary_size(spec.x),
        embedding=embedding,
        style=style,
        content=content,
        dropout=dropout,
        longest=longest,
    )
    lengths = range(1, min(5, longest) + 1)
    return CrossAligned(
        G,
        [StateCritic(style + content, filters, lengths) for _ in STYLES],
        alignment=alignment,
        softness=softness,
        terms=[cycle(cycle_weight)],
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
    )


RECIPES = {
    "cross-aligned": {
        "paper": {"style": 200, "content": 500, "filters": 128},
        "laptop": {"data": "cipher", "time": "10m", "dropout": 0.1, "lr": 1e-3},
        "no-alignment": {"alignment": 0.0},
    }
}
