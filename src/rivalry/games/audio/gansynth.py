"""GANSynth: a growing GAN on log-magnitudes and instantaneous frequencies of sounds, told the pitch.

    min_D  E[D(G(z, y))] - E[D(x̃)] + λ E(‖∇D(x̂)‖ - 1)² + ε E[D(x̃)²] + c (L(y | x̃) + L(y | G(z, y)))
    max_G  E[D(G(z, y))] - c L(y | G(z, y))

x̃ a picture with two channels, the log-magnitude of a bin and how far its phase turns from one frame to the next; L the
cross-entropy of a linear classifier of the critic's features; the pitch y is joined to the code.  A sound follows from
a picture without any search for phases: they are the sums of the turns.

(Engel et al. 2019, "GANSynth: Adversarial Neural Audio Synthesis", arXiv 1902.08710; Karras et al. 2017, arXiv
1710.10196, for the growing networks.)

Deviations:
    Frequencies are linear, not mel: at 8 kHz and less there is little to gain.
    The window is 256 samples, or a fourth of a sound that is shorter than 1,024; the paper's is 2,048 at 16 kHz.
    Log-magnitudes are of the loudest 80 decibels: the loudest of 1,024 sounds is 1, and what is fainter is -1.
    The one-hot pitch is scaled to a variance of 1, as loud as the code.
    The optimizers keep their moments when a layer is added; a batch for each resolution, as in `progan`.
    A code of 64 and 32 channels of the largest map, where the paper has 256 of both.
    Data without classes are played without a pitch.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.game import Move
from rivalry.games.two_players import TwoPlayers
from rivalry.maths.divergences import as_float32, wasserstein
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import Pass, gradient_penalty
from rivalry.maths.priors import normal
from rivalry.maths.spectra import Frames, from_frequency, instantaneous_frequency, log_magnitude
from rivalry.nn.equalized import EqualLinear
from rivalry.nn.growing import (
    GrowingCritic,
    GrowingGenerator,
    Schedule,
    Stage,
    batches_of,
    in_full_size,
    shown,
    smallest,
    widths_of,
)
from rivalry.settings import Count, Fraction, Rate, Weight

MEASURED = 1024  # sounds that the loudest is looked for in
RANGE = 80.0  # decibels


class FrequencyPictures(nn.Module):
    """Sounds (n, c, t) as pictures (n, 2 c, bins, frames) in [-1, 1], and back; the highest bin is left out.

    The first c channels are log-magnitudes, the others instantaneous frequencies.
    """

    loudest: Tensor

    def __init__(self, frames: Frames):
        super().__init__()
        self.frames, self.range = frames, RANGE / 20 * math.log(10)
        self.register_buffer("loudest", torch.zeros(()))

    def measure(self, x: Tensor) -> None:
        """Take the largest log-magnitude of sounds (n, c, t)."""
        self.loudest.copy_(log_magnitude(self._spectrum(x)).max())

    def forward(self, x: Tensor) -> Tensor:
        spectrum = self._spectrum(x)
        loud = (log_magnitude(spectrum) - self.loudest) / self.range * 2 + 1
        frequency = instantaneous_frequency(spectrum.flatten(0, 1)).unflatten(0, x.shape[:2])
        return torch.cat([loud.clamp(-1, 1), frequency], 1)

    def sound(self, picture: Tensor) -> Tensor:
        """(n, 2 c, bins, frames) -> (n, c, t) in [-1, 1]."""
        loud, frequency = F.pad(picture.float(), (0, 0, 0, 1), value=-1.0).chunk(2, 1)
        logs = (loud - 1) / 2 * self.range + self.loudest
        x = self.frames.sound(from_frequency(logs.flatten(0, 1), frequency.flatten(0, 1)))
        return x.unflatten(0, loud.shape[:2]).clamp(-1, 1)

    def _spectrum(self, x: Tensor) -> Tensor:
        return self.frames.spectrum(x.float().flatten(0, 1))[:, :-1].unflatten(0, x.shape[:2])


class NamingCritic(nn.Module):
    """Pictures of its stage -> scores (n,), and logits of the pitches (n, classes), on shared features."""

    def __init__(self, critic: GrowingCritic, classes: int):
        super().__init__()
        self.critic = critic
        self.names = EqualLinear(critic.last.in_features, classes) if classes else None

    def forward(self, x: Tensor) -> Tensor:
        return self.critic(x)

    def verdicts(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Scores, and logits in a tuple that is empty without classes."""
        features = self.critic.features(x)
        return self.critic.last(features).squeeze(1), (self.names(features),) if self.names else ()


class GANSynth(TwoPlayers):
    """WGAN-GP on pictures that grow, with an auxiliary classifier of pitches.

    Args:
        pictures: how a sound becomes a picture and back.
        shape: of a picture.
        schedule: which stage is played when.
        drift: ε, of the squared score of reals.
        weight: c, of naming the pitch.
    """

    G: GrowingGenerator
    D: NamingCritic

    def __init__(
        self,
        G: GrowingGenerator,
        D: NamingCritic,
        *,
        pictures: FrequencyPictures,
        shape: tuple[int, int, int],
        schedule: Schedule,
        drift: float,
        weight: float,
        **parts: Any,
    ):
        super().__init__(G, D, **parts)
        self.pictures, self.shape, self.schedule = pictures, shape, schedule
        self.drift, self.weight, self.levels = drift, weight, len(schedule.batches) - 1

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t == 0:
            self.pictures.measure(data.take(MEASURED)[0])
        stage = self.schedule.at(t)
        self.G.grow(stage)
        self.D.critic.grow(stage)
        real, *label = data.take(self.schedule.batches[stage.level])
        real = self.shown(real, stage)
        fake = self.G(self.told(self.draw(len(real)), *label)).tanh()
        (on_real, real_named), (on_fake, fake_named) = self.D.verdicts(real), self.D.verdicts(fake.detach())
        penalties = self.regularize(Pass(self.D, real), Pass(self.D, fake.detach()), t)
        loss = wasserstein.critic(on_real, on_fake)
        drift, named = (
            self.drift * as_float32(on_real).square().mean(),
            self.named(real_named + fake_named, label),
        )
        terms = {"divergence": loss, "drift": drift, "classes": named, **penalties}
        level = stage.level + stage.alpha - 1
        yield Move(self.critic, torch.stack([*terms.values()]).sum(), {**terms, "level": level})
        on_fake, fake_named = self.D.verdicts(fake)
        named = self.named(fake_named, label)
        yield Move(self.generator, wasserstein.generator(on_fake) + named, {"classes": named})
        self.average.update(self.G)

    def named(self, logits: Sequence[Tensor], label: Sequence[Tensor]) -> Tensor:
        """c times the sum of cross-entropies; 0 of data without classes."""
        errors = [F.cross_entropy(as_float32(one), y) for one in logits for y in label]
        return self.weight * sum(errors, torch.zeros((), device=self.device))

    def told(self, z: Tensor, *label: Tensor) -> Tensor:
        """The generator's input: codes (n, latent), with the one-hot pitches (n,) beside them if there are any."""
        codes = [F.one_hot(y, self.classes) * self.classes**0.5 for y in label]
        return torch.cat([z, *codes], 1).to(z)

    def shown(self, x: Tensor, stage: Stage) -> Tensor:
        """Sounds (n, c, t) as the critic of this stage sees them."""
        return shown(self.pictures(x), stage, self.G.small, self.levels)

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """The sounds of these codes: (n, latent) -> (n, c, t), however coarse their pictures are yet."""
        x = self.standing(truncation)(self.told(z, *self.given(len(z), label))).tanh()
        return self.pictures.sound(in_full_size(x, self.G.now, self.shape, self.levels))

    def inputs(self, n: int, truncation: float) -> tuple[Tensor, ...]:
        z, *label = super().inputs(n, truncation)
        return (self.told(z, *label),)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores of sounds, whatever their pitch: (n, c, t) -> (n,)."""
        return self.D(self.shown(x, self.D.critic.now))


def gansynth(
    spec: Spec,
    *,
    latent: Count = 64,
    width: Count = 32,
    phase: Count = 800_000,
    batch: Count = 8,
    largest: Count = 64,
    lr: Rate = 8e-4,
    penalty: Weight = 10.0,
    drift: Weight = 1e-3,
    weight: Weight = 10.0,
    average: Fraction = 0.999,
) -> GANSynth:
    """Growing networks on log-magnitudes and instantaneous frequencies, WGAN-GP, a classifier of the pitch.

    Settings:
        latent: length of the code z, normal, then brought to one length
        width: channels of the largest map; each halving doubles them, up to 512
        phase: real sounds of a phase: each resolution fades in for one and is trained for another
        batch: data of one turn at the full resolution; each halving doubles it
        largest: data of one turn at most
        lr: Adam's step size, of both players; its moments decay by 0 and 0.99
        penalty: weight of the gradient penalty
        drift: weight of the squared score of reals, which keeps scores near 0
        weight: of naming the pitch
    """
    spec.require("gansynth", kind="wave")
    (c, t), k = spec.shape, len(spec.classes)
    frames = frames_of(t)
    shape = (2 * c, frames.bins - 1, frames.frames)
    small, widths = smallest(shape), widths_of(shape, width)
    return GANSynth(
        GrowingGenerator(latent + k, 2 * c, small, widths),
        NamingCritic(GrowingCritic(2 * c, small, widths), k),
        pictures=FrequencyPictures(frames),
        shape=shape,
        schedule=Schedule(phase, batches_of(shape, batch, largest)),
        drift=drift,
        weight=weight,
        prior=normal(latent),
        penalties=[gradient_penalty(penalty)],
        generator=adam(lr, 0.0, 0.99),
        critic=adam(lr, 0.0, 0.99),
        batch=batch,
        classes=k,
        average=average,
    )


def frames_of(length: int) -> Frames:
    """Windows of 256 samples, or of a fourth of a shorter sound, each begun at a fourth of the one before."""
    window = max(8, min(256, length // 16 * 4))
    return Frames(length, window, window // 4)


RECIPES = {
    "gansynth": {
        "laptop": {
            "width": 8,
            "latent": 16,
            "phase": 8_000,
            "batch": 16,
            "largest": 32,
            "lr": 2e-3,
            "average": 0.99,
            "time": "10m",
        },
    }
}
