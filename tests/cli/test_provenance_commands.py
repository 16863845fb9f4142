"""`rivalry keys`, `rivalry sample --sign` and `rivalry verify` as a user types them."""

import stat
from pathlib import Path

import pytest


def test_a_sheet_is_signed_and_verified(typed, here: Path, ring: Path) -> None:
    pytest.importorskip("c2pa")
    pytest.importorskip("cryptography")
    assert typed("keys new somebody -o key.pem").status == 0
    assert stat.S_IMODE(Path("key.pem").stat().st_mode) == 0o600
    assert "is there already" in typed("keys new somebody -o key.pem").err
    assert typed("sample ring -n 9 --seed 2 --sign key.pem -o made.png").status == 0
    answer = typed("verify made.png")
    assert answer.status == 0 and "valid: made by a model; game gan, run ring, seed 2" in answer.out
    whole = bytearray(Path("made.png").read_bytes())
    whole[whole.rindex(b"IDAT") + 50] ^= 1
    Path("made.png").write_bytes(whole)
    answer = typed("verify made.png")
    assert answer.status == 1 and answer.out.startswith("tampered:")
    assert typed("sample ring -n 9 -o plain.png").status == 0
    answer = typed("verify plain.png")
    assert answer.status == 1 and answer.out.startswith("none:") and "mark in the pixels: none" in answer.out
    for words, said in (
        ("sample ring --sign key.pem -o made.npz", "credentials are written into a .png"),
        ("sample ring --sign made.png -o x.png", "is no key"),
        ("verify key.pem", "this is no picture"),
        ("verify none.png", "no file"),
    ):
        answer = typed(words)
        assert answer.status == 2 and said in answer.err
