"""Showing how far a slow sampler is: it walks over its steps by `watched`, and whoever waits listens by `watching`.

A sampler knows no terminal.  It says how many of its steps are done; a command line that listens draws a bar.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Listener = Callable[[int, int], None]  # arguments: steps done, steps in all
Step = TypeVar("Step")

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def watching(listener: Listener | None) -> Iterator[None]:
    """Within this context every step of a sampler is reported; with None none is."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def one_of(parts: int, part: int) -> Iterator[None]:
    """Within this context a sampler draws one of so many parts of equal work; `part` counts from 0."""
    whole = _listener.get()
    if whole is None:
        yield
        return
    listener: Listener = lambda done, of: whole(part * of + done, parts * of)
    with watching(listener):
        yield


def watched(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps one after another, each reported when it is done."""
    listener = _listener.get()
    for i, step in enumerate(steps, 1):
        yield step
        if listener is not None:
            listener(i, len(steps))
