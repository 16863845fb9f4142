"""How moves become steps, against closed forms.

On the bilinear game min_x max_y xy write z = x + iy: the gradient step of size h is z <- z (1 + ih), so
every linear dynamics is a polynomial of ih.  Dirac-GAN (Mescheder et al. 2018, arXiv 1801.04406) is the
game min_x max_y f(xy) with f(s) = -log(1 + exp(-s)): the same field, times f'(xy).
"""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from toys import bits, different, points

from rivalry.data.source import Source, TableSource
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import MakeOptimizer, adam, sgd
from rivalry.play.dynamics import Consensus, Extragradient, Gradient, Optimistic, Stale
from rivalry.play.engine import Dynamics, Engine
from rivalry.play.goal import Goal
from rivalry.runs.trees import flatten, unflatten

H = 0.1  # the step size throughout


class Plane(Game):
    """min_x max_y value(x, y), both moving at once."""

    def __init__(
        self,
        value: Callable[[Tensor, Tensor], Tensor],
        start: complex = 1 + 1j,
        make: MakeOptimizer | None = None,
        at_once: bool = True,
    ):
        super().__init__()
        self.x = nn.Parameter(torch.tensor(start.real, dtype=torch.double))
        self.y = nn.Parameter(torch.tensor(start.imag, dtype=torch.double))
        self.value, self.at_once = value, at_once
        make = make or sgd(H)
        self.low, self.high = Player(self.x, optimizer=make), Player(self.y, optimizer=make)

    def round(self, data: Source, t: int) -> Iterator[Move | tuple[Move, ...]]:
        if self.at_once:
            yield Move(self.low, self.value(self.x, self.y)), Move(self.high, -self.value(self.x, self.y))
        else:
            yield Move(self.low, self.value(self.x, self.y))
            yield Move(self.high, -self.value(self.x, self.y))

    @property
    def z(self) -> complex:
        return complex(self.x.item(), self.y.item())


def bilinear(x: Tensor, y: Tensor) -> Tensor:
    return x * y


def dirac(x: Tensor, y: Tensor) -> Tensor:
    return -F.softplus(-x * y)


def path(game: Plane, dynamics: Dynamics, rounds: int) -> list[complex]:
    """Where the game stands after each round, its start first."""
    stands = [game.z]
    watch = lambda engine, moves: stands.append(game.z)
    Engine(game, TableSource(points()), dynamics=dynamics, callbacks=[watch]).play(Goal(rounds=rounds))
    return stands


def radii(stands: list[complex]) -> Tensor:
    return torch.tensor([abs(z) for z in stands], dtype=torch.double)


# ---------------------------------------------------------------------- the bilinear game


def test_gradients_made_at_once_spiral_outwards() -> None:
    r = radii(path(Plane(bilinear), Gradient(), 20))
    torch.testing.assert_close(r[1:] / r[:-1], torch.full((20,), math.sqrt(1 + H**2)).double())


def test_gradients_by_turns_keep_to_an_ellipse() -> None:
    stands = path(Plane(bilinear, at_once=False), Gradient(), 200)
    energy = [z.real**2 + z.imag**2 - H * z.real * z.imag for z in stands]
    assert energy == pytest.approx([energy[0]] * 201, rel=1e-12)
    assert max(abs(z) for z in path(Plane(bilinear), Gradient(), 200)) > 2 * max(map(abs, stands))


def test_extragradient_looks_and_then_steps() -> None:
    stands = path(Plane(bilinear), Extragradient(), 200)
    for before, looked, after in zip(stands[0::2], stands[1::2], stands[2::2]):
        assert looked == pytest.approx(before * (1 + 1j * H), rel=1e-12)
        assert after == pytest.approx(before * (1 + 1j * H - H**2), rel=1e-12)
    assert abs(stands[-1]) < 0.65 * abs(stands[0])


def test_optimistic_follows_its_recursion_inwards() -> None:
    stands = path(Plane(bilinear), Optimistic(), 600)
    assert stands[1] == pytest.approx(stands[0] * (1 + 1j * H), rel=1e-12)
    for before, now, after in zip(stands, stands[1:], stands[2:]):
        assert after == pytest.approx(now + 1j * H * (2 * now - before), rel=1e-9)
    assert abs(stands[-1]) < 0.1 * abs(stands[0])


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0])
def test_consensus_on_the_bilinear_game(weight: float) -> None:
    # The gradient of ½‖v‖² = ½(x² + y²) is z itself.
    stands = path(Plane(bilinear), Consensus(weight), 5)
    for before, after in zip(stands, stands[1:]):
        assert after == pytest.approx(before * (1 + 1j * H - weight * H), rel=1e-12)


def test_consensus_against_a_calculation_by_hand() -> None:
    # L = x²y³, so v = (2xy³, -3x²y²) and ½‖v‖² = 2x²y⁶ + 4.5x⁴y⁴.
    x, y, weight = 0.7, -1.3, 0.4
    game = Plane(lambda x, y: x**2 * y**3, complex(x, y))
    end = path(game, Consensus(weight), 1)[-1]
    v = complex(2 * x * y**3, -3 * x**2 * y**2)
    pull = complex(4 * x * y**6 + 18 * x**3 * y**4, 12 * x**2 * y**5 + 18 * x**4 * y**3)
    assert end == pytest.approx(complex(x, y) - H * (v + weight * pull), rel=1e-12)


def test_consensus_has_nothing_to_add_to_a_constant_field() -> None:
    end = path(Plane(lambda x, y: x - y), Consensus(3.0), 1)[-1]
    assert end == pytest.approx((1 - H) + (1 - H) * 1j, rel=1e-12)


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_stale_steps_with_gradients_as_old_as_told(delay: int) -> None:
    stands = path(Plane(bilinear), Stale(delay), 12)
    assert stands[: delay + 1] == [stands[0]] * (delay + 1)
    for t in range(delay, 12):
        assert stands[t + 1] == pytest.approx(stands[t] + 1j * H * stands[t - delay], rel=1e-12)


# ---------------------------------------------------------------------- Dirac-GAN


def test_gradients_on_dirac_gan_move_away_by_the_slope() -> None:
    stands = path(Plane(dirac), Gradient(), 50)
    for before, after in zip(stands, stands[1:]):
        slope = 1 / (1 + math.exp(before.real * before.imag))  # f'(xy)
        assert abs(after) == pytest.approx(abs(before) * math.sqrt(1 + (H * slope) ** 2), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "converges"),
    [(Gradient, False), (Stale, False), (Extragradient, True), (Optimistic, True), (Consensus, True)],
)
def test_which_dynamics_find_the_equilibrium_of_dirac_gan(
    make: Callable[[], Dynamics], converges: bool
) -> None:
    r = radii(path(Plane(dirac, make=sgd(0.5)), make(), 400))
    assert (r[-1] < 0.05 * r[0]) if converges else (r[-1] > r[0])


# ---------------------------------------------------------------------- what they remember


@pytest.mark.parametrize("cut", [1, 6, 7])
@pytest.mark.parametrize("make", [Gradient, Optimistic, Consensus, Extragradient, lambda: Stale(3)])
def test_dynamics_survive_a_restart(make: Callable[[], Any], cut: int) -> None:
    def begin() -> Engine:
        return Engine(Plane(dirac, make=adam(H)), TableSource(points()), dynamics=make())

    straight, first, second = begin(), begin(), begin()
    straight.play(Goal(rounds=12))
    first.play(Goal(rounds=cut))
    tensors: dict[str, Tensor] = {}
    tree = json.loads(json.dumps(flatten(first.state(), tensors)))
    second.restore(first.weights(), unflatten(tree, {name: t.clone() for name, t in tensors.items()}))
    second.play(Goal(rounds=12))
    assert not different(bits(straight), bits(second))
