"""Long steps tell how far they are, to whoever shows it; without anyone who does, nothing happens.

A reader of files knows how many there are, and the command line knows how progress is shown.  Neither imports the
other.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Steps = Callable[[str, int, int], None]  # arguments: the name of the work, steps done, steps in all
T = TypeVar("T")
EVERY = 16  # steps between two reports

_shown: ContextVar[Steps | None] = ContextVar("shown", default=None)


@contextmanager
def shown_by(show: Steps) -> Iterator[None]:
    """While the context lasts, `show` is told how far long steps are."""
    before = _shown.set(show)
    try:
        yield
    finally:
        _shown.reset(before)


def counted(what: str, steps: Iterable[T], of: int) -> Iterator[T]:
    """The steps as they come; whoever shows progress is told of every 16th, and of the last.

    Args:
        what: the name of the work.
        of: the number of steps in all.
    """
    for done, step in enumerate(steps, 1):
        yield step
        if (show := _shown.get()) and (done % EVERY == 0 or done == of):
            show(what, done, of)
