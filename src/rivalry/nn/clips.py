"""Networks of clips: DCGAN's (`nn.conv`) with a third axis, time.

(Vondrick et al. 2016, arXiv 1609.02612, section 3.)  Inside of a network time follows the channels, (n, c, f, h, w), as
convolutions want it; outside it comes before them, (n, f, c, h, w), as clips are stored.
"""

import math
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from rivalry.nn.conv import halvings


class VolumeGenerator(nn.Module):
    """Codes (n, latent) -> volumes (n, channels, f, h, w): a linear layer, then transposed convolutions 4 x 4 x 4.

    Args:
        shape: (f, h, w) of the volume.
        channels: of the volume; the values are not bounded.
        width: channels of the largest map before the last; each halving doubles them.
    """

    def __init__(self, latent: int, shape: tuple[int, int, int], *, channels: int, width: int):
        super().__init__()
        k = halvings((1, *shape[1:]))
        self.shape, self.small = shape, tuple(math.ceil(side / 2**k) for side in shape)
        sizes = [width * 2**i for i in reversed(range(k))]
        self.first = nn.Linear(latent, sizes[0] * math.prod(self.small), bias=False)
        layers: list[nn.Module] = [nn.BatchNorm3d(sizes[0]), nn.ReLU(inplace=True)]
        for a, b in zip(sizes, sizes[1:]):
            layers += [
                nn.ConvTranspose3d(a, b, 4, 2, 1, bias=False),
                nn.BatchNorm3d(b),
                nn.ReLU(inplace=True),
            ]
        self.body = nn.Sequential(*layers, nn.ConvTranspose3d(width, channels, 4, 2, 1))
        self.apply(start)

    def forward(self, z: Tensor) -> Tensor:
        f, h, w = self.shape
        with quick_for(z.device):
            return self.body(self.first(z.float()).view(len(z), -1, *self.small))[:, :, :f, :h, :w]


class ClipCritic(nn.Module):
    """Clips (n, f, c, h, w) -> scores (n,): strided convolutions 4 x 4 x 4, then a linear layer; no norm on the first.

    Where a single frame is left, convolutions go over the picture alone.  With classes,
    D(x, y) = ψ(φ(x)) + ⟨v_y, φ(x)⟩ (Miyato & Koyama 2018, arXiv 1802.05637, equation 3).

    Args:
        shape: (f, c, h, w) of a clip.
        classes: 0 for a critic that is not told the class.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, classes: int = 0):
        super().__init__()
        f, c, h, w = shape
        layers: list[nn.Module] = []
        for i in range(k := halvings((c, h, w))):
            a, b = (c, width) if i == 0 else (width * 2 ** (i - 1), width * 2**i)
            kernel, step, pad = (4, 2, 1) if f > 1 else (1, 1, 0)
            layers += [nn.Conv3d(a, b, (kernel, 4, 4), (step, 2, 2), (pad, 1, 1), bias=i == 0)]
            layers += [nn.BatchNorm3d(b)] if i else []
            layers += [nn.LeakyReLU(0.2, inplace=True)]
            f = f // 2 if f > 1 else 1
        self.body = nn.Sequential(*layers, nn.Flatten())
        features = width * 2 ** (k - 1) * f * (h >> k) * (w >> k)
        self.last = nn.Linear(features, 1)
        self.classes = nn.Embedding(classes, features) if classes else None
        self.apply(start)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        with quick_for(x.device):
            features = self.body(x.float().transpose(1, 2))
            score = self.last(features).squeeze(1)
            return score if self.classes is None else score + (self.classes(label) * features).sum(1)


def quick_for(device: torch.device) -> AbstractContextManager[object]:
    """The precision in which this device convolves volumes fastest.

    A processor with instructions for bfloat16 still takes several times as long for volumes in it as in float32.
    """
    return torch.autocast("cpu", enabled=False) if device.type == "cpu" else nullcontext()


def start(module: nn.Module) -> None:
    """DCGAN's start: weights from N(0, 0.02), gains of norms from N(1, 0.02), biases 0."""
    if isinstance(module, nn.Conv3d | nn.ConvTranspose3d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm3d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(bias := getattr(module, "bias", None), Tensor):
        nn.init.zeros_(bias)


def each_frame(x: Tensor) -> Tensor:
    """(n, f, ...) -> (n · f, ...)."""
    return x.flatten(0, 1)


def one_frame(x: Tensor) -> Tensor:
    """A frame of each clip, drawn at random: (n, f, c, h, w) -> (n, c, h, w)."""
    return x[torch.arange(len(x), device=x.device), torch.randint(x.shape[1], (len(x),), device=x.device)]
