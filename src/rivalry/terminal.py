"""Text that reaches a terminal: control characters are shown as escapes.

A terminal obeys what it is shown.  Names of files, classes and keys, and what decoders say of them, come from
people who are not here; they may hold sequences that move the cursor, set the title or type a command.
"""

import contextlib
import io
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any, TextIO

_HARMLESS = "\u200c\u200d"  # they join letters of Persian and of Indian scripts, and emoji
_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (also of direction), surrogates, ends of lines


def plain(text: object, keep: str = "") -> str:
    r"""`text` with every character that could steer a terminal as an escape: "\x1b[2J" becomes "\\x1b[2J".

    Args:
        keep: control characters that pass, such as "\n" in a message of several lines.
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(one if one in keep or not _steers(one) else _escape(one) for one in shown)


def say(text: object, file: TextIO | None = None) -> None:
    """Print a message of ours on standard error: its own lines stay, all else that steers is escaped."""
    print(plain(text, keep="\n"), file=file or sys.stderr, flush=True)


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Whatever is printed to standard output meanwhile goes through `plain`, in an encoding that takes it."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    with contextlib.redirect_stdout(_Plain(stream)):
        yield


class _Plain:
    """A text stream that shows control characters, but for the ends of lines and tabs."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(plain(text, keep="\n\t"))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _steers(one: str) -> bool:
    return unicodedata.category(one) in _CONTROL and one not in _HARMLESS


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
