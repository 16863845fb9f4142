"""ESRGAN: a picture enlarged, with the details that such pictures have.

    min_D  E[softplus(-(D(x) - E D(G(s))))] + E[softplus(D(G(s)) - E D(x))]
    min_G  a · the same, x and G(s) exchanged  +  b E|x - G(s)|  +  p LPIPS(x, G(s))

x a picture, s the same picture made smaller (Wang et al. 2018, "ESRGAN: Enhanced Super-Resolution Generative
Adversarial Networks", arXiv 1809.00219, equations 1 to 3).  The critic is relativistic and average; G is a network of
residual-in-residual dense blocks.  No pairs are needed: s is made from the data in the round.

`enlarge` takes pictures of any size.  As a translation, which sheets and scores ask for, a picture is made smaller and
enlarged again.

Deviations:
    D scores patches, where the paper's has a single score from a network with batch norm.
    G adds to the bicubic enlargement, so that a small network has only the details to find.
    LPIPS in place of features of VGG-19 before activation, and off unless asked for, since it needs weights that others
        trained.  Without it the paper's weights a = 0.005 and b = 0.01 leave next to nothing of the L1 term, so a and b
        are those of Real-ESRGAN, 0.1 and 1.
    8 blocks where the paper has 23, trained from the beginning with the critic, where the paper begins with L1 alone.
    One cut of 128 pixels for all pictures of a turn, neither flipped nor turned; β₂ is 0.999.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Relativistic, as_float32, relativistic_average
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.shrink import Shrink, area, bicubic, degraded
from rivalry.metrics.image.perceptual import Perceptual
from rivalry.nn.patch import PatchCritic
from rivalry.nn.rrdb import EnlargingNetwork
from rivalry.settings import Count, Fraction, Natural, Rate, Weight

Unlike = Callable[[Tensor, Tensor], Tensor]  # pictures (n, c, h, w) and (n, c, h, w) -> a scalar
SHRINKS = {"area": area, "bicubic": bicubic, "degraded": degraded}
LEAST = 4  # pixels of the shorter side of a picture that is enlarged


class Enlarging(Game):
    """An enlarging network and how to use it: all but the round.

    Args:
        G: pictures (n, c, h, w) -> (n, c, times h, times w), nearly in [-1, 1].
        shrink: pictures whose sides are multiples of `times` -> the pictures to enlarge.
        times: a whole number.
        patch: sides (height, width), multiples of `times`, that are cut out of each picture.
        generator: its optimizer.
        batch: pictures of one turn.
        average: decay of the moving average of G that enlarges; 0 for G itself.
    """

    def __init__(
        self,
        G: nn.Module,
        *,
        shrink: Shrink,
        times: int,
        patch: tuple[int, int],
        generator: MakeOptimizer,
        batch: int,
        average: float,
    ):
        super().__init__()
        self.G, self.shrink, self.times, self.patch, self.batch = G, shrink, times, patch, batch
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)

    def enlarge(self, x: Tensor) -> Tensor:
        """Pictures (n, c, h, w) in [-1, 1], of any size from 4 x 4 on -> (n, c, times h, times w) in [-1, 1].

        Raises:
            BadRequest: smaller pictures.
        """
        if min(x.shape[2:]) < LEAST:
            h, w = x.shape[2:]
            raise BadRequest(f"pictures are enlarged from {LEAST} x {LEAST} on; this one is {h} x {w}")
        return as_float32(self.average(x)).clamp(-1, 1)

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Pictures (n, c, h, w) made smaller and enlarged again: the same shape."""
        labels_for(x.shape[0], to, 0, self.device)
        h, w = x.shape[2:]
        padded = F.pad(x, (0, -w % self.times, 0, -h % self.times), mode="replicate")
        return as_float32(self.average(self.shrink(padded)))[..., :h, :w].clamp(-1, 1)

    def sample(self, n: int, source: Tensor) -> Tensor:
        """`n` translations, of n sources (n, c, h, w) or of a single one (1, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1))

    def cut(self, data: Source) -> Tensor:
        """A batch of pictures, of each the same part, at a random place: (batch, c, *patch)."""
        (x,) = data.take(self.batch)
        top, left = (int(torch.randint(side - cut + 1, ())) for side, cut in zip(x.shape[2:], self.patch))
        return x[..., top : top + self.patch[0], left : left + self.patch[1]]


class ESRGAN(Enlarging):
    """What was enlarged against pictures.

    Args:
        D: pictures (n, c, h, w) -> scores (n, ...), real is high.
        critic: its optimizer.
        comparison: of the scores of both.
        adversarial, l1: the weights of these two terms.
        terms: further terms of the generator's loss, by name.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        critic: MakeOptimizer,
        comparison: Relativistic = relativistic_average,
        adversarial: float = 0.1,
        l1: float = 1.0,
        terms: Mapping[str, Unlike],
        **parts: Any,
    ):
        super().__init__(G, **parts)
        self.D, self.comparison, self.weights, self.terms = D, comparison, (adversarial, l1), terms
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x = self.cut(data)
        y = self.G(self.shrink(x))
        on_real, on_fake = self.D(x), self.D(y.detach())
        loss = self.comparison.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        with torch.no_grad():
            on_real = self.D(x)
        adversarial, l1 = self.comparison.generator(on_real, self.D(y)), (x - as_float32(y)).abs().mean()
        terms = {name: unlike(y, x) for name, unlike in self.terms.items()}
        a, b = self.weights
        loss = a * adversarial + b * l1 + sum(terms.values())
        yield Move(self.generator, loss, {"adversarial": adversarial, "l1": l1, **terms})
        self.average.update(self.G)

    def score(self, x: Tensor) -> Tensor:
        """How real pictures are, the mean over their patches: (n, c, h, w) -> (n,)."""
        return self.D(x).flatten(1).mean(1)


class L1(Enlarging):
    """The control without a critic: min_G E|x - G(s)|."""

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x = self.cut(data)
        l1 = (x - as_float32(self.G(self.shrink(x)))).abs().mean()
        yield Move(self.generator, l1, {"l1": l1})
        self.average.update(self.G)


def esrgan(
    spec: Spec,
    *,
    times: Count = 4,
    shrink: Literal["area", "bicubic", "degraded"] = "bicubic",
    adversarial: Weight = 0.1,
    l1: Weight = 1.0,
    perceptual: Weight = 0.0,
    width: Count = 64,
    blocks: Count = 8,
    patch: Count = 128,
    depth: Natural = 3,
    batch: Count = 16,
    lr: Rate = 1e-4,
    average: Fraction = 0.999,
) -> ESRGAN | L1:
    """Pictures enlarged by dense residual blocks, against a relativistic critic of patches.

    Settings:
        times: how many times as high and wide: 2, 4 or 8
        shrink: how pictures are made smaller: area, bicubic, or degraded by blur and noise, other for each
        adversarial: weight of the critic's term; with 0 there is no critic, and only the L1 term is left
        l1: weight of the L1 term
        perceptual: weight of LPIPS, whose weights $RIVALRY_LPIPS names; 0 for none
        width: channels of the maps
        blocks: residual-in-residual dense blocks
        patch: side in pixels of the part that is cut out of each picture; less where a picture is smaller
        depth: halvings of the critic; 0, 1, 2, 3 see patches of side 7, 16, 34, 70
    """
    spec.require("esrgan", kind="image")
    if times not in (2, 4, 8):
        raise BadRequest(f"esrgan enlarges 2, 4 or 8 times; got times={times}")
    if not (adversarial or l1):
        raise BadRequest("esrgan has nothing to learn from: adversarial and l1 are both 0")
    if not adversarial and perceptual:
        raise BadRequest("esrgan without its critic has the L1 term alone: leave perceptual at 0")
    c, h, w = spec.shape
    height, width_cut = (min(patch - patch % times or times, side - side % times) for side in (h, w))
    parts: dict[str, Any] = {
        "shrink": SHRINKS[shrink](times),
        "times": times,
        "patch": (height, width_cut),
        "generator": adam(lr, 0.9),
        "batch": batch,
        "average": average,
    }
    G = EnlargingNetwork(c, times=times, width=width, blocks=blocks)
    if not adversarial:
        return L1(G, **parts)
    D = PatchCritic((c, height, width_cut), width=width, depth=depth)
    terms = {"perceptual": Perceptual(perceptual)} if perceptual else {}
    return ESRGAN(G, D, critic=adam(lr, 0.9), adversarial=adversarial, l1=l1, terms=terms, **parts)


SMALL: dict[str, Any] = {"width": 24, "blocks": 2, "depth": 1, "lr": 5e-4, "average": 0.99}
RECIPES = {
    "esrgan": {
        "paper": {},
        "laptop": {"time": "10m", **SMALL},
        "l1-only": {"time": "10m", **SMALL, "adversarial": 0.0},
        "real": {"time": "10m", **SMALL, "shrink": "degraded"},
    }
}
