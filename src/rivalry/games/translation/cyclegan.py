"""Two translators, one in each direction between two domains without pairs; there and back gives the image itself.

    min_{G_0, G_1} max_{D_0, D_1}  Σ_k V(D_k, G_k)  +  λ Σ_k E‖G_k(G_{1-k}(x_k)) - x_k‖₁

x_k a datum of domain k, G_k the translator *to* domain k, V an adversarial game between D_k's own data and what
G_k makes of the other's.  Three papers of one spring, a function each; they differ in V, networks and optimizer:

    cyclegan  Zhu et al. 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
              arXiv 1703.10593, equation 3: least squares, a pool of past fakes, and the identity term
              λ/2 Σ_k E‖G_k(x_k) - x_k‖₁ of its section 5.2.
    discogan  Kim et al. 2017, "Learning to Discover Cross-Domain Relations with Generative Adversarial Networks",
              arXiv 1703.05192: the logistic loss, squares in place of the norm, λ = 1.
    dualgan   Yi et al. 2017, "DualGAN: Unsupervised Dual Learning for Image-to-Image Translation",
              arXiv 1704.02510, equations 1 to 3: Wasserstein with clipped weights, U-Nets with dropout as noise.

The two translators are one player and the two critics are another, as the equation has them.  No loss joins two
critics, so Adam and RMSProp step each as they would by itself.

Deviations:
    The learning rate is constant; CycleGAN's goes down to 0 over the second half of training.
    Half the papers' channels by default; DiscoGAN's batch is 64 in place of 200, and it has no weight decay.
    The step size of DualGAN is that of WGAN, and its λ the lower end of the range that the paper gives.
    CycleGAN's batch, rate, moments, λ, pool and identity term are the paper's; six blocks are its number for images of
        128 x 128.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import Divergence, least_squares, non_saturating, wasserstein
from rivalry.maths.memory import pool_of
from rivalry.maths.optimizers import MakeOptimizer, adam, rmsprop
from rivalry.maths.penalties import clip_weights
from rivalry.nn.conv import ConvCritic
from rivalry.nn.patch import PatchCritic
from rivalry.nn.translator import EachDomain, EncoderDecoder, ResidualTranslator
from rivalry.nn.unet import UNet
from rivalry.settings import Count, Fraction, Natural, Rate, Weight

DOMAINS = (0, 1)


@dataclass(frozen=True)
class Term:
    """A term of the translators' loss, for each domain's data x.

    Attributes:
        name: for the log.
        weight: of the term.
        measure: (there, back, x, y) -> scalar: the translators from and to x's domain, and y = there(x).
    """

    name: str
    weight: float
    measure: Callable[[nn.Module, nn.Module, Tensor, Tensor], Tensor]


def cycle(weight: float) -> Term:
    """λ E‖back(there(x)) - x‖₁."""
    return Term("cycle", weight, lambda there, back, x, y: (back(y) - x).abs().mean())


def squared_cycle(weight: float) -> Term:
    """λ E‖back(there(x)) - x‖²."""
    return Term("cycle", weight, lambda there, back, x, y: (back(y) - x).square().mean())


def identity(weight: float) -> Term:
    """λ E‖back(x) - x‖₁: what is in its domain already stays as it is."""
    return Term("identity", weight, lambda there, back, x, y: (back(x) - x).abs().mean())


class CycleGAN(Game):
    """The game of any two translators, two critics and terms between them; one without weight costs nothing.

    Args:
        G: by domain, the translator to it: (n, c, h, w) -> (n, c, h, w) in [-1, 1].
        D: by domain, its critic: (n, c, h, w) -> scores (n, ...), real is high.
        divergence: the critics estimate it and the translators lower it.
        terms: further losses of the translators.
        pool: how many past fakes each critic is shown again.
        generator, critic: the optimizers of the two players.
        batch: data of each domain in one turn.
        critic_steps: turns of the critics before each turn of the translators.
        constrain: a function that is applied to the critics after each of their turns.
        average: decay of the moving average of the translators that is used; 0 for themselves.
    """

    classes = len(DOMAINS)

    def __init__(
        self,
        spec: Spec,
        G: Sequence[nn.Module],
        D: Sequence[nn.Module],
        *,
        divergence: Divergence,
        terms: Sequence[Term],
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        pool: int = 0,
        batch: int = 1,
        critic_steps: int = 1,
        constrain: Callable[[nn.Module], None] = lambda D: None,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D = EachDomain(G), EachDomain(D)
        self.pools = nn.ModuleList([pool_of(pool, spec.shape) for _ in DOMAINS])
        self.divergence, self.terms = divergence, [term for term in terms if term.weight]
        self.batch, self.critic_steps, self.constrain = batch, critic_steps, constrain
        self.average = average_of(self.G, average)
        self.generator = Player(self.G, optimizer=generator)
        self.critic = Player(self.D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            x = [data.take(self.batch, label=k)[0] for k in DOMAINS]
            y = [self.G[k](x[1 - k]) for k in DOMAINS]  # y[k], made of the other's, is to be of domain k
            on_real = [self.D[k](x[k]) for k in DOMAINS]
            on_fake = [self.D[k](self.pools[k](y[k].detach())) for k in DOMAINS]
            loss = torch.stack([self.divergence.critic(on_real[k], on_fake[k]) for k in DOMAINS]).sum()
            real, fake = (torch.stack([s.mean() for s in scores]).mean() for scores in (on_real, on_fake))
            yield Move(self.critic, loss, {"divergence": loss, "real": real, "fake": fake})
            self.constrain(self.D)
        loss = torch.stack([self.divergence.generator(self.D[k](y[k])) for k in DOMAINS]).sum()
        terms = {term.name: self.measure(term, x, y) for term in self.terms}
        yield Move(self.generator, loss + sum(terms.values()), {"adversarial": loss, **terms})
        self.average.update(self.G)

    def measure(self, term: Term, x: Sequence[Tensor], y: Sequence[Tensor]) -> Tensor:
        """The term over both domains, with its weight."""
        each = [term.measure(self.G[1 - k], self.G[k], x[k], y[1 - k]) for k in DOMAINS]
        return term.weight * torch.stack(each).sum()

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Images (n, c, h, w) of the other domain -> images (n, c, h, w) of domain `to`, one for all or (n,).

        Raises:
            BadRequest: no such domain, or none is given.
        """
        if to is None:
            raise BadRequest("there are two ways to go: name the domain to translate to, 0 or 1")
        return self.average(x, *labels_for(x.shape[0], to, self.classes, self.device))

    def sample(self, n: int, source: Tensor, label: Tensor | int | None = None) -> Tensor:
        """`n` translations to domain `label`, of n sources (n, c, h, w) or of a single one (1, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1), label)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """How real x is in domain `label`, the mean over its patches: (n, c, h, w) -> (n,), real is high."""
        scores = self.D(x, *labels_for(x.shape[0], label, self.classes, self.device))
        return scores.reshape(len(x), -1).mean(1)


# CycleGAN halves the critic's squares, as `least_squares` does, but not the translators'.
SQUARES = Divergence("squares", least_squares.critic, lambda fake: 2 * least_squares.generator(fake))


def cyclegan(
    spec: Spec,
    *,
    cycle_weight: Weight = 10.0,
    identity_weight: Weight = 5.0,
    width: Count = 32,
    blocks: Count = 6,
    depth: Natural = 3,
    pool: Natural = 50,
    batch: Count = 1,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> CycleGAN:
    """Residual translators, critics of patches, least squares.

    Settings:
        cycle_weight: weight of the way there and back; 0 is the control without it
        identity_weight: weight of the identity term
        width: channels of the maps nearest to the image
        blocks: residual blocks of a translator; 9 in the paper for images of 256 x 256
        depth: halvings of a critic; 0, 1, 2, 3 see patches of side 7, 16, 34, 70
        pool: past fakes that each critic is shown again; 0 for none
        batch: images of each domain in one turn
        average: decay of the translators' moving average; 0 for none
    """
    spec.require("cyclegan", kind="image", domains=2)
    c, h, w = spec.shape
    return CycleGAN(
        spec,
        [ResidualTranslator((c, h, w), width=width, blocks=blocks) for _ in DOMAINS],
        [PatchCritic((c, h, w), width=width, depth=depth) for _ in DOMAINS],
        divergence=SQUARES,
        terms=[cycle(cycle_weight), identity(identity_weight)],
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        pool=pool,
        batch=batch,
        average=average,
    )


def discogan(
    spec: Spec,
    *,
    cycle_weight: Weight = 1.0,
    width: Count = 32,
    batch: Count = 64,
    lr: Rate = 2e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> CycleGAN:
    """Encoders and decoders, DCGAN's critics, the logistic loss.

    Settings:
        cycle_weight: weight of the way there and back; 0 is the control without it
        width: channels of the maps nearest to the image
        batch: images of each domain in one turn
        average: decay of the translators' moving average; 0 for none
    """
    spec.require("discogan", kind="image", domains=2)
    c, h, w = spec.shape
    return CycleGAN(
        spec,
        [EncoderDecoder((c, h, w), width=width) for _ in DOMAINS],
        [ConvCritic((c, h, w), width=width) for _ in DOMAINS],
        divergence=non_saturating,
        terms=[squared_cycle(cycle_weight)],
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        average=average,
    )


def dualgan(
    spec: Spec,
    *,
    cycle_weight: Weight = 100.0,
    width: Count = 32,
    dropout: Fraction = 0.5,
    depth: Natural = 3,
    clip: Rate = 0.01,
    critic_steps: Count = 3,
    batch: Count = 1,
    lr: Rate = 5e-5,
    average: Fraction = 0.0,
) -> CycleGAN:
    """U-Nets, critics of patches with clipped weights, Wasserstein.

    Settings:
        cycle_weight: weight of the way there and back; 0 is the control without it
        width: channels of the maps nearest to the image
        dropout: share of a translator's innermost maps that is dropped, the noise; 0 for none
        depth: halvings of a critic; 0, 1, 2, 3 see patches of side 7, 16, 34, 70
        clip: the largest weight of a critic
        critic_steps: turns of the critics before each turn of the translators
        batch: images of each domain in one turn
        lr: RMSProp's step size, of both players
        average: decay of the translators' moving average; 0 for none
    """
    spec.require("dualgan", kind="image", domains=2)
    c, h, w = spec.shape
    return CycleGAN(
        spec,
        [UNet((c, h, w), width=width, dropout=dropout) for _ in DOMAINS],
        [PatchCritic((c, h, w), width=width, depth=depth) for _ in DOMAINS],
        divergence=wasserstein,
        terms=[cycle(cycle_weight)],
        generator=rmsprop(lr),
        critic=rmsprop(lr),
        critic_steps=critic_steps,
        constrain=clip_weights(clip),
        batch=batch,
        average=average,
    )


RECIPES = {
    "cyclegan": {
        "paper": {"width": 64, "blocks": 9},
        "emoji": {
            "data": "emoji-styles",
            "time": "1h",
            "width": 16,
            "blocks": 3,
            "depth": 2,
            "batch": 4,
            "lr": 5e-4,
        },
        "no-cycle": {"cycle_weight": 0.0},
    },
    "discogan": {"paper": {"width": 64, "batch": 200}, "no-cycle": {"cycle_weight": 0.0}},
    "dualgan": {"paper": {"width": 64}, "no-cycle": {"cycle_weight": 0.0}},
}
