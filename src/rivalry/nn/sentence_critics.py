"""Critics of sentences: convolutions over all tokens, and a recurrent one that scores each token.

A sentence comes as tokens (n, t), or as a distribution over tokens at each place (n, t, v), through which gradients
reach a generator.  A token is the distribution that is 1 there, so both are embedded by one matrix.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def embedded(x: Tensor, matrix: Tensor) -> Tensor:
    """Tokens (n, t), or distributions over them (n, t, v), by a matrix (v, e): (n, t, e)."""
    return x @ matrix if x.dim() == 3 else matrix[x]


class ConvSentenceCritic(nn.Module):
    """Convolutions of several widths, the largest answer of each over the sentence, a highway layer, a score.

    (Kim 2014, arXiv 1408.5882; Zhang & LeCun's highway as in Yu et al. 2016, arXiv 1609.05473.)  With several
    representations the embedding is cut into so many parts, and each part is scored by the same layers (Nie et al.
    2019, RelGAN).

    Args:
        length: places of a sentence; wider kernels are left out.
        representations: parts of the embedding; a score for each.

    Returns:
        (n,) scores, or (n, representations).
    """

    def __init__(
        self,
        tokens: int,
        length: int,
        embedding: int,
        filters: int,
        *,
        kernels: tuple[int, ...] = (2, 3, 4, 5),
        representations: int = 1,
        dropout: float = 0.25,
    ):
        super().__init__()
        self.representations = representations
        kernels = tuple(k for k in kernels if k <= length) or (length,)
        width = filters * len(kernels)
        self.matrix = nn.Parameter(torch.rand(tokens, embedding) * 2 - 1)
        self.convs = nn.ModuleList(nn.Conv1d(embedding // representations, filters, k) for k in kernels)
        self.gate, self.mix = nn.Linear(width, width), nn.Linear(width, width)
        self.drop = nn.Dropout(dropout)
        self.read = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        e = embedded(x, self.matrix)  # (n, t, e)
        n, t, _ = e.shape
        parts = e.view(n, t, self.representations, -1).permute(0, 2, 3, 1).flatten(0, 1)  # (n · r, e / r, t)
        h = torch.cat([F.relu(conv(parts)).amax(2) for conv in self.convs], 1)
        through = self.gate(h).sigmoid()
        h = through * F.relu(self.mix(h)) + (1 - through) * h
        scores = self.read(self.drop(h)).view(n, self.representations)
        return scores[:, 0] if self.representations == 1 else scores


class RecurrentTokenCritic(nn.Module):
    """A score for each token, from those up to it: (n, t) or (n, t, v) -> (n, t).

    The place of a token is told by sines of eight wavelengths beside its embedding.
    """

    PLACE = 8
    place: Tensor

    def __init__(self, tokens: int, length: int, embedding: int, width: int, dropout: float = 0.1):
        super().__init__()
        self.matrix = nn.Parameter(0.1 * torch.randn(tokens, embedding))
        self.lstm = nn.LSTM(embedding + self.PLACE, width, batch_first=True)
        self.norm, self.drop, self.read = nn.LayerNorm(width), nn.Dropout(dropout), nn.Linear(width, 1)
        waves = torch.arange(length)[:, None] * torch.logspace(0, -3, self.PLACE // 2)  # (t, 4)
        self.register_buffer("place", torch.cat([waves.sin(), waves.cos()], 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        e = embedded(x, self.matrix) * math.sqrt(self.matrix.shape[1])
        place = self.place.expand(len(e), -1, -1)
        h, _ = self.lstm(self.drop(torch.cat([e, place.to(e)], 2)))
        return self.read(self.drop(self.norm(h))).squeeze(2)
