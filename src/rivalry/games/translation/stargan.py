"""StarGAN: one translator between many domains, conditioned on the target; one critic that also names the domain.

    min_D  -L_adv + λ_c E[-log D(c' | x)]
    min_G   L_adv + λ_c E[-log D(c | G(x, c))] + λ_r E‖x - G(G(x, c), c')‖₁
    L_adv = E[D(x)] - E[D(G(x, c))] - λ_gp E[(‖∇D(x̂)‖ - 1)²]

x of domain c', c a domain drawn at random, x̂ uniform between a real and a fake (Choi et al. 2018, "StarGAN:
Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation", arXiv 1711.09020,
equations 2 to 6 and 8).  The domain's one-hot code is joined to the image as constant planes.

Deviations:
    An identity term where it is asked for, as CycleGAN has it: λ_i E‖x - G(x, c')‖₁.  Without it whatever no label
        tells of, as the ground behind a shape, may be turned over there and turned back again.
    Domains are classes, of which a datum has one; the paper's attributes, of which it has many, and its masks for
        several data sets are left out: our data know one label a datum.  Attributes can be had as classes that are
        their combinations.
    The translator's first map is not normalized: instance norm would take the constant planes out again, and leave of
        them what a padding with zeros lets in at the borders.
    The translator's halvings and doublings are CycleGAN's, 3 x 3 where the paper's are 4 x 4.
    A quarter of the paper's channels by default.  The learning rate is constant; the paper's goes down to 0 over the
        second half of training.  Images are not mirrored.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rivalry.data.source import Source, Spec
from rivalry.errors import BadRequest
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.averages import average_of
from rivalry.maths.divergences import as_float32, wasserstein
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.penalties import Penalty, gradient_penalty
from rivalry.nn.conv import Shape, init_he
from rivalry.nn.joined import Joined
from rivalry.nn.translator import ResidualTranslator
from rivalry.settings import Count, Fraction, Rate, Weight

DEEPEST = 6  # halvings of the critic, as for the paper's images of 128 x 128


class NamingCritic(nn.Module):
    """Images (n, c, h, w) -> scores of patches (n, h', w') and logits of domains (n, domains)."""

    def __init__(self, shape: Shape, domains: int, *, width: int):
        super().__init__()
        c, h, w = shape
        k = min(DEEPEST, min(h, w).bit_length() - 2)  # until the shorter side is 2 or 3
        sizes = [c, *(width * 2**i for i in range(k))]
        layers: list[nn.Module] = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.01, inplace=True)]
        self.body = nn.Sequential(*layers)
        self.real = nn.Conv2d(sizes[-1], 1, 3, 1, 1, bias=False)
        self.name = nn.Conv2d(sizes[-1], domains, (h >> k, w >> k), bias=False)
        self.apply(init_he)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)
        return self.real(features).squeeze(1), self.name(features).flatten(1)


def weighed(weights: dict[str, float], terms: dict[str, Tensor]) -> Tensor | float:
    """The sum of the terms, each times its weight; 0 of none."""
    return sum(w * terms[name] for name, w in weights.items())


class StarGAN(Game):
    """One translator, one critic, as many domains as there are classes.

    Args:
        G: images (n, c, h, w) and domains (n,) -> images (n, c, h, w) in [-1, 1].
        D: images (n, c, h, w) -> scores (n, ...), real is high, and logits of domains (n, classes).
        classes: the domains.
        classification, reconstruction, identity: λ_c, λ_r and λ_i; a term of weight 0 is not computed.
        penalty: the gradient penalty, with its weight; likewise.
        generator, critic: the optimizers of the two players.
        batch: data of one turn.
        critic_steps: turns of the critic before each turn of the translator.
        average: decay of the moving average of G that translates; 0 for G itself.
    """

    reads = ("x", "label")

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        classes: int,
        classification: float,
        reconstruction: float,
        penalty: Penalty,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        identity: float = 0.0,
        batch: int = 16,
        critic_steps: int = 5,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D, self.classes, self.batch = G, D, classes, batch
        there_and_back = {"reconstruction": reconstruction, "identity": identity}
        self.home = {
            name: w for name, w in there_and_back.items() if w
        }  # a term without weight is not computed
        self.naming = {"domain": classification} if classification else {}
        self.penalties, self.critic_steps = [penalty] if penalty.weight else [], critic_steps
        self.average = average_of(G, average)
        self.generator = Player(G, optimizer=generator)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            x, label = data.take(self.batch)
            to = torch.randint(self.classes, label.shape, device=label.device)
            y = self.G(x, to)
            (on_real, named), (on_fake, _) = self.D(x), self.D(y.detach())
            loss = wasserstein.critic(on_real, on_fake)
            names = {kind: F.cross_entropy(as_float32(named), label) for kind in self.naming}
            slopes = {p.name: p(lambda x: self.D(x)[0], x, y) for p in self.penalties}
            notes = {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean(), **names, **slopes}
            yield Move(self.critic, loss + weighed(self.naming, names) + sum(slopes.values()), notes)
        on_fake, named = self.D(y)
        loss = wasserstein.generator(on_fake)
        names = {kind: F.cross_entropy(as_float32(named), to) for kind in self.naming}
        start = {
            "reconstruction": y,
            "identity": x,
        }  # both should become x, when translated to the domain of x
        reconstructions = {kind: (x - self.G(start[kind], label)).abs().mean() for kind in self.home}
        terms = weighed(self.naming, names) + weighed(self.home, reconstructions)
        yield Move(self.generator, loss + terms, {"adversarial": loss, **names, **reconstructions})
        self.average.update(self.G)

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Images (n, c, h, w) of any domain -> images (n, c, h, w) of domain `to`, one for all or (n,).

        Raises:
            BadRequest: no such domain, or none is given.
        """
        if to is None:
            raise BadRequest(f"name the domain to translate to, 0 to {self.classes - 1}")
        return self.average(x, *labels_for(x.shape[0], to, self.classes, self.device))

    def sample(self, n: int, source: Tensor, label: Tensor | int | None = None) -> Tensor:
        """`n` translations to domain `label`, of n sources (n, c, h, w) or of a single one (1, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1), label)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """How real x is, the mean over its patches; with a domain, plus log D(label | x): (n, c, h, w) -> (n,)."""
        scores, named = self.D(x)
        real = scores.flatten(1).mean(1)
        if label is None:
            return real
        (domain,) = labels_for(x.shape[0], label, self.classes, self.device)
        return real - F.cross_entropy(as_float32(named), domain, reduction="none")


def stargan(
    spec: Spec,
    *,
    reconstruction: Weight = 10.0,
    classification: Weight = 1.0,
    identity: Weight = 0.0,
    penalty: Weight = 10.0,
    width: Count = 16,
    blocks: Count = 6,
    critic_steps: Count = 5,
    batch: Count = 16,
    lr: Rate = 1e-4,
    beta1: Fraction = 0.5,
    average: Fraction = 0.0,
) -> StarGAN:
    """A residual translator conditioned on the domain, a critic that names it, WGAN-GP.

    Settings:
        reconstruction: weight of the way there and back; 0 for none
        classification: weight of the domain's name, in both players' losses; 0 for none
        identity: weight of not changing an image that is in the target domain already; 0 for none, as in the paper
        penalty: weight of the gradient penalty; 0 for none
        width: channels of the maps nearest to the image
        blocks: residual blocks of the translator
        critic_steps: turns of the critic before each turn of the translator
        average: decay of the translator's moving average; 0 for none
    """
    spec.require("stargan", kind="image", classes=True)
    (c, h, w), k = spec.shape, len(spec.classes)
    return StarGAN(
        Joined(ResidualTranslator((c, h, w), joined=k, width=width, blocks=blocks), k),
        NamingCritic((c, h, w), k, width=width),
        classes=k,
        classification=classification,
        reconstruction=reconstruction,
        identity=identity,
        penalty=gradient_penalty(penalty),
        generator=adam(lr, beta1),
        critic=adam(lr, beta1),
        batch=batch,
        critic_steps=critic_steps,
        average=average,
    )


# Measured on a processor.
SHAPES = {"blocks": 3, "critic_steps": 1, "lr": 5e-4, "reconstruction": 20.0, "average": 0.99}

RECIPES = {"stargan": {"paper": {"width": 64}, "shapes": {"data": "shapes", "time": "30m", **SHAPES}}}
