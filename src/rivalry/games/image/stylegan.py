"""StyleGAN: a style controls every layer of the generator, and a mapping from codes to styles is learned.

    w = f(z),    x = g(w, noise);        AdaIN(x_i, w) = s_i(w) (x_i - μ(x_i)) / σ(x_i) + b_i(w)
    min_D E[softplus(-D(x))] + E[softplus(D(g(f(z))))] + γ/2 E‖∇D(x)‖²
    min_f,g E[softplus(-D(g(f(z))))]  (+ E(‖J_wᵀ y‖ - a)²)

(`stylegan`: Karras et al. 2018, "A Style-Based Generator Architecture for Generative Adversarial Networks",
arXiv 1812.04948.  `stylegan2`: Karras et al. 2019, "Analyzing and Improving the Image Quality of StyleGAN",
arXiv 1912.04958: modulated convolutions in place of AdaIN, pictures that are summed over sizes, a residual critic,
lazy R1 and path length.  Adaptive augmentation: Karras et al. 2020, arXiv 2006.06676.)

Deviations:
    `stylegan` does not grow: all of its layers play from the first round, as those of `stylegan2` do.
    Any size: the constant has a shorter side of 4 to 7 pixels; images are cropped after the doublings.
    Unconditional.  Truncation pulls the styles of all layers; the paper's figures spare the finest.
    A lazy term joins the adversarial loss in one step of Adam, where the authors' code makes a second one.  `stylegan2`
        has the correction by c = k/(k + 1) for it: the steps between are those of the paper, and one in k + 1 is saved.
    R1 is on the real image before augmentation, as in the authors' code of adaptive augmentation.
    Codes and styles of 128 where the papers have 512, with at most 512 channels as there; a batch of 32 at every size;
        an average whose decay is a constant .999 a round, where the papers state a half-life in images.
    The rate of `stylegan` is that of the paper's small images, not raised for large ones.  R1's weight is 10, as in
        the papers for large images, at any size.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.augment import AUGMENTS, Augment
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.penalties import PathLength, r1
from rivalry.maths.priors import normal
from rivalry.nn.conv import Shape, halvings
from rivalry.nn.equalized import EqualConv2d, EqualLinear, minibatch_deviation
from rivalry.nn.modulated import ResidualStyleCritic, SkipSynthesis
from rivalry.nn.style import Mapping, Noise, double_smoothly, halve_smoothly, mixed
from rivalry.settings import Count, Fraction, Rate, Weight

WIDEST = 512

# ---------------------------------------------------------------- StyleGAN's networks


class AdaptiveNorm(nn.Module):
    """Noise, a rectifier, a norm of each channel, and the style's gain and bias: (n, c, h, w), (n, d) -> the same."""

    def __init__(self, channels: int, d: int, size: tuple[int, int]):
        super().__init__()
        self.noise, self.style = Noise(channels, *size), EqualLinear(d, 2 * channels)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = F.instance_norm(F.leaky_relu(self.noise(x), 0.2), eps=1e-8)
        scale, bias = self.style(w)[..., None, None].chunk(2, 1)
        return x * (1 + scale) + bias


class Synthesis(nn.Module):
    """Styles (n, layers, d) -> images (n, c, h, w), not bounded; two layers for each size.

    Args:
        small: height and width of the constant that it begins with.
        widths: channels of each size, the smallest first.
    """

    def __init__(self, channels: int, small: tuple[int, int], widths: Sequence[int], d: int):
        super().__init__()
        self.layers = 2 * len(widths)
        self.constant = nn.Parameter(torch.ones(1, widths[0], *small))
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for i, (a, b) in enumerate(zip([widths[0], *widths], widths)):
            size = small[0] * 2**i, small[1] * 2**i
            self.convs.extend([EqualConv2d(a, b, 3), EqualConv2d(b, b, 3)] if i else [EqualConv2d(b, b, 3)])
            self.norms.extend([AdaptiveNorm(b, d, size), AdaptiveNorm(b, d, size)])
        self.color = EqualConv2d(widths[-1], channels, 1, gain=1)

    def forward(self, w: Tensor) -> Tensor:
        styles, convs = list(w.unbind(1)), list(self.convs)
        x = self.norms[0](self.constant.expand(w.shape[0], -1, -1, -1), styles[0])
        for i, (conv, norm, style) in enumerate(zip(convs, list(self.norms)[1:], styles[1:]), 1):
            x = norm(conv(double_smoothly(x) if i % 2 == 0 else x), style)
        return self.color(x)

    def input_matrices(self) -> list[Tensor]:
        """The matrix (2 · channels, d) by which each layer reads its style."""
        return [norm.style.scaled() for norm in self.norms]  # type: ignore[union-attr,operator]


class StyleCritic(nn.Module):
    """Images (n, c, h, w) -> scores (n,).  Images are continued at the border to the size that halves evenly."""

    def __init__(self, channels: int, small: tuple[int, int], widths: Sequence[int]):
        super().__init__()
        self.side = tuple(s * 2 ** (len(widths) - 1) for s in small)
        self.color = EqualConv2d(channels, widths[-1], 1)
        steps = list(zip(widths[1:], widths))[::-1]  # from the image to the smallest map
        self.same = nn.ModuleList([EqualConv2d(a, a, 3) for a, _ in steps])
        self.wider = nn.ModuleList([EqualConv2d(a, b, 3) for a, b in steps])
        self.smallest = EqualConv2d(widths[0] + 1, widths[0], 3)
        self.first = EqualLinear(widths[0] * math.prod(small), widths[0], gain=math.sqrt(2))
        self.last = EqualLinear(widths[0], 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, self.side[1] - x.shape[3], 0, self.side[0] - x.shape[2]), "replicate")
        h = F.leaky_relu(self.color(x), 0.2)
        for same, wider in zip(self.same, self.wider):
            h = F.leaky_relu(same(h), 0.2)
            h = F.leaky_relu(halve_smoothly(wider(h)), 0.2)
        h = F.leaky_relu(self.smallest(minibatch_deviation(h)), 0.2)
        h = F.leaky_relu(self.first(h.permute(0, 2, 3, 1).flatten(1)), 0.2)
        return self.last(h).squeeze(1)


class StyleGenerator(nn.Module):
    """Codes (n, latent) -> images (n, *shape), not bounded: a mapping, then a synthesis."""

    def __init__(self, mapping: Mapping, synthesis: Synthesis | SkipSynthesis, shape: Shape):
        super().__init__()
        self.mapping, self.synthesis, self.shape = mapping, synthesis, shape

    def forward(self, z: Tensor) -> Tensor:
        return self.draw(self.style(z))

    def style(self, z: Tensor) -> Tensor:
        """Codes (n, latent) -> styles (n, layers, d), one for all layers."""
        return self.mapping(z)[:, None].expand(-1, self.synthesis.layers, -1)

    def draw(self, w: Tensor) -> Tensor:
        """Styles (n, layers, d) -> images (n, *shape)."""
        return self.synthesis(w)[..., : self.shape[1], : self.shape[2]]


# ---------------------------------------------------------------- the game


class StyleGAN(TwoPlayers):
    """The logistic game between styled images and a critic.

    Args:
        mixing: the share of samples whose style is of two codes, up to a random layer and from there on.
        paths: terms that join the generator's loss.
    """

    G: StyleGenerator

    def __init__(
        self,
        G: StyleGenerator,
        D: nn.Module,
        *,
        mixing: float,
        paths: Sequence[PathLength] = (),
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.mixing, self.paths = mixing, tuple(paths)
        self.means = nn.ModuleList(paths)  # the state of the terms is in the checkpoint

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.G.draw(self.mix(len(real)))
        on_real, on_fake = self.looks(real, fake.detach())
        penalties = self.regularize(on_real, on_fake, t)
        loss = non_saturating.critic(on_real.scores, on_fake.scores)
        notes = {"divergence": loss, "real": on_real.scores.mean(), "fake": on_fake.scores.mean()}
        yield Move(self.critic, loss + sum(penalties.values()), {**notes, **penalties})
        self.augment.observe(on_real.scores)
        loss = non_saturating.generator(self.D(self.augment(fake)))
        paths = {p.name: p(self.G.draw, self.mix(len(real) // 2 or 1)) for p in self.paths if p.due(t)}
        yield Move(self.generator, loss + sum(paths.values()), paths)
        self.average.update(self.G)

    @property
    def sampler(self) -> StyleGenerator:
        """The generator that samples are drawn from."""
        return cast(StyleGenerator, self.average.network)

    def mix(self, n: int) -> Tensor:
        """Styles of the moving generator, some of them of two codes: (n, layers, d)."""
        w, other = self.G.mapping(self.draw(n)), self.G.mapping(self.draw(n))
        self.G.mapping.follow(w)
        return mixed(w, other, self.G.synthesis.layers, self.mixing)

    def style(self, z: Tensor, label: Tensor | int | None = None) -> Tensor:
        """Codes (n, latent) -> styles (n, layers, d)."""
        self.given(z.shape[0], label)  # refuses a label
        return self.sampler.style(z)

    def synthesize(self, w: Tensor) -> Tensor:
        """Styles (n, layers, d) -> images (n, c, h, w) in [-1, 1]."""
        return self.sampler.draw(w).clamp(-1, 1)

    def middle(self) -> Tensor:
        """The mean style: (d,)."""
        return self.sampler.mapping.middle

    def input_matrices(self) -> list[Tensor]:
        """The matrix by which each layer reads its style."""
        return self.sampler.synthesis.input_matrices()

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """Images of these codes, their styles pulled towards the mean style: w̄ + ψ (w - w̄)."""
        w = self.style(z, label)
        return self.synthesize(w if truncation is None else torch.lerp(self.middle(), w, truncation))

    def sample(self, n: int, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """`n` samples, their styles truncated; see `decode`."""
        return self.decode(self.draw(n), label, truncation)


def stylegan(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 32,
    depth: Count = 8,
    mixing: Fraction = 0.9,
    batch: Count = 32,
    lr: Rate = 1e-3,
    penalty: Weight = 10.0,
    every: Count = 1,
    average: Fraction = 0.999,
) -> StyleGAN:
    """Adaptive instance normalization, noise, mixing and R1.

    Settings:
        latent: length of the code z and of a style
        width: channels of the largest map; each halving doubles them, up to 512
        depth: layers from the code to the style
        mixing: share of samples that have the styles of two codes
        lr: Adam's step size, of both players; its moments decay by 0 and 0.99
        penalty: weight of R1
        every: R1 is applied in one of so many rounds
    """
    shape, small, widths = _sizes("stylegan", spec, width)
    mapping, synthesis = Mapping(latent, latent, depth), Synthesis(shape[0], small, widths, latent)
    return StyleGAN(
        StyleGenerator(mapping, synthesis, shape),
        StyleCritic(shape[0], small, widths),
        mixing=mixing,
        prior=normal(latent),
        penalties=[r1(penalty, every=every)],
        generator=adam(lr, 0.0, 0.99),
        critic=adam(lr, 0.0, 0.99),
        batch=batch,
        average=average,
    )


def stylegan2(
    spec: Spec,
    *,
    latent: Count = 128,
    width: Count = 32,
    depth: Count = 8,
    mixing: Fraction = 0.9,
    augment: Literal["none", "diffaugment", "ada"] = "none",
    batch: Count = 32,
    lr: Rate = 2e-3,
    penalty: Weight = 10.0,
    every: Count = 16,
    path: Weight = 2.0,
    average: Fraction = 0.999,
) -> StyleGAN:
    """Modulated convolutions, summed pictures, a residual critic, lazy R1 and path length.

    Settings:
        latent: length of the code z and of a style
        width: channels of the largest map; each halving doubles them, up to 512
        depth: layers from the code to the style
        mixing: share of samples that have the styles of two codes
        augment: changes of the critic's images: none, DiffAugment's, or ADA's
        lr: Adam's step size, of both players; its moments decay by 0 and 0.99; corrected for terms of only some rounds
        penalty: weight of R1
        every: R1 is applied in one of so many rounds
        path: weight of the path length, applied in every fourth round; 0 for none
    """
    shape, small, widths = _sizes("stylegan2", spec, width)
    mapping, synthesis = Mapping(latent, latent, depth), SkipSynthesis(shape[0], small, widths, latent)
    augmenting: Augment = AUGMENTS[augment]()
    paths = [PathLength(path)] if path else []
    return StyleGAN(
        StyleGenerator(mapping, synthesis, shape),
        ResidualStyleCritic(shape[0], small, widths),
        mixing=mixing,
        paths=paths,
        augment=augmenting,
        prior=normal(latent),
        penalties=[r1(penalty, every=every)],
        generator=lazy_adam(lr, paths[0].every if paths else 1),
        critic=lazy_adam(lr, every),
        batch=batch,
        average=average,
    )


def lazy_adam(lr: float, every: int) -> MakeOptimizer:
    """Adam for a player one of whose terms is added only in every k-th round: λ' = cλ, β' = β^c, c = k/(k + 1).

    (Karras et al. 2019, arXiv 1912.04958, appendix B.)  A term of every round needs no correction: c = 1.
    """
    c = every / (every + 1) if every > 1 else 1.0
    return adam(c * lr, 0.0, 0.99**c)


def _sizes(who: str, spec: Spec, width: int) -> tuple[Shape, tuple[int, int], list[int]]:
    """The data's shape, the smallest map, and the channels of each size from there on."""
    spec.require(who, kind="image")
    c, h, w = spec.shape
    k = halvings((c, h, w))
    small = math.ceil(h / 2**k), math.ceil(w / 2**k)
    return (c, h, w), small, [min(WIDEST, width * 2**i) for i in range(k, -1, -1)]


RECIPES = {
    "stylegan": {
        "mnist": {
            "data": "mnist-32", "time": "20m", "width": 8, "latent": 64, "depth": 2,
            "mixing": 0.5, "lr": 3e-3, "penalty": 5.0, "every": 4,
        },
    },
}  # fmt: skip
