"""Paths in text that others may read: an absolute path is shortened to its last name.

A run is made to be shared.  The folders of the machine that made it, and a user's name in them, are not.
"""

import re

_SEPARATOR = r"[/\\]"
_ABSOLUTE = re.compile(r"(^|[\s='\"(])((?:/|[A-Za-z]:[/\\]|~/|\\\\)[^\s'\"]*[^\s'\"/\\][/\\]?)")
_BEGINS = re.compile(r"/|~|\\\\|[A-Za-z]:[/\\]")


def without_places(text: object) -> str:
    """The text with the last name in place of each absolute path.  A path in a text ends at a space."""
    return _ABSOLUTE.sub(lambda found: f"{found[1]}{last_name(found[2])}", str(text))


def is_absolute(path: str) -> bool:
    """Whether a path begins at a root or at a home, of this system or another."""
    return bool(_BEGINS.match(path))


def last_name(path: str) -> str:
    """The last name of a path of any system; of a root, the path itself."""
    return re.split(_SEPARATOR, path.rstrip("/\\"))[-1] or path
