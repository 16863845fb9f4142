"""`tones-to-discs`: a tone, and a disc that is the larger the louder the tone is, and whose hue is its pitch.

Both are drawn from a seed.  The radius grows by the same number of pixels with each decibel, and the hue turns from
red to violet with the logarithm of the pitch.  The disc's place is drawn anew, so that a sound has many pictures.
"""

import torch
from torch import Tensor

from rivalry.data.source import Column, Dataset, Spec
from rivalry.errors import BadRequest

RATE, LENGTH = 8_000, 1_024  # samples per second, samples of a tone
SIDE = 16  # pixels
LOUDNESS = (-26.0, -1.0)  # decibels of the amplitude, of which 0 is full scale
RADIUS = (1.5, 6.0)  # pixels
PITCH = (300.0, 1_200.0)  # Hz
HUE = (0.0, 0.8)  # of a turn
SPLITS = {"train": (6_000, 0), "test": (1_200, 1)}  # how many, from which seed


def open_discs(name: str, split: str = "train") -> Dataset:
    """6,000 training and 1,200 test pairs.

    Returns:
        uint8 (n, 3, 16, 16), light on black, and the column "sound", float32 (n, 1, 1024).  The columns "loudness"
        (decibels), "pitch" (Hz) and "hue" (of a turn), float32 (n,), are what the pairs were made from.

    Raises:
        BadRequest: for a split that is neither "train" nor "test".
    """
    if split not in SPLITS:
        raise BadRequest(f"{name!r} has no split {split!r}; it has train and test")
    n, seed = SPLITS[split]
    draw = torch.Generator().manual_seed(seed)
    loud, high, across, down, phase, brightness = torch.rand(6, n, generator=draw)
    loudness, pitch = between(LOUDNESS, loud), PITCH[0] * (PITCH[1] / PITCH[0]) ** high
    radius, hue = between(RADIUS, loud), between(HUE, high)
    center = radius[:, None] + (SIDE - 2 * radius[:, None]) * torch.stack([across, down], 1)
    x = (discs(center, radius, hue) * 255).round().byte()
    others = {
        "sound": tones(loudness, pitch, phase, brightness),
        "loudness": loudness,
        "pitch": pitch,
        "hue": hue,
    }
    extra = {"sound": Column("wave", (1, LENGTH), {"rate": RATE})}
    facts = {"source": "generated", "splits": tuple(SPLITS)}
    return Dataset(Spec(name, "image", (3, SIDE, SIDE), extra=extra), x, None, facts, others)


def between(ends: tuple[float, float], share: Tensor) -> Tensor:
    """The number at this share of the way from one end to the other."""
    return ends[0] + (ends[1] - ends[0]) * share


def tones(loudness: Tensor, pitch: Tensor, phase: Tensor, brightness: Tensor) -> Tensor:
    """Sums of a fundamental and its octave: all (n,) -> (n, 1, 1024) in [-1, 1].

    Args:
        loudness: decibels of the amplitude; 0 is full scale.
        phase: of the fundamental, in turns.
        brightness: the share of the octave, 0 to 1; the fundamental stays the louder one.
    """
    t = torch.arange(LENGTH) / RATE
    turns = pitch[:, None] * t + phase[:, None]
    octave = brightness[:, None] / 2
    x = (torch.sin(2 * torch.pi * turns) + octave * torch.sin(4 * torch.pi * turns)) / (1 + octave)
    return (10 ** (loudness[:, None] / 20) * x)[:, None]


def discs(center: Tensor, radius: Tensor, hue: Tensor) -> Tensor:
    """Discs with soft borders on black: (n, 2), (n,), (n,) -> (n, 3, 16, 16) in [0, 1].  Centers are (across, down)."""
    places = torch.arange(SIDE) + 0.5
    off = (places - center[:, 0, None])[:, None, :] ** 2 + (places - center[:, 1, None])[:, :, None] ** 2
    inside = (radius[:, None, None] + 0.5 - off.sqrt()).clamp(0, 1)
    return colors(hue)[:, :, None, None] * inside[:, None]


def colors(hue: Tensor) -> Tensor:
    """Full colors of these hues, in turns from red: (n,) -> (n, 3) in [0, 1]."""
    turn = (hue[:, None] + torch.tensor([0.0, 2 / 3, 1 / 3])) % 1
    return ((turn * 6 - 3).abs() - 1).clamp(0, 1)


def area(x: Tensor) -> Tensor:
    """How many pixels are lit, each by how bright it is: images (n, 3, h, w) in [-1, 1] -> (n,)."""
    return ((x + 1) / 2).amax(1).sum((1, 2))


def hue_of(x: Tensor) -> Tensor:
    """The hue of the mean color, in turns from red: images (n, 3, h, w) in [-1, 1] -> (n,) in [0, 1)."""
    red, green, blue = ((x + 1) / 2).mean((2, 3)).unbind(1)
    return (torch.atan2(3**0.5 * (green - blue), 2 * red - green - blue) / (2 * torch.pi)) % 1
