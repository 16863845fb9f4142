"""Text that reaches a terminal: control characters are shown as escapes.

A terminal executes control sequences in the text that it shows.  Names of files, classes and keys, and messages of
decoders, come from other people.  They may hold sequences that move the cursor, set the title or type a command.
"""

import contextlib
import io
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any, TextIO

_HARMLESS = "\u200c\u200d"  # they join emoji, and letters of Persian and Indian scripts
_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (also of direction), surrogates, ends of lines


def plain(text: object, keep: str = "") -> str:
    r"""`text` with every character that could control a terminal as an escape: "\x1b[2J" becomes "\\x1b[2J".

    Args:
        keep: control characters that are not escaped, such as "\n" in a message of several lines.
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(one if one in keep or not _steers(one) else _escape(one) for one in shown)


def say(text: object, file: TextIO | None = None) -> None:
    """Print a message on standard error.  Its line ends stay; other control characters are escaped."""
    print(plain(text, keep="\n"), file=file or sys.stderr, flush=True)


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """While the context lasts, standard output goes through `plain`, in an encoding that can hold every character."""
    stream = sys.stdout
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    with contextlib.redirect_stdout(_Plain(stream)):
        yield


class _Plain:
    """A text stream that escapes control characters, except line ends and tabs."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError("a text stream takes text")  # click finds out so that this is no stream of bytes
        self._stream.write(plain(text, keep="\n\t"))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _steers(one: str) -> bool:
    return unicodedata.category(one) in _CONTROL and one not in _HARMLESS


def _escape(one: str) -> str:
    return one.encode("unicode_escape").decode("ascii")
