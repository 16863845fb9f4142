"""Sounds as vectors: a small convolutional network over their mel spectra, and a critic that is told such a vector."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.maths.mel import LogMel
from rivalry.maths.spectra import Frames
from rivalry.nn.conv import ConvCritic, init_he

BANDS = 40
FLOOR = 0.01  # added to magnitudes: what is fainter, such as the noise of a room, is as silence
MIDDLE, SPREAD = -3.0, 2.0  # of their logarithms, roughly


class MelPictures(nn.Module):
    """Sounds (n, c, t) -> (n, c, 40, frames), their log-mel spectra, roughly of mean 0 and variance 1.

    Args:
        shape, rate: of the sounds.
    """

    def __init__(self, shape: tuple[int, ...], rate: float):
        super().__init__()
        window = min(256, shape[-1] // 4 * 2)
        self.mel = LogMel(Frames(shape[-1], window, max(1, window // 2)), BANDS, rate, quiet=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        return ((self.mel(x).exp() + FLOOR).log() - MIDDLE) / SPREAD


class SoundEncoder(nn.Module):
    """Sounds (n, c, t) -> (n, size), of mean 0 and variance 1 in each sound.

    In training the spectrum of each sound is stretched and moved at random in time and in frequency: another speaker
    talks faster, and has a longer throat (Jaitly & Hinton 2013, "Vocal Tract Length Perturbation Improves Speech
    Recognition").

    Args:
        shape, rate: of the sounds.
        stretch: the largest stretch and move, as a share of the whole time and of all bands; 0 for none.  Where the
            pitch of a sound has a meaning, it is 0.
    """

    def __init__(
        self, shape: tuple[int, ...], rate: float, size: int, *, width: int = 16, stretch: float = 0.0
    ):
        super().__init__()
        self.pictures, self.stretch = MelPictures(shape, rate), stretch
        widths = [shape[0], width, 2 * width, 4 * width]
        pairs = list(zip(widths, widths[1:]))
        layers = [layer for a, b in pairs for layer in (nn.Conv2d(a, b, 3, 2, 1), nn.LeakyReLU(0.2))]
        self.body = nn.Sequential(*layers).apply(init_he)
        rows = BANDS // 2 ** len(pairs)
        self.join = nn.Sequential(nn.Linear(2 * widths[-1] * rows, size), nn.LayerNorm(size))

    def forward(self, x: Tensor) -> Tensor:
        pictures = self.pictures(x)
        if self.training and self.stretch:
            pictures = stretched(pictures, self.stretch)
        maps = self.body(pictures).flatten(1, 2)  # (n, channels · rows, frames)
        return self.join(torch.cat([maps.mean(2), maps.amax(2)], 1))


def stretched(x: Tensor, most: float) -> Tensor:
    """Pictures (n, c, h, w), each stretched and moved on both axes by up to this share of their size.

    What comes in at a border repeats it.
    """
    scale, move = (most * (2 * torch.rand(2, len(x), 2, device=x.device) - 1)).unbind()
    place = torch.zeros(len(x), 2, 3, device=x.device)
    place[:, 0, 0], place[:, 1, 1] = (1 + scale).unbind(1)
    place[:, :, 2] = move
    grid = F.affine_grid(place, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)


class Heard(NamedTuple):
    """A critic's verdicts: scores (n,), real and fitting is high, and logits of the classes (n, classes)."""

    scores: Tensor
    logits: Tensor


class HearingCritic(nn.Module):
    """Images (n, c, h, w) and encoded sounds (n, size) -> `Heard`.

    D(x, s) = ψ(φ(x)) + ⟨V s, φ(x)⟩ (Miyato & Koyama 2018, arXiv 1802.05637, with a vector in place of a class), and
    the logits are a linear function of φ(x).
    """

    def __init__(self, critic: ConvCritic, size: int, classes: int):
        super().__init__()
        self.critic, self.project = critic, nn.Linear(size, critic.feature_count, bias=False)
        nn.init.normal_(self.project.weight, 0.0, (size * critic.feature_count) ** -0.5)
        self.classes = nn.Linear(critic.feature_count, classes) if classes else None

    def forward(self, x: Tensor, heard: Tensor) -> Heard:
        features = self.critic.features(x)
        scores = self.critic.last(features).squeeze(1) + (self.project(heard) * features).sum(1)
        return Heard(scores, self.classes(features) if self.classes else features[:, :0])
