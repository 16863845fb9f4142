"""HiFi-GAN: from the mel spectrum of a sound back to the sound, judged by its periods and at several scales.

    min_D  Σ_k E[(D_k(x) - 1)² + D_k(G(s))²]
    min_G  Σ_k E[(D_k(G(s)) - 1)²]  +  λ_f Σ_k Σ_i E|D_kⁱ(x) - D_kⁱ(G(s))|  +  λ_m E|s - mel(G(s))|

x a piece of a sound, s its log-mel spectrum, D_k a critic of every p-th sample, p = 2, 3, 5, 7, 11, or of means of 1, 2
and 4 samples, and D_kⁱ the maps of its layers; λ_f = 2, λ_m = 45.  It resynthesizes sounds: what it is given is heard
again by its mel spectrum alone.

(Kong, Kim & Bae 2020, "HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis",
arXiv 2010.05646.)

Deviations:
    The generator is the paper's V3 with fewer channels.  Critics have three and four layers in place of five and eight.
    Frames of at most 256 samples, begun every 64, and 40 bands, for sounds at 8 kHz; the paper's are 1,024, 256 and 80.
    Magnitudes below 0.01 count as silence, 76 decibels below a full tone; the paper's limit is much lower.
    Adam without weight decay, at a constant step size.
    Channels of a stereo sound are resynthesized one by one.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from rivalry.data.source import Source, Spec
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import as_float32, least_squares
from rivalry.maths.mel import LogMel
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.spectra import Frames
from rivalry.nn.vocoder import Look, MelToWave, WaveCritics
from rivalry.settings import Count, Fraction, Natural, Rate, Weight

BANDS = 40
LARGEST = 256  # samples of a frame


class HiFiGAN(Game):
    """A vocoder.

    Args:
        G: mel spectra (n, bands, frames) -> waveforms (n, 1, t).
        D: waveforms (n, 1, t) -> what each critic says.
        mel: of whole sounds.
        piece: samples of the pieces that are learned from, drawn from the sounds of a batch.
        features, spectrum: λ_f and λ_m.
        generator, critic: the optimizers of the two players.
        average: decay of the moving average of G that translates; 0 for G itself.
    """

    def __init__(
        self,
        G: MelToWave,
        D: WaveCritics,
        *,
        mel: LogMel,
        piece: LogMel,
        features: float,
        spectrum: float,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        batch: int,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D, self.mel, self.piece = G, D, mel, piece
        self.features, self.spectrum, self.batch = features, spectrum, batch
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        x = self.cut(data.take(self.batch)[0])
        s = self.piece(x)
        fake = self.G(s[:, 0])[..., : x.shape[-1]]
        pairs = list(zip(self.D(x), self.D(fake.detach())))
        loss = sum_of(2 * least_squares.critic(a.scores, b.scores) for a, b in pairs)
        notes = {
            "real": mean_score([a for a, _ in pairs]).mean(),
            "fake": mean_score([b for _, b in pairs]).mean(),
        }
        yield Move(self.critic, loss, {"divergence": loss, **notes})
        with torch.no_grad():
            on_real = self.D(x)
        on_fake = self.D(fake)
        adversarial = sum_of(2 * least_squares.generator(look.scores) for look in on_fake)
        features = self.features * sum_of(map(apart, on_real, on_fake))
        spectrum = self.spectrum * (s - self.piece(fake)).abs().mean()
        terms = {"adversarial": adversarial, "features": features, "spectrum": spectrum}
        yield Move(self.generator, torch.stack([*terms.values()]).sum(), terms)
        self.average.update(self.G)

    def cut(self, x: Tensor) -> Tensor:
        """A piece of each channel of sounds, from a place that is drawn for each: (n, c, t) -> (n · c, 1, piece)."""
        flat, length = x.flatten(0, 1), self.piece.frames.length
        first = torch.randint(x.shape[-1] - length + 1, (len(flat), 1), device=x.device)
        return flat.gather(1, first + torch.arange(length, device=x.device))[:, None]

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Sounds (n, c, t), made again from their mel spectra: (n, c, t) in [-1, 1]."""
        labels_for(len(x), to, 0, self.device)
        return self.resynthesized(self.mel(x))[..., : x.shape[-1]]

    def resynthesized(self, mel: Tensor) -> Tensor:
        """Sounds of these log-mel spectra: (n, c, bands, frames) -> (n, c, frames · hop)."""
        return self.average(mel.flatten(0, 1)).unflatten(0, mel.shape[:2])[:, :, 0]

    def sample(self, n: int, source: Tensor) -> Tensor:
        """`n` sounds made again, of n sources (n, c, t) or of a single one (1, c, t)."""
        return self.translate(source.expand(n, -1, -1))

    def score(self, x: Tensor) -> Tensor:
        """How real sounds (n, c, t) are, the mean over critics, places and channels: (n,)."""
        return mean_score(self.D(x.flatten(0, 1)[:, None])).unflatten(0, x.shape[:2]).mean(1)


def sum_of(terms: Iterator[Tensor]) -> Tensor:
    return torch.stack([*terms]).sum()


def mean_score(looks: Sequence[Look]) -> Tensor:
    """The mean over critics and their places: (n,)."""
    return torch.stack([as_float32(look.scores).flatten(1).mean(1) for look in looks]).mean(0)


def apart(real: Look, fake: Look) -> Tensor:
    """The sum over a critic's layers of the mean distance of their maps."""
    return sum_of((as_float32(a) - as_float32(b)).abs().mean() for a, b in zip(real.maps, fake.maps))


def hifigan(
    spec: Spec,
    *,
    width: Count = 128,
    critic_width: Count = 16,
    segment: Natural = 2048,
    features: Weight = 2.0,
    spectrum: Weight = 45.0,
    batch: Count = 16,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.8,
    average: Fraction = 0.0,
) -> HiFiGAN:
    """A generator of waveforms from mel spectra, critics of periods and scales, feature matching and an L1 of mels.

    Settings:
        width: channels of the generator before its first step; each step halves them
        critic_width: channels of the first layer of each critic, brought up to a multiple of four
        segment: samples of the pieces that are learned from; 0 for whole sounds
        features: weight of feature matching
        spectrum: weight of the L1 distance of log-mel spectra
        beta1: Adam's first moment decay; its second is 0.99
    """
    spec.require("hifigan", kind="wave")
    t = spec.shape[1]
    rate, length = float(spec.about.get("rate", 16_000)), min(segment or t, t)
    hop = hop_of(length)
    mels = [LogMel(Frames(samples, 4 * hop, hop), BANDS, rate) for samples in (t, length)]
    return HiFiGAN(
        MelToWave(BANDS, hop, width=width),
        WaveCritics(-(-critic_width // 4) * 4),
        mel=mels[0],
        piece=mels[1],
        features=features,
        spectrum=spectrum,
        generator=adam(lr, beta1, 0.99),
        critic=adam(lr, beta1, 0.99),
        batch=batch,
        average=average,
    )


def hop_of(length: int) -> int:
    """The samples from frame to frame: 64, or less for pieces shorter than 512, of which there are eight at least."""
    return max(2, min(LARGEST // 4, 2 ** ((length // 8).bit_length() - 1)))


RECIPES = {
    "hifigan": {
        "laptop": {
            "width": 64,
            "critic_width": 4,
            "segment": 2048,
            "batch": 8,
            "lr": 1e-3,
            "average": 0.99,
            "time": "10m",
        },
    }
}
