"""How a judge looks at data: the first layer of its network, which makes pictures of them.

One network judges several kinds: an image is a picture, a sound is the picture of its mel spectrum, and the frames of a
clip are the channels of one picture (the "early fusion" of Karpathy et al. 2014, "Large-scale Video Classification with
Convolutional Neural Networks"), in which a motion is a difference of channels.  A kind names its layer (`Kind.judged`).
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from rivalry.kinds.spec import Column, Spec
from rivalry.kinds.wave import RATE
from rivalry.nn.hearing import MelPictures

Moves = tuple[float, float, float]


class Picture(nn.Module):
    """Images (n, c, h, w), as they are.

    Attributes:
        moves: the largest move of a picture in training, at first: shares of its height and of its width, and degrees.
            A datum that is moved so far is still of its class.
    """

    moves: ClassVar[Moves] = (0.06, 0.06, 8.0)

    def __init__(self, column: Column | Spec):
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return x


class Frames(Picture):
    """Clips (n, f, c, h, w) -> (n, f · c, h, w)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1, 2)


class Spectrum(Picture):
    """Sounds (n, c, t) -> log-mel spectra (n, c, bands, frames).  A sound may begin later, but not be higher."""

    moves: ClassVar[Moves] = (0.0, 0.06, 0.0)

    def __init__(self, column: Column | Spec):
        super().__init__(column)
        self.pictures = MelPictures(column.shape, column.about.get("rate", RATE))

    def forward(self, x: Tensor) -> Tensor:
        return self.pictures(x)


LAYERS: dict[str, type[Picture]] = {layer.__name__: layer for layer in (Picture, Frames, Spectrum)}


def seen_as(column: Column | Spec) -> Picture | None:
    """The layer for data of this kind; None for a kind that has no judge."""
    name = column.meaning.judged
    return LAYERS[name](column) if name else None


def size_of(picture: Picture, column: Column | Spec) -> tuple[int, int, int]:
    """(c, h, w) of the pictures of such data."""
    _, c, h, w = picture(torch.zeros(1, *column.shape)).shape
    return c, h, w
