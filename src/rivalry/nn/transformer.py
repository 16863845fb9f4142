"""A causal transformer over sequences of tokens of one length: every token is told by those before it, and the class.

(Vaswani et al. 2017, arXiv 1706.03762; norms before each part, as in GPT-2.)
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attending(nn.Module):
    """Attention of each place to itself and those before it, then a perceptron, each added: (n, t, d) -> the same."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read, self.write = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.think = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        parts = self.read(self.norm1(x)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        query, key, value = parts  # (n, heads, t, d/heads) each
        seen = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.write(seen.transpose(1, 2).flatten(2))
        return x + self.think(self.norm2(x))


class CausalTransformer(nn.Module):
    """Tokens (n, t), and labels (n,) if there are classes, -> logits of each token given those before it (n, t, many).

    Args:
        many: different tokens.
        length: t.
        width: d, a multiple of `heads`.
    """

    def __init__(self, many: int, length: int, *, width: int, depth: int, heads: int, classes: int = 0):
        super().__init__()
        self.tokens, self.start = nn.Embedding(many, width), nn.Embedding(max(classes, 1), width)
        self.places = nn.Parameter(torch.zeros(length, width))
        self.layers = nn.Sequential(*[Attending(width, heads) for _ in range(depth)])
        self.norm, self.last = nn.LayerNorm(width), nn.Linear(width, many)
        self.apply(init_small)
        nn.init.normal_(self.places, 0.0, 0.02)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        first = self.start(
            torch.zeros_like(x[:, 0]) if label is None else label
        )  # in the place of the token before
        h = torch.cat([first[:, None], self.tokens(x[:, :-1])], 1) + self.places
        return self.last(self.norm(self.layers(h)))


def init_small(module: nn.Module) -> None:
    """GPT-2's start: weights from N(0, 0.02), biases 0."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
