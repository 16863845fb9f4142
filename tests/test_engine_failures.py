"""The engine: how mistakes of a game and numbers that are not finite end a round."""

import traceback
from collections.abc import Callable, Iterator

import pytest
import torch
from toys import Scalars, play

from rivalry.data.source import Source
from rivalry.errors import RunFailed
from rivalry.game import Move
from rivalry.play.engine import NonFinite


class ForeignLoss(Scalars):
    message = "depends on no parameter of the player 'a'"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, self.y.square())  # here


class ConstantLoss(Scalars):
    message = "depends on no parameter of the player 'a'"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, torch.ones(()))  # here


class WithoutGrad(Scalars):
    message = "yielded inside torch.no_grad()"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        with torch.no_grad():
            yield Move(self.a, self.x.square())  # here


class NotScalar(Scalars):
    message = "a loss is a scalar; 'a' yielded one of shape (3,)"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, self.x.expand(3))  # here


class WithoutPlayer(Scalars):
    message = "a move with a loss needs a player"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(None, self.x.square())  # here


class InfiniteLoss(Scalars):
    message = "round 0: the loss of 'a' is not finite"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, self.x / 0)  # here


class InfiniteTerm(Scalars):
    message = "round 0: the term 'penalty' of 'a' is not finite"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        fit, penalty = self.x.square(), (self.x - 2).log()
        yield Move(self.a, fit + penalty, {"fit": fit, "penalty": penalty})  # here


class InfiniteGradient(Scalars):
    message = "round 0: the gradient of 'a' is not finite"

    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, (self.x - 1).sqrt())  # here


class Second(Scalars):
    message = "round 0: the loss of 'b' is not finite"

    def round(self, data: Source, t: int) -> Iterator[tuple[Move, ...]]:
        yield Move(self.a, self.x.square()), Move(self.b, self.y / 0)  # here


MISTAKES = [
    ForeignLoss,
    ConstantLoss,
    WithoutGrad,
    NotScalar,
    WithoutPlayer,
    InfiniteLoss,
    InfiniteTerm,
    InfiniteGradient,
    Second,
]


@pytest.mark.parametrize("make", MISTAKES)
def test_an_error_points_at_the_games_own_yield(make: Callable[[], Scalars]) -> None:
    game = make()
    with pytest.raises(RuntimeError) as raised:
        play(game)
    assert game.message in str(raised.value)
    lines = [frame.line for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert any(line.startswith("yield Move(") and line.endswith("# here") for line in lines)
    assert torch.is_grad_enabled()
    assert game.numbers() == (1, 1)  # nobody has moved
    assert game.x.grad is None
    assert game.y.grad is None


@pytest.mark.parametrize("make", [InfiniteLoss, InfiniteTerm, InfiniteGradient, Second])
def test_what_is_not_finite_is_a_failed_run(make: Callable[[], Scalars]) -> None:
    with pytest.raises(NonFinite):
        play(make())
    assert issubclass(NonFinite, RunFailed)


def test_an_infinite_note_of_a_finite_move_is_no_error() -> None:
    class Note(Scalars):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            yield Move(self.a, self.x.square(), {"ratio": torch.tensor(float("inf"))})

    assert play(Note()).t == 1


@pytest.mark.parametrize("then", ["ends", "goes on"])
def test_a_round_cannot_swallow_an_error(then: str) -> None:
    class Swallows(Scalars):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            try:
                yield Move(self.a, self.x / 0)
            except Exception:
                if then == "ends":
                    return
            yield Move(self.b, self.y.square())

    game = Swallows()
    with pytest.raises(NonFinite, match="the loss of 'a'"):
        play(game)
    assert game.numbers() == (1, 1)
