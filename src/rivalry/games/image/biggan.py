"""BigGAN: a class-conditional GAN that is large in every respect, and trades diversity for fidelity when asked.

    min_D E[max(0, 1 - D(x, y))] + E[max(0, 1 + D(G(z, y), y))]
    min_G -E[D(G(z, y), y)] + β Σ_layers ‖W Wᵀ ⊙ (1 - I)‖²_F

(Brock et al. 2018, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", arXiv 1809.11096.)
Every norm of the generator is conditioned on the class by one shared embedding, joined to a slice of z (`biggan`) or to
all of it (`biggan-deep`, appendix B).  A large batch is played in `parts`, whose gradients are added.  Truncated
codes are sampled by "standing statistics", as those of every game with batch norm are (`TwoPlayers.standing`).

Deviations:
    As many halvings as the image allows, the width doubling with each; the paper fixes both per resolution.
    The orthogonal term does not include embeddings, as the authors' code does.
    A width of 64 and a batch of 256 where the paper has 96 (128 in the deep one) and 2,048: a single device.  The rates
        of `biggan` are SAGAN's, which the paper halves for its large batch.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import hinge
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import orthogonal
from rivalry.maths.priors import normal
from rivalry.nn.attention import SelfAttention, nearest_map
from rivalry.nn.conv import Shape, halvings
from rivalry.nn.residual import Down
from rivalry.nn.spectral import spectral
from rivalry.settings import Count, Fraction, Natural, Rate, Weight

WIDEST = 16  # times the width


# ---------------------------------------------------------------- networks


class CodedBatchNorm(nn.Module):
    """Batch normalization whose gain and bias are linear in a code: (n, a, h, w), (n, code) -> (n, a, h, w)."""

    def __init__(self, channels: int, code: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = (nn.Linear(code, channels, bias=False) for _ in range(2))

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        return self.norm(x) * (1 + self.gain(code))[..., None, None] + self.bias(code)[..., None, None]


class BigUp(nn.Module):
    """norm - relu - double - 3 x 3 - norm - relu - 3 x 3, added to double - 1 x 1: (n, a, h, w) -> (n, b, 2h, 2w)."""

    def __init__(self, a: int, b: int, code: int):
        super().__init__()
        self.norm1, self.norm2 = CodedBatchNorm(a, code), CodedBatchNorm(b, code)
        self.conv1, self.conv2 = nn.Conv2d(a, b, 3, 1, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.beside = nn.Conv2d(a, b, 1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        h = self.conv1(F.interpolate(F.relu(self.norm1(x, code)), scale_factor=2))
        h = self.conv2(F.relu(self.norm2(h, code)))
        return h + F.interpolate(self.beside(x), scale_factor=2)


class DeepUp(nn.Module):
    """A bottleneck, 1 x 1 - (double) - 3 x 3 - 3 x 3 - 1 x 1, added to x without the channels that are dropped."""

    def __init__(self, a: int, b: int, code: int, double: bool):
        super().__init__()
        few = max(1, a // 4)
        sizes = [(a, few, 1), (few, few, 3), (few, few, 3), (few, b, 1)]
        self.norms = nn.ModuleList([CodedBatchNorm(i, code) for i, _, _ in sizes])
        self.convs = nn.ModuleList([nn.Conv2d(i, o, k, 1, k // 2) for i, o, k in sizes])
        self.kept, self.scale = b, 2.0 if double else 1.0

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        h = x
        for i, (norm, conv) in enumerate(zip(self.norms, self.convs)):
            h = F.relu(norm(h, code))
            h = conv(F.interpolate(h, scale_factor=self.scale) if i == 1 else h)
        return h + F.interpolate(x[:, : self.kept], scale_factor=self.scale)


class DeepDown(nn.Module):
    """The critic's bottleneck, added to x with new channels from 1 x 1: (n, a, h, w) -> (n, b, h/2, w/2) if `halve`."""

    def __init__(self, a: int, b: int, halve: bool):
        super().__init__()
        few = max(1, b // 4)
        sizes = [(a, few, 1), (few, few, 3), (few, few, 3)]
        self.convs = nn.ModuleList([nn.Conv2d(i, o, k, 1, k // 2) for i, o, k in sizes])
        self.last = nn.Conv2d(few, b, 1)
        self.more = nn.Conv2d(a, b - a, 1) if b > a else None
        self.halve = halve

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for conv in self.convs:
            h = conv(F.relu(h))
        h = F.relu(h)
        if self.halve:
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        return self.last(h) + (x if self.more is None else torch.cat([x, self.more(x)], 1))


class BigGenerator(nn.Module):
    """Codes (n, latent) and labels (n,) -> images (n, c, h, w) in [-1, 1].

    Args:
        embedding: length of the class's vector, shared by all norms.
        deep: bottleneck blocks, two for each size, each with the whole code; else one block, with its slice.
        attend: attention on the doubled map whose shorter side is nearest to this; 0 for none.
    """

    def __init__(
        self,
        latent: int,
        shape: Shape,
        classes: int,
        *,
        width: int,
        embedding: int,
        deep: bool,
        attend: int,
    ):
        super().__init__()
        c, h, w = shape
        k = halvings(shape)
        self.shape, self.small = shape, (math.ceil(h / 2**k), math.ceil(w / 2**k))
        widths = [width * min(WIDEST, 2 ** (k - i)) for i in range(k + 1)]
        self.slices = [latent] if deep else [latent - k * (latent // (k + 1)), *[latent // (k + 1)] * k]
        code = embedding + self.slices[-1]
        self.classes = nn.Embedding(classes, embedding)
        entry = code if deep else self.slices[0]
        self.first = nn.Linear(entry, widths[0] * math.prod(self.small))
        self.blocks = nn.ModuleList()
        for a, b in zip(widths, widths[1:]):
            if deep:
                self.blocks.append(nn.ModuleList([DeepUp(a, a, code, False), DeepUp(a, b, code, True)]))
            else:
                self.blocks.append(nn.ModuleList([BigUp(a, b, code)]))
        sizes = [(self.small[0] * 2**i, self.small[1] * 2**i) for i in range(1, k + 1)]
        self.attends = nearest_map([min(size) for size in sizes], attend)
        attention = lambda at: SelfAttention(widths[at + 1], sizes[at])
        self.attention = attention(self.attends) if self.attends >= 0 else nn.Identity()
        self.norm, self.last = nn.BatchNorm2d(widths[-1]), nn.Conv2d(widths[-1], c, 3, 1, 1)
        self.apply(init_orthogonal)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        y = self.classes(label)
        if len(self.slices) == 1:
            first = torch.cat([z, y], 1)
            codes = [first] * len(self.blocks)
        else:
            first, *slices = z.split(self.slices, 1)
            codes = [torch.cat([part, y], 1) for part in slices]
        x = self.first(first).view(len(z), *self.small, -1).permute(0, 3, 1, 2)
        for i, (stage, code) in enumerate(zip(self.blocks, codes)):
            for block in stage:  # type: ignore[attr-defined]
                x = block(x, code)
            x = self.attention(x) if i == self.attends else x
        x = self.last(F.relu(self.norm(x))).tanh()
        return x[..., : self.shape[1], : self.shape[2]]


class BigCritic(nn.Module):
    """Images (n, c, h, w) and labels (n,) -> scores (n,), by projection onto the class's vector.

    Args:
        deep: bottleneck blocks, two for each size.
        attend: attention on the halved map whose shorter side is nearest to this; 0 for none.
    """

    def __init__(self, shape: Shape, classes: int, *, width: int, deep: bool, attend: int):
        super().__init__()
        k = halvings(shape)
        widths = [width * min(WIDEST, 2**i) for i in range(k + 1)]
        blocks: list[nn.Module] = [nn.Conv2d(shape[0], width, 3, 1, 1)] if deep else []
        sizes = [(shape[1] >> i, shape[2] >> i) for i in range(1, k + 1)]
        attends = nearest_map([min(size) for size in sizes], attend)
        for i, (a, b) in enumerate(zip(widths, widths[1:])):
            if deep:
                blocks += [DeepDown(a, b, True), DeepDown(b, b, False)]
            else:
                blocks.append(Down(shape[0] if i == 0 else a, b, first=i == 0))
            blocks += [SelfAttention(b, sizes[i])] if i == attends else []
        blocks += [] if deep else [Down(widths[-1], widths[-1], halve=False)]
        self.blocks = nn.Sequential(*blocks)
        self.last, self.classes = nn.Linear(widths[-1], 1), nn.Embedding(classes, widths[-1])
        self.apply(init_orthogonal)

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        features = F.relu(self.blocks(x)).sum((2, 3))  # (n, widest)
        return self.last(features).squeeze(1) + (self.classes(label) * features).sum(1)


def init_orthogonal(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear, nn.Embedding)):
        nn.init.orthogonal_(module.weight)
        if not isinstance(module, nn.Embedding) and module.bias is not None:
            nn.init.zeros_(module.bias)


# ---------------------------------------------------------------- the game


class BigGAN(TwoPlayers):
    """Hinge, in parts.

    Args:
        parts: in how many parts a batch is played; their gradients are added before a step.
        orthogonal: β, of the generator's orthogonal term.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, parts: int, orthogonal: float, **given: Any):
        super().__init__(G, D, **given)
        self.parts, self.orthogonal = parts, orthogonal
        self.held = (*[True] * (parts - 1), False)  # the gradients of all parts but the last wait

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            for hold in self.held:
                real, label = data.take(self.batch // self.parts)
                with torch.no_grad():
                    fake = self.G(self.draw(len(real)), label)
                scores = self.D(torch.cat([real, fake]), torch.cat([label, label]))  # in one pass
                on_real, on_fake = scores.chunk(2)
                loss = hinge.critic(on_real, on_fake)
                notes = {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()}
                yield Move(self.critic, loss / self.parts, notes, hold=hold)
        for _ in range(self.parts - 1):
            yield Move(self.generator, self.answer(len(real)) / self.parts, hold=True)
        apart = orthogonal(self.G, self.orthogonal)  # no data enter: once for all parts
        yield Move(self.generator, self.answer(len(real)) / self.parts + apart, {"orthogonal": apart})
        self.average.update(self.G)

    def answer(self, n: int) -> Tensor:
        """The generator's loss on `n` fakes of classes by chance."""
        label = torch.randint(self.classes, (n,), device=self.device)
        return hinge.generator(self.D(self.G(self.draw(n), label), label))

    def input_matrices(self) -> list[Tensor]:
        """The matrix by which the first layer reads a code; the slices that the norms read are not in it."""
        (first,) = super().input_matrices()
        return [F.pad(first, (0, self.prior.size - first.shape[1]))]


def biggan(
    spec: Spec,
    *,
    latent: Count = 120,
    embedding: Count = 128,
    width: Count = 64,
    attend: Natural = 16,
    batch: Count = 256,
    parts: Count = 1,
    generator_lr: Rate = 1e-4,
    critic_lr: Rate = 4e-4,
    critic_steps: Count = 2,
    orthogonal: Weight = 1e-4,
    average: Fraction = 0.9999,
) -> BigGAN:
    """Each block of the generator is conditioned on the class and on its own slice of the code.

    Settings:
        latent: length of the code z, normal, cut into a slice for each block
        embedding: length of a class's vector in the generator
        width: channels of the map nearest to the image; each halving doubles them, sixteenfold at most
        attend: both networks attend on their map whose shorter side is nearest to this; 0 for none
        parts: a batch is played in so many parts, on a device too small for all of it
        generator_lr: Adam's step size of the generator; its moments decay by 0 and 0.999
        critic_lr: Adam's step size of the critic
        critic_steps: turns of the critic before each turn of the generator
        orthogonal: weight of the generator's orthogonal term
    """
    _require(spec, "biggan", batch, parts)
    G, D = _networks(spec, deep=False, latent=latent, embedding=embedding, width=width, attend=attend)
    return BigGAN(
        G,
        D,
        prior=normal(latent),
        parts=parts,
        orthogonal=orthogonal,
        critic_steps=critic_steps,
        generator=adam(generator_lr, 0.0),
        critic=adam(critic_lr, 0.0),
        batch=batch,
        classes=len(spec.classes),
        average=average,
    )


def biggan_deep(
    spec: Spec,
    *,
    latent: Count = 128,
    embedding: Count = 128,
    width: Count = 64,
    attend: Natural = 16,
    batch: Count = 256,
    parts: Count = 1,
    generator_lr: Rate = 2.5e-5,
    critic_lr: Rate = 2.5e-5,
    critic_steps: Count = 2,
    orthogonal: Weight = 1e-4,
    average: Fraction = 0.9999,
) -> BigGAN:
    """Four times as deep, in bottlenecks; each block of the generator is conditioned on the class and all of the code.

    Settings:
        latent: length of the code z, normal
        embedding: length of a class's vector in the generator
        width: channels of the map nearest to the image; each halving doubles them, sixteenfold at most
        attend: both networks attend on their map whose shorter side is nearest to this; 0 for none
        parts: a batch is played in so many parts, on a device too small for all of it
        generator_lr: Adam's step size of the generator; its moments decay by 0 and 0.999
        critic_lr: Adam's step size of the critic
        critic_steps: turns of the critic before each turn of the generator
        orthogonal: weight of the generator's orthogonal term
    """
    _require(spec, "biggan-deep", batch, parts)
    G, D = _networks(spec, deep=True, latent=latent, embedding=embedding, width=width, attend=attend)
    return BigGAN(
        G,
        D,
        prior=normal(latent),
        parts=parts,
        orthogonal=orthogonal,
        critic_steps=critic_steps,
        generator=adam(generator_lr, 0.0),
        critic=adam(critic_lr, 0.0),
        batch=batch,
        classes=len(spec.classes),
        average=average,
    )


def _require(spec: Spec, who: str, batch: int, parts: int) -> None:
    spec.require(who, kind="image", classes=True)
    if batch % parts:
        raise BadRequest(f"{who}: a batch of {batch} cannot be played in {parts} parts; take a divisor")


def _networks(
    spec: Spec, *, deep: bool, latent: int, embedding: int, width: int, attend: int
) -> tuple[nn.Module, nn.Module]:
    """Generator and critic, spectrally normalized; the generator's embedding of classes is not."""
    (c, h, w), classes = spec.shape, len(spec.classes)
    G = BigGenerator(latent, (c, h, w), classes, width=width, embedding=embedding, deep=deep, attend=attend)
    D = BigCritic((c, h, w), classes, width=width, deep=deep, attend=attend)
    return spectral(G, nn.Embedding), spectral(D)


# Measured on a processor.
MNIST = {
    "latent": 60, "embedding": 32, "width": 8, "attend": 0, "batch": 64, "critic_steps": 1,
    "generator_lr": 5e-4, "critic_lr": 2e-3, "average": 0.998,
}  # fmt: skip

RECIPES = {"biggan": {"mnist": {"data": "mnist", "time": "12m", **MNIST}}}
