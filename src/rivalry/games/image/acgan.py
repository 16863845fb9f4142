"""Auxiliary classifier GAN: the critic also classifies, and both players lower the error of the class.

    L_S = E[log P(real | x)] + E[log P(fake | G(z, y))],     L_C = E[log P(y | x)] + E[log P(y | G(z, y))]
    max_D L_S + L_C        max_G L_C - L_S

(Odena, Olah & Shlens 2016, "Conditional Image Synthesis with Auxiliary Classifier GANs", arXiv 1610.09585,
equations 2 and 3.)

Deviations:
    The generator raises log P(real | G(z, y)) instead of lowering log P(fake | G(z, y)).
    One network for all classes, where the paper's ImageNet models have ten classes each; no dropout.
    A width of 64 channels, and a code of 100 for every data set (the paper has 110 for CIFAR-10); rate, moments
        and batch are the paper's.
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import as_float32, non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.priors import normal
from rivalry.nn.conv import ConvCritic, ConvGenerator
from rivalry.nn.joined import Joined
from rivalry.settings import Count, Fraction, Rate, Weight


class ClassifyingCritic(nn.Module):
    """Images (n, c, h, w) -> scores (n,) and logits of the classes (n, classes), on shared features."""

    def __init__(self, critic: ConvCritic, classes: int):
        super().__init__()
        self.critic, self.classes = critic, nn.Linear(critic.feature_count, classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.critic.features(x)
        return self.critic.last(features).squeeze(1), self.classes(features)


class ACGAN(TwoPlayers):
    """D tells source and class apart.

    Args:
        weight: of L_C; L_S has 1.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, weight: float, **parts: Any):
        super().__init__(G, D, **parts)
        self.weight = weight

    def round(self, data: Source, t: int) -> Iterator[Move]:
        real, label = data.take(self.batch)
        fake = self.G(self.draw(len(real)), label)
        (on_real, class_of_real), (on_fake, class_of_fake) = self.D(real), self.D(fake.detach())
        source = non_saturating.critic(on_real, on_fake)
        named = F.cross_entropy(as_float32(class_of_real), label) + F.cross_entropy(
            as_float32(class_of_fake), label
        )
        yield Move(self.critic, source + self.weight * named, {"divergence": source, "classes": named})
        on_fake, class_of_fake = self.D(fake)
        named = F.cross_entropy(as_float32(class_of_fake), label)
        loss = non_saturating.generator(on_fake) + self.weight * named
        yield Move(self.generator, loss, {"classes": named})
        self.average.update(self.G)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """How real each image looks, whatever its class: (n, ...) -> (n,)."""
        return self.D(x)[0]


def acgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    batch: Count = 100,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    weight: Weight = 1.0,
    average: Fraction = 0.0,
) -> ACGAN:
    """DCGAN's networks, a generator conditioned on the class and a critic that names it.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image
        weight: of the term that names the class; the term of real or fake has 1
    """
    spec.require("acgan", kind="image", classes=True)
    (c, h, w), k = spec.shape, len(spec.classes)
    return ACGAN(
        Joined(ConvGenerator(latent + k, (c, h, w), width=width), k),
        ClassifyingCritic(ConvCritic((c, h, w), width=width), k),
        prior=normal(latent),
        weight=weight,
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        classes=k,
        average=average,
    )
