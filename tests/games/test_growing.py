"""Progressive growing: what is played when, and that a layer fades in without a jump."""

import math

import pytest
import torch
from toys import bits, different, engine_of, images

from rivalry.catalog import find, maker
from rivalry.nn.growing import GrowingCritic, GrowingGenerator, Schedule, Stage
from rivalry.play.goal import Goal
from rivalry.runs.run import Run


def test_the_schedule_is_that_of_the_paper() -> None:
    """Stabilize the smallest; then each level fades in for one phase and is trained for another."""
    schedule = Schedule(phase=100, batches=(50, 25, 10))
    stages = [schedule.at(t) for t in range(2 + 8 + 20 + 5)]
    assert [s.level for s in stages] == [0] * 2 + [1] * 8 + [2] * 25
    assert [s.alpha for s in stages[2:10]] == [0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1]
    fade = [s.alpha for s in stages[10:20]]
    assert all(a < b < 1 for a, b in zip(fade, fade[1:]))
    assert {s.alpha for s in stages[20:]} == {1.0}


@pytest.mark.parametrize("batches", [(7,), (8, 4), (16, 16, 8, 4)])
def test_every_phase_shows_its_number_of_images(batches: tuple[int, ...]) -> None:
    schedule = Schedule(phase=100, batches=batches)
    shown: dict[tuple[int, bool], int] = {}
    for t in range(400):
        level, alpha = schedule.at(t)
        shown[level, alpha < 1] = shown.get((level, alpha < 1), 0) + batches[level]
    for (level, fading), n in shown.items():
        if fading or level < len(batches) - 1:
            assert n == batches[level] * math.ceil(100 / batches[level])


def test_a_new_layer_begins_as_nothing_and_ends_as_all() -> None:
    torch.manual_seed(0)
    G, D = GrowingGenerator(4, 3, (4, 4), [8, 8]), GrowingCritic(3, (4, 4), [8, 8])
    z, x = torch.randn(4, 4), torch.randn(4, 3, 8, 8)
    for network, small, given in ((G, 4, z), (D, None, x)):
        network.grow(Stage(0, 1.0))
        before = network(given if small else torch.nn.functional.avg_pool2d(x, 2))
        network.grow(Stage(1, 1e-9))
        after = network(given)
        if small:
            after = torch.nn.functional.avg_pool2d(after, 2)
        torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)
        network.grow(Stage(1, 1.0))
        assert not torch.allclose(network(given).mean(), before.mean(), atol=1e-6)


def test_samples_have_the_size_of_the_data_at_every_stage() -> None:
    engine = engine_of(maker(find("progan")), images(1, 16, 9), settings={"phase": 16})
    levels = set()
    for t in range(1, 7):
        engine.play(Goal(rounds=t))
        levels.add(engine.game.G.now.level)
        with engine.evaluating() as game:
            assert game.sample(3).shape == (3, 1, 16, 9)
    assert levels == {0, 1}


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_a_run_cut_in_any_phase_goes_on_bit_for_bit(cut: int, tmp_path) -> None:
    """Rounds 0 and 1 are of the smallest, 2 to 5 fade, 6 to 9 settle."""
    make, data, settings = maker(find("progan")), images(1, 8, 8), {"phase": 32, "largest": 16}
    first = engine_of(make, data, settings=settings)
    first.play(Goal(rounds=cut))
    run = Run.create(tmp_path / "run", {})
    run.save(cut, first.weights(), first.state())
    first.play(Goal(rounds=9))
    second = engine_of(make, data, seed=5, settings=settings)
    second.restore(*run.newest()[1:])
    second.play(Goal(rounds=9))
    assert not different(bits(first), bits(second))
