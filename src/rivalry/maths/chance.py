"""Random numbers of samples: in training a batch at once, and for a seed each sample its own.

Within `by_row`, row i of whatever is drawn comes from a generator that follows only from the seed and the number of the
sample.  So a sample does not depend on how many are drawn, in what parts, by which process, on which device.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor
from torch.nn import functional as F

_rows: ContextVar[list[torch.Generator] | None] = ContextVar("rows", default=None)


@contextmanager
def by_row(seed: int, numbers: range, device: torch.device) -> Iterator[None]:
    """Draw row k from the generator of the k-th of these samples; each draws on from where it was.

    A game of someone's own that draws from torch itself has random numbers that follow from seed and first number.

    Args:
        seed: from 0 to 2³² - 1.
        numbers: of the samples: 0 is the first of the seed.
        device: of the game.
    """
    seeds = [_mixed(_mixed(seed) + number) for number in numbers]
    with _drawing(seeds[0], device, [torch.Generator().manual_seed(own) for own in seeds]):
        yield


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw whole batches from this seed, even within `by_row`."""
    with _drawing(seed, device, None):
        yield


@contextmanager
def some_rows(index: Tensor) -> Iterator[None]:
    """Draw row k for the sample in row index[k]: for a network that gets only a part of a batch."""
    if torch.compiler.is_compiling():
        yield
        return
    rows = _rows.get()
    token = _rows.set(None if rows is None else [rows[i] for i in index.tolist()])
    try:
        yield
    finally:
        _rows.reset(token)


@contextmanager
def _drawing(seed: int, device: torch.device, rows: list[torch.Generator] | None) -> Iterator[None]:
    """Afterwards the random numbers go on as if nothing had been drawn."""
    token = _rows.set(rows)
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield
    finally:
        _rows.reset(token)


def normal(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """From N(0, 1): (n, ...)."""
    rows = _own()
    if rows is None:
        return torch.randn(shape, device=device)
    return torch.stack([torch.randn(shape[1:], generator=row) for row in _first(rows, shape[0])]).to(device)


def uniform(shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Uniform on [0, 1): (n, ...)."""
    rows = _own()
    if rows is None:
        return torch.rand(shape, device=device)
    return torch.stack([torch.rand(shape[1:], generator=row) for row in _first(rows, shape[0])]).to(device)


def dropout(x: Tensor, share: float) -> Tensor:
    """x (n, ...) with this share of its numbers dropped and the others enlarged to make up for them."""
    if _own() is None:
        return F.dropout(x, share)
    return x * (uniform(tuple(x.shape), x.device) >= share) / (1 - share)


def _own() -> list[torch.Generator] | None:
    """The generators of the rows.  A program that is traced draws whole batches."""
    return None if torch.compiler.is_compiling() else _rows.get()


def _first(rows: list[torch.Generator], n: int) -> list[torch.Generator]:
    assert n <= len(rows), f"{n} rows are drawn of {len(rows)} samples"
    return rows[:n]


def _mixed(number: int) -> int:
    """A permutation of 0 to 2³² - 1 that leaves no likeness between neighbors (MurmurHash3's last step).

    32 bits are all that torch's generator on a processor takes of a seed.
    """
    h = number & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return h ^ (h >> 16)
