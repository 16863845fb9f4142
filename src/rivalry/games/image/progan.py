"""Progressive growing: the game begins on 4 x 4 images and doubles them, each new layer faded in.

    min_D E_z[D(G(z))] - E_x[D(x)] + λ E(‖∇D(x̂)‖ - 1)² + ε E[D(x)²]        min_G -E_z[D(G(z))]

on images of resolution r(t), x ← lerp(double(halve(x)), x, α(t)) while a layer fades in (Karras et al. 2017,
"Progressive Growing of GANs for Improved Quality, Stability, and Variation", arXiv 1710.10196).  Equalized
learning rates, pixel norm in the generator, minibatch deviation in the critic, a batch for each resolution.

The phase of round t is a function of t only, so a run that is resumed goes on in the phase that it was in.

Deviations:
    Any size: the smallest image has a shorter side of 4 to 7 pixels, and the largest is cropped to the data's.
    The optimizers keep their moments when a layer is added, and the learning rate is constant.
    A code of 128 where the paper has 512; 32 channels of the largest map, doubled with each halving up to the paper's
        512.  A batch of 16 at full size, doubled with each halving up to 128: the paper's is 16 at most.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import as_float32, wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import normal
from rivalry.nn.conv import Shape, halvings
from rivalry.nn.equalized import EqualConv2d, EqualLinear, minibatch_deviation, pixel_norm
from rivalry.settings import Count, Fraction, Rate, Weight

WIDEST = 512


class Stage(NamedTuple):
    """The network of a phase: `level` doublings of the smallest image, the newest of them at a share `alpha`."""

    level: int
    alpha: float


class Schedule(NamedTuple):
    """Level by level: first the new layer fades in, then it is trained; both over `phase` images.

    Attributes:
        phase: real images of a phase.
        batches: of each level, the smallest image first.
    """

    phase: int
    batches: tuple[int, ...]

    def rounds(self, level: int) -> int:
        """Rounds of one phase at this level."""
        return math.ceil(self.phase / self.batches[level])

    def at(self, t: int) -> Stage:
        """The stage of round t."""
        t -= self.rounds(0)
        for level in range(1, len(self.batches)) if t >= 0 else ():
            if t < self.rounds(level):
                return Stage(level, (t + 1) / (self.rounds(level) + 1))
            t -= 2 * self.rounds(level)
            if t < 0:
                return Stage(level, 1.0)
        return Stage(0, 1.0) if t < 0 else Stage(len(self.batches) - 1, 1.0)


class Growing(nn.Module):
    """A network that keeps its stage among its buffers, so that a checkpoint knows it."""

    stage: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("stage", torch.tensor([0.0, 1.0], dtype=torch.float64))

    def grow(self, stage: Stage) -> None:
        self.stage.copy_(torch.tensor(stage, dtype=torch.float64))

    @property
    def now(self) -> Stage:
        level, alpha = self.stage.tolist()
        return Stage(int(level), alpha)


class GrowingGenerator(Growing):
    """Codes (n, latent) -> images (n, c, h_level, w_level) of its stage, not bounded."""

    def __init__(self, latent: int, channels: int, small: tuple[int, int], widths: Sequence[int]):
        super().__init__()
        self.small = small
        self.first = EqualLinear(latent, widths[0] * math.prod(small), gain=math.sqrt(2) / 4)
        self.smallest = EqualConv2d(widths[0], widths[0], 3)
        self.wider = nn.ModuleList([EqualConv2d(a, b, 3) for a, b in zip(widths, widths[1:])])
        self.same = nn.ModuleList([EqualConv2d(b, b, 3) for b in widths[1:]])
        self.colors = nn.ModuleList([EqualConv2d(b, channels, 1, gain=1) for b in widths])

    def forward(self, z: Tensor) -> Tensor:
        level, alpha = self.now
        x = self.first(pixel_norm(z)).view(z.shape[0], *self.small, -1).permute(0, 3, 1, 2)
        x = _normed(self.smallest(_normed(x)))
        before = x
        for wider, same in list(zip(self.wider, self.same))[:level]:
            before, x = x, _normed(same(_normed(wider(double(x)))))
        color = self.colors[level](x)
        if alpha == 1:
            return color
        return torch.lerp(double(self.colors[level - 1](before)), color, alpha)


class GrowingCritic(Growing):
    """Images (n, c, h_level, w_level) of its stage -> scores (n,)."""

    def __init__(self, channels: int, small: tuple[int, int], widths: Sequence[int]):
        super().__init__()
        self.colors = nn.ModuleList([EqualConv2d(channels, b, 1) for b in widths])
        self.blocks = nn.ModuleList(  # the i-th halves an image of level i + 1
            nn.Sequential(EqualConv2d(b, b, 3), nn.LeakyReLU(0.2), EqualConv2d(b, a, 3), nn.LeakyReLU(0.2))
            for a, b in zip(widths, widths[1:])
        )
        self.smallest = EqualConv2d(widths[0] + 1, widths[0], 3)
        self.first = EqualLinear(widths[0] * math.prod(small), widths[0], gain=math.sqrt(2))
        self.last = EqualLinear(widths[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        level, alpha = self.now
        h = _bent(self.colors[level](x))
        for i in range(level - 1, -1, -1):
            h = F.avg_pool2d(self.blocks[i](h), 2)
            if i == level - 1 and alpha < 1:
                h = torch.lerp(_bent(self.colors[i](F.avg_pool2d(x, 2))), h, alpha)
        h = _bent(self.smallest(minibatch_deviation(h)))
        return self.last(_bent(self.first(h.permute(0, 2, 3, 1).flatten(1)))).squeeze(1)


def double(x: Tensor) -> Tensor:
    """Every pixel four times: (n, c, h, w) -> (n, c, 2h, 2w)."""
    return F.interpolate(x, scale_factor=2)


def _bent(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def _normed(x: Tensor) -> Tensor:
    return pixel_norm(_bent(x))


class ProGAN(TwoPlayers):
    """WGAN-GP on images that grow.

    Args:
        shape: of the data.
        schedule: which stage is played when.
        drift: ε, of the squared score of reals.
    """

    G: GrowingGenerator
    D: GrowingCritic

    def __init__(
        self,
        G: GrowingGenerator,
        D: GrowingCritic,
        *,
        shape: Shape,
        schedule: Schedule,
        drift: float,
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.shape, self.schedule, self.drift = shape, schedule, drift
        self.levels = len(schedule.batches) - 1

    def round(self, data: Source, t: int) -> Iterator[Move]:
        stage = self.schedule.at(t)
        self.G.grow(stage)
        self.D.grow(stage)
        (real,) = data.take(self.schedule.batches[stage.level])
        real = self.shown(real, stage)
        fake = self.G(self.draw(len(real)))
        on_real, on_fake = self.looks(real, fake.detach())
        penalties = self.regularize(on_real, on_fake, t)
        loss = wasserstein.critic(on_real.scores, on_fake.scores)
        drift = self.drift * as_float32(on_real.scores).square().mean()
        terms = {"divergence": loss, "drift": drift, **penalties}
        level = stage.level + stage.alpha - 1  # 1.25: a quarter of the second doubling
        yield Move(self.critic, torch.stack([*terms.values()]).sum(), {**terms, "level": level})
        yield Move(self.generator, wasserstein.generator(self.D(fake)))
        self.average.update(self.G)

    def shown(self, x: Tensor, stage: Stage) -> Tensor:
        """Data (n, c, h, w) as the critic of this stage sees them: smaller, the newest pixels at a share alpha."""
        h, w = (side * 2**self.levels for side in self.G.small)
        x = F.pad(x, (0, w - self.shape[2], 0, h - self.shape[1]), "replicate")
        x = F.avg_pool2d(x, 2 ** (self.levels - stage.level))
        return x if stage.alpha == 1 else torch.lerp(double(F.avg_pool2d(x, 2)), x, stage.alpha)

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """Images of these codes at the data's size, however small those are that it has come to."""
        self.given(z.shape[0], label)  # refuses a label
        x = self.standing(truncation)(z)
        for _ in range(self.levels - self.G.now.level):
            x = double(x)
        return x[..., : self.shape[1], : self.shape[2]].clamp(-1, 1)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores of images, which it sees as small as its stage has them: (n, c, h, w) -> (n,)."""
        return self.D(self.shown(x, self.D.now))


def progan(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 32,
    phase: Count = 600_000,
    batch: Count = 16,
    largest: Count = 128,
    lr: Rate = 1e-3,
    penalty: Weight = 10.0,
    drift: Weight = 1e-3,
    average: Fraction = 0.999,
) -> ProGAN:
    """A generator and a critic that grow together.

    Settings:
        latent: length of the code z, normal, then brought to one length
        width: channels of the largest map; each halving doubles them, up to 512
        phase: real images of a phase: each resolution fades in for one and is trained for another
        batch: data of one turn at the full resolution; each halving doubles it
        largest: data of one turn at most
        lr: Adam's step size, of both players; its moments decay by 0 and 0.99
        penalty: weight of the gradient penalty
        drift: weight of the squared score of reals, which keeps scores near 0
    """
    spec.require("progan", kind="image")
    c, h, w = spec.shape
    k = halvings((c, h, w))
    small = math.ceil(h / 2**k), math.ceil(w / 2**k)
    widths = [min(WIDEST, width * 2**i) for i in range(k, -1, -1)]
    batches = tuple(max(batch, min(largest, batch * 2**i)) for i in range(k, -1, -1))
    return ProGAN(
        GrowingGenerator(latent, c, small, widths),
        GrowingCritic(c, small, widths),
        shape=(c, h, w),
        schedule=Schedule(phase, batches),
        drift=drift,
        prior=normal(latent),
        penalties=[gradient_penalty(penalty)],
        generator=adam(lr, 0.0, 0.99),
        critic=adam(lr, 0.0, 0.99),
        batch=batch,
        average=average,
    )


RECIPES = {
    "progan": {
        "mnist": {"data": "mnist-32", "width": 16, "phase": 12_000, "samples": 120_000},
        "tiles": {"data": "tiles", "width": 16, "phase": 12_000, "samples": 120_000},
    }
}
