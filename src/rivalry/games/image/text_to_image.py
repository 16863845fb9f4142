"""Text to image: the critic also sees real images beside wrong sentences, so that it judges whether the two agree.

    max_D  E[log D(x, t)] + (1 - m) E[log(1 - D(G(z, t), t))] + m E[log(1 - D(x, t'))]
    max_G  E[log D(G(z, t), t)]  +  λ E[log D(G(z, β t₁ + (1 - β) t₂), β t₁ + (1 - β) t₂)]

x an image, t its sentence, t' the sentence of another image, m = 1/2: GAN-CLS, the matching-aware critic.  The term of
λ is GAN-INT: sentences between two sentences, of which there are no images.  (Reed et al. 2016, "Generative Adversarial
Text to Image Synthesis", arXiv 1605.05396, algorithm 1 and equation 5.)

Deviations:
    The encoders are trained along, one with each player; the paper's is trained before, on images and sentences.
    The real term has weight 1 and the two others share one, as in algorithm 1; common ports weigh each with 1.
    The sentence t' is that of the next image in the batch, so that rarely it is the right one.
    A width of 32 channels and sentences of 64 numbers, for images of 32 x 32; the paper has 64 and 128 for 64 x 64.
    An encoded sentence has mean 0 and variance 1, and its projections start by He's rule, so that from the first round
        both networks hear it as loudly as codes and maps; with DCGAN's small weights it begins much fainter.
    Neither critic nor encoder uses batch norm: a batch of wrong pairs has other statistics than one of right ones.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from torch import Tensor

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.kinds.tokens import vocabulary_size
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.priors import Prior, normal
from rivalry.nn.conv import ConvCritic, ConvGenerator, no_norm
from rivalry.nn.sentences import DrawnFor, JudgedFor, SentenceEncoder
from rivalry.settings import Count, Fraction, Rate, Weight


@dataclass(frozen=True)
class Term:
    """A further term of the generator's loss.

    Attributes:
        name: for the log.
        weight: of the term.
        measure: (game, z, captions) -> scalar.
    """

    name: str
    weight: float
    measure: Callable[["TextToImage", Tensor, Tensor], Tensor]


def between(weight: float, beta: float = 0.5) -> Term:
    """GAN-INT: images for sentences between two sentences, which the critic judges for the same."""

    def measure(game: "TextToImage", z: Tensor, caption: Tensor) -> Tensor:
        mixed = lambda encoded: beta * encoded + (1 - beta) * encoded.roll(1, 0)
        fake = game.G.of(z, mixed(game.G.encoder(caption)))
        scores = game.D.judged(game.D.maps(fake), mixed(game.D.encoder(caption)))
        return game.divergence.generator(scores)

    return Term("between", weight, measure)


class TextToImage(Game):
    """GAN-CLS, with any further terms of the generator.

    Args:
        G: codes (n, latent), captions (n, t) -> images (n, c, h, w).
        D: images, captions -> scores (n,), real and fitting is high.
        prior: p(z).
        wrong: m, the share of the critic's fakes that are real images beside wrong sentences; 0 is the control.
        terms: further losses of the generator; one without weight costs nothing.
        generator, critic: the optimizers of the two players.
        average: decay of the moving average of G that samples are drawn from; 0 samples from G itself.
    """

    conditioned_on = "caption"
    reads = ("x", "caption")

    def __init__(
        self,
        G: DrawnFor,
        D: JudgedFor,
        *,
        prior: Prior,
        wrong: float,
        terms: Sequence[Term],
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        divergence: Divergence = non_saturating,
        batch: int = 64,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D, self.prior, self.divergence = G, D, prior, divergence
        self.wrong, self.terms, self.batch = wrong, [term for term in terms if term.weight], batch
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        real, caption = data.take(self.batch)
        z = self.draw(len(real))
        fake = self.G(z, caption)
        maps, said = self.D.maps(real), self.D.encoder(caption)
        right, wrong = self.D.judged(maps, said), self.D.judged(maps, said.roll(1, 0))
        made = self.D.judged(self.D.maps(fake.detach()), said)
        against_fakes, against_wrong = (self.divergence.critic(right, other) for other in (made, wrong))
        loss = (1 - self.wrong) * against_fakes + self.wrong * against_wrong
        notes = {"real": right.mean(), "fake": made.mean(), "wrong": wrong.mean()}
        yield Move(self.critic, loss, {"divergence": loss, **notes})
        loss = self.divergence.generator(self.D(fake, caption))
        terms = {term.name: term.weight * term.measure(self, z, caption) for term in self.terms}
        yield Move(self.generator, loss + sum(terms.values()), terms)
        self.average.update(self.G)

    def draw(self, n: int) -> Tensor:
        """Codes from the prior: (n, latent)."""
        return self.prior(n, self.device)

    def decode(self, z: Tensor, caption: Tensor | None = None) -> Tensor:
        """Images for these codes and captions, (n, t) or (1, t) for all: (n, c, h, w) in [-1, 1]."""
        return self.average(z, self.expanded(len(z), caption))

    def sample(self, n: int, caption: Tensor | None = None) -> Tensor:
        """`n` images for captions (n, t), or (1, t) for all."""
        return self.decode(self.draw(n), caption)

    def score(self, x: Tensor, caption: Tensor | None = None) -> Tensor:
        """How real images look beside captions (n, t), and how well both agree: (n,), high is real and fitting."""
        return self.D(x, self.expanded(len(x), caption))

    def expanded(self, n: int, caption: Tensor | None) -> Tensor:
        """A caption for each of n images.

        Raises:
            BadRequest: no caption, or neither one for all nor one each.
        """
        if caption is None:
            raise BadRequest("this game draws what a sentence says; give it one, as caption")
        if len(caption) not in (1, n):
            raise BadRequest(
                f"one caption for all or one each: expected ({n}, t), got {tuple(caption.shape)}"
            )
        return caption.expand(n, -1)


def text_to_image(
    spec: Spec,
    *,
    latent: Count = 32,
    width: Count = 32,
    sentence: Count = 64,
    wrong: Fraction = 0.5,
    interpolated: Weight = 0.0,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> TextToImage:
    """GAN-CLS with DCGAN's networks, each with an encoder of sentences of its own.

    Settings:
        latent: length of the code z, normal
        width: channels of the map nearest to the image
        sentence: numbers that stand for a sentence
        wrong: share of the critic's fakes that are real images beside wrong sentences; 0 is the control without them
        interpolated: weight of the images for sentences between two sentences (GAN-INT); 0 for none
    """
    spec.require("text-to-image", kind="image", caption="tokens")
    tokens, (c, h, w) = vocabulary_size(spec.extra["caption"]), spec.shape
    critic = ConvCritic((c, h, w), width=width, norm=no_norm)
    return TextToImage(
        DrawnFor(
            SentenceEncoder(tokens, sentence),
            ConvGenerator(latent + sentence, (c, h, w), width=width),
            sentence,
            sentence,
        ),
        JudgedFor(SentenceEncoder(tokens, sentence), critic, sentence, sentence),
        prior=normal(latent),
        wrong=wrong,
        terms=[between(interpolated)],
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )


RECIPES = {
    "text-to-image": {
        "laptop": {
            "data": "captioned-shapes",
            "time": "10m",
            "latent": 8,
            "width": 16,
            "sentence": 32,
            "batch": 32,
            "lr": 1e-3,
            "average": 0.99,
        },
        "no-wrong-sentences": {"wrong": 0.0},
    }
}
