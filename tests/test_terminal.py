"""The text that reaches a terminal: on standard output, and in messages."""

import io
import sys

import pytest

from rivalry.terminal import plain, plain_output, say


def test_everything_printed_is_plain_in_any_encoding(monkeypatch) -> None:
    held = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(held, encoding="ascii", errors="strict"))
    with plain_output():
        print("two\tcolumns\x1b[2J é \udcff")
        sys.stdout.flush()
    assert held.getvalue() == b"two\tcolumns\\x1b[2J \\xe9 \\udcff\n"


def test_a_message_keeps_its_own_lines_alone() -> None:
    told = io.StringIO()
    say("first\nsecond\r\x1b]0;title\x07", told)
    assert told.getvalue() == "first\nsecond\\r\\x1b]0;title\\x07\n"


def test_output_is_as_before_when_the_context_ends() -> None:
    before = sys.stdout
    with pytest.raises(ValueError, match="within"), plain_output():
        raise ValueError("within")
    assert sys.stdout is before


def test_every_control_character_is_escaped_and_nothing_else_is() -> None:
    for point in (*range(0x300), 0x200E, 0x202A, 0x2066, 0x2028, 0xFEFF, 0xE0001, 0xD800, 0x1F600):
        one = chr(point)
        steers = (
            point < 32 or 127 <= point < 160 or point == 0xAD or point in (0x200E, 0x202A, 0x2066, 0x2028)
        )
        steers |= point in (0xFEFF, 0xE0001, 0xD800)
        assert (plain(one) == one) != steers, hex(point)
