"""The engine: what a move changes, and what it does not change."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from toys import ABOUT, Scalars, bits, different, engine_of, images, play, points

from rivalry.catalog import find, maker
from rivalry.data.source import Source, TableSource
from rivalry.game import Game, Move, Player
from rivalry.maths.optimizers import adam, sgd
from rivalry.play.dynamics import Optimistic
from rivalry.play.engine import Engine, to_device
from rivalry.play.goal import Goal
from rivalry.runs import callbacks
from rivalry.runs.alarm import collapse_alarm
from rivalry.runs.run import Run
from rivalry.runs.saving import Saver

# ---------------------------------------------------------------------- what a move does


class Alternating(Scalars):
    def round(self, data: Source, t: int) -> Iterator[Move]:
        yield Move(self.a, self.x * self.y)
        yield Move(self.b, -self.x * self.y)


class Simultaneous(Scalars):
    def round(self, data: Source, t: int) -> Iterator[tuple[Move, ...]]:
        yield Move(self.a, self.x * self.y), Move(self.b, -self.x * self.y)


def test_alternating_moves_see_each_other() -> None:
    assert play(Alternating(1, 1)).game.numbers() == pytest.approx((0.9, 1 + 0.1 * 0.9), abs=1e-12)


def test_simultaneous_moves_do_not() -> None:
    assert play(Simultaneous(1, 1)).game.numbers() == pytest.approx((0.9, 1 + 0.1 * 1.0), abs=1e-12)


def test_only_the_mover_has_a_gradient_and_nobody_keeps_one() -> None:
    seen: list[tuple[bool, bool]] = []

    class Spy(torch.optim.SGD):
        def step(self) -> None:  # type: ignore[override]
            seen.append((game.x.grad is not None, game.y.grad is not None))
            super().step()

    game = Alternating()
    game.a.make = game.b.make = lambda parameters: Spy(parameters, lr=0.1)
    play(game)
    assert seen == [(True, False), (False, True)]
    assert game.x.grad is None
    assert game.y.grad is None


def test_a_weight_shared_by_two_players_takes_each_step_by_itself() -> None:
    class Shared(Scalars):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = Player(self.x, optimizer=sgd(1.0)), Player(self.x, self.y, optimizer=sgd(0.1))

        def round(self, data: Source, t: int) -> Iterator[tuple[Move, ...]]:
            yield Move(self.a, self.x * 1.0), Move(self.b, self.x * 10.0 + self.y)

    # 1 - 1.0 * 1 - 0.1 * 10; with gradients mixed it would be 1 - 1.0 * 10 or 1 - 1.0 * 11 - 0.1 * 11.
    assert play(Shared()).game.numbers() == pytest.approx((-1.0, 0.9), abs=1e-12)


def test_one_move_may_take_two_steps_in_a_turn() -> None:
    class Twice(Scalars):
        def round(self, data: Source, t: int) -> Iterator[tuple[Move, ...]]:
            yield Move(self.a, self.x * 1.0), Move(self.a, self.x * 2.0)

    assert play(Twice()).game.numbers()[0] == pytest.approx(1 - 0.1 - 0.2, abs=1e-12)


def test_a_player_that_the_loss_touches_in_part_moves_in_part() -> None:
    class Part(Scalars):
        def __init__(self) -> None:
            super().__init__()
            self.both = Player(self.x, self.y, optimizer=adam(0.1))

        def round(self, data: Source, t: int) -> Iterator[Move]:
            yield Move(self.both, self.x.square())

    x, y = play(Part()).game.numbers()
    assert x < 1
    assert y == 1


@pytest.mark.parametrize(("clip", "length"), [(None, 5.0), (10.0, 5.0), (1.0, 1.0)])
def test_clip_bounds_the_whole_gradient(clip: float | None, length: float) -> None:
    class Clipped(Game):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.zeros(2))
            self.a = Player(self.w, optimizer=sgd(1.0), clip=clip)

        def round(self, data: Source, t: int) -> Iterator[Move]:
            yield Move(self.a, 3 * self.w[0] + 4 * self.w[1])

    notes: dict[str, Tensor] = {}
    engine = play(Clipped(), callbacks=[lambda engine, moves: notes.update(moves[0].notes)])
    assert engine.game.w.detach().norm().item() == pytest.approx(length, rel=1e-5)
    assert notes["gradient"].item() == pytest.approx(5.0)  # noted before it was cut


def test_clip_of_parameters_whose_gradients_are_one_tensor() -> None:
    class Sum(Scalars):
        def __init__(self) -> None:
            super().__init__(0.0, 0.0)
            self.both = Player(self.x, self.y, optimizer=sgd(1.0), clip=1.0)

        def round(self, data: Source, t: int) -> Iterator[Move]:
            yield Move(self.both, 3 * (self.x + self.y))  # autograd gives both the same tensor

    assert play(Sum()).game.numbers() == pytest.approx((-math.sqrt(0.5), -math.sqrt(0.5)), rel=1e-5)


class InParts(Scalars):
    """x descends (x - 1)² + (x - 3)², its two terms in one move or in two."""

    parts = 2

    def round(self, data: Source, t: int) -> Iterator[Move]:
        terms = [(self.x - target).square() for target in (1, 3)]
        yield from ([Move(self.a, terms[0] + terms[1])] if self.parts == 1 else [])
        yield from ([Move(self.a, terms[0], hold=True), Move(self.a, terms[1])] if self.parts == 2 else [])


@pytest.mark.parametrize("clip", [None, 0.5])
def test_gradients_that_are_held_make_one_step_of_their_sum(clip: float | None) -> None:
    class Whole(InParts):
        parts = 1

    assert play(InParts(2.5, clip=clip)).game.numbers() == play(Whole(2.5, clip=clip)).game.numbers()
    assert play(InParts(2.5)).game.numbers()[0] == pytest.approx(2.5 - 0.1 * (2 * 1.5 + 2 * -0.5))


def test_a_gradient_that_is_held_must_be_used_in_its_round() -> None:
    class Forgetful(Scalars):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            yield Move(self.a, self.x.square(), hold=True)

    with pytest.raises(RuntimeError, match="the gradients of a were held and never used"):
        play(Forgetful())


def test_gradients_are_held_with_plain_dynamics_alone() -> None:
    with pytest.raises(RuntimeError, match="plain gradients only"):
        play(InParts(), dynamics=Optimistic())


def test_a_move_without_loss_reports_a_player_who_moved_by_itself() -> None:
    class Outside(Scalars):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            yield Move(None, None, {"return": 3.0})
            yield Move(self.a, None, {"length": 2.0})

    seen: list[Move] = []
    engine = play(Outside(), callbacks=[lambda engine, moves: seen.extend(moves)])
    assert [(move.name, move.notes) for move in seen] == [
        ("outside", {"return": 3.0}),
        ("a", {"length": 2.0}),
    ]
    assert engine.game.numbers() == (1, 1)


# ---------------------------------------------------------------------- callbacks


def look(engine: Engine, moves: object) -> None:
    with engine.evaluating(seed=engine.t) as game:
        game.sample(5)


def meddle(engine: Engine, moves: object) -> None:
    engine.game.sample(5)


@pytest.mark.parametrize("name", ["dcgan", "sngan", "r3gan"])
def test_callbacks_do_not_change_the_result(name: str, tmp_path) -> None:
    make, data = maker(find(name)), images(1, 8, 8)
    run = Run.create(tmp_path / "run", ABOUT)
    watching = [
        look,
        callbacks.log(callbacks.to_run(run), every=2),
        callbacks.sheets(run, data, n=4),
        Saver(run, 0.0),
    ]
    ends = []
    for observers in ([], watching, [meddle]):
        engine = engine_of(make, data, callbacks=observers)
        if observers is watching:
            engine.callbacks.append(collapse_alarm(run, data, lambda message: None, engine, n=8))
        engine.play(Goal(rounds=4))
        ends.append(bits(engine))
    assert not different(ends[0], ends[1])
    assert different(ends[0], ends[2])  # the control: one that draws from training's own numbers


def test_callbacks_see_the_moves_of_every_round() -> None:
    seen: list[tuple[int, list[str]]] = []
    play(Alternating(), 3, callbacks=[lambda e, moves: seen.append((e.t, [m.name for m in moves]))])
    assert seen == [(t, ["a", "b"]) for t in (1, 2, 3)]


def test_notes_hold_loss_and_gradient_as_tensors_without_graph() -> None:
    notes: dict[str, Tensor] = {}
    play(Alternating(2, 3), callbacks=[lambda engine, moves: notes.update(moves[0].notes)])
    assert {name: note.item() for name, note in notes.items()} == {"loss": 6, "gradient": 3}
    assert not any(note.requires_grad for note in notes.values())


def test_aside_leaves_mode_and_numbers_as_they_were() -> None:
    engine = engine_of(maker(find("dcgan")), images(1, 8, 8))
    engine.game.train()
    before = torch.get_rng_state()
    samples = []
    for _ in range(2):
        with engine.evaluating(seed=3) as game:
            assert not game.training
            assert not torch.is_grad_enabled()
            samples.append(game.sample(3))
    with pytest.raises(ZeroDivisionError), engine.evaluating():
        1 / 0  # noqa: B018
    assert torch.equal(*samples)
    assert torch.equal(before, torch.get_rng_state())
    assert engine.game.training
    assert torch.is_grad_enabled()


# ---------------------------------------------------------------------- how long


@pytest.mark.parametrize(
    ("goal", "rounds"), [(Goal(rounds=5), 5), (Goal(samples=32), 4), (Goal(samples=33), 5)]
)
def test_goals_in_rounds_and_samples(goal: Goal, rounds: int) -> None:
    class Reads(Alternating):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            next(data)
            yield from super().round(data, t)

    engine = Engine(Reads(), TableSource(points(), batch=8))
    engine.play(goal)
    assert engine.t == rounds
    engine.play(goal)
    assert engine.t == rounds  # it is reached


def test_a_goal_in_seconds_counts_play_alone_and_over_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("rivalry.play.engine.time.perf_counter", lambda: clock[0])

    class Slow(Alternating):
        def round(self, data: Source, t: int) -> Iterator[Move]:
            clock[0] += 1
            yield from super().round(data, t)

    first = play(Slow(), 6)
    assert first.seconds == 6
    clock[0] += 100  # between two lives
    second = Engine(Slow(), TableSource(points(), batch=8))
    second.restore(first.weights(), first.state())
    second.play(Goal(seconds=10))
    assert (second.t, second.seconds) == (10, 10)


def test_stopping_ends_play_after_the_round_at_hand() -> None:
    def stop(engine: Engine, moves: object) -> None:
        engine.stopping = "SIGTERM" if engine.t == 3 else ""

    assert play(Alternating(), 10, callbacks=[stop]).t == 3


# ---------------------------------------------------------------------- numbers and where they lie


def test_the_same_seed_gives_the_same_weights() -> None:
    make, data = maker(find("gan")), points()
    ends = []
    for seed in (1, 1, 2):
        engine = engine_of(make, data, seed=seed)
        engine.play(Goal(rounds=3))
        ends.append(bits(engine))
    assert not different(ends[0], ends[1])
    assert different(ends[0], ends[2])


def test_bfloat16_reaches_networks_and_stops_at_the_loss() -> None:
    seen: dict[str, object] = {}

    class Net(Game):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(2, 1)
            self.a = Player(self.net, optimizer=sgd(0.1))

        def round(self, data: Source, t: int) -> Iterator[Move]:
            out = self.net(*next(data))
            seen["network"] = out.dtype
            yield Move(self.a, out.float().square().mean())
            seen["parameter"] = self.net.weight.dtype

    def callback(engine: Engine, moves: object) -> None:
        seen["callback"] = torch.is_autocast_enabled("cpu")

    play(Net(), precision="bf16", callbacks=[callback])
    assert seen == {"network": torch.bfloat16, "parameter": torch.float32, "callback": False}


def test_each_round_computes_with_the_weights_of_the_last() -> None:
    # Autocast keeps bfloat16 copies of weights; one kept over a step would freeze the loss.
    class Net(Game):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Linear(2, 1)
            self.a = Player(self.net, optimizer=sgd(0.5))

        def round(self, data: Source, t: int) -> Iterator[Move]:
            for _ in range(3):
                yield Move(self.a, (self.net(torch.ones(1, 2)).float() - 7).square().mean())

    losses: list[float] = []
    play(
        Net(),
        precision="bf16",
        callbacks=[lambda e, moves: losses.extend(m.notes["loss"].item() for m in moves)],
    )
    assert len(set(losses)) == 3


def test_only_weights_of_images_lie_channels_last() -> None:
    class Convolutional(Game):
        def __init__(self) -> None:
            super().__init__()
            self.flat, self.solid = nn.Conv2d(3, 5, 4), nn.Conv3d(3, 5, 4)
            self.other = nn.Parameter(torch.zeros(2, 3, 4, 5))

    game = to_device(Convolutional(), torch.device("cpu"), "fp32")
    assert game.flat.weight.is_contiguous(memory_format=torch.channels_last)
    assert game.solid.weight.is_contiguous()
    assert game.other.is_contiguous()
    for precision, batch in (("fp32", 1), ("bf16", 1)):  # a turn of one image in float32 is no faster
        single = Convolutional()
        single.batch = batch
        weight = to_device(single, torch.device("cpu"), precision).flat.weight
        assert weight.is_contiguous() == (precision == "fp32")
