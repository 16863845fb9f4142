"""pix2pix: from an image to its counterpart, taught by pairs.

    min_G max_D  E[log D(s, x)] + E[log(1 - D(s, G(s, z)))]  +  λ E‖x - G(s, z)‖₁

s the source, x the image made from it (Isola et al. 2016, "Image-to-Image Translation with Conditional Adversarial
Networks", arXiv 1611.07004, equation 4).  The L1 term knows the coarse, the critic of patches the fine.  The noise
z is dropout within G, kept when samples are drawn, as in the paper: a source has many translations, if similar ones.

Deviations:
    Instance norm, which is the paper's batch norm at its batch of one; none in the middle of the U-Net, where a
        single place would be wiped out (the paper's erratum).
    Half the paper's channels by default; images as they are, without its jitter of scale and place.
    The critic's loss is not halved: to Adam the scale of a loss is nothing.
    The batch, the rate, β₁, λ and the dropout are the paper's.
"""

from collections.abc import Iterator
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.nn.patch import PatchCritic
from rivalry.nn.unet import UNet
from rivalry.settings import Count, Fraction, Natural, Rate, Weight


class PairTranslator(Game):
    """A translator taught by pairs, and how to use it: all but the round.

    Args:
        G: sources (n, c, h, w) -> images (n, c, h, w) in [-1, 1].
        reads: the columns of source and truth; samples ought to be like the truth.
        generator: its optimizer.
        batch: pairs of one turn.
        average: decay of the moving average of G that translates; 0 for G itself.
    """

    def __init__(
        self,
        G: nn.Module,
        *,
        reads: tuple[str, str],
        generator: MakeOptimizer,
        batch: int = 1,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.reads, self.makes, self.batch = G, reads, reads[1], batch
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Sources (n, c, h, w) in [-1, 1] -> images (n, c, h, w); there is one way to go, so `to` is not given."""
        labels_for(x.shape[0], to, 0, self.device)
        return self.average(x)

    def sample(self, n: int, source: Tensor) -> Tensor:
        """`n` translations, of n sources (n, c, h, w) or of a single one (1, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1))


class Pix2Pix(PairTranslator):
    """The pairs (s, x) against the pairs (s, G(s)).

    Args:
        D: source and image, joined along their channels (n, 2c, h, w) -> scores (n, ...), real is high.
        critic: its optimizer.
        divergence: the critic estimates it and the generator lowers it.
        adversarial, l1: the weights of the generator's two terms.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        critic: MakeOptimizer,
        divergence: Divergence = non_saturating,
        adversarial: float = 1.0,
        l1: float = 100.0,
        **parts: Any,
    ):
        super().__init__(G, **parts)
        self.D, self.divergence, self.weights = D, divergence, (adversarial, l1)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        source, x = data.take(self.batch)
        y = self.G(source)
        on_real, on_fake = self.judge(source, x), self.judge(source, y.detach())
        loss = self.divergence.critic(on_real, on_fake)
        yield Move(self.critic, loss, {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean()})
        adversarial, l1 = self.divergence.generator(self.judge(source, y)), (x - y).abs().mean()
        a, b = self.weights
        yield Move(self.generator, a * adversarial + b * l1, {"adversarial": adversarial, "l1": l1})
        self.average.update(self.G)

    def judge(self, source: Tensor, x: Tensor) -> Tensor:
        return self.D(torch.cat([source, x], 1))

    def score(self, x: Tensor, source: Tensor) -> Tensor:
        """How real x is as a translation of `source`, the mean over its patches: two of (n, c, h, w) -> (n,)."""
        return self.judge(source, x).flatten(1).mean(1)


class L1(PairTranslator):
    """The control without a critic: min_G E‖x - G(s)‖₁."""

    def round(self, data: Source, t: int) -> Iterator[Move]:
        source, x = data.take(self.batch)
        l1 = (x - self.G(source)).abs().mean()
        yield Move(self.generator, l1, {"l1": l1})
        self.average.update(self.G)


def pix2pix(
    spec: Spec,
    *,
    direction: Literal["a-to-b", "b-to-a"] = "a-to-b",
    adversarial: Weight = 1.0,
    l1: Weight = 100.0,
    width: Count = 32,
    dropout: Fraction = 0.5,
    depth: Natural = 3,
    batch: Count = 1,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> Pix2Pix | L1:
    """A U-Net against a critic of patches, on pairs.

    Settings:
        direction: from source to image, or back
        adversarial: weight of the critic's term; with 0 there is no critic, and only the L1 term is left
        l1: weight of the L1 term
        width: channels of the map nearest to the image
        dropout: share of the innermost maps that is dropped, the noise; 0 for one translation a source
        depth: halvings of the critic; 0, 1, 2, 3 see patches of side 7, 16, 34, 70
        batch: pairs of one turn
        average: decay of the translator's moving average; 0 for none
    """
    spec.require("pix2pix", kind="image", pairs=True)
    if not adversarial and not l1:
        raise BadRequest("pix2pix has nothing to learn from: adversarial and l1 are both 0")
    c, h, w = spec.shape
    G = UNet((c, h, w), width=width, dropout=dropout)
    parts: dict[str, Any] = {
        "reads": ("source", "x") if direction == "a-to-b" else ("x", "source"),
        "generator": adam(lr, beta1),
        "batch": batch,
        "average": average,
    }
    if not adversarial:
        return L1(G, **parts)
    D = PatchCritic((c, h, w), inputs=2 * c, width=width, depth=depth)
    return Pix2Pix(G, D, critic=adam(lr, beta1), adversarial=adversarial, l1=l1, **parts)


RECIPES = {
    "pix2pix": {
        "paper": {"width": 64},
        "emoji": {
            "data": "emoji",
            "time": "30m",
            "width": 16,
            "depth": 1,
            "dropout": 0.0,
            "batch": 8,
            "lr": 1e-3,
            "adversarial": 0.3,
        },
        "l1-only": {"adversarial": 0.0},
        "gan-only": {"l1": 0.0},
    }
}
