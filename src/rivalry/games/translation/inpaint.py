"""Inpainting: a hole in a picture is filled with what fits to the rest.

    min_D  E[softplus(-D(x))] + E[softplus(D(y))]            y = m G((1 - m) x, m) + (1 - m) x
    min_G  a E[softplus(-D(y))]  +  b E[Σ m |x - G|^k / Σ m]

x a picture, m a hole, 1 where pixels are missing, k = 1 or 2 (Pathak et al. 2016, "Context Encoders: Feature Learning
by Inpainting", arXiv 1604.07379, equations 1 to 3).  G sees the picture without the hole, and where the hole is.  Only
the hole is taken from G: all other pixels are the picture's own.  Holes are drawn in the round, strokes of a brush and
boxes (`maths/holes.py`).

As a translation, which sheets and scores ask for, a picture gets a random hole, which is filled.

Deviations:
    A U-Net in place of an encoder and a decoder that meet in the middle, and it is told the hole.
    D scores patches of the whole picture, where the paper's sees what was made for the hole, in a single score.
    L1 in place of L2 (k = 1), and a = 0.1 at b = 1, where the paper has 0.001 at 0.999 beside a critic of one score.
    Free-form holes of Yu et al. 2018 (arXiv 1806.03589) and boxes; the paper has boxes and shapes of other pictures.
    The weight of ten on a border of seven pixels is left out, since nothing overlaps here.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.given import require_shape
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Divergence, as_float32, non_saturating
from rivalry.maths.holes import free_form
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.nn.patch import PatchCritic
from rivalry.nn.unet import UNet
from rivalry.settings import Count, Fraction, Natural, Rate, Weight

POWERS = {"l1": 1, "l2": 2}


class Inpainting(Game):
    """A network that fills holes, and how to use it: all but the round.

    Args:
        G: pictures without their holes, and the holes (n, c + 1, h, w) -> pictures (n, c, h, w) in [-1, 1].
        shape: of the pictures.
        power: k, of the difference from the picture.
        generator: its optimizer.
        batch: pictures of one turn.
        average: decay of the moving average of G that fills; 0 for G itself.
    """

    def __init__(
        self,
        G: nn.Module,
        *,
        shape: tuple[int, ...],
        power: int,
        generator: MakeOptimizer,
        batch: int,
        average: float,
    ):
        super().__init__()
        self.G, self.shape, self.power, self.batch = G, tuple(shape), power, batch
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)

    def fill(self, x: Tensor, hole: Tensor) -> Tensor:
        """Pictures with their holes filled; outside of the holes they are the same numbers.

        Args:
            x: (n, c, h, w) in [-1, 1]; what is in the hole counts for nothing.
            hole: (n, 1, h, w), 1 or true where pixels are missing.

        Raises:
            BadRequest: pictures of another shape than those that the game was trained on.
        """
        require_shape("pictures", x, self.shape)
        return torch.where(hole > 0, as_float32(self.made(self.average, x, hole)), x)

    def made(self, network: nn.Module, x: Tensor, hole: Tensor) -> Tensor:
        """What a network makes of pictures without their holes."""
        hole = hole.to(x.dtype)
        return network(torch.cat([x * (1 - hole), hole], 1))

    def holes(self, x: Tensor) -> Tensor:
        """A random hole for each picture: (n, 1, h, w)."""
        return free_form(len(x), (x.shape[2], x.shape[3]), x.device)

    def off(self, x: Tensor, y: Tensor, hole: Tensor) -> Tensor:
        """The mean difference within the holes, to the power k."""
        apart = (x - as_float32(y)).abs().pow(self.power) * hole
        return apart.sum() / (hole.sum() * x.shape[1]).clamp(min=1)

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Pictures (n, c, h, w) with a random hole each, which is filled: the same shape."""
        labels_for(x.shape[0], to, 0, self.device)
        return self.fill(x, self.holes(x))

    def sample(self, n: int, source: Tensor) -> Tensor:
        """`n` translations, of n sources (n, c, h, w) or of a single one (1, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1))


class ContextEncoder(Inpainting):
    """Filled pictures against whole ones.

    Args:
        D: pictures (n, c, h, w) -> scores of patches (n, ...), real is high.
        critic: its optimizer.
        divergence: the critic estimates it and the generator lowers it.
        adversarial, reconstruction: the weights of the generator's two terms.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        critic: MakeOptimizer,
        divergence: Divergence = non_saturating,
        adversarial: float = 0.1,
        reconstruction: float = 1.0,
        **parts: Any,
    ):
        super().__init__(G, **parts)
        self.D, self.divergence, self.weights = D, divergence, (adversarial, reconstruction)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        hole = self.holes(x)
        made = self.made(self.G, x, hole)
        y = torch.where(hole > 0, as_float32(made), x)
        on_real, on_fake = self.D(x), self.D(y.detach())
        loss = self.divergence.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        adversarial, off = self.divergence.generator(self.D(y)), self.off(x, made, hole)
        a, b = self.weights
        yield Move(self.generator, a * adversarial + b * off, {"adversarial": adversarial, "off": off})
        self.average.update(self.G)

    def score(self, x: Tensor) -> Tensor:
        """How real pictures are, the mean over their patches: (n, c, h, w) -> (n,)."""
        return self.D(x).flatten(1).mean(1)


class Reconstruction(Inpainting):
    """The control without a critic: min_G E[Σ m |x - G|^k / Σ m]."""

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (x,) = data.take(self.batch)
        hole = self.holes(x)
        off = self.off(x, self.made(self.G, x, hole), hole)
        yield Move(self.generator, off, {"off": off})
        self.average.update(self.G)


def inpaint(
    spec: Spec,
    *,
    difference: Literal["l1", "l2"] = "l1",
    adversarial: Weight = 0.1,
    reconstruction: Weight = 1.0,
    width: Count = 64,
    depth: Natural = 3,
    batch: Count = 16,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.999,
) -> ContextEncoder | Reconstruction:
    """A U-Net that fills holes, against a critic of patches.

    Settings:
        difference: within the hole, of G from the picture: l1, the mean of |x - y|, or l2, of its square
        adversarial: weight of the critic's term; with 0 there is no critic, and only the difference is left
        reconstruction: weight of the difference
        width: channels of the map nearest to the picture
        depth: halvings of the critic; 0, 1, 2, 3 see patches of side 7, 16, 34, 70
    """
    spec.require("inpaint", kind="image")
    if not (adversarial or reconstruction):
        raise BadRequest("inpaint has nothing to learn from: adversarial and reconstruction are both 0")
    c, h, w = spec.shape
    G = UNet((c, h, w), joined=1, width=width, dropout=0.0)
    parts: dict[str, Any] = {
        "shape": (c, h, w),
        "power": POWERS[difference],
        "generator": adam(lr, beta1),
        "batch": batch,
        "average": average,
    }
    if not adversarial:
        return Reconstruction(G, **parts)
    D = PatchCritic((c, h, w), width=width, depth=depth)
    parts |= {"adversarial": adversarial, "reconstruction": reconstruction}
    return ContextEncoder(G, D, critic=adam(lr, beta1), **parts)


SMALL: dict[str, Any] = {"width": 16, "depth": 1, "lr": 1e-3, "average": 0.99}
RECIPES = {
    "inpaint": {
        "paper": {},
        "laptop": {"time": "10m", **SMALL},
        "l1-only": {"time": "10m", **SMALL, "adversarial": 0.0},
        "l2-only": {"time": "10m", **SMALL, "adversarial": 0.0, "difference": "l2"},
    }
}
