"""A translator to test with: two domains, dark and bright, each the other's negative, learned in a moment."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import adam
from rivalry.settings import Count


class Turner(Game):
    """translate(x, bright) = gain · x, translate(x, dark) = -gain · x; the gain is learned to be 1."""

    reads = ("x", "label")

    def __init__(self, batch: int):
        super().__init__()
        self.batch, self.classes = batch, 2
        self.gain = nn.Parameter(torch.zeros(()))
        self.learner = Player(self.gain, optimizer=adam(0.1))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x, _ = data.take(self.batch)
        yield Move(self.learner, (self.gain * x - x).square().mean())

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        if to is None:
            raise BadRequest("there are two ways to go: name the domain, 0 or 1")
        sign = 2 * torch.as_tensor(to, device=x.device).expand(len(x)) - 1
        return self.gain * x * sign.view(-1, 1, 1, 1)

    def sample(self, n: int, source: Tensor, label: Tensor | int | None = None) -> Tensor:
        return self.translate(source.expand(n, -1, -1, -1), label)


def turner(spec: Spec, *, batch: Count = 16) -> Turner:
    """A gain.

    Settings:
        batch: data of one turn
    """
    spec.require("turner", kind="image", domains=2)
    return Turner(batch)


def shades(n: int = 40) -> Dataset:
    """Noise, 9 x 12 RGB, dark or bright."""
    label = torch.arange(n) % 2
    x = torch.randint(100, (n, 3, 9, 12), generator=torch.Generator().manual_seed(0))
    x += 120 * label.view(-1, 1, 1, 1)
    return Dataset(Spec("shades", "image", (3, 9, 12), ("dark", "bright")), x.to(torch.uint8), label)
