"""The pool of past fakes: what goes in comes out or stays, half old and half new, the same after a restart."""

import torch
from torch import Tensor

from rivalry.maths.memory import Pool, pool_of


def numbered(first: int, n: int) -> Tensor:
    """Images that can be told apart: (n, 1, 2, 2), all of image k being k."""
    return torch.arange(first, first + n).float().view(n, 1, 1, 1).expand(n, 1, 2, 2)


def filled(size: int) -> Pool:
    pool = Pool(size, (1, 2, 2))
    pool(numbered(0, size))
    return pool


def kept(pool: Pool) -> list[float]:
    return sorted(pool.bits.view(torch.float32)[:, 0, 0, 0].tolist())


def test_until_it_is_full_it_gives_back_what_it_is_given_and_keeps_it() -> None:
    pool = Pool(7, (1, 2, 2))
    for first, n in ((0, 1), (1, 4), (5, 2)):
        assert torch.equal(pool(numbered(first, n)), numbered(first, n))
        assert int(pool.count) == first + n
    assert kept(pool) == [0, 1, 2, 3, 4, 5, 6]


def test_a_batch_that_fills_it_is_partly_exchanged() -> None:
    torch.manual_seed(0)
    for _ in range(20):
        pool = Pool(6, (1, 2, 2))
        pool(numbered(0, 4))
        shown = pool(numbered(4, 4))[:, 0, 0, 0].tolist()
        assert shown[:2] == [4, 5]  # which fill it
        assert set(shown[2:]) <= {0, 1, 2, 3, 6, 7}


def test_once_full_it_shows_old_ones_half_of_the_time() -> None:
    torch.manual_seed(0)
    pool, old = filled(10), 0
    for first in range(10, 2010):
        old += int(pool(numbered(first, 1))[0, 0, 0, 0] != first)
    assert 900 < old < 1100  # 4.5 deviations to each side


def test_nothing_is_lost_and_nothing_is_shown_twice() -> None:
    """The data that come out and those that stay are together those that were there and those that went in."""
    torch.manual_seed(0)
    pool = filled(10)
    for first, n in ((10, 1), (11, 10), (21, 4), (25, 25), (50, 9)):
        before = kept(pool)
        shown = pool(numbered(first, n))
        assert torch.equal(shown, shown[:, :, :1, :1].expand_as(shown))  # whole images
        assert sorted(before + list(range(first, first + n))) == sorted(
            kept(pool) + shown[:, 0, 0, 0].tolist()
        )


def test_it_goes_on_from_a_checkpoint() -> None:
    pool, other = filled(5), Pool(5, (1, 2, 2))
    other.load_state_dict(pool.state_dict())
    for first in range(5, 40, 3):
        shown = []
        for each in (pool, other):
            torch.manual_seed(first)
            shown.append(each(numbered(first, 3)))
        assert torch.equal(*shown)


def test_what_is_kept_is_exact_and_not_for_averaging() -> None:
    x = torch.tensor([0.1, -0.0, 1e-42, -1.0]).view(4, 1, 1, 1)
    pool = Pool(4, (1, 1, 1))
    pool(x)
    assert torch.equal(pool.bits.flatten(), x.flatten().view(torch.int32))
    assert not any(
        buffer.is_floating_point() for buffer in pool.buffers()
    )  # those are averaged over processes


def test_no_gradient_passes_and_the_type_stays() -> None:
    pool = filled(2)
    x = numbered(5, 2).bfloat16().requires_grad_()
    shown = pool(x)
    assert shown.dtype == torch.bfloat16
    assert not shown.requires_grad


def test_without_places_it_is_nothing() -> None:
    x = numbered(0, 3)
    assert pool_of(0, (1, 2, 2))(x) is x
    assert isinstance(pool_of(1, (1, 2, 2)), Pool)
