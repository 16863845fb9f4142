"""LPIPS as a term of a loss."""

from torch import Tensor

from rivalry.maths.divergences import as_float32
from rivalry.metrics.extractors.resize import at_least
from rivalry.metrics.image.images import in_color
from rivalry.metrics.image.lpips import LEAST, Lpips, find_lpips, load_lpips


class Perceptual:
    """LPIPS, times a weight.  Its weights are read when it is first asked, and are no part of the game."""

    def __init__(self, weight: float):
        self.weight = weight
        self.network: Lpips | None = None

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        if self.network is None:
            self.network = load_lpips(find_lpips()).to(x.device)
        see = lambda images: at_least(in_color(as_float32(images)), LEAST)
        return self.weight * self.network(see(x), see(y)).mean()
