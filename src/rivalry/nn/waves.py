"""WaveGAN's networks of sounds: convolutions of 25 samples that walk in steps of 4.

(Donahue et al. 2018, arXiv 1802.04208, tables 3 and 4.)  A sound is quartered by strided convolutions until 16 to 63
samples are left, and made four times as long from there; channels double and halve with it.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KERNEL, STRIDE = 25, 4
SMALLEST = 16  # samples of the shortest map


def quarterings(length: int) -> int:
    """How often a sound is quartered until 16 to 63 samples are left; at least once."""
    k = 1
    while length // STRIDE ** (k + 1) >= SMALLEST:
        k += 1
    return k


class PhaseShuffle(nn.Module):
    """Shift a map in time by a random number of places from -n to n; what is missing is mirrored at the border.

    A critic behind it cannot tell real from fake by the phase at which an artifact of transposed convolutions occurs.
    One shift is drawn for each call, for all of the batch.  Nothing is shifted outside of training.
    """

    def __init__(self, n: int):
        super().__init__()
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        n = min(self.n, x.shape[-1] - 1)
        return shifted(x, int(torch.randint(-n, n + 1, ()))) if self.training and n > 0 else x


def shifted(x: Tensor, by: int) -> Tensor:
    """(n, c, t) later by this many places, or earlier if it is negative; mirrored at the border."""
    t = x.shape[-1]
    return F.pad(x, (max(by, 0), max(-by, 0)), mode="reflect").narrow(-1, max(-by, 0), t)


class WaveGenerator(nn.Module):
    """Codes (n, latent) -> sounds (n, c, t) in [-1, 1]: a linear layer, then transposed convolutions."""

    def __init__(self, latent: int, shape: tuple[int, ...], *, width: int):
        super().__init__()
        c, self.length = shape
        k = quarterings(self.length)
        self.small = math.ceil(self.length / STRIDE**k)
        sizes = [*(width * 2**i for i in reversed(range(k))), c]
        self.first = nn.Linear(latent, sizes[0] * self.small)
        self.ups = nn.ModuleList(
            [nn.ConvTranspose1d(a, b, KERNEL, STRIDE, 11, 1) for a, b in zip(sizes, sizes[1:])]
        )
        self.apply(start)

    def forward(self, z: Tensor) -> Tensor:
        x = self.first(z).view(len(z), -1, self.small)
        for up in self.ups:
            x = up(x.relu())  # (n, c, t) -> (n, c / 2, 4 t)
        return x.tanh()[..., : self.length]


class WaveCritic(nn.Module):
    """Sounds (n, c, t) -> scores (n,): strided convolutions with phase shuffle between them, then a linear layer.

    With classes, D(x, y) = ψ(φ(x)) + ⟨v_y, φ(x)⟩ (Miyato & Koyama 2018, arXiv 1802.05637, equation 3).

    Args:
        shuffle: the largest shift; 0 for none.
        classes: 0 for a critic that is not told the class.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int, shuffle: int, classes: int = 0):
        super().__init__()
        c, length = shape
        k = quarterings(length)
        sizes = [c, *(width * 2**i for i in range(k))]
        layers: list[nn.Module] = []
        for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
            layers += [nn.Conv1d(a, b, KERNEL, STRIDE, 11), nn.LeakyReLU(0.2)]
            layers += [PhaseShuffle(shuffle)] if i < k - 1 else []
            length = (length + 2 * 11 - KERNEL) // STRIDE + 1
        self.body = nn.Sequential(*layers, nn.Flatten())
        self.last = nn.Linear(sizes[-1] * length, 1)
        self.apply(start)
        self.classes = nn.Embedding(classes, sizes[-1] * length) if classes else None
        if self.classes is not None:
            nn.init.normal_(self.classes.weight, 0.0, (sizes[-1] * length) ** -0.5)

    def forward(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        features = self.body(x)
        score = self.last(features).squeeze(1)
        return score if self.classes is None else score + (self.classes(label) * features).sum(1)


def start(module: nn.Module) -> None:
    """He's start (He et al. 2015, arXiv 1502.01852); a place of a transposed convolution sees 1 / 4 of its kernel."""
    if isinstance(module, nn.Conv1d | nn.ConvTranspose1d | nn.Linear):
        inputs = module.weight[0].numel()
        if isinstance(module, nn.ConvTranspose1d):
            inputs = module.in_channels * KERNEL // STRIDE
        nn.init.normal_(module.weight, 0.0, (2 / inputs) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
