"""VideoGAN: a stream for what moves, a stream for a background that cannot move, and a mask that joins them.

    G(z) = m(z) ⊙ f(z) + (1 - m(z)) ⊙ b(z)
    min_G max_D  E[log D(x)] + E[log(1 - D(G(z)))] + λ E‖m(z)‖₁

The foreground f and the mask m are made by convolutions over space and time, the background b over space alone: it is
one picture, repeated in every frame.  The L1 term keeps the mask small, so that the background is used where it can be.

(Vondrick, Pirsiavash & Torralba 2016, "Generating Videos with Scene Dynamics", arXiv 1609.02612, sections 3.1 and 3.2.)

Deviations:
    The number of halvings follows from the picture: the paper's 32 frames of 64 x 64 have four, 8 of 16 x 16 two.
    The L1 norm is the mean over the mask's pixels, as in the authors' program; λ is the paper's.
    The generator's loss is -E[log D(G(z))], as in the authors' program.
    The mask begins at 12 %, where the paper's begins at a half: what is not yet known to move is the background's.
    Of data with classes both networks are told the class, unless `condition` is off; the paper conditions on a first
        frame.
"""

from collections.abc import Iterator
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import GAN, TwoPlayers
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.clips import ClipCritic, VolumeGenerator
from rivalry.nn.conv import ConvGenerator
from rivalry.nn.joined import Joined
from rivalry.settings import Count, Fraction, Rate, Weight

MASK = -2.0  # the bias of the mask before the sigmoid, at first: 12 % of each pixel are the foreground's


class TwoStreams(nn.Module):
    """Codes (n, latent) -> clips (n, f, c, h, w) in [-1, 1], by a foreground, a background and a mask.

    Args:
        shape: (f, c, h, w) of a clip.
    """

    def __init__(self, latent: int, shape: tuple[int, ...], *, width: int):
        super().__init__()
        f, c, h, w = shape
        self.moving = VolumeGenerator(latent, (f, h, w), channels=c + 1, width=width)
        self.still = ConvGenerator(latent, (c, h, w), width=width)
        cast(Tensor, self.moving.body[-1].bias).data[-1] = MASK

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)[0]

    def layers(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The clips, and the share of each pixel that the foreground has: (n, f, 1, h, w) in [0, 1]."""
        moving = self.moving(z).transpose(1, 2)  # (n, f, c + 1, h, w)
        mask, foreground = moving[:, :, -1:].sigmoid(), moving[:, :, :-1].tanh()
        return mask * foreground + (1 - mask) * self.still(z)[:, None], mask


class OneStream(nn.Module):
    """The control: convolutions over space and time make all of the clip."""

    def __init__(self, latent: int, shape: tuple[int, ...], *, width: int):
        super().__init__()
        f, c, h, w = shape
        self.moving = VolumeGenerator(latent, (f, h, w), channels=c, width=width)

    def forward(self, z: Tensor) -> Tensor:
        return self.moving(z).transpose(1, 2).tanh()


class Told(nn.Module):
    """Two streams that are told the class, by a one-hot code behind z."""

    def __init__(self, network: TwoStreams, classes: int):
        super().__init__()
        self.network, self.classes = network, classes

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        return self.layers(z, label)[0]

    def layers(self, z: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        code = F.one_hot(label, self.classes).to(z.dtype)
        return self.network.layers(torch.cat([z, code], 1))


class VideoGAN(TwoPlayers):
    """A generator of layers.

    Args:
        sparsity: λ, the weight of the mask's mean.
    """

    G: TwoStreams | Told

    def __init__(self, G: TwoStreams | Told, D: nn.Module, *, sparsity: float, **parts: Any):
        super().__init__(G, D, **parts)
        self.sparsity = sparsity

    def round(self, data: Source, t: int) -> Iterator[Move]:
        real, *given = data.take(self.batch)
        fake, mask = self.G.layers(self.draw(len(real)), *given)
        loss = non_saturating.critic(self.D(real, *given), self.D(fake.detach(), *given))
        yield Move(self.critic, loss, {"divergence": loss})
        adversarial = non_saturating.generator(self.D(fake, *given))
        yield Move(self.generator, adversarial + self.sparsity * mask.mean(), {"mask": mask.mean()})
        self.average.update(self.G)

    def layers(self, z: Tensor, label: Tensor | int | None = None) -> tuple[Tensor, Tensor]:
        """The clips of these codes (n, f, c, h, w), and their masks (n, f, 1, h, w) in [0, 1]."""
        network = cast(TwoStreams | Told, self.average.network)
        return network.layers(z, *self.given(len(z), label))

    def input_matrices(self) -> list[Tensor]:
        """The matrices (out, latent) by which the foreground and the background read a code."""
        network = cast(TwoStreams | Told, self.average.network)
        streams = network.network if isinstance(network, Told) else network
        size = self.prior.size
        return [streams.moving.first.weight[:, :size], streams.still.first.weight[:, :size]]


def videogan(
    spec: Spec,
    *,
    streams: Literal["two", "one"] = "two",
    sparsity: Weight = 0.1,
    latent: Count = 100,
    width: Count = 64,
    condition: bool = True,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> VideoGAN | GAN:
    """Convolutions over space and time, with a background of its own or without.

    Settings:
        streams: two, what moves and what stands still; or one, which makes all of the clip (the control)
        sparsity: weight of the mask's mean; of no use with one stream
        latent: length of the code z, normal
        width: channels of the largest map; each halving of the picture doubles them
        condition: both networks are told the class, of data that have classes
    """
    spec.require("videogan", kind="clip")
    k = len(spec.classes) if condition else 0
    parts: dict[str, Any] = {
        "prior": normal(latent),
        "generator": adam(lr, beta1),
        "critic": adam(lr, beta1),
        "batch": batch,
        "classes": k,
        "average": average,
    }
    D = ClipCritic(spec.shape, width=width, classes=k)
    if streams == "one":
        alone = OneStream(latent + k, spec.shape, width=width)
        return GAN(Joined(alone, k) if k else alone, D, **parts)
    G = TwoStreams(latent + k, spec.shape, width=width)
    return VideoGAN(Told(G, k) if k else G, D, sparsity=sparsity, **parts)


RECIPES = {
    "videogan": {
        "laptop": {"width": 16, "batch": 32, "lr": 5e-4, "sparsity": 0.5, "average": 0.99, "time": "10m"},
    }
}
