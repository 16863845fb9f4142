"""Projected GAN: critics that look through a fixed network for photographs, whose maps are mixed at random.

    min_{D_l}  Σ_l E_x[max(0, 1 - D_l(P_l(x)))] + E_z[max(0, 1 + D_l(P_l(G(z))))]        min_G  -Σ_l E_z[D_l(P_l(G(z)))]

(Sauer, Chitta, Müller & Geiger 2021, "Projected GANs Converge Faster", arXiv 2111.01007, equation 2; the projections
P_l are in `nn.projected`.)  A critic that begins with what others learned on photographs needs few rounds.

A Fréchet distance on features that were learned on the same photographs flatters this game (Kynkäänniemi et al. 2022,
arXiv 2203.06026): compare it with others on other features, such as a judge of its own data.

Deviations:
    The fixed network is EfficientNet-lite0, one of those that the paper tried.
    Both turns see one augmentation of the fakes, so that the fixed network looks at them once.
    Each critic has the convolutions that its map has room for, with as many channels throughout.
    `fixed=random` looks through untrained convolutions: the control.
    FastGAN's generator, as in the paper, without the noise on its maps.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.augment import AUGMENTS
from rivalry.maths.divergences import hinge
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.metrics.extractors.efficientnet import STAGES, Maps, efficientnet
from rivalry.nn.conv import Shape
from rivalry.nn.light import LightGenerator
from rivalry.nn.projected import Fixed, Projected, Untrained
from rivalry.settings import Count, Fraction, Rate


class Photographs:
    """EfficientNet-lite0's maps.  Its weights are read when it first looks, and are no part of the game."""

    channels: Sequence[int] = tuple(STAGES.values())

    def __init__(self) -> None:
        self.network: Maps | None = None

    def __call__(self, x: Tensor) -> list[Tensor]:
        if self.network is None:
            self.network = Maps(efficientnet()).eval().to(x.device)
        return self.network(x)


LEAST = 32  # pixels: the last map of the fixed network is then 1 x 1
FIXED: dict[str, Callable[[], Fixed]] = {"efficientnet-lite0": Photographs, "random": Untrained}


class ProjectedGAN(TwoPlayers):
    """A generator against a critic of each map of a fixed network."""

    D: Projected

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (real,) = data.take(self.batch)
        fake = self.G(self.draw(len(real)))
        seen = self.D.mixed(self.augment(fake))
        on_real = self.D.judge(self.D.mixed(self.augment(real)))
        on_fake = self.D.judge([y.detach() for y in seen])
        loss = torch.stack([hinge.critic(r, f) for r, f in zip(on_real, on_fake)]).sum()
        notes = {"divergence": loss, "real": _mean(on_real), "fake": _mean(on_fake)}
        yield Move(self.critic, loss, notes)
        yield Move(self.generator, torch.stack([hinge.generator(f) for f in self.D.judge(seen)]).sum())
        self.average.update(self.G)


def _mean(logits: list[Tensor]) -> Tensor:
    return torch.stack([scores.mean() for scores in logits]).mean()


def projected(
    spec: Spec,
    *,
    fixed: Literal["efficientnet-lite0", "random"] = "efficientnet-lite0",
    side: Count = 256,
    latent: Count = 256,
    width: Count = 64,
    critic_width: Count = 64,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.0,
    augment: Literal["none", "diffaugment"] = "diffaugment",
    average: Fraction = 0.999,
) -> ProjectedGAN:
    """Critics on the maps of a fixed network.

    Settings:
        fixed: the network; random for untrained convolutions, the control
        side: pixels of the shorter side that smaller images are enlarged to, for the fixed network
        latent: length of the code z, normal
        width: channels of the generator's map nearest to the image; each halving doubles them, up to 16 times
        critic_width: channels of the largest map that a critic sees; each smaller one has twice as many
        augment: differentiable augmentation of all that the critics see
    """
    spec.require("projected", kind="image")
    if side < LEAST:
        raise BadRequest(f"the fixed network needs a side of {LEAST} pixels at least; got {side}")
    if spec.shape[0] not in (1, 3):
        raise BadRequest(f"projected looks at grey or colored images; these have {spec.shape[0]} channels")
    shape: Shape = spec.shape  # type: ignore[assignment]
    return ProjectedGAN(
        LightGenerator(latent, shape, width=width),
        Projected(FIXED[fixed](), side=side, width=critic_width),
        prior=normal(latent),
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        augment=AUGMENTS[augment](),
        average=average,
    )
