"""A generator against a critic: the parts that most such games share, and the plain round.

`TwoPlayers` holds the networks, the players and how to sample.  `GAN` is algorithm 1 of Goodfellow et al. 2014
(arXiv 1406.2661) for any two networks and any divergence; most of the family are functions that return one.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from rivalry.data.source import Source
from rivalry.game import Game, Move, Player
from rivalry.labels import labels_for
from rivalry.maths.augment import Augment, Nothing
from rivalry.maths.averages import average_of
from rivalry.maths.chance import seeded
from rivalry.maths.divergences import Divergence, non_saturating
from rivalry.maths.optimizers import MakeOptimizer
from rivalry.maths.penalties import Pass, Penalty
from rivalry.maths.priors import Prior
from rivalry.nn.attention import described
from rivalry.nn.norm import with_statistics_of

STANDING = 16  # batches whose statistics are gathered for a truncation


class TwoPlayers(Game):
    """A generator and a critic, their settings and how to sample; a subclass adds the round.

    Args:
        G: (n, latent) codes -> (n, ...) data in [-1, 1]; with classes, `G(z, label)`.
        D: (n, ...) data -> (n,) scores, real is high; with classes, `D(x, label)`.
        prior: p(z).
        generator, critic: the optimizers of the two players.
        batch: data of one turn.
        classes: the number of classes that the networks are conditioned on; 0 for none.
        critic_steps: turns of the critic before each turn of the generator.
        penalties: terms that join the critic's loss.
        constrain: a function that is applied to D after each of its turns.
        augment: a function that is applied to every datum before D sees it.
        average: decay of the moving average of G that samples are drawn from; 0 samples from G itself.
    """

    def __init__(
        self,
        G: nn.Module,
        D: nn.Module,
        *,
        prior: Prior,
        generator: MakeOptimizer,
        critic: MakeOptimizer,
        batch: int = 64,
        classes: int = 0,
        critic_steps: int = 1,
        penalties: Sequence[Penalty] = (),
        constrain: Callable[[nn.Module], None] = lambda D: None,
        augment: Augment | None = None,
        average: float = 0.0,
    ):
        super().__init__()
        self.G, self.D, self.prior, self.batch, self.classes = G, D, prior, batch, classes
        self.critic_steps, self.penalties, self.constrain = critic_steps, tuple(penalties), constrain
        self.augment = augment or Nothing()
        self.average = average_of(G, average)
        self.reads = ("x", "label") if classes else ("x",)
        self.generator = Player(G, optimizer=generator)
        self.critic = Player(D, optimizer=critic)
        self._standing: tuple[tuple[Any, ...], nn.Module] | None = None  # the last one, and what it is for

    def draw(self, n: int, truncation: float | None = None) -> Tensor:
        """Codes from the prior: (n, latent)."""
        return self.prior(n, self.device, truncation)

    def decode(self, z: Tensor, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """The averaged generator's data for these codes, and for these classes where it is conditioned on them.

        Args:
            truncation: by which the codes were truncated; see `standing`.
        """
        return self.standing(truncation)(z, *self.given(z.shape[0], label))

    def sample(self, n: int, label: Tensor | int | None = None, truncation: float | None = None) -> Tensor:
        """`n` samples; of class `label`, an int or (n,), of a game with classes; every class in turn by default."""
        return self.decode(self.draw(n, truncation), label, truncation)

    def standing(self, truncation: float | None) -> nn.Module:
        """The generator that samples of this truncation are drawn from.

        Its batch norm, if it has any, has statistics gathered from codes of this truncation, of every class ("standing
        statistics": Brock et al. 2018, arXiv 1809.11096, section 3.1).  Those of training are of codes that are not
        truncated, by which truncated ones come out pale and alike.
        """
        network = self.average.network
        if truncation is None:
            return network
        key = (
            truncation,
            self.device,
            sum(p._version for p in network.parameters()),
        )  # new weights, new statistics
        if self._standing is None or self._standing[0] != key:
            with torch.no_grad(), seeded(0, self.device):
                inputs = (self.inputs(self.batch, truncation) for _ in range(STANDING))
                self._standing = key, with_statistics_of(inputs, network)
        return self._standing[1]

    def inputs(self, n: int, truncation: float) -> tuple[Tensor, ...]:
        """The further inputs of the generator for `n` samples of any class."""
        label = torch.randint(self.classes, (n,), device=self.device) if self.classes else None
        return self.draw(n, truncation), *self.given(n, label)

    def facts(self) -> dict[str, str]:
        """On which maps the networks attend, where they do."""
        where = {name: described(network) for name, network in (("generator", self.G), ("critic", self.D))}
        looks = [f"{name} on {sizes}" for name, sizes in where.items() if sizes]
        return {"attention": "; ".join(looks)} if looks else {}

    def input_matrices(self) -> list[Tensor]:
        """The matrix (out, latent) by which the generator reads a code."""
        first = next(layer for layer in self.average.network.modules() if isinstance(layer, nn.Linear))
        return [first.weight[:, : self.prior.size]]

    def score(self, x: Tensor, label: Tensor | int | None = None) -> Tensor:
        """The critic's scores: (n, ...) -> (n,), real is high."""
        return self.D(x, *self.given(len(x), label))

    def given(self, n: int, label: Tensor | int | None) -> tuple[Tensor, ...]:
        """The further inputs of both networks: none, or labels (n,)."""
        return labels_for(n, label, self.classes, self.device)

    def looks(self, real: Tensor, fake: Tensor, given: Sequence[Any] = ()) -> tuple[Pass, Pass]:
        """The critic's passes over reals and fakes, each augmented, not made yet: penalties come first.

        A penalty's gradient is taken at the data as they are, through the augmentation (StyleGAN2-ADA does the same).
        """
        critic = lambda x: self.D(self.augment(x), *given)
        return Pass(critic, real), Pass(critic, fake)

    def regularize(self, real: Pass, fake: Pass, t: int) -> dict[str, Tensor]:
        """The penalties that are due in round `t`, by name."""
        return {p.name: p.on(real, fake) for p in self.penalties if p.due(t)}


class GAN(TwoPlayers):
    """Algorithm 1, for any divergence.

    Args:
        divergence: the critic estimates it and the generator lowers it.
    """

    def __init__(self, G: nn.Module, D: nn.Module, *, divergence: Divergence = non_saturating, **parts: Any):
        super().__init__(G, D, **parts)
        self.divergence = divergence

    def round(self, data: Source, t: int) -> Iterator[Move]:
        for _ in range(self.critic_steps):
            real, *given = data.take(self.batch)
            fake = self.G(self.draw(len(real)), *given)
            on_real, on_fake = self.looks(real, fake.detach(), given)
            penalties = self.regularize(on_real, on_fake, t)
            loss = self.divergence.critic(on_real.scores, on_fake.scores)
            notes = {"divergence": loss, "real": on_real.scores.mean(), "fake": on_fake.scores.mean()}
            yield Move(self.critic, loss + sum(penalties.values()), {**notes, **penalties})
            self.constrain(self.D)
            self.augment.observe(on_real.scores)
        yield Move(self.generator, self.divergence.generator(self.D(self.augment(fake), *given)))
        self.average.update(self.G)
