"""MarioGAN: levels of a platform game, each place one of a few tiles.

    min_D  E_z[D(G(z))] - E_x[D(x)] + λ E_x̂[(‖∇D(x̂)‖ - 1)²]        min_G  -E_z[D(G(z))]

G(z) is a softmax over tiles at each place, and x a 1 at the tile that is there (Volz et al. 2018, "Evolving Mario
Levels in the Latent Space of a Deep Convolutional Generative Adversarial Network", arXiv 1805.00728).  A level is the
likeliest tile at each place.  `rivalry edit search` looks for codes whose levels have what is wanted, as the paper
does.

Deviations:
    A gradient penalty in place of clipped weights (WGAN-GP), with Adam in place of RMSprop.
    A softmax of six times the hyperbolic tangent in place of a ReLU of it, so that what the critic sees sums to 1.
    Layer norm in both networks, where the paper has batch norm.
    All of the corpus's 13 tiles and 15 levels, where the paper has 10 tiles and a single level; windows have their own
        size, where the paper's are padded to 32 x 32.
    The code of 32, the batch of 32 and the critic's five turns are the paper's.
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import as_float32, wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import normal
from rivalry.nn.conv import ConvCritic, ConvGenerator, layer_norm
from rivalry.settings import Count, Fraction, Rate, Weight

SHARPEST = 6.0  # the largest logit; one tile can have all but 1e-4 of the shares
LEAST = 8  # rows and columns that the networks take


class SoftTiles(nn.Module):
    """Codes (n, latent) -> shares of the tiles at each place (n, tiles, h, w)."""

    def __init__(self, latent: int, shape: tuple[int, int, int], width: int):
        super().__init__()
        self.body = ConvGenerator(latent, shape, width=width, norm=layer_norm)

    def forward(self, z: Tensor) -> Tensor:
        return (SHARPEST * as_float32(self.body(z))).softmax(1)


class LevelGAN(TwoPlayers):
    """Soft tiles against levels; what is sampled is sharp.

    Args:
        G: (n, latent) -> shares (n, tiles, h, w).
        D: (n, tiles, h, w) -> (n,), real is high.
        tiles: how many there are.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, tiles: int, **parts: Any):
        super().__init__(G, D, **parts)
        self.tiles = tiles

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            (x,) = data.take(self.batch)
            real, fake = self.sharp(x), self.G(self.draw(len(x)))
            on_real, on_fake = self.looks(real, fake.detach())
            penalties = self.regularize(on_real, on_fake, t)
            loss = wasserstein.critic(on_real.scores, on_fake.scores)
            yield Move(self.critic, loss + sum(penalties.values()), {"divergence": loss, **penalties})
        hardness = fake.detach().amax(1).mean()
        yield Move(self.generator, wasserstein.generator(self.D(fake)), {"hardness": hardness})
        self.average.update(self.G)

    def sharp(self, x: Tensor) -> Tensor:
        """Tiles as shares: (n, h, w) -> (n, tiles, h, w), 1 at the tile that is there."""
        return F.one_hot(x, self.tiles).movedim(3, 1).float()

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """The likeliest tile at each place: (n, latent) -> (n, h, w)."""
        return super().decode(z, label, truncation).argmax(1)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores of levels: (n, h, w) -> (n,), real is high."""
        return super().score(self.sharp(x), label)


def level_gan(
    spec: Spec,
    *,
    latent: Count = 32,
    width: Count = 64,
    batch: Count = 32,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.0,
    penalty: Weight = 10.0,
    critic_steps: Count = 5,
    average: Fraction = 0.99,
) -> LevelGAN:
    """Levels of tiles by WGAN-GP.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the level
        beta1: Adam's first moment decay; its second is 0.9
        penalty: weight of the gradient penalty
        critic_steps: turns of the critic before each turn of the generator
    """
    spec.require("level-gan", kind="tiles")
    h, w = spec.shape
    if min(h, w) < LEAST:
        raise BadRequest(f"level-gan needs levels of at least {LEAST} x {LEAST} tiles; these are {h} x {w}")
    tiles = len(spec.about["tiles"])
    return LevelGAN(
        SoftTiles(latent, (tiles, h, w), width),
        ConvCritic((tiles, h, w), width=width, norm=layer_norm),
        tiles=tiles,
        prior=normal(latent),
        penalties=[gradient_penalty(penalty)],
        critic_steps=critic_steps,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        average=average,
    )


RECIPES = {
    "level-gan": {
        "laptop": {"time": "10m", "width": 24, "lr": 5e-4},
        "mario": {"data": "mario-levels", "time": "10m", "width": 24, "lr": 5e-4},
    }
}
