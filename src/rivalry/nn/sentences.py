"""Sentences as vectors: a small recurrent network that reads them in both directions."""

import torch
from torch import Tensor, nn

from rivalry.kinds.tokens import PAD
from rivalry.nn.conv import ConvCritic, init_he


class SentenceEncoder(nn.Module):
    """A bidirectional GRU over the embeddings of tokens: (n, t) -> (n, size), from the mean state of all but padding.

    The result has mean 0 and variance 1 in each sentence: what reads it beside a code, or beside the maps of an image,
    then hears both equally loud from the beginning.
    """

    def __init__(self, tokens: int, size: int, *, embedding: int = 64):
        super().__init__()
        self.embed = nn.Embedding(tokens, embedding, padding_idx=PAD)
        self.gru = nn.GRU(embedding, size, batch_first=True, bidirectional=True)
        self.join = nn.Sequential(nn.Linear(2 * size, size), nn.LayerNorm(size))

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.gru(self.embed(x))  # (n, t, 2 size)
        there = (x != PAD)[..., None].to(states.dtype)
        return self.join((states * there).sum(1) / there.sum(1).clamp(min=1))


class DrawnFor(nn.Module):
    """A generator that is told a sentence: its projection is joined to the code (Reed et al. 2016, section 4.1).

    Args:
        encoder: sentences (n, t) -> (n, size).
        body: (n, latent + projected) -> (n, c, h, w).
    """

    def __init__(self, encoder: nn.Module, body: nn.Module, size: int, projected: int):
        super().__init__()
        self.encoder, self.body = encoder, body
        self.project = nn.Sequential(nn.Linear(size, projected), nn.LeakyReLU(0.2)).apply(init_he)

    def forward(self, z: Tensor, told: Tensor) -> Tensor:
        return self.of(z, self.encoder(told))

    def of(self, z: Tensor, encoded: Tensor) -> Tensor:
        """Images for codes z (n, latent) and encoded sentences (n, size)."""
        return self.body(torch.cat([z, self.project(encoded)], 1))


class JudgedFor(nn.Module):
    """A critic that is told a sentence: its projection is laid beside each place of the last map (the same section).

    Args:
        encoder: sentences (n, t) -> (n, size).
        critic: its convolutions are used, and not its last layer.
    """

    def __init__(self, encoder: nn.Module, critic: ConvCritic, size: int, projected: int):
        super().__init__()
        self.encoder, self.maps = encoder, critic.body
        self.project = nn.Sequential(nn.Linear(size, projected), nn.LeakyReLU(0.2)).apply(init_he)
        self.together = nn.Sequential(
            nn.Conv2d(critic.channels + projected, critic.channels, 1), nn.LeakyReLU(0.2)
        ).apply(init_he)
        self.last = nn.Linear(critic.feature_count, 1)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        return self.judged(self.maps(x), self.encoder(told))

    def judged(self, maps: Tensor, encoded: Tensor) -> Tensor:
        """Scores (n,) of the maps of images for encoded sentences (n, size)."""
        beside = self.project(encoded)[..., None, None].expand(-1, -1, *maps.shape[2:])
        return self.last(self.together(torch.cat([maps, beside], 1)).flatten(1)).squeeze(1)
