"""Random numbers of samples: each its own, whole batches otherwise, and the caller's undisturbed."""

import pytest
import torch

from rivalry.maths import chance
from rivalry.maths.chance import by_row, seeded

CPU = torch.device("cpu")


@pytest.mark.parametrize("draw", [chance.normal, chance.uniform])
def test_a_row_follows_from_seed_and_number_alone(draw) -> None:
    with by_row(5, range(40), CPU):
        whole, more = draw((40, 3), CPU), draw((40, 2, 2), CPU)
    for rows in (range(7), range(7, 40), range(20, 21)):
        with by_row(5, rows, CPU):
            assert torch.equal(draw((len(rows), 3), CPU), whole[rows.start : rows.stop])
            assert torch.equal(draw((len(rows), 2, 2), CPU), more[rows.start : rows.stop])
    with by_row(6, range(40), CPU):
        assert not (draw((40, 3), CPU) == whole).any()


def test_rows_are_distributed_as_batches_are() -> None:
    with by_row(0, range(20_000), CPU):
        z, u = chance.normal((20_000, 2), CPU), chance.uniform((20_000, 2), CPU)
    assert z.mean(0).abs().max() < 0.03 and (z.std(0) - 1).abs().max() < 0.03
    assert abs(float((z[:, 0] * z[:, 1]).mean())) < 0.03 and abs(float((z[1:] * z[:-1]).mean())) < 0.03
    assert (u.mean(0) - 0.5).abs().max() < 0.01 and u.min() >= 0 and u.max() < 1


def test_no_two_samples_have_the_same_numbers() -> None:
    with by_row(0, range(50_000), CPU):
        assert len(chance.uniform((50_000, 2), CPU).unique(dim=0)) == 50_000


def test_without_rows_a_batch_is_torchs() -> None:
    torch.manual_seed(3)
    drawn = chance.normal((5, 7), CPU), chance.uniform((5, 7), CPU)
    torch.manual_seed(3)
    assert torch.equal(drawn[0], torch.randn(5, 7)) and torch.equal(drawn[1], torch.rand(5, 7))


def test_the_callers_numbers_go_on() -> None:
    torch.manual_seed(1)
    truth = torch.rand(3)
    torch.manual_seed(1)
    for context in (by_row(8, range(2), CPU), seeded(8, CPU)):
        with context:
            torch.rand(5)
            chance.normal((2, 3), CPU)
    assert torch.equal(torch.rand(3), truth)


def test_a_batch_within_rows_may_be_larger_than_they_are() -> None:
    with by_row(8, range(2), CPU):
        first = chance.normal((1, 3), CPU)
        with seeded(0, CPU):
            batch = chance.normal((9, 3), CPU)
        second = chance.normal((1, 3), CPU)
        with pytest.raises(AssertionError, match="9 rows are drawn of 2 samples"):
            chance.normal((9, 3), CPU)
    with by_row(8, range(2), CPU):
        assert torch.equal(
            torch.cat([chance.normal((1, 3), CPU) for _ in range(2)]), torch.cat([first, second])
        )
    torch.manual_seed(0)
    assert torch.equal(batch, torch.randn(9, 3))


def test_some_rows_of_a_batch_are_drawn_as_theirs() -> None:
    with by_row(4, range(5), CPU):
        whole = chance.normal((5, 3), CPU)
    with by_row(4, range(5), CPU), chance.some_rows(torch.tensor([3, 1])):
        assert torch.equal(chance.normal((2, 3), CPU), whole[[3, 1]])
    with chance.some_rows(torch.tensor([3, 1])):  # not by row: nothing to choose from
        assert chance.normal((7, 3), CPU).shape == (7, 3)


def test_dropout_keeps_the_mean_and_belongs_to_its_row() -> None:
    x = torch.ones(6, 4000)
    with by_row(2, range(6), CPU):
        dropped = chance.dropout(x, 0.25)
    assert sorted(dropped.unique().tolist()) == [0, pytest.approx(4 / 3)]
    assert (dropped.mean(1) - 1).abs().max() < 0.05
    with by_row(2, range(4, 6), CPU):
        assert torch.equal(chance.dropout(x[4:], 0.25), dropped[4:])
