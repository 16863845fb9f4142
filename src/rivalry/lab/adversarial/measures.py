"""What is measured of a critic's weakness to attacks, and of the generator's likeness to an attacker."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rivalry.data.source import Dataset, TableSource
from rivalry.game import Move, Player
from rivalry.games.two_players import GAN
from rivalry.lab.small import play_until
from rivalry.maths.attack import Scorer, distance_to, lengths, pgd
from rivalry.maths.divergences import non_saturating
from rivalry.maths.optimizers import adam
from rivalry.maths.penalties import Pass, r1
from rivalry.metrics.game.codes import evaluating
from rivalry.play.engine import Engine

FARTHEST = {"L2": 8.0, "Linf": 1.0}  # a datum of 64 pixels in [-1, 1] is 16 long at most
PROBES = 128  # fakes that are looked at
STEPS = 20  # rounds in a row whose steps are judged


class Bystander:
    """A critic trained apart: on the same data and fakes, from other weights, under R1; the generator never sees it.

    It is a callback of the engine, and leaves the random numbers of the training as they were.
    """

    def __init__(self, D: nn.Module, data: Dataset, batch: int, lr: float, seed: int):
        self.D, self.batch = D, batch
        self.source = TableSource(data, batch=batch, seed=seed + 1000)
        self.player = Player(D, optimizer=adam(lr, 0.0, 0.99))
        self.penalty = r1(1.0)

    def __call__(self, engine: Engine, moves: Sequence[Move]) -> None:
        with torch.random.fork_rng([]):
            torch.manual_seed(engine.t + 1)
            (real,) = self.source.take(self.batch)
            with torch.no_grad():
                fake = engine.game.G(engine.game.draw(self.batch))  # type: ignore[operator]
        on_real, on_fake = Pass(self.D, real), Pass(self.D, fake)
        loss = self.penalty.on(on_real, on_fake) + non_saturating.critic(on_real.scores, on_fake.scores)
        for p, gradient in zip(self.player.parameters, torch.autograd.grad(loss, self.player.parameters)):
            p.grad = gradient
        self.player.optimizer.step()


def look(engine: Engine, game: GAN, bystander: Bystander, features: Scorer, seed: int) -> dict[str, float]:
    """Everything that is measured at one moment; the game is played on for `STEPS` rounds meanwhile."""
    z = torch.randn(PROBES, game.prior.size, generator=torch.Generator().manual_seed(seed))
    before, fooled, rose = copy.deepcopy(game.G), 0, 0
    for _ in range(STEPS):
        stood = copy.deepcopy(game.G)
        play_until(engine, engine.t + 1)
        with evaluating(game.D), torch.no_grad():
            gain = [(D(game.G(z)) - D(stood(z))).mean() for D in (game.D, bystander.D)]
        rose += int(gain[0] > 0)
        fooled += int(gain[0] > 0 >= gain[1])
        before = stood
    with evaluating(game.D):
        found = of_attacks(game.D, bystander.D, before(z).detach(), features, seed)
        found |= of_step(game.D, before(z).detach(), game.G(z).detach(), features, seed)
    return {**found, "accidental": fooled / max(rose, 1), "steps up": rose / STEPS}


def of_attacks(D: Scorer, apart: Scorer, x: Tensor, features: Scorer, seed: int) -> dict[str, float]:
    """The distance of fakes from a score of 0, where the critic is undecided; transfer, and a random change beside."""
    near = {n: distance_to(D, x, 0.0, n, most=FARTHEST[n], bounded=True) for n in ("L2", "Linf")}
    wrong = near["L2"].isfinite() & (near["L2"] > 0)  # fakes that the critic knew, and an attack reached
    found = {f"distance {n}": float(d.clamp(max=FARTHEST[n]).median()) for n, d in near.items()}
    if not wrong.any():
        return found
    x, reach = x[wrong], near["L2"][wrong]
    delta = pgd(D, x, reach, "L2", bounded=True)
    noise = random_like(x, lengths(delta), seed)
    gain = lambda score, change: (score(x + change) - score(x)).detach()
    return {
        **found,
        "reached": float((D(x + delta) >= -1e-4).float().mean()),
        "reached by noise": float((D(x + noise) >= 0).float().mean()),
        "transfer": float((gain(apart, delta) / gain(D, delta).clamp(min=1e-6)).median()),
        "transfer of noise": float((gain(apart, noise).abs() / gain(D, delta).clamp(min=1e-6)).median()),
        "features moved": moved(features, x, delta),
        "features moved by noise": moved(features, x, noise),
    }


def of_step(D: Scorer, x: Tensor, y: Tensor, features: Scorer, seed: int) -> dict[str, float]:
    """The generator's own step y - x in image space beside the attack of the same length."""
    step = y - x
    attack = pgd(D, x, lengths(step).flatten(), "L2")
    other = attack[torch.roll(torch.arange(len(x)), 1)]
    return {
        "cosine": cosine(step, attack),
        "cosine with another's attack": cosine(step, other),
        "cosine with noise": cosine(step, random_like(x, lengths(step), seed)),
        "step": float(lengths(step).mean()),
        "features moved by the step": moved(features, x, step),
    }


def cosine(a: Tensor, b: Tensor) -> float:
    """The mean over data of the cosine of two changes."""
    return float(nn.functional.cosine_similarity(a.flatten(1), b.flatten(1)).mean())


def random_like(x: Tensor, length: Tensor, seed: int) -> Tensor:
    """Changes of these lengths in random directions."""
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed + 1))
    return noise / lengths(noise) * length


@torch.no_grad()
def moved(features: Scorer, x: Tensor, change: Tensor) -> float:
    """How far an independent judge's features move, in units of their spread, for each unit that the datum moves."""
    f = features(x)
    spread = (f - f.mean(0)).norm(dim=1).mean()
    far = (features(x + change) - f).norm(dim=1) / lengths(change).flatten().clamp(min=1e-9)
    return float(far.mean() / spread.clamp(min=1e-9))
