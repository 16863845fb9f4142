"""StarGAN: one translator between many domains, conditioned on the target; one critic that also names the domain.

    min_D  -L_adv + λ_c E[-log D(c' | x)]
    min_G   L_adv + λ_c E[-log D(c | G(x, c))] + λ_r E‖x - G(G(x, c), c')‖₁
    L_adv = E[D(x)] - E[D(G(x, c))] - λ_gp E[(‖∇D(x̂)‖ - 1)²]

x of domain c', c a domain drawn at random, x̂ uniform between a real and a fake (Choi et al. 2018, "StarGAN:
Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation", arXiv 1711.09020,
equations 2 to 6 and 8).  The domain's one-hot code is joined to the image as constant planes.

With domains="attributes" a datum has several attributes at once: the name of its class lists them, as "blond+male",
and "none" has no attribute.  c is then a code of zeros and ones, one for each attribute, and a target's is that of a
class drawn at random.  The critic names each attribute by itself: -log D(c | x) is a sum of binary cross-entropies, as
in the paper's experiment on CelebA.  A translation may be asked for a code that no class has.

Deviations:
    An identity term where it is asked for, as CycleGAN has it: λ_i E‖x - G(x, c')‖₁.  Without it whatever no label
        tells of, as the ground behind a shape, may be turned over there and turned back again.
    The masks for several data sets with different labels are left out.
    The translator's first map is not normalized: instance norm would take the constant planes out again, and leave of
        them what a padding with zeros lets in at the borders.
    The translator's halvings and doublings are CycleGAN's, 3 x 3 where the paper's are 4 x 4.
    A quarter of the paper's channels by default.  The learning rate is constant; the paper's goes down to 0 over the
        second half of training.  Images are not mirrored.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

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


class Classes(nn.Module):
    """Domains that exclude each other: a target is a class (n,), and so is a name."""

    def __init__(self, classes: int):
        super().__init__()
        self.classes = classes

    def codes_of(self, label: Tensor) -> Tensor:
        """What the networks are given for classes (n,): the classes themselves."""
        return label

    def requested(self, n: int, to: Tensor | int, device: torch.device) -> Tensor:
        """What the networks are given for a request: one class for all, or (n,)."""
        return labels_for(n, to, self.classes, device)[0]

    def loss(self, logits: Tensor, code: Tensor, reduction: str = "mean") -> Tensor:
        """-log D(c | x) of logits (n, classes): their mean, or (n,) with reduction "none"."""
        return F.cross_entropy(as_float32(logits), code, reduction=reduction)


class Attributes(Classes):
    """Domains that are sets of attributes, with a code of zeros and ones each.

    Args:
        names: of the classes, such as "blond+male".

    Attributes:
        names: of the attributes, sorted.
        codes: (classes, attributes).
    """

    codes: Tensor

    def __init__(self, names: Sequence[str]):
        super().__init__(len(names))
        sets = [set() if name == "none" else {one.strip() for one in name.split("+")} for name in names]
        self.names = tuple(sorted(set().union(*sets)))
        if not self.names:
            raise BadRequest(
                "attributes are read from the names of classes, such as blond+male; there are none"
            )
        codes = torch.tensor([[float(one in some) for one in self.names] for some in sets])
        self.register_buffer("codes", codes, persistent=False)

    def codes_of(self, label: Tensor) -> Tensor:
        """The codes (n, attributes) of classes (n,)."""
        return self.codes[label]

    def requested(self, n: int, to: Tensor | int, device: torch.device) -> Tensor:
        """The codes of a request: a class, classes (n,), or floating-point codes (attributes,) or (n, attributes)."""
        if not (isinstance(to, Tensor) and to.is_floating_point()):
            return self.codes_of(super().requested(n, to, device))
        if to.shape[-1:] != (len(self.names),) or to.shape[:-1] not in ((), (n,)):
            raise BadRequest(
                f"a code says of {', '.join(self.names)} whether an image has it, 0 or 1: expected "
                f"({len(self.names)},) or ({n}, {len(self.names)}), got {tuple(to.shape)}"
            )
        return to.to(device).expand(n, -1)

    def loss(self, logits: Tensor, code: Tensor, reduction: str = "mean") -> Tensor:
        """-log D(c | x) of logits (n, attributes), summed over the attributes."""
        losses = F.binary_cross_entropy_with_logits(as_float32(logits), code, reduction="none").sum(1)
        return losses.mean() if reduction == "mean" else losses


def weighed(weights: dict[str, float], terms: dict[str, Tensor]) -> Tensor | float:
    """The sum of the terms, each times its weight; 0 of none."""
    return sum(w * terms[name] for name, w in weights.items())


class StarGAN(Game):
    """One translator, one critic, as many domains as there are classes.

    Args:
        G: images (n, c, h, w) and what `domains` tells -> images (n, c, h, w) in [-1, 1].
        D: images (n, c, h, w) -> scores (n, ...), real is high, and logits of the domains, or of the attributes.
        domains: the classes, and the code of each that the networks are given.
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
        domains: Classes,
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
        self.G, self.D, self.domains, self.batch = G, D, domains, batch
        self.classes = domains.classes
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
            home = self.domains.codes_of(label)
            to = self.domains.codes_of(torch.randint(self.classes, label.shape, device=label.device))
            y = self.G(x, to)
            (on_real, named), (on_fake, _) = self.D(x), self.D(y.detach())
            loss = wasserstein.critic(on_real, on_fake)
            names = {kind: self.domains.loss(named, home) for kind in self.naming}
            slopes = {p.name: p(lambda x: self.D(x)[0], x, y) for p in self.penalties}
            notes = {"divergence": loss, "real": on_real.mean(), "fake": on_fake.mean(), **names, **slopes}
            yield Move(self.critic, loss + weighed(self.naming, names) + sum(slopes.values()), notes)
        on_fake, named = self.D(y)
        loss = wasserstein.generator(on_fake)
        names = {kind: self.domains.loss(named, to) for kind in self.naming}
        start = {"reconstruction": y, "identity": x}  # both should become x when translated to its own domain
        reconstructions = {kind: (x - self.G(start[kind], home)).abs().mean() for kind in self.home}
        terms = weighed(self.naming, names) + weighed(self.home, reconstructions)
        yield Move(self.generator, loss + terms, {"adversarial": loss, **names, **reconstructions})
        self.average.update(self.G)

    def translate(self, x: Tensor, to: Tensor | int | None = None) -> Tensor:
        """Images (n, c, h, w) of any domain -> images (n, c, h, w) of domain `to`, one for all or (n,).

        Of attributes `to` may be a code, (attributes,) or (n, attributes), in floating point.

        Raises:
            BadRequest: no such domain, or none is given.
        """
        if to is None:
            raise BadRequest(f"name the domain to translate to, 0 to {self.classes - 1}")
        return self.average(x, self.domains.requested(x.shape[0], to, self.device))

    def sample(self, n: int, source: Tensor, label: Tensor | int | None = None) -> Tensor:
        """`n` translations to domain `label`, of n sources (n, c, h, w) or of a single one (1, c, h, w)."""
        return self.translate(source.expand(n, -1, -1, -1), label)

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """How real x is, the mean over its patches; with a domain, plus log D(label | x): (n, c, h, w) -> (n,)."""
        scores, named = self.D(x)
        real = scores.flatten(1).mean(1)
        if label is None:
            return real
        code = self.domains.requested(x.shape[0], label, self.device)
        return real - self.domains.loss(named, code, "none")


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
    domains: Literal["classes", "attributes"] = "classes",
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
        domains: of "attributes" the class "blond+male" has two, and "none" has none
    """
    spec.require("stargan", kind="image", classes=True)
    of = Attributes(spec.classes) if domains == "attributes" else Classes(len(spec.classes))
    k = len(of.names) if isinstance(of, Attributes) else of.classes
    c, h, w = spec.shape
    return StarGAN(
        Joined(ResidualTranslator((c, h, w), joined=k, width=width, blocks=blocks), k),
        NamingCritic((c, h, w), k, width=width),
        domains=of,
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
