"""The gradient noise scale of a player: the batch at which noise and signal of its gradient are equally large.

    B = tr Σ / |G|²,   |G|² = (B_b E|G_b|² - B_s E|G_s|²) / (B_b - B_s),   tr Σ = (E|G_s|² - E|G_b|²) / (1/B_s - 1/B_b)

from the squared norms of gradients of small batches and of large ones, each a mean of small ones (McCandlish et al.
2018, "An Empirical Model of Large-Batch Training", arXiv 1812.06162, appendix A.1).  The two means are taken first and
divided last: the mean of ratios is biased.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, Source, Spec, TableSource
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import sgd
from rivalry.play.dynamics import look


@dataclass
class Norms:
    """Squared norms of gradients, one of each kind for each draw.

    Attributes:
        small, large: the two batches.
        of_small: the mean over the small batches that make up a large one.
        of_large: of their mean.
    """

    small: int
    large: int
    of_small: list[float] = field(default_factory=list)
    of_large: list[float] = field(default_factory=list)

    @property
    def scale(self) -> float:
        """B; infinite where the gradient cannot be told from 0."""
        return self._ratio(sum(self.of_small) / len(self.of_small), sum(self.of_large) / len(self.of_large))

    @property
    def mean_of_ratios(self) -> float:
        """The estimate that one must not take: the mean of each draw's own B."""
        each = [self._ratio(s, b) for s, b in zip(self.of_small, self.of_large)]
        return sum(each) / len(each)

    def _ratio(self, small: float, large: float) -> float:
        signal = (self.large * large - self.small * small) / (self.large - self.small)
        noise = (small - large) / (1 / self.small - 1 / self.large)
        return noise / signal if signal != 0 else float("inf")


def noise_of(game: Game, data: Source, *, small: int, parts: int, draws: int) -> dict[str, Norms]:
    """The norms of every player's gradient, at the weights as they are: no player moves.

    Args:
        small: a batch.
        parts: how many of them make a large one.
        draws: of large batches.
    """
    found: dict[str, Norms] = defaultdict(lambda: Norms(small, small * parts))
    stood, game.batch = game.batch, small
    try:
        for _ in range(draws):
            gradients = defaultdict[str, list[Tensor]](list)
            for _ in range(parts):
                for name, gradient in gradients_of(game, data):
                    gradients[name].append(gradient)
            for name, some in gradients.items():
                each = torch.stack(some)
                found[name].of_small.append(float(each.square().sum(1).mean()))
                found[name].of_large.append(float(each.mean(0).square().sum()))
    finally:
        game.batch = stood
    return dict(found)


def gradients_of(game: Game, data: Source) -> Iterator[tuple[str, Tensor]]:
    """The gradient of each player's first move of a round, in one vector; the round is described and not performed."""
    seen = set[str]()
    for turn in game.round(data, 0):
        for move in turn if isinstance(turn, tuple) else (turn,):
            if move.name not in seen and move.loss is not None:
                seen.add(move.name)
                yield (
                    move.name,
                    torch.cat([g.flatten() for g in look(move, keep=True) if g is not None]).double(),
                )


# ---------------------------------------------------------------------- where it is known


class Regression(Game):
    """y = ⟨x, w*⟩ + σ n, x normal in d dimensions; one player learns w by least squares, from w = 0.

    There the gradient is -y x, so |G|² = ‖w*‖² and tr Σ = (d + 1) ‖w*‖² + σ² d:   B = d + 1 + σ² d / ‖w*‖².
    """

    def __init__(self, d: int):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(d, dtype=torch.float64))
        self.learner = Player(self.w, optimizer=sgd(0.1))

    def round(self, data: Source, t: int) -> Iterator[Move]:
        (rows,) = data.take(self.batch)
        x, y = rows[:, :-1], rows[:, -1]
        yield Move(self.learner, 0.5 * (x @ self.w - y).square().mean())


def regression(d: int, noise: float, n: int, seed: int) -> tuple[Regression, Source, float]:
    """The game, its data, and the B that is known."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, d, dtype=torch.float64, generator=generator)
    w = torch.randn(d, dtype=torch.float64, generator=generator)
    w = w / w.norm()
    y = x @ w + noise * torch.randn(n, dtype=torch.float64, generator=generator)
    data = Dataset(Spec("regression", "points", (d + 1,)), torch.cat([x, y[:, None]], 1))
    return Regression(d), TableSource(data, seed=seed), d + 1 + noise**2 * d
