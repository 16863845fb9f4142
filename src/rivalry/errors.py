"""Errors whose messages are written for users.

There are two kinds: a request that makes no sense (exit status 2, nothing was started) and a run that failed
(exit status 1, everything is kept).  Any other exception is a mistake of this package and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class Explained(Exception):
    """An error whose message says all.  A notebook shows only the message (IPython asks for `_render_traceback_`)."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class BadRequest(Explained, ValueError):
    """The request makes no sense.  The message says what was expected, what was given and what to do."""


class RunFailed(Explained, RuntimeError):
    """A run started and could not continue.  The message says what is kept and how to continue."""


def unknown(what: str, name: str, known: Iterable[str], where: str = "") -> BadRequest:
    """The error for a name that is not known.  It suggests the nearest known name, or says where they are listed."""
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    advice = f"; did you mean {by_lower[near[0]]!r}?" if near else f"; {where}" if where else ""
    return BadRequest(f"no {what} {name!r}{advice}")
