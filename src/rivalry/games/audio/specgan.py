"""SpecGAN: DCGAN on pictures of sounds, log-magnitudes of their spectra over time; phases are found afterwards.

    x̃[k, m] = clip((log(|X[k, m]| + ε) - μ_k) / 3σ_k, -1, 1)
    min_D  E[D(G(z))] - E[D(x̃)] + λ E_x̂[(‖∇D(x̂)‖ - 1)²]        max_G  E[D(G(z))]

with μ_k and σ_k of bin k over the data.  A sample is made a sound by 16 steps of Griffin-Lim.

(Donahue, McAuley & Puckette 2018, "Adversarial Audio Synthesis", arXiv 1802.04208, section 3.1.)

Deviations:
    The window is the power of two nearest to 2√t, so that the picture of a sound of t samples is nearly square: the
        paper's 256 for 16,384 samples, 64 for 1,024.
    μ and σ are of 1,024 sounds, taken in the first round.
    DCGAN's kernels of 4 x 4 where the paper has 5 x 5, without norms.
    Of data with classes both networks are told the class, unless `condition` is off; the paper's has no condition.
    The first phases of Griffin-Lim are those of a bin's own frequency; the paper's code draws them.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import gradient_penalty
from rivalry.maths.priors import uniform
from rivalry.maths.spectra import Frames, griffin_lim, log_magnitude, magnitude_of
from rivalry.nn.conv import ConvCritic, ConvGenerator, no_norm
from rivalry.nn.joined import Joined
from rivalry.settings import Count, Fraction, Natural, Rate, Weight

MEASURED = 1024  # sounds that the statistics of the bins are of
DEVIATIONS = 3.0  # from the mean, at which a picture is clipped


class Pictures(nn.Module):
    """Sounds (n, c, t) as pictures (n, c, bins, frames) in [-1, 1], and back; the highest bin is left out.

    Args:
        frames: how sounds are cut into frames.
        steps: of Griffin-Lim.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, frames: Frames, steps: int):
        super().__init__()
        self.frames, self.steps = frames, steps
        self.register_buffer("mean", torch.zeros(frames.bins - 1, 1))
        self.register_buffer("deviation", torch.ones(frames.bins - 1, 1))

    def measure(self, x: Tensor) -> None:
        """Take mean and deviation of each bin from sounds (n, c, t)."""
        logs = self._logs(x)
        self.mean.copy_(logs.mean((0, 1, 3))[:, None])
        self.deviation.copy_(logs.std((0, 1, 3))[:, None].clamp(min=1e-3))

    def forward(self, x: Tensor) -> Tensor:
        return ((self._logs(x) - self.mean) / (DEVIATIONS * self.deviation)).clamp(-1, 1)

    def sound(self, picture: Tensor) -> Tensor:
        """(n, c, bins, frames) -> (n, c, t) in [-1, 1]."""
        logs = picture.float() * DEVIATIONS * self.deviation + self.mean
        whole = nn.functional.pad(magnitude_of(logs), (0, 0, 0, 1))  # nothing in the highest bin
        x = griffin_lim(whole.flatten(0, 1), self.frames, self.steps)
        return x.unflatten(0, picture.shape[:2]).clamp(-1, 1)

    def _logs(self, x: Tensor) -> Tensor:
        logs = log_magnitude(self.frames.spectrum(x.float().flatten(0, 1)))[:, :-1]
        return logs.unflatten(0, x.shape[:2])


class SpecGAN(TwoPlayers):
    """WGAN-GP on pictures of sounds.

    Args:
        pictures: how a sound becomes a picture and back.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, pictures: Pictures, **parts: Any):
        super().__init__(G, D, **parts)
        self.pictures = pictures

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t == 0:
            self.pictures.measure(
                torch.cat([data.take(self.batch)[0] for _ in range(-(-MEASURED // self.batch))])
            )
        for _ in range(self.critic_steps):
            real, *given = data.take(self.batch)
            fake = self.G(self.draw(len(real)), *given)
            on_real, on_fake = self.looks(self.pictures(real), fake.detach(), given)
            penalties = self.regularize(on_real, on_fake, t)
            loss = wasserstein.critic(on_real.scores, on_fake.scores)
            yield Move(self.critic, loss + sum(penalties.values()), {"divergence": loss, **penalties})
        yield Move(self.generator, wasserstein.generator(self.D(fake, *given)))
        self.average.update(self.G)

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """The sounds of these codes: (n, latent) -> (n, c, t)."""
        return self.pictures.sound(super().decode(z, label, truncation))

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores of sounds: (n, c, t) -> (n,), real is high."""
        return super().score(self.pictures(x), label)


def window_for(length: int) -> int:
    """The power of two nearest to 2√t, of which a sound holds at least two: 256 for 16,384 samples."""
    return 2 ** max(3, min(round(math.log2(2 * length**0.5)), int(math.log2(length)) - 1))


def specgan(
    spec: Spec,
    *,
    latent: Count = 100,
    width: Count = 64,
    condition: bool = True,
    batch: Count = 64,
    lr: Rate = 1e-4,
    beta1: Fraction = 0.5,
    penalty: Weight = 10.0,
    critic_steps: Count = 5,
    griffin_lim: Natural = 16,
    average: Fraction = 0.0,
) -> SpecGAN:
    """DCGAN's networks on log-magnitudes, WGAN-GP, and Griffin-Lim.

    Settings:
        latent: length of the code z, uniform on [-1, 1]
        width: channels of the largest map; each halving of the picture doubles them
        condition: both networks are told the class, of data that have classes
        beta1: Adam's first moment decay; its second is 0.9
        penalty: weight of the gradient penalty
        critic_steps: turns of the critic before each turn of the generator
        griffin_lim: steps by which phases are found for a sample
    """
    spec.require("specgan", kind="wave")
    c, length = spec.shape
    window = window_for(length)
    frames = Frames(length, window, window // 2)
    k = len(spec.classes) if condition else 0
    picture = (c, frames.bins - 1, frames.frames)
    G = ConvGenerator(latent + k, picture, width=width, norm=no_norm)
    D = ConvCritic((c + k, *picture[1:]), width=width, norm=no_norm)
    return SpecGAN(
        Joined(G, k) if k else G,
        Joined(D, k) if k else D,
        pictures=Pictures(frames, griffin_lim),
        prior=uniform(latent),
        penalties=[gradient_penalty(penalty)],
        critic_steps=critic_steps,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        classes=k,
        average=average,
    )


RECIPES = {
    "specgan": {
        "laptop": {"width": 16, "lr": 5e-4, "critic_steps": 2, "average": 0.99, "time": "10m"},
        "spoken": {
            "width": 16,
            "batch": 16,
            "lr": 5e-4,
            "critic_steps": 2,
            "average": 0.99,
            "time": "30m",
        },
    }
}
