"""Sound to image: the critic projects images onto the sound, and names what both show.

    min_D  E[max(0, 1 - D(x, e))] + E[max(0, 1 + D(G(z, e), e))] + λ (L(y | x) + L(y | s))
    min_G  -E[D(G(z, e), e)] + λ L(y | G(z, e))

s a sound, e = E(s), x an image of what sounds, y its class, L the cross-entropy of a linear classifier of the critic's
features, or of e.  D(x, e) = ψ(φ(x)) + ⟨V e, φ(x)⟩, with spectral normalization.  Without classes there is no λ.

(Wan, Chuang & Lee 2018, "Towards Audio to Scene Image Synthesis using Generative Adversarial Network", arXiv
1808.04108.)

Deviations:
    The encoder E is small and is trained along, as a part of the critic, by its projection and by naming the class; the
        paper's is trained before, on a large set of sounds.
    Its input is a mel spectrum, which is stretched at random in training; the paper's is the waveform.
    DCGAN's networks, for images of 16 x 16 or so, where the paper has residual ones for 64 x 64.
    Classes are named without spectral normalization, since bounded logits cannot be sure.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Divergence, as_float32, hinge
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import Prior, normal
from rivalry.nn.conv import ConvCritic, ConvGenerator, no_norm
from rivalry.nn.hearing import HearingCritic, SoundEncoder
from rivalry.nn.spectral import spectral
from rivalry.settings import Count, Fraction, Rate, Weight


class SoundToImage(Game):
    """Images for sounds.

    Args:
        G: codes and encoded sounds, joined (n, latent + size) -> images (n, c, h, w).
        D: images, encoded sounds -> scores and logits of the classes.
        encoder: E, sounds (n, channels, t) -> (n, size).
        names: encoded sounds -> logits of the classes (n, classes), of data that have any.
        prior: p(z).
        weight: λ.
        generator, critic: the optimizers of the two players.
        average: decay of the moving average of G that samples are drawn from; 0 samples from G itself.
    """

    conditioned_on = "sound"

    def __init__(
        self,
        G: nn.Module,
        D: HearingCritic,
        *,
        encoder: nn.Module,
        names: nn.Module | None,
        prior: Prior,
        weight: float,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        divergence: Divergence = hinge,
        batch: int = 64,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D, self.encoder, self.names, self.prior = G, D, encoder, names, prior
        self.weight, self.divergence, self.batch = weight, divergence, batch
        self.reads = ("x", "sound", "label") if names else ("x", "sound")
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)
        self.critic = Player(D, encoder, *([names] if names else []), optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        real, sound, *label = data.take(self.batch)
        heard = self.encoder(sound)
        fake = self.G(self.told(self.draw(len(real)), heard.detach()))
        on_real, on_fake = self.D(real, heard), self.D(fake.detach(), heard)
        divergence = self.divergence.critic(on_real.scores, on_fake.scores)
        named = self.named([on_real.logits, *self.names_of(heard)], label)
        yield Move(self.critic, divergence + named, {"divergence": divergence, "classes": named})
        on_fake = self.D(fake, heard.detach())
        named = self.named([on_fake.logits], label)
        yield Move(self.generator, self.divergence.generator(on_fake.scores) + named, {"classes": named})
        self.average.update(self.G)

    def names_of(self, heard: Tensor) -> list[Tensor]:
        """The logits of the classes of encoded sounds, or nothing of data without classes."""
        return [self.names(heard)] if self.names else []

    def named(self, logits: Sequence[Tensor], label: Sequence[Tensor]) -> Tensor:
        """λ times the sum of cross-entropies; 0 of data without classes."""
        errors = [F.cross_entropy(as_float32(one), y) for one in logits for y in label]
        return self.weight * sum(errors, torch.zeros((), device=self.device))

    def told(self, z: Tensor, heard: Tensor) -> Tensor:
        """The generator's input: (n, latent) and (n, size) -> (n, latent + size)."""
        return torch.cat([z, heard], 1)

    def draw(self, n: int) -> Tensor:
        """Codes from the prior: (n, latent)."""
        return self.prior(n, self.device)

    def decode(self, z: Tensor, sound: Tensor | None = None) -> Tensor:
        """Images for these codes and sounds, (n, channels, t) or (1, ...) for all: (n, c, h, w) in [-1, 1]."""
        return self.average(self.told(z, self.heard(len(z), sound)))

    def sample(self, n: int, sound: Tensor | None = None) -> Tensor:
        """`n` images for sounds (n, channels, t), or (1, ...) for all."""
        return self.decode(self.draw(n), sound)

    def score(self, x: Tensor, sound: Tensor | None = None) -> Tensor:
        """How real images look, and how well they fit to sounds: (n,), high is real and fitting."""
        return self.D(x, self.heard(len(x), sound)).scores

    def heard(self, n: int, sound: Tensor | None) -> Tensor:
        """The encoded sound of each of n images.

        Raises:
            BadRequest: no sound, or neither one for all nor one each.
        """
        if sound is None:
            raise BadRequest("this game draws what a sound says; give it one, as sound")
        if len(sound) not in (1, n):
            shape = " x ".join(map(str, sound.shape[1:]))
            raise BadRequest(f"one sound for all or one each: expected {n} x {shape}, got {len(sound)}")
        return self.encoder(sound).expand(n, -1)


def sound_to_image(
    spec: Spec,
    *,
    latent: Count = 32,
    width: Count = 32,
    heard: Count = 64,
    stretch: Fraction = 0.0,
    weight: Weight = 1.0,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.0,
    average: Fraction = 0.0,
) -> SoundToImage:
    """DCGAN's networks, an encoder of mel spectra, a critic with projection, spectral normalization and classes.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image
        heard: numbers that stand for a sound
        stretch: spectra are stretched and moved at random by up to this share in training; 0 where pitch has a meaning
        weight: of naming the class, of data that have classes
    """
    spec.require("sound-to-image", kind="image", sound="wave")
    (c, h, w), sound, k = spec.shape, spec.extra["sound"], len(spec.classes)
    D = HearingCritic(ConvCritic((c, h, w), width=width, norm=no_norm), heard, k)
    for part in (D.critic, D.project):
        spectral(part)
    return SoundToImage(
        ConvGenerator(latent + heard, (c, h, w), width=width),
        D,
        encoder=SoundEncoder(sound.shape, sound.about["rate"], heard, stretch=stretch),
        names=nn.Linear(heard, k) if k else None,
        prior=normal(latent),
        weight=weight,
        generator=adam(lr, beta1, 0.9),
        critic=adam(lr, beta1, 0.9),
        batch=batch,
        average=average,
    )


RECIPES = {
    "sound-to-image": {
        "laptop": {
            "data": "tones-to-discs",
            "time": "10m",
            "latent": 8,
            "width": 16,
            "heard": 32,
            "batch": 32,
            "lr": 1e-3,
            "average": 0.99,
        },
        "spoken": {
            "time": "10m",
            "latent": 8,
            "width": 16,
            "heard": 32,
            "stretch": 0.15,
            "batch": 32,
            "lr": 1e-3,
            "average": 0.99,
        },
    }
}
