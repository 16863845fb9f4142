"""What goes wrong, said once, in words that teach.

Two kinds reach a user: a request that makes no sense (exit status 2, nothing was started) and a run
that failed (exit status 1, everything is kept).  Anything else is our own mistake and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class Told(Exception):
    """An error whose message says all: a notebook shows that alone (IPython asks for `_render_traceback_`)."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class BadRequest(Told, ValueError):
    """The request makes no sense; the message says what was expected, what came and what to do."""


class RunFailed(Told, RuntimeError):
    """A run began and could not go on; the message says what is kept and how to continue."""


def unknown(what: str, name: str, known: Iterable[str], where: str = "") -> BadRequest:
    """No `what` of this name: name the nearest known one, or where the known ones are listed."""
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    advice = f"; did you mean {by_lower[near[0]]!r}?" if near else f"; {where}" if where else ""
    return BadRequest(f"no {what} {name!r}{advice}")
