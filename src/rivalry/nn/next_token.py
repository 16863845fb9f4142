"""Networks that predict each next token of a sentence from those before it: recurrent, and a causal transformer.

Both are called as `network(x, label, state)`: (n, t) tokens -> logits of the next ones (n, t, v), and the state after
them, from which a further call goes on.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.kinds.tokens import PAD

State = tuple[Tensor, ...]


class Recurrent(nn.Module):
    """An LSTM over tokens, conditioned on the class if there are any.

    The state is (h, c), each (layers, n, width).
    """

    def __init__(
        self, tokens: int, embedding: int, width: int, layers: int = 1, dropout: float = 0.0, classes: int = 0
    ):
        super().__init__()
        self.embed = nn.Embedding(tokens, embedding, padding_idx=PAD)
        self.by_class = nn.Embedding(classes, embedding) if classes else None
        self.lstm = nn.LSTM(
            embedding, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0
        )
        self.drop = nn.Dropout(dropout)
        self.read = nn.Linear(width, tokens)

    def forward(
        self, x: Tensor, label: Tensor | None = None, state: State | None = None
    ) -> tuple[Tensor, State]:
        h, state = self.hidden(x, label, state)
        return self.read(self.drop(h)), state

    def hidden(
        self, x: Tensor, label: Tensor | None = None, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The units of the last layer after each token (n, t, width), and the state."""
        e = self.embed(x)  # (n, t) -> (n, t, embedding)
        if self.by_class is not None and label is not None:
            e = e + self.by_class(label)[:, None]
        return self.lstm(self.drop(e), state)


class Causal(nn.Module):
    """A transformer in which each position attends to those before it, conditioned on the class if there are any.

    Layers normalize before they compute (Radford et al. 2019).  The state holds keys and values of each layer, each
    (n, heads, t, width / heads).

    Args:
        longest: positions that have an embedding.
    """

    def __init__(
        self,
        tokens: int,
        width: int,
        layers: int,
        heads: int,
        longest: int,
        dropout: float = 0.0,
        classes: int = 0,
    ):
        super().__init__()
        self.embed = nn.Embedding(tokens, width, padding_idx=PAD)
        self.place = nn.Parameter(0.02 * torch.randn(longest, width))
        self.by_class = nn.Embedding(classes, width) if classes else None
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(_Layer(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, tokens)

    def forward(
        self, x: Tensor, label: Tensor | None = None, state: State | None = None
    ) -> tuple[Tensor, State]:
        before = state[0].shape[2] if state else 0
        h = self.embed(x) + self.place[before : before + x.shape[1]]
        if self.by_class is not None and label is not None:
            h = h + self.by_class(label)[:, None]
        h, kept = self.drop(h), list[Tensor]()
        for i, layer in enumerate(self.layers):
            h, *pair = layer(h, *(state[2 * i : 2 * i + 2] if state else ()))
            kept += pair
        return self.read(self.norm(h)), tuple(kept)


class _Layer(nn.Module):
    """Attention, then a perceptron, each added to its input."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(
        self, h: Tensor, keys: Tensor | None = None, values: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        n, t, width = h.shape
        q, k, v = (
            part.view(n, t, self.heads, -1).transpose(1, 2)
            for part in self.project(self.before(h)).chunk(3, 2)
        )
        if keys is not None and values is not None:
            k, v = torch.cat([keys, k], 2), torch.cat([values, v], 2)
        seen = torch.ones(t, k.shape[2], dtype=torch.bool, device=h.device).tril(k.shape[2] - t)
        drop = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, seen, drop).transpose(1, 2).reshape(n, t, width)
        h = h + self.drop(self.join(mixed))
        h = h + self.drop(self.down(F.gelu(self.up(self.between(h)))))
        return h, k, v
