"""Networks that see noisy data and are told how noisy they are: a small U-Net for images, a perceptron for points.

Each block is told the level of noise, and the class where there are classes, by a gain and a bias for each channel of
its normalized map (Dhariwal & Nichol 2021, "Diffusion Models Beat GANs on Image Synthesis", arXiv 2105.05233, section
3; the blocks are those of Ho et al. 2020, arXiv 2006.11239, without attention).
"""

import math
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Spec
from rivalry.nn.conv import Shape, halvings

FASTEST = 100.0  # the highest frequency at which a level is told


class Conditioning(nn.Module):
    """What a network is told beside its data, as one vector: level (n,), label (n,), code (n, latent) -> (n, size).

    Args:
        size: even.
        classes: 0 for none.
        latent: length of the code; 0 for none.
    """

    frequencies: Tensor

    def __init__(self, size: int, classes: int = 0, latent: int = 0):
        super().__init__()
        self.register_buffer(
            "frequencies", torch.logspace(0, math.log10(FASTEST), size // 2), persistent=False
        )
        self.level = nn.Sequential(nn.Linear(2 * (size // 2), size), nn.SiLU(), nn.Linear(size, size))
        self.label = nn.Embedding(classes, size) if classes else None
        self.code = (
            nn.Sequential(nn.Linear(latent, size), nn.SiLU(), nn.Linear(size, size)) if latent else None
        )

    def forward(self, level: Tensor, label: Tensor | None = None, code: Tensor | None = None) -> Tensor:
        waves = level[:, None] * self.frequencies
        conditioning = self.level(torch.cat([waves.cos(), waves.sin()], 1))
        if self.label is not None and label is not None:
            conditioning = conditioning + self.label(label)
        if self.code is not None and code is not None:
            conditioning = conditioning + self.code(code)
        return F.silu(conditioning)


class ConditionedBlock(nn.Module):
    """norm - SiLU - 3 x 3 - told norm - SiLU - 3 x 3, added to the input: (n, a, h, w), (n, told) -> (n, b, h, w)."""

    def __init__(self, a: int, b: int, conditioning: int):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(_groups(a), a), nn.Conv2d(a, b, 3, 1, 1)
        self.norm2, self.conv2 = nn.GroupNorm(_groups(b), b, affine=False), nn.Conv2d(b, b, 3, 1, 1)
        self.gain = nn.Linear(conditioning, 2 * b)
        self.beside = nn.Conv2d(a, b, 1) if a != b else nn.Identity()
        nn.init.normal_(self.conv2.weight, 0.0, 1e-3)  # a block begins close to what is beside it

    def forward(self, x: Tensor, conditioning: Tensor) -> Tensor:
        gain, bias = self.gain(conditioning)[..., None, None].chunk(2, 1)
        h = self.conv1(F.silu(self.norm1(x)))
        return self.conv2(F.silu(self.norm2(h) * (1 + gain) + bias)) + self.beside(x)


class ConditionedUNet(nn.Module):
    """Images (n, c, h, w), a level (n,), a label (n,) and a code (n, latent), where it has them, -> images.

    The image is halved until its shorter side is 4 to 7 and doubled back; each size sees what was halved from it.

    Args:
        width: channels of the largest map; the others have twice as many.
        blocks: of each size, on the way down and on the way up.
        patch: so many pixels square become the channels of one place of the largest map.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        width: int,
        blocks: int = 1,
        patch: int = 1,
        classes: int = 0,
        latent: int = 0,
    ):
        super().__init__()
        c, h, w = shape
        k = halvings((c, -(-h // patch), -(-w // patch)))
        self.patch, self.multiple = patch, patch * 2**k
        widths, conditioning = [width, *[2 * width] * k], 4 * width
        self.conditioning = Conditioning(conditioning, classes, latent)
        self.first = nn.Conv2d(c * patch**2, width, 3, 1, 1)
        self.downs, self.ups = nn.ModuleList(), nn.ModuleList()
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        for i, b in enumerate(widths):
            a = widths[max(i - 1, 0)]
            self.shrink.append(nn.Conv2d(a, a, 3, 2, 1) if i else nn.Identity())
            self.downs.append(
                nn.ModuleList([ConditionedBlock(a if j == 0 else b, b, conditioning) for j in range(blocks)])
            )
        self.middle = ConditionedBlock(widths[-1], widths[-1], conditioning)
        for i, b in list(enumerate(widths))[::-1]:
            above = widths[min(i + 1, k)]
            self.grow.append(nn.Conv2d(above, b, 3, 1, 1) if i < k else nn.Identity())
            self.ups.append(
                nn.ModuleList(
                    [ConditionedBlock(2 * b if j == 0 else b, b, conditioning) for j in range(blocks)]
                )
            )
        self.norm, self.last = nn.GroupNorm(_groups(width), width), nn.Conv2d(width, c * patch**2, 3, 1, 1)
        nn.init.normal_(self.last.weight, 0.0, 1e-3)

    def forward(
        self, x: Tensor, level: Tensor, label: Tensor | None = None, code: Tensor | None = None
    ) -> Tensor:
        conditioning, (height, width) = self.conditioning(level, label, code), x.shape[2:]
        x = F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple), "replicate")
        h, skips = self.first(F.pixel_unshuffle(x, self.patch)), []
        for shrink, blocks in zip(self.shrink, self.downs):
            h = shrink(h)
            for block in blocks:  # type: ignore[attr-defined]
                h = block(h, conditioning)
            skips.append(h)
        h = self.middle(h, conditioning)
        for grow, blocks in zip(self.grow, self.ups):
            skip = skips.pop()
            if h.shape[2:] != skip.shape[2:]:
                h = grow(F.interpolate(h, scale_factor=2))
            h = torch.cat([h, skip], 1)
            for block in blocks:  # type: ignore[attr-defined]
                h = block(h, conditioning)
        h = F.pixel_shuffle(self.last(F.silu(self.norm(h))), self.patch)
        return h[..., :height, :width]


class ConditionedPerceptron(nn.Module):
    """Points (n, d) and what `ConditionedUNet` is told -> (n, d): hidden layers with residual connections."""

    def __init__(
        self, shape: tuple[int, ...], *, width: int, blocks: int = 3, classes: int = 0, latent: int = 0
    ):
        super().__init__()
        d = math.prod(shape)
        self.conditioning = Conditioning(width, classes, latent)
        self.first, self.last = nn.Linear(d, width), nn.Linear(width, d)
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(blocks)])
        self.gains = nn.ModuleList([nn.Linear(width, 2 * width) for _ in range(blocks)])
        self.back = nn.ModuleList([nn.Linear(width, width) for _ in range(blocks)])
        nn.init.normal_(self.last.weight, 0.0, 1e-3)

    def forward(
        self, x: Tensor, level: Tensor, label: Tensor | None = None, code: Tensor | None = None
    ) -> Tensor:
        conditioning, h = self.conditioning(level, label, code), self.first(x.flatten(1))
        for layer, gain, back in zip(self.layers, self.gains, self.back):
            scale, bias = gain(conditioning).chunk(2, 1)
            h = h + back(F.silu(layer(F.silu(h)) * (1 + scale) + bias))
        return self.last(F.silu(h)).view_as(x)


def denoiser_for(
    spec: Spec, *, width: int, blocks: int, patch: int = 1, classes: int = 0, latent: int = 0
) -> nn.Module:
    """(n, *spec.shape), a level (n,), and a label and a code where it has them, -> (n, *spec.shape)."""
    if spec.meaning.axes == 2:
        network = partial(ConditionedUNet, spec.shape)  # type: ignore[arg-type]
        return network(width=width, blocks=blocks, patch=patch, classes=classes, latent=latent)
    return ConditionedPerceptron(spec.shape, width=width, blocks=blocks + 1, classes=classes, latent=latent)


def _groups(channels: int) -> int:
    """Groups of a norm: 8, or as many as divide the channels."""
    return math.gcd(channels, 8)
