"""Flow-GAN: a generator whose likelihood is known, trained as a generator, by its likelihood, or by both.

    min_G max_D  E_x[D(x)] - E_z[D(G(z))] - λ E_x[log p_G(x)],        G = f⁻¹, p_G as of a flow f

(Grover et al. 2017, "Flow-GAN: Combining Maximum Likelihood and Adversarial Learning in Generative Models",
arXiv 1705.08868, equation 9.)  D is kept Lipschitz by a gradient penalty.  The likelihood shows a fault that no critic
shows: a generator that is trained only against a critic makes samples that may look well, and gives real data almost no
probability.

Deviations:
    λ weighs the likelihood per dimension, so that one value serves images of any size.
    Images are on [-1, 1], spread over the levels of the data; both players see them so.
    With only the likelihood it is NICE's game, without a critic.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from rivalry.data.source import Source, Spec
from rivalry.game import Move, Player
from rivalry.games.likelihood.nice import (
    Flow,
    FlowDensity,
    OfFlow,
    gaussian,
    logistic,
    nice_flow,
    per_dimension,
)
from rivalry.maths.divergences import Divergence, wasserstein
from rivalry.maths.levels import Levels
from rivalry.maths.optimizers import MakeOptimizer, adam
from rivalry.maths.penalties import Penalty, gradient_penalty
from rivalry.nn.choice import critic_for
from rivalry.nn.coupling import start_from_data
from rivalry.settings import Count, Fraction, Rate, Weight

Term = Callable[[FlowDensity, Tensor], Tensor]  # the generator's density and data (n, ...) -> scalar


class FlowGAN(OfFlow):
    """A flow against a critic.

    Args:
        D: (n, ...) data -> (n,) scores, real is high.
        divergence: the critic estimates it and the generator lowers it.
        terms: further losses of the generator, by name.
        penalties: terms that join the critic's loss.
        critic_steps: turns of the critic before each turn of the generator.
        generator, critic: the optimizers of the two players.
    """

    def __init__(
        self,
        *parts: Any,
        D: nn.Module,
        divergence: Divergence,
        terms: dict[str, Term],
        penalties: Sequence[Penalty],
        critic_steps: int,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        **more: Any,
    ):
        super().__init__(*parts, **more)
        self.D, self.divergence, self.terms, self.penalties = D, divergence, terms, tuple(penalties)
        self.critic_steps = critic_steps
        self.generator = Player(self.density, optimizer=generator, clip=1.0)
        self.critic = Player(D, optimizer=critic)

    def round(self, data: Source, t: int) -> Iterator[Move]:
        if t == 0:
            start_from_data(self.density.flow, self.prepare(*data.take(self.batch)))
        for _ in range(self.critic_steps):
            real = self.prepare(*data.take(self.batch))
            fake = self.density.decoded(self.draw(len(real)))[0].detach()
            loss = self.divergence.critic(self.D(real), self.D(fake))
            penalties = {p.name: p(self.D, real, fake) for p in self.penalties if p.due(t)}
            yield Move(self.critic, loss + sum(penalties.values()), {"divergence": loss, **penalties})
        fake, _ = self.density.decoded(self.draw(len(real)))
        terms = {name: term(self.density, real) for name, term in self.terms.items()}
        loss = self.divergence.generator(self.D(fake))
        yield Move(self.generator, loss + sum(terms.values()), {"divergence": loss, **terms})
        self.average.update(self.density)

    def score(self, x: Tensor) -> Tensor:
        """The critic's scores: (n, ...) -> (n,), real is high."""
        return self.D(x)


def likelihood(weight: float) -> Term:
    """The mean of -log p in nats a dimension, times its weight."""
    return lambda density, x: weight * per_dimension(density(x), x)


def flow_gan(
    spec: Spec,
    *,
    objective: Literal["likelihood", "adversarial", "both"] = "both",
    weight: Weight = 50.0,
    width: Count = 256,
    hidden: Count = 3,
    couplings: Count = 4,
    critic_width: Count = 32,
    penalty: Weight = 10.0,
    critic_steps: Count = 5,
    levels: Count = 256,
    batch: Count = 64,
    lr: Rate = 1e-3,
    average: Fraction = 0.999,
) -> FlowGAN | Flow:
    """NICE's map as a generator, against a critic of the kind of the data.

    Settings:
        objective: of the generator: its likelihood, the critic, or both
        weight: of the likelihood per dimension; the critic's term has 1
        width: units of a hidden layer of the generator's couplings
        hidden: hidden layers between the first and the last of a coupling
        couplings: how often one half of the numbers is shifted by the other
        critic_width: of the critic: channels of the map nearest to the image, or units for points
        penalty: weight of the critic's gradient penalty
        critic_steps: turns of the critic before each turn of the generator
        levels: of a pixel, over which images are spread; no matter for points
        average: decay of the moving average of the generator; 0 for none
    """
    image = spec.meaning.axes == 2
    flow = nice_flow(spec, "flow-gan", width, hidden, couplings)
    base = (logistic if image else gaussian)(math.prod(spec.shape))
    common: dict[str, Any] = {
        "shape": spec.shape,
        "batch": batch,
        "levels": Levels(levels) if image else None,
        "average": average,
    }
    if objective == "likelihood":
        return Flow(flow, base, optimizer=adam(lr), **common)
    return FlowGAN(
        flow,
        base,
        D=critic_for(spec, critic_width, "none"),
        divergence=wasserstein,
        terms={"likelihood": likelihood(weight)} if objective == "both" else {},
        penalties=[gradient_penalty(penalty)],
        critic_steps=critic_steps,
        generator=adam(lr, 0.5),
        critic=adam(lr, 0.5),
        **common,
    )


RECIPES = {
    "flow-gan": {
        "digits": {"data": "digits", "time": "4m", "critic_width": 16, "critic_steps": 3, "levels": 17},
        "ring": {"data": "ring", "time": "3m", "width": 64, "couplings": 8},
        "mnist": {"data": "mnist", "time": "20m", "width": 512},
    }
}
